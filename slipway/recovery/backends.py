"""The backends whose files can be read: folders and S3 buckets. Their addresses are Pulumi's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from slipway.aws import AWS_ERRORS, AwsError, AwsSession, connect, error_code
from slipway.engine.locks import Files, Folder


class Bucket:
    """`Files` of a backend ``s3://``."""

    def __init__(self, session: AwsSession, bucket: str, prefix: str = "") -> None:
        self._client = session.client("s3")
        self._bucket = bucket
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""

    def names(self, folder: str) -> list[str]:
        pages = self._client.get_paginator("list_objects_v2")
        prefix = f"{self._prefix}{folder}/"
        try:
            listed = [
                str(item["Key"])
                for page in pages.paginate(Bucket=self._bucket, Prefix=prefix)
                for item in page.get("Contents", [])
            ]
        except AWS_ERRORS as error:
            raise self._error("Pulumi's locks cannot be listed", error, "s3:ListBucket") from error
        return sorted(key.removeprefix(self._prefix) for key in listed if "/" not in key.removeprefix(prefix))

    def read(self, name: str) -> bytes | None:
        try:
            answer: dict[str, Any] = self._client.get_object(Bucket=self._bucket, Key=self._prefix + name)
            return answer["Body"].read()
        except AWS_ERRORS as error:
            if error_code(error) == "NoSuchKey":
                return None
            raise self._error(f"{name} cannot be read", error, "s3:GetObject") from error

    def write(self, name: str, content: bytes) -> None:
        try:
            self._client.put_object(Bucket=self._bucket, Key=self._prefix + name, Body=content)
        except AWS_ERRORS as error:
            raise self._error(f"{name} cannot be written", error, "s3:PutObject") from error

    def remove(self, name: str) -> None:
        try:
            self._client.delete_object(Bucket=self._bucket, Key=self._prefix + name)
        except AWS_ERRORS as error:
            raise self._error(f"{name} cannot be removed", error, "s3:DeleteObject") from error

    def _error(self, what: str, error: Exception, action: str) -> AwsError:
        where = f"s3://{self._bucket}/{self._prefix}"
        return AwsError(what, error, where=where, fix=f"it takes {action}, as the stack's apply role has it")


def files_of(url: str, region: str) -> Files | None:
    """The files of a backend; None where it has none that can be read here.

    https://www.pulumi.com/docs/iac/concepts/state-and-backends/#using-a-self-managed-backend

    Args:
        region: of the bucket, where the address does not say.
    """
    parts = urlsplit(url)
    options = parse_qs(parts.query)
    if parts.scheme == "file":
        path = unquote(f"{parts.netloc}{parts.path}")
        return Folder(Path(path).expanduser())
    place = options.get("region", [region])[0]
    if parts.scheme == "s3" and place and not options.get("endpoint"):
        return Bucket(connect(place), parts.netloc, parts.path)
    return None
