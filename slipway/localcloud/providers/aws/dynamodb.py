"""DynamoDB tables and single items."""

import json
from typing import Any, cast

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    changed,
    names,
    not_emulated,
    one_of,
    pattern,
)
from slipway.localcloud.providers.values import Props, block, items


def _keys(one: Props) -> list[Props]:
    schema = [{"AttributeName": one["hashKey"], "KeyType": "HASH"}]
    if one.get("rangeKey"):
        schema.append({"AttributeName": one["rangeKey"], "KeyType": "RANGE"})
    return schema


def _attributes(inputs: Props) -> list[Props]:
    return [
        {"AttributeName": one["name"], "AttributeType": one["type"]}
        for one in items(inputs.get("attributes"))
    ]


def _throughput(one: Props, billing: str) -> Props:
    if billing == "PAY_PER_REQUEST":
        return {}
    capacity = {"ReadCapacityUnits": one.get("readCapacity"), "WriteCapacityUnits": one.get("writeCapacity")}
    return {"ProvisionedThroughput": {key: value or 1 for key, value in capacity.items()}}


def _index(one: Props, billing: str) -> Props:
    projection: Props = {"ProjectionType": one["projectionType"]}
    if one.get("nonKeyAttributes"):
        projection["NonKeyAttributes"] = one["nonKeyAttributes"]
    return {
        "IndexName": one["name"],
        "KeySchema": _keys(one),
        "Projection": projection,
        **_throughput(one, billing),
    }


def _encryption(inputs: Props) -> Props:
    given = block(inputs.get("serverSideEncryption"))
    if not given.get("enabled"):
        return {"Enabled": False}
    key = given.get("kmsKeyArn")
    return {"Enabled": True, "SSEType": "KMS", **({"KMSMasterKeyId": key} if key else {})}


def _create(call: AwsCall, inputs: Props) -> None:
    billing = str(inputs["billingMode"])
    given: Props = {
        "TableName": inputs["name"],
        "BillingMode": billing,
        "KeySchema": _keys(inputs),
        "AttributeDefinitions": _attributes(inputs),
        "DeletionProtectionEnabled": bool(inputs.get("deletionProtectionEnabled")),
        **_throughput(inputs, billing),
        **tags.create_pairs(inputs),
    }
    indexes = [_index(one, billing) for one in items(inputs.get("globalSecondaryIndexes"))]
    if indexes:
        given["GlobalSecondaryIndexes"] = indexes
    if block(inputs.get("serverSideEncryption")).get("enabled"):
        given["SSESpecification"] = _encryption(inputs)
    call.client("dynamodb").create_table(**given)


def _key_names(schema: list[Props]) -> Props:
    by_kind = {one["KeyType"]: one["AttributeName"] for one in schema}
    return {"hashKey": by_kind["HASH"], **({"rangeKey": by_kind["RANGE"]} if "RANGE" in by_kind else {})}


def _read_index(one: Props) -> Props:
    projection = one["Projection"]
    found = {
        "name": one["IndexName"],
        **_key_names(one["KeySchema"]),
        "projectionType": projection["ProjectionType"],
    }
    if projection.get("NonKeyAttributes"):
        found["nonKeyAttributes"] = projection["NonKeyAttributes"]
    return found


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    client = call.client("dynamodb")
    found: Props = client.describe_table(TableName=id_)["Table"]
    stream = found.get("LatestStreamLabel") or ""
    encryption = found.get("SSEDescription")
    return {
        "name": id_,
        "arn": found["TableArn"],
        "billingMode": block(found.get("BillingModeSummary")).get("BillingMode", "PROVISIONED"),
        "attributes": [
            {"name": one["AttributeName"], "type": one["AttributeType"]}
            for one in found["AttributeDefinitions"]
        ],
        "rangeKey": None,
        **_key_names(found["KeySchema"]),
        "globalSecondaryIndexes": [_read_index(one) for one in items(found.get("GlobalSecondaryIndexes"))]
        or None,
        "deletionProtectionEnabled": bool(found.get("DeletionProtectionEnabled")),
        "serverSideEncryption": (
            {"enabled": True, "kmsKeyArn": encryption["KMSMasterKeyArn"]}
            if encryption
            else {"enabled": False}
        ),
        "ttl": _read_ttl(client, id_),
        "pointInTimeRecovery": _read_recovery(client, id_),
        "streamLabel": stream,
        "streamArn": found.get("LatestStreamArn") or "",
        "tagsAll": tags.unpaired(client.list_tags_of_resource(ResourceArn=found["TableArn"]).get("Tags")),
    }


