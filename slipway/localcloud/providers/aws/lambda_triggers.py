"""What may invoke a function, and how: permissions, asynchronous invocation, event source mappings.

A mapping is recorded, not made in moto: moto's own would start a Docker container for every message. The
embedded cloud's process reads the records and carries messages to functions itself.
"""

import json
import uuid
from datetime import UTC, datetime

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, part
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    between,
    not_emulated,
    pattern,
    pick,
)
from slipway.localcloud.providers.values import Props, block, items

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"

# --- permissions ---


def _statement(call: AwsCall, function: str, id_: str) -> Props | None:
    policy: Props = json.loads(call.client("lambda").get_policy(FunctionName=function)["Policy"])
    return next((one for one in policy["Statement"] if one.get("Sid") == id_), None)


def _permission_create(call: AwsCall, inputs: Props) -> None:
    given = pick(
        inputs,
        {
            "FunctionName": "function",
            "StatementId": "statementId",
            "Action": "action",
            "Principal": "principal",
            "SourceArn": "sourceArn",
            "SourceAccount": "sourceAccount",
        },
    )
    call.client("lambda").add_permission(**given)


def _permission_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    imported, _, statement_id = id_.rpartition("/")
    function = imported or old["function"]
    found = _statement(call, function, statement_id)
    if found is None:
        return None
    condition = block(found.get("Condition"))
    return {
        "function": function,
        "statementId": statement_id,
        "action": found["Action"],
        "principal": _principal(found["Principal"]),
        "sourceArn": block(condition.get("ArnLike")).get("AWS:SourceArn"),
        "sourceAccount": block(condition.get("StringEquals")).get("AWS:SourceAccount"),
    }


def _principal(found: str | dict[str, str]) -> str | None:
    return found if isinstance(found, str) else found.get("Service") or found.get("AWS")


def _permission_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("lambda").remove_permission(
        FunctionName=state["function"], StatementId=id_.rpartition("/")[2]
    )


# --- event source mappings ---


def _function(call: AwsCall, name_or_arn: str) -> Props:
    return call.client("lambda").get_function(FunctionName=name_or_arn)["Configuration"]


