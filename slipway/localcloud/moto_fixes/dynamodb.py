"""moto changes no table's encryption, updates with any number, keeps all copies of items, and copies whole
tables to roll back.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import copy
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, cast


def patch() -> None:
    from moto.dynamodb.models import DynamoDBBackend
    from moto.dynamodb.models.dynamo_type import Item
    from moto.dynamodb.models.table import Table
    from moto.dynamodb.responses import DynamoHandler

    _forget_copies(Item)
    _refuse_long_numbers(DynamoDBBackend)
    _copy_what_is_written(DynamoDBBackend, Table)
    response: Any = DynamoHandler
    update = response.update_table

    def update_table(asked: Any) -> Any:
        given: dict[str, Any] | None = asked.body.get("SSESpecification")
        if given is not None:
            table = asked.dynamodb_backend.get_table(asked.body["TableName"])
            if given.get("Enabled") and "KMSMasterKeyId" not in given:
                key = table._get_default_encryption_key(table.account_id, table.region_name)
                given = {**given, "KMSMasterKeyId": key}
            table.sse_specification = given
        return update(asked)

    response.update_table = update_table


def _refuse_long_numbers(backend: Any) -> None:
    """A number has 38 digits at most, in an update as in an item that is put; moto looks at the latter alone.

    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/HowItWorks.NamingRulesDataTypes.html
    """
    from moto.dynamodb.exceptions import MockValidationException

    update = backend.update_item

    def update_item(this: Any, *asked: Any, **named: Any) -> Any:
        for number in _numbers(named.get("expression_attribute_values") or {}):
            if len(number.strip("-").replace(".", "").strip("0")) > 38:
                message = "Attempting to store more than 38 significant digits in a Number"
                raise MockValidationException(message)
        return update(this, *asked, **named)

    backend.update_item = update_item


def _numbers(values: Any) -> Iterator[str]:
    """Every number in typed attribute values, nested ones too."""
    if isinstance(values, list):
        for value in cast("list[Any]", values):
            yield from _numbers(value)
    elif isinstance(values, dict):
        for kind, value in cast("dict[str, Any]", values).items():
            if kind == "N" and isinstance(value, str):
                yield value
            else:
                yield from _numbers(value)


def _forget_copies(item: Any) -> None:
    """Every answer holds copies of its items, and moto lists each object of a model as long as it runs.

    Gigabytes after a thousand jobs of a fleet; the list serves the dashboard that moto has, and nothing else.
    """

    def new(made: Any, *_: Any, **__: Any) -> Any:
        return object.__new__(made)

    item.__new__ = staticmethod(new)


def _copy_what_is_written(backend: Any, table: Any) -> None:
    """A transaction keeps a copy of its tables for the case that it fails; only what it names can change."""
    transact = backend.transact_write_items

    def transact_write_items(this: Any, transact_items: list[dict[str, Any]]) -> None:
        written = [next(iter(transact_item.values())) for transact_item in transact_items]
        tables = [stored for op in written if (stored := this.tables.get(op.get("TableName"))) is not None]
        for stored in tables:
            stored.snapshot_of = [op.get("Key") or op.get("Item") for op in written]
        try:
            transact(this, transact_items)
        finally:
            for stored in tables:
                stored.__dict__.pop("snapshot_of", None)

    def deep_copy(stored: Any, memo: dict[int, Any]) -> Any:
        keys = stored.__dict__.get("snapshot_of")
        kind: Any = stored.__class__
        made: Any = object.__new__(kind)
        memo[id(stored)] = made
        if keys is None or stored.has_range_key:
            made.__dict__ = {name: copy.deepcopy(value, memo) for name, value in stored.__dict__.items()}
            return made
        made.__dict__ = {name: value for name, value in stored.__dict__.items() if name != "snapshot_of"}
        made.items = defaultdict(dict, stored.items)
        # The copy keeps the items as they are, and the table goes on with others, which are changed in place.
        for key in keys:
            hash_key = _typed(key, stored.hash_key_attr)
            if hash_key in stored.items:
                stored.items[hash_key] = copy.deepcopy(stored.items[hash_key])
        return made

    table.__deepcopy__ = deep_copy
    backend.transact_write_items = transact_write_items


def _typed(key: dict[str, Any] | None, name: str) -> Any:
    from moto.dynamodb.models.dynamo_type import DynamoType

    return DynamoType(key[name]) if key and name in key else None
