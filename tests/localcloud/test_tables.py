"""DynamoDB on the embedded cloud: transactions change all or nothing, and nothing is kept of them."""

import gc
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.dynamodb.models.dynamo_type import Item

from slipway.localcloud import moto_fixes

EXISTS, MISSING = "attribute_exists(pk)", "attribute_not_exists(pk)"
NEW = {"Put": {"TableName": "jobs", "Item": {"pk": {"S": "new"}, "n": {"N": "7"}}}}


@pytest.fixture
def dynamodb(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    moto_fixes.apply("dynamodb")
    with mock_aws():
        client: Any = boto3.client("dynamodb", region_name="eu-west-1")
        client.create_table(
            TableName="jobs",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        for number in range(50):
            client.put_item(TableName="jobs", Item={"pk": {"S": str(number)}, "n": {"N": "0"}})
        yield client


def change(number: int, condition: str) -> dict[str, Any]:
    return {
        "Update": {
            "TableName": "jobs",
            "Key": {"pk": {"S": str(number)}},
            "UpdateExpression": "SET n = :n",
            "ConditionExpression": condition,
            "ExpressionAttributeValues": {":n": {"N": "1"}},
        }
    }


def values(dynamodb: Any) -> dict[str, str]:
    return {one["pk"]["S"]: one["n"]["N"] for one in dynamodb.scan(TableName="jobs")["Items"]}


@pytest.mark.parametrize(
    "changes",
    [
        [change(1, EXISTS), change(2, MISSING)],
        [change(2, MISSING), change(1, EXISTS)],
        [NEW, change(1, EXISTS), change(2, MISSING)],
        [{"Delete": {"TableName": "jobs", "Key": {"pk": {"S": "3"}}}}, change(2, MISSING)],
    ],
)
def test_a_transaction_that_fails_changes_nothing(dynamodb: Any, changes: list[dict[str, Any]]) -> None:
    before = values(dynamodb)
    for _ in range(2):
        with pytest.raises(ClientError, match="TransactionCanceled"):
            dynamodb.transact_write_items(TransactItems=changes)
        assert values(dynamodb) == before


def test_one_that_holds_changes_all(dynamodb: Any) -> None:
    dynamodb.transact_write_items(TransactItems=[change(1, EXISTS), change(2, EXISTS), NEW])
    assert {key: n for key, n in values(dynamodb).items() if n != "0"} == {"1": "1", "2": "1", "new": "7"}


def items() -> int:
    gc.collect()
    return sum(type(one) is Item for one in gc.get_objects())


def test_no_copy_outlives_its_answer(dynamodb: Any) -> None:
    before = items()
    for _ in range(20):
        dynamodb.transact_write_items(TransactItems=[change(1, EXISTS), change(2, EXISTS)])
        values(dynamodb)
    assert items() <= before


@pytest.mark.parametrize(
    "value", [{"N": "1" * 39}, {"L": [{"M": {"n": {"N": "9" * 400}}}]}], ids=["plain", "nested"]
)
def test_a_number_of_more_than_38_digits_is_refused_in_an_update(
    dynamodb: Any, value: dict[str, Any]
) -> None:
    change = {
        "TableName": "jobs",
        "Key": {"pk": {"S": "x"}},
        "UpdateExpression": "SET n = :n",
        "ExpressionAttributeValues": {":n": value},
    }
    with pytest.raises(ClientError, match="38 significant digits"):
        dynamodb.update_item(**change)
    with pytest.raises(ClientError, match="38 significant digits"):
        dynamodb.transact_write_items(TransactItems=[{"Update": change}])
    dynamodb.update_item(**{**change, "ExpressionAttributeValues": {":n": {"N": "1" * 38}}})
