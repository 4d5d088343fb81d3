"""AWS as moto plays it, and a fleet's table in it."""

from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from moto import mock_aws

from runners.control.table import DynamoTable


def client(service: str) -> Any:
    return cast(Any, boto3).client(service, region_name="eu-central-1")


@pytest.fixture(scope="module")
def aws() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def table(aws: None) -> DynamoTable:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (
                ("pk", "S"),
                ("waiting", "S"),
                ("queued_at", "N"),
                ("open", "S"),
                ("live", "S"),
            )
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [
                    {"AttributeName": name, "KeyType": "HASH"},
                    *([{"AttributeName": "queued_at", "KeyType": "RANGE"}] if name == "waiting" else []),
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name in ("waiting", "open", "live")
        ],
    )
    return DynamoTable(dynamodb, "t")
