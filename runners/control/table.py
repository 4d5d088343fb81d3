"""The fleet's DynamoDB table: strongly consistent reads by key, conditional writes, sparse indexes."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, cast

from botocore.exceptions import ClientError

from runners.control.attributes import request, to_item, to_value
from runners.control.items import Item
from runners.control.writes import Write

_BATCH = 100
"""BatchGetItem's limit of keys."""
_TRIES = 5
_LOST = ("ConditionalCheckFailed", "TransactionConflict", "None")
"""Reasons of a cancelled transaction that mean: somebody else changed an item; read again."""


class Table(Protocol):
    """What the functions need of a table. Errors of the service are botocore's own."""

    def get(self, *keys: str) -> dict[str, Item]:
        """The items there are, by key; reads are strongly consistent."""
        ...

    def write(self, write: Write) -> Item | None:
        """Change one item. The item afterwards; None if a condition does not hold."""
        ...

    def write_all(self, writes: Sequence[Write]) -> bool:
        """Change all items or none. False if a condition does not hold, or another write was in the way."""
        ...

    def query(self, index: str, value: str, limit: int = 0) -> list[Item]:
        """The items of an index's partition, in its order; eventually consistent. `limit` 0: all."""
        ...


class DynamoTable:
    """The table itself.

    A write that was applied but whose answer got lost is retried by the SDK and then looks like a failed
    condition. That is safe everywhere: the caller reads again, or gives up and a later tick completes it.
    """

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, *keys: str) -> dict[str, Item]:
        """See `Table`."""
        if not keys:
            return {}
        if len(keys) == 1:
            answer = self._client.get_item(
                TableName=self._name, Key={"pk": to_value(keys[0])}, ConsistentRead=True
            )
            return {keys[0]: to_item(answer["Item"])} if "Item" in answer else {}
        items: dict[str, Item] = {}
        wanted = sorted(set(keys))
        for start in range(0, len(wanted), _BATCH):
            for attributes in self._batch(wanted[start : start + _BATCH]):
                item = to_item(attributes)
                items[item["pk"]] = item
        return items

    def _batch(self, keys: list[str]) -> Iterator[dict[str, Any]]:
        asked: dict[str, Any] = {
            self._name: {"Keys": [{"pk": to_value(key)} for key in keys], "ConsistentRead": True}
        }
        for _ in range(_TRIES):
            answer = self._client.batch_get_item(RequestItems=asked)
            yield from answer["Responses"].get(self._name, ())
            asked = answer.get("UnprocessedKeys") or {}
            if not asked:
                return
        raise TimeoutError("DynamoDB left keys unprocessed in every try")

    def write(self, write: Write) -> Item | None:
        """See `Table`."""
        asked = request(self._name, write)
        try:
            if write.delete:
                self._client.delete_item(**asked)
                return {"pk": write.pk}
            answer = self._client.update_item(**asked, ReturnValues="ALL_NEW")
        except ClientError as error:
            if error_code(error) in ("ConditionalCheckFailedException", "TransactionConflictException"):
                return None
            raise
        return to_item(answer["Attributes"])

    def write_all(self, writes: Sequence[Write]) -> bool:
        """See `Table`."""
        if len(writes) == 1:
            return self.write(writes[0]) is not None
        entries = [{"Delete" if write.delete else "Update": request(self._name, write)} for write in writes]
        try:
            self._client.transact_write_items(TransactItems=entries)
        except ClientError as error:
            if error_code(error) != "TransactionCanceledException":
                raise
            response = cast("dict[str, Any]", error.response)
            codes = [reason.get("Code") or "None" for reason in response.get("CancellationReasons", ())]
            if all(code in _LOST for code in codes):
                return False
            raise
        return True

    def query(self, index: str, value: str, limit: int = 0) -> list[Item]:
        """See `Table`."""
        asked: dict[str, Any] = {
            "TableName": self._name,
            "IndexName": index,
            "KeyConditionExpression": "#hash = :value",
            "ExpressionAttributeNames": {"#hash": index},
            "ExpressionAttributeValues": {":value": to_value(value)},
        }
        if limit:
            asked["Limit"] = limit
        items: list[Item] = []
        while True:
            answer = self._client.query(**asked)
            items.extend(to_item(attributes) for attributes in answer["Items"])
            if "LastEvaluatedKey" not in answer or (limit and len(items) >= limit):
                return items
            asked["ExclusiveStartKey"] = answer["LastEvaluatedKey"]


def error_code(error: ClientError) -> str:
    """AWS's code of an error."""
    response = cast("dict[str, Any]", error.response)
    return str(response.get("Error", {}).get("Code", ""))