def _read_ttl(client: Any, table: str) -> Props:
    found: Props = client.describe_time_to_live(TableName=table)["TimeToLiveDescription"]
    on = found["TimeToLiveStatus"] == "ENABLED"
    return {"enabled": True, "attributeName": found["AttributeName"]} if on else {"enabled": False}


def _read_recovery(client: Any, table: str) -> Props:
    found: Props = client.describe_continuous_backups(TableName=table)["ContinuousBackupsDescription"]
    held = block(found.get("PointInTimeRecoveryDescription"))
    on = held.get("PointInTimeRecoveryStatus") == "ENABLED"
    return (
        {"enabled": True, "recoveryPeriodInDays": held.get("RecoveryPeriodInDays")} if on else {"enabled": on}
    )


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    client = call.client("dynamodb")
    if old:
        _update(client, id_, old, new)
    _set_ttl(client, id_, block(old.get("ttl")), block(new.get("ttl")))
    before, after = block(old.get("pointInTimeRecovery")), block(new.get("pointInTimeRecovery"))
    if "enabled" in after and bool(before.get("enabled")) != bool(after["enabled"]):
        wanted: Props = {"PointInTimeRecoveryEnabled": bool(after["enabled"])}
        if after["enabled"] and after.get("recoveryPeriodInDays"):
            wanted["RecoveryPeriodInDays"] = after["recoveryPeriodInDays"]
        client.update_continuous_backups(TableName=id_, PointInTimeRecoverySpecification=wanted)


def _set_ttl(client: Any, table: str, before: Props, after: Props) -> None:
    """A table has one TTL attribute; another one needs the first to be switched off."""
    if not after or (bool(before.get("enabled")), before.get("attributeName")) == (
        bool(after.get("enabled")),
        after.get("attributeName"),
    ):
        return
    if before.get("enabled"):
        off = {"Enabled": False, "AttributeName": before["attributeName"]}
        client.update_time_to_live(TableName=table, TimeToLiveSpecification=off)
    if after.get("enabled"):
        on = {"Enabled": True, "AttributeName": after["attributeName"]}
        client.update_time_to_live(TableName=table, TimeToLiveSpecification=on)


def _update(client: Any, table: str, old: Props, new: Props) -> None:
    billing = str(new["billingMode"])
    given: Props = {}
    if changed(old, new, "billingMode"):
        given.update(BillingMode=billing, **_throughput(new, billing))
    if bool(old.get("deletionProtectionEnabled")) != bool(new.get("deletionProtectionEnabled")):
        given["DeletionProtectionEnabled"] = bool(new.get("deletionProtectionEnabled"))
    if given:
        client.update_table(TableName=table, **given)
    before, after = block(old.get("serverSideEncryption")), block(new.get("serverSideEncryption"))
    moved = after.get("kmsKeyArn") and before.get("kmsKeyArn") != after["kmsKeyArn"]
    if after and (bool(before.get("enabled")) != bool(after.get("enabled")) or moved):
        client.update_table(TableName=table, SSESpecification=_encryption(new))
    _update_indexes(client, table, old, new)


def _update_indexes(client: Any, table: str, old: Props, new: Props) -> None:
    """One index a call, as DynamoDB wants it; an index with other keys is removed and made anew.

    https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTable.html
    """
    billing = str(new["billingMode"])
    before = {one["name"]: _index(one, billing) for one in items(old.get("globalSecondaryIndexes"))}
    after = {one["name"]: _index(one, billing) for one in items(new.get("globalSecondaryIndexes"))}
    updates: list[Props] = [
        {"Delete": {"IndexName": name}} for name in before if before[name] != after.get(name)
    ]
    updates += [{"Create": one} for name, one in after.items() if one != before.get(name)]
    for one in updates:
        client.update_table(
            TableName=table, AttributeDefinitions=_attributes(new), GlobalSecondaryIndexUpdates=[one]
        )


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("dynamodb").delete_table(TableName=id_)


