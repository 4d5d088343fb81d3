"""moto's S3 lets several writers win under one condition, and applies policies without their conditions.

Between looking at an object and writing it moto lets others in, which AWS does not: of those who write under
``If-None-Match`` or ``If-Match`` at the same time, one wins. A bucket policy's statement with a Condition is
applied as if it had none, so that a TLS-only policy locks everybody out: such a statement is kept and shown,
and takes no part in the decision. The tags that a bucket is created with, by which its maker would know it
again, are dropped.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import functools
import json
import threading
from typing import Any, cast
from xml.etree import ElementTree

_WRITING = ("_bucket_response_post", "_key_response_delete", "_key_response_post", "_key_response_put")
"""moto's methods, one for each way in which a request creates, changes or deletes objects."""


def patch() -> None:
    _keep_tags_of_new_buckets()
    _leave_conditional_statements_out()
    _compare_before_completing_an_upload()
    _write_one_after_another()


def _keep_tags_of_new_buckets() -> None:
    from moto.s3.responses import S3Response

    response_class: Any = S3Response
    create = response_class._bucket_response_put

    def create_bucket(response: Any, request: Any, name: str, query: dict[str, Any]) -> Any:
        answer = create(response, request, name, query)
        body = response.body if isinstance(response.body, str) else (response.body or b"").decode()
        if not query and "<CreateBucketConfiguration" in body:
            elements = ElementTree.fromstring(body).iterfind(".//{*}Tag")  # noqa: S314 - a client on loopback
            tags = {tag.findtext("{*}Key"): tag.findtext("{*}Value") for tag in elements}
            if tags:
                response.backend.put_bucket_tagging(name, tags)
        return answer

    response_class._bucket_response_put = create_bucket


def _leave_conditional_statements_out() -> None:
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        document: dict[str, Any] = json.loads(bucket.policy)
        statements: Any = document["Statement"]
        listed = cast("list[Any]", statements if isinstance(statements, list) else [statements])
        document["Statement"] = [statement for statement in listed if "Condition" not in statement]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    bucket_class: Any = FakeBucket
    bucket_class.get_permission = get_permission


def _compare_before_completing_an_upload() -> None:
    """moto reads ``If-None-Match`` there, and not ``If-Match`` (API reference, CompleteMultipartUpload)."""
    from moto.s3.exceptions import MissingKey, PreconditionFailed
    from moto.s3.responses import S3Response

    response_class: Any = S3Response
    post = response_class._key_response_post

    def complete(response: Any, request: Any, body: bytes, bucket: str, query: Any, key: str) -> Any:  # noqa: PLR0917 - moto's own
        wanted = response.headers.get("If-Match")
        if wanted and query.get("uploadId"):
            present = response.backend.get_object(bucket, key)
            if present is None:
                raise MissingKey
            if wanted.strip('"') != present.etag.strip('"'):
                raise PreconditionFailed("If-Match")
        return post(response, request, body, bucket, query, key)

    response_class._key_response_post = complete


def _write_one_after_another() -> None:
    """One lock for all objects: also an unconditional write may not come between a look and a write."""
    from moto.s3.responses import S3Response

    lock = threading.RLock()  # copying within a request writes again

    def locked(write: Any) -> Any:
        @functools.wraps(write)
        def call(*arguments: Any, **options: Any) -> Any:
            with lock:
                return write(*arguments, **options)

        return call

    for name in _WRITING:
        setattr(S3Response, name, locked(getattr(S3Response, name)))
