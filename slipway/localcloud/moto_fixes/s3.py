"""moto applies a bucket policy's statement without its Condition: a TLS-only policy locks everybody out.

Such a statement is kept and shown, and takes no part in the decision. moto also drops the tags that a
bucket is created with, by which its maker would know it again.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import json
from typing import Any, cast
from xml.etree import ElementTree


def mend() -> None:
    from moto.iam.access_control import IAMPolicy, PermissionResult
    from moto.s3.models import FakeBucket
    from moto.s3.responses import S3Response

    response_class: Any = S3Response
    create = response_class._bucket_response_put

    def create_bucket(response: Any, request: Any, name: str, query: dict[str, Any]) -> Any:
        answer = create(response, request, name, query)
        body = response.body if isinstance(response.body, str) else (response.body or b"").decode()
        if not query and "<CreateBucketConfiguration" in body:
            found = ElementTree.fromstring(body).iterfind(".//{*}Tag")  # noqa: S314 - a client on loopback
            tags = {tag.findtext("{*}Key"): tag.findtext("{*}Value") for tag in found}
            if tags:
                response.backend.put_bucket_tagging(name, tags)
        return answer

    response_class._bucket_response_put = create_bucket

    def get_permission(bucket: Any, action: str, resource: str) -> Any:
        if bucket.policy is None:
            return PermissionResult.NEUTRAL
        document: dict[str, Any] = json.loads(bucket.policy)
        statements: Any = document["Statement"]
        listed = cast("list[Any]", statements if isinstance(statements, list) else [statements])
        document["Statement"] = [one for one in listed if "Condition" not in one]
        return IAMPolicy(json.dumps(document)).is_action_permitted(action, resource)

    patched: Any = FakeBucket
    patched.get_permission = get_permission