def _require_patience(call: AwsCall, inputs: Props, function: Props) -> None:
    """A message must stay hidden at least as long as the function may work on it.

    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
    """
    sqs = call.client("sqs")
    url = sqs.get_queue_url(QueueName=str(inputs["eventSourceArn"]).rpartition(":")[2])["QueueUrl"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    hidden, timeout = int(found["VisibilityTimeout"]), int(function["Timeout"])
    if hidden < timeout:
        raise ProviderError(
            "CreateEventSourceMapping: InvalidParameterValueException: Queue visibility timeout: "
            f"{hidden} seconds is less than Function timeout: {timeout} seconds",
            fix="let the queue hide a message for at least six times the function's timeout",
        )


def _record(call: AwsCall, inputs: Props) -> Props:
    """The declared properties, the function's ARN and the state in AWS's words.

    https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html
    """
    function = _function(call, inputs["functionName"])
    _require_patience(call, inputs, function)
    return {
        "eventSourceArn": inputs["eventSourceArn"],
        "functionName": inputs["functionName"],
        "functionArn": function["FunctionArn"],
        "batchSize": inputs["batchSize"],
        "maximumBatchingWindowInSeconds": inputs.get("maximumBatchingWindowInSeconds") or 0,
        "functionResponseTypes": sorted(items(inputs.get("functionResponseTypes"))),
        "scalingConfig": inputs.get("scalingConfig"),
        "enabled": bool(inputs["enabled"]),
        "state": "Enabled" if inputs["enabled"] else "Disabled",
        "lastModified": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "tagsAll": tags.wanted(inputs),
    }


def _mapping_create(call: AwsCall, inputs: Props) -> str:
    record = _record(call, inputs)
    same = _mappings(call, record["eventSourceArn"], record["functionArn"])
    if same:
        raise ProviderError(
            f"CreateEventSourceMapping: ResourceConflictException: {same[0]} Exists between "
            f"{record['eventSourceArn']} and {record['functionArn']}"
        )
    id_ = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{record['eventSourceArn']} {record['functionArn']}"))
    call.cloud.records.create(MAPPING, id_, {"uuid": id_, **record})
    return id_


def _mappings(call: AwsCall, source: str, function: str) -> list[str]:
    return [
        id_
        for id_, one in call.cloud.records.list(MAPPING).items()
        if (one["eventSourceArn"], one["functionArn"]) == (source, function)
    ]


def _mapping_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    found = call.cloud.records.get(MAPPING, id_)
    if found is None:
        return None
    return {
        **{key: value for key, value in found.items() if value != [] or key not in old},
        "arn": call.arn("lambda", f"event-source-mapping:{id_}"),
        "lastProcessingResult": "No records processed",
        "stateTransitionReason": "USER_INITIATED",
    }


def _mapping_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    call.cloud.records.put(MAPPING, id_, {"uuid": id_, **_record(call, new)})


def _mapping_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.cloud.records.delete(MAPPING, id_)


def _mapping_find(call: AwsCall, inputs: Props) -> str | None:
    function = _function(call, inputs["functionName"])["FunctionArn"]
    return next(iter(_mappings(call, inputs["eventSourceArn"], function)), None)


def _retag(call: AwsCall, id_: str, state: Props, given: object) -> None:
    record = call.cloud.records.get(MAPPING, id_)
    if record is not None:
        call.cloud.records.put(MAPPING, id_, {**record, "tagsAll": tags.wanted(state)})


def _concurrency(value: Props) -> bool:
    return 2 <= (value.get("maximumConcurrency") or 2) <= 1000


HANDLERS = (
    Handler[AwsCall](
        token="aws:lambda/permission:Permission",
        source=f"{DOCS}/lambda_permission",
        key="{statementId}",
        create=_permission_create,
        read=_permission_read,
        delete=_permission_delete,
        name=AutoName(name="statementId", longest=100, unless="statementIdPrefix"),
        natural=("function", "statementId"),
        rules=(
            pattern("action", r"lambda:(\*|[A-Za-z]+)", "must be a Lambda action"),
            pattern("statementId", r"[\w-]{1,100}", "must be 1 to 100 letters, digits, - or _"),
            *not_emulated("eventSourceToken functionUrlAuthType principalOrgId qualifier"),
        ),
    ),
    part(
        token="aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
        page="lambda_function_event_invoke_config",
        service="lambda",
        where={"FunctionName": "functionName"},
        fields={
            "MaximumRetryAttempts": "maximumRetryAttempts",
            "MaximumEventAgeInSeconds": "maximumEventAgeInSeconds",
        },
        put="put_function_event_invoke_config",
        get="get_function_event_invoke_config",
        drop="delete_function_event_invoke_config",
        defaults={"maximumRetryAttempts": 2},
        rules=(
            between("maximumRetryAttempts", 0, 2),
            Rule(
                name="maximumEventAgeInSeconds",
                reason="must be 60 to 21600 seconds",
                accepts=lambda value: value == 0 or 60 <= value <= 21_600,
            ),
            *not_emulated("destinationConfig qualifier"),
        ),
    ),
    Handler[AwsCall](
        token=MAPPING,
        source=f"{DOCS}/lambda_event_source_mapping",
        create=_mapping_create,
        read=_mapping_read,
        update=_mapping_update,
        delete=_mapping_delete,
        find=_mapping_find,
        tagger=tags.AwsTagger(put=_retag, drop=_retag),
        natural=("eventSourceArn", "functionName"),
        defaults={"batchSize": 10, "enabled": True},
        rules=(
            pattern(
                "eventSourceArn",
                r"arn:aws[\w-]*:sqs:.+",
                "must be a queue's ARN: the embedded cloud maps SQS queues only",
            ),
            Rule(
                name="batchSize",
                reason="must be 1 to 10 without a batching window",
                accepts=lambda value: 1 <= value <= 10_000,
            ),
            Rule(
                name="scalingConfig",
                reason="maximumConcurrency must be 2 to 1000",
                accepts=_concurrency,
            ),
            *not_emulated("filterCriteria destinationConfig selfManagedEventSource"),
        ),
    ),
)
