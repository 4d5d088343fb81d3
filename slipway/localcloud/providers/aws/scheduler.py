"""EventBridge Scheduler: schedules and their groups. The embedded cloud's process fires them."""

# ruff: noqa: S106 - a `token` is a Pulumi type token here

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.iam import DOCS
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    lower_first,
    names,
    not_emulated,
    one_of,
    pattern,
    pick,
    renamed,
    upper_first,
)
from slipway.localcloud.providers.values import Props

_FIELDS = {
    "Name": "name",
    "GroupName": "groupName",
    "Description": "description",
    "ScheduleExpression": "scheduleExpression",
    "ScheduleExpressionTimezone": "scheduleExpressionTimezone",
    "State": "state",
    "StartDate": "startDate",
    "EndDate": "endDate",
    "KmsKeyArn": "kmsKeyArn",
}
_NAME = pattern("name", r"[\w.-]{1,64}", "must be 1 to 64 letters, digits or any of _.-")


def _group_create(call: AwsCall, inputs: Props) -> str:
    call.client("scheduler").create_schedule_group(Name=inputs["name"], **tags.create_pairs(inputs))
    return str(inputs["name"])


def _group_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    client = call.client("scheduler")
    found: Props = client.get_schedule_group(Name=id_)
    return {
        "name": id_,
        "arn": found["Arn"],
        "state": found["State"],
        "creationDate": str(found["CreationDate"]),
        "lastModificationDate": str(found["LastModificationDate"]),
        "tagsAll": tags.unpaired(client.list_tags_for_resource(ResourceArn=found["Arn"]).get("Tags")),
    }


def _group_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    call.client("scheduler").delete_schedule_group(Name=id_)


def _group_find(call: AwsCall, inputs: Props) -> str:
    return str(call.client("scheduler").get_schedule_group(Name=inputs["name"])["Name"])


def _given(inputs: Props) -> Props:
    return {
        **pick(inputs, _FIELDS),
        "FlexibleTimeWindow": renamed(inputs["flexibleTimeWindow"], rename=upper_first),
        "Target": renamed(inputs["target"], rename=upper_first),
    }


def _create(call: AwsCall, inputs: Props) -> str:
    call.client("scheduler").create_schedule(**_given(inputs))
    return f"{inputs['groupName']}/{inputs['name']}"


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    group, _, name = id_.partition("/")
    found: Props = call.client("scheduler").get_schedule(GroupName=group, Name=name)
    state: Props = {name: found.get(field) for field, name in _FIELDS.items()}
    for field in ("startDate", "endDate"):
        state[field] = str(state[field]) if state[field] else None
    return {
        **state,
        "arn": found["Arn"],
        "flexibleTimeWindow": renamed(found["FlexibleTimeWindow"], rename=lower_first),
        "target": renamed(found["Target"], rename=lower_first),
    }


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    """UpdateSchedule replaces everything, and so is given everything.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
    """
    del id_
    if old:
        call.client("scheduler").update_schedule(**_given(new))


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    group, _, name = id_.partition("/")
    call.client("scheduler").delete_schedule(GroupName=group, Name=name)


def _find(call: AwsCall, inputs: Props) -> str:
    id_ = f"{inputs['groupName']}/{inputs['name']}"
    _read(call, id_, {})
    return id_


HANDLERS = (
    Handler[AwsCall](
        token="aws:scheduler/scheduleGroup:ScheduleGroup",
        source=f"{DOCS}/scheduler_schedule_group",
        create=_group_create,
        read=_group_read,
        delete=_group_delete,
        find=_group_find,
        tagger=tags.by_arn("scheduler", "ResourceArn", paired=True, keys="TagKeys", tags="Tags"),
        name=AutoName(longest=64, unless="namePrefix"),
        natural=("name",),
        rules=(_NAME,),
    ),
    Handler[AwsCall](
        token="aws:scheduler/schedule:Schedule",
        source=f"{DOCS}/scheduler_schedule",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        find=_find,
        name=AutoName(longest=64, unless="namePrefix"),
        natural=("name", "groupName"),
        documents=names("target.input"),
        defaults={"groupName": "default", "scheduleExpressionTimezone": "UTC", "state": "ENABLED"},
        rules=(
            _NAME,
            one_of("state", "ENABLED", "DISABLED"),
            pattern(
                "scheduleExpression",
                r"(rate\(\d+ (minute|hour|day)s?\)|cron\(.+\)|at\(.+\))",
                "must be rate(…), cron(…) or at(…)",
            ),
            *not_emulated("actionAfterCompletion"),
        ),
    ),
)
