"""Many writers of one S3 object at once, with the window between a writer's look and its write held open."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.s3.models import S3Backend
from moto.s3.responses import S3Response

WRITERS = 32
BUCKET, KEY = "leases", "prod/lease.json"
HALF_A_SECOND = 0.5
"""How long the window is open where a lock lets in one at a time."""
UNTIL_ALL_HAVE_LOOKED = 60.0
"""How long it is where all of them come, on however busy a machine."""
_LOOKED_AND_NOT_WRITTEN = (
    (S3Response, "_get_checksum"),  # of PutObject
    (S3Backend, "complete_multipart_upload"),
    (S3Backend, "delete_object"),
)


def client() -> Any:
    return boto3.client("s3", region_name="us-east-1")


@contextmanager
def open_window(writers: int = WRITERS, seconds: float = HALF_A_SECOND) -> Iterator[None]:
    """Let whoever has looked wait for all others to look too; if they do not come, `seconds` long and once.

    Without a lock all of them have looked before the first writes, in every run.
    """
    looked = threading.Barrier(writers)

    def waiting(method: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            with suppress(threading.BrokenBarrierError):  # the others are not let in before this one is done
                looked.wait(seconds)
            return method(*arguments, **options)

        return call

    with pytest.MonkeyPatch.context() as patch:
        for owner, name in _LOOKED_AND_NOT_WRITTEN:
            patch.setattr(owner, name, waiting(getattr(owner, name)))
        yield


def compete(
    write: Callable[[Any, int], Any], writers: int = WRITERS, seconds: float = HALF_A_SECOND
) -> Counter[str]:
    """How the writers fared: `won`, or the code of the error. Each has a client and a number of its own."""
    clients = [client() for _ in range(writers)]
    outcomes: Counter[str] = Counter()

    def run(number: int) -> None:
        try:
            write(clients[number], number)
        except ClientError as error:
            outcomes[error.response["Error"]["Code"]] += 1
        else:
            outcomes["won"] += 1

    threads = [threading.Thread(target=run, args=(number,)) for number in range(writers)]
    with open_window(writers, seconds):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return outcomes


def put_if_absent(s3: Any, number: int) -> None:
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=str(number).encode(), IfNoneMatch="*")


def put_if_unchanged(etag: str) -> Callable[[Any, int], None]:
    def write(s3: Any, number: int) -> None:
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=str(number).encode(), IfMatch=etag)

    return write


def delete_if_unchanged(etag: str) -> Callable[[Any, int], None]:
    def write(s3: Any, _number: int) -> None:
        s3.delete_object(Bucket=BUCKET, Key=KEY, IfMatch=etag)

    return write


def complete(uploads: list[dict[str, Any]], condition: dict[str, str]) -> Callable[[Any, int], None]:
    def write(s3: Any, number: int) -> None:
        s3.complete_multipart_upload(**uploads[number], **condition)

    return write


def uploads(s3: Any, count: int = WRITERS) -> list[dict[str, Any]]:
    """Multipart uploads of the one object, each of one part and ready to be completed."""
    ready: list[dict[str, Any]] = []
    for number in range(count):
        upload = s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
        of = {"Bucket": BUCKET, "Key": KEY, "UploadId": upload}
        etag = s3.upload_part(**of, PartNumber=1, Body=str(number).encode())["ETag"]
        ready.append({**of, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": etag}]}})
    return ready
