"""A store in an S3 bucket, by S3's conditional writes.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html: of several who write under
`If-None-Match: *`, or under `If-Match` with the ETag that they read, one is let through. The others get 412,
404 where the object was deleted meanwhile, or 409 where a request came in between, which is no answer to the
question: it is asked again. Reads after writes are consistent since December 2020:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/Welcome.html#ConsistencyModel.
"""

import random
import time
import uuid
from typing import Any

from slipway.aws import AWS_ERRORS, AwsError, AwsSession, error_code
from slipway.store.contract import Entry, changed, checked, taken

_LOST = frozenset({"PreconditionFailed", "412", "NoSuchKey", "404"})
_IN_BETWEEN = frozenset({"ConditionalRequestConflict", "OperationAborted", "409"})
_ATTEMPTS = 8
_FIRST_PAUSE_S = 0.05
_MARK = "slipway-write"


class S3Store:
    """See `Store`. A version is an ETag.

    Who may put and not read can use `put_once`, and who may read and not put the rest: `put_once` asks for
    `s3:PutObject` alone, as long as no answer is lost on the way.
    """

    def __init__(self, session: AwsSession, bucket: str, *, account: str, prefix: str = "") -> None:
        """Args:
        account: the bucket's owner. S3 refuses where it is another's, so that nobody can take the name.
        prefix: of all keys in the bucket, without a slash at its end; none if empty.
        """
        self._client = session.client("s3")
        self._bucket = bucket
        self._prefix = f"{checked(prefix)}/" if prefix else ""
        self._named = {"Bucket": bucket, "ExpectedBucketOwner": account}
        self._where = f"s3://{bucket}/{self._prefix}"

    def put_once(self, key: str, content: bytes) -> str:
        """See `Store`."""
        version = self._write(key, content, {"IfNoneMatch": "*"})
        if version is None:
            raise taken(key, self._where)
        return version

    def get(self, key: str) -> Entry | None:
        """See `Store`."""
        try:
            answer: dict[str, Any] = self._client.get_object(**self._named, Key=self._key(key))
            return Entry(content=answer["Body"].read(), version=str(answer["ETag"]))
        except AWS_ERRORS as error:
            if error_code(error) == "NoSuchKey":
                return None
            fix = "it takes s3:GetObject, and s3:ListBucket, without which S3 does not say what is missing"
            raise self._error(f"{key} cannot be read", error, fix) from error

    def list(self, prefix: str) -> list[str]:
        """See `Store`."""
        pages = self._client.get_paginator("list_objects_v2")
        try:
            return sorted(
                str(item["Key"]).removeprefix(self._prefix)
                for page in pages.paginate(**self._named, Prefix=self._prefix + prefix)
                for item in page.get("Contents", [])
            )
        except AWS_ERRORS as error:
            raise self._error("keys cannot be listed", error, "it takes s3:ListBucket") from error

    def update(self, key: str, content: bytes, expected: str) -> str:
        """See `Store`."""
        # An empty header would be no condition.
        version = self._write(key, content, {"IfMatch": expected}) if expected else None
        if version is None:
            raise changed(key, self._where)
        return version

    def _key(self, key: str) -> str:
        return self._prefix + checked(key)

    def _write(self, key: str, content: bytes, condition: dict[str, str]) -> str | None:
        """The new version, or None where the condition does not hold."""
        mark = uuid.uuid4().hex
        request = {**self._named, "Key": self._key(key), "Body": content, "Metadata": {_MARK: mark}}
        sent_again = False
        for attempt in range(_ATTEMPTS):
            try:
                return str(self._client.put_object(**request, **condition)["ETag"])
            except AWS_ERRORS as error:
                sent_again = sent_again or bool(_metadata(error).get("RetryAttempts", 0))
                if error_code(error) in _IN_BETWEEN and attempt < _ATTEMPTS - 1:
                    _pause(attempt)
                    continue
                return self._after_error(key, mark, error, sent_again=sent_again)
        raise AssertionError("unreachable")

    def _after_error(self, key: str, mark: str, error: Exception, *, sent_again: bool) -> str | None:
        """What became of a write that was not answered by a success.

        botocore sends a request again after an answer that was lost or a 5xx, and S3 may have done it the
        first time: then its own write is what the condition fails on. The mark tells.
        """
        lost = error_code(error) in _LOST
        if lost and not sent_again:
            return None
        if lost or not _refused(error):
            version = self._own(key, mark)
            if version or lost:
                return version
        raise self._error(f"{key} cannot be written", error, "it takes s3:PutObject") from error

    def _own(self, key: str, mark: str) -> str | None:
        """The version of an object that carries our mark; None where another's or none is there."""
        try:
            answer: dict[str, Any] = self._client.head_object(**self._named, Key=self._key(key))
        except AWS_ERRORS as error:
            if error_code(error) in _LOST:
                return None
            fix = f"look whether it is there before anything is done again: {self._where}{key}"
            raise self._error(f"whether {key} was written is not known", error, fix) from error
        return str(answer["ETag"]) if answer.get("Metadata", {}).get(_MARK) == mark else None

    def _error(self, what: str, error: Exception, fix: str) -> AwsError:
        return AwsError(what, error, where=self._where, fix=fix)


def _metadata(error: Exception) -> dict[str, Any]:
    response: Any = getattr(error, "response", None) or {}
    return response.get("ResponseMetadata", {})


def _refused(error: Exception) -> bool:
    """Whether S3 said no, as against saying nothing or that it failed (5xx)."""
    return 400 <= int(_metadata(error).get("HTTPStatusCode", 0)) < 500


def _pause(attempt: int) -> None:
    """Longer each time, and by chance: several who were in each other's way must not meet again."""
    time.sleep(random.uniform(0.5, 1) * _FIRST_PAUSE_S * 2**attempt)  # noqa: S311 - not for a secret
