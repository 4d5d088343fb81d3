"""moto changes no table's encryption."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
from typing import Any


def mend() -> None:
    from moto.dynamodb.responses import DynamoHandler

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
