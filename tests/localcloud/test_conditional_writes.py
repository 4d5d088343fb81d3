"""Of many who write an S3 object under one condition, one wins: leases and plans stand on that."""

from collections.abc import Generator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from slipway.localcloud import moto_fixes
from tests.localcloud.conditional_writes import (
    BUCKET,
    KEY,
    WRITERS,
    client,
    compete,
    complete,
    delete_if_unchanged,
    put_if_absent,
    put_if_unchanged,
    uploads,
)

LOST = WRITERS - 1


@pytest.fixture(params=["Suspended", "Enabled"])
def s3(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Generator[Any]:
    """A bucket with and without versions, with moto's fixes."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    moto_fixes.apply("s3")
    with mock_aws():
        made = client()
        made.create_bucket(Bucket=BUCKET)
        made.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": request.param})
        yield made


def test_one_creates_what_may_not_exist(s3: Any) -> None:
    assert compete(put_if_absent) == {"won": 1, "PreconditionFailed": LOST}
    assert int(s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()) in range(WRITERS)


def test_one_changes_what_must_be_as_it_was(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"before")["ETag"]
    assert compete(put_if_unchanged(etag)) == {"won": 1, "PreconditionFailed": LOST}


def test_one_deletes_what_must_be_as_it_was(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"before")["ETag"]
    assert compete(delete_if_unchanged(etag)) == {"won": 1, "NoSuchKey": LOST}


def test_one_completes_an_upload_of_what_may_not_exist(s3: Any) -> None:
    ready = uploads(s3)
    assert compete(complete(ready, {"IfNoneMatch": "*"})) == {"won": 1, "PreconditionFailed": LOST}


def test_one_completes_an_upload_over_what_must_be_as_it_was(s3: Any) -> None:
    etag = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"before")["ETag"]
    assert compete(complete(uploads(s3), {"IfMatch": etag})) == {"won": 1, "PreconditionFailed": LOST}


def test_nothing_completes_over_what_is_not_there(s3: Any) -> None:
    (ready,) = uploads(s3, 1)
    with pytest.raises(ClientError, match="NoSuchKey"):
        complete([ready], {"IfMatch": '"x"'})(s3, 0)


def test_creators_and_a_deleter_take_turns(s3: Any) -> None:
    """A writer of each kind at once: what they leave is what one order of them leaves."""
    etag = s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"before")["ETag"]
    kinds = (put_if_unchanged(etag), delete_if_unchanged(etag), put_if_absent)
    outcomes = compete(lambda s3, number: kinds[number % 3](s3, number))
    # Either a change wins and nothing else can, or a deletion does and then one creates.
    assert outcomes["won"] in (1, 2)
    assert sum(outcomes.values()) == WRITERS