# --- items ---


def _item(inputs: Props) -> Props:
    return dict(json.loads(inputs["item"]))


def _item_key(inputs: Props) -> Props:
    item = _item(inputs)
    return {name: item[name] for name in (inputs["hashKey"], inputs.get("rangeKey")) if name}


def _item_id(inputs: Props) -> str:
    values = [str(next(iter(value.values()))) for value in _item_key(inputs).values()]
    return "|".join([inputs["tableName"], *values])


def _item_create(call: AwsCall, inputs: Props) -> str:
    call.client("dynamodb").put_item(
        TableName=inputs["tableName"],
        Item=_item(inputs),
        ConditionExpression="attribute_not_exists(#key)",
        ExpressionAttributeNames={"#key": inputs["hashKey"]},
    )
    return _item_id(inputs)


def _item_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    found: Props = call.client("dynamodb").get_item(
        TableName=old["tableName"], Key=_item_key(old), ConsistentRead=True
    )
    held: Props | None = found.get("Item")
    if held is None:
        return None
    # Attributes that somebody else keeps on the item are not the program's.
    own = {name: value for name, value in held.items() if name in _item(old)}
    key = [str(next(iter(value.values()))) for value in _item_key(old).values()]
    return {
        "tableName": old["tableName"],
        "hashKey": old["hashKey"],
        "item": json.dumps(own, sort_keys=True),
        "hashKeyValue": key[0],
        "rangeKeyValue": key[1] if len(key) > 1 else "",
    }


def _item_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    before, after, key = _item(old), _item(new), _item_key(new)
    changes: Props = {
        name: {"Action": "PUT", "Value": value}
        for name, value in after.items()
        if name not in key and before.get(name) != value
    }
    changes.update({name: {"Action": "DELETE"} for name in before if name not in after})
    if changes:
        call.client("dynamodb").update_item(TableName=new["tableName"], Key=key, AttributeUpdates=changes)


def _item_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("dynamodb").delete_item(TableName=state["tableName"], Key=_item_key(state))


def _item_find(call: AwsCall, inputs: Props) -> str | None:
    id_ = _item_id(inputs)
    return id_ if _item_read(call, id_, inputs) else None


def _another_key(old: Props, new: Props) -> frozenset[str]:
    """Another key is another item."""
    texts = isinstance(old.get("item"), str) and isinstance(new.get("item"), str)
    known = texts and isinstance(new.get("hashKey"), str)
    return (
        names("item") if known and _item_key(old) != _item_key({**old, "item": new["item"]}) else frozenset()
    )


def _is_item(value: Any) -> bool:
    try:
        parsed: Any = json.loads(value)
    except ValueError:
        return False
    typed = cast("Props", parsed).values() if isinstance(parsed, dict) else [None]
    return all(isinstance(one, dict) and len(block(cast("Any", one))) == 1 for one in typed)


HANDLERS = (
    Handler[AwsCall](
        token="aws:dynamodb/table:Table",
        source=f"{DOCS}/dynamodb_table",
        key="{name}",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        tagger=tags.by_arn("dynamodb", "ResourceArn"),
        name=AutoName(longest=255),
        natural=("name",),
        defaults={"billingMode": "PROVISIONED"},
        rules=(
            pattern("name", r"[\w.-]{3,255}", "must be 3 to 255 letters, digits or any of _.-"),
            one_of("billingMode", "PROVISIONED", "PAY_PER_REQUEST"),
            Rule(
                name="attributes",
                reason="each must be of type S, N or B",
                accepts=lambda value: all(one.get("type") in ("S", "N", "B") for one in value),
            ),
            *not_emulated("localSecondaryIndexes replicas importTable streamEnabled"),
        ),
    ),
    Handler[AwsCall](
        token="aws:dynamodb/tableItem:TableItem",
        source=f"{DOCS}/dynamodb_table_item",
        create=_item_create,
        read=_item_read,
        update=_item_update,
        delete=_item_delete,
        find=_item_find,
        natural=("tableName",),
        replace_when=_another_key,
        documents=names("item"),
        rules=(
            Rule(
                name="item",
                reason='must be a JSON object in DynamoDB\'s own form: {"name": {"S": "value"}}',
                accepts=_is_item,
            ),
        ),
    ),
)
