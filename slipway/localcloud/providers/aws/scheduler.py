"""EventBridge Scheduler: schedules and their groups. The embedded cloud's process fires them."""

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
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


def _group_create(call: AwsCall, inputs: Props) -> None:
    call.client("scheduler").create_schedule_group(Name=inputs["name"], **tags.create_pairs(inputs))


def _group_read(call: AwsCall, id_: str, old: Props) -> Props:
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
    call.client("scheduler").delete_schedule_group(Name=id_)


def _given(inputs: Props) -> Props:
    return {
        **pick(inputs, _FIELDS),
        "FlexibleTimeWindow": renamed(inputs["flexibleTimeWindow"], rename=upper_first),
        "Target": renamed(inputs["target"], rename=upper_first),
    }


def _create(call: AwsCall, inputs: Props) -> None:
    call.client("scheduler").create_schedule(**_given(inputs))


def _read(call: AwsCall, id_: str, old: Props) -> Props:
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


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    """UpdateSchedule replaces everything, and so is given everything.

    https://docs.aws.amazon.com/scheduler/latest/APIReference/API_UpdateSchedule.html
    """
    call.client("scheduler").update_schedule(**_given(new))


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    group, _, name = id_.partition("/")
    call.client("scheduler").delete_schedule(GroupName=group, Name=name)


HANDLERS = (
    Handler[AwsCall](
        token="aws:scheduler/scheduleGroup:ScheduleGroup",
        source=f"{DOCS}/scheduler_schedule_group",
        key="{name}",
        create=_group_create,
        read=_group_read,
        delete=_group_delete,
        tagger=tags.by_arn("scheduler", "ResourceArn"),
        name=AutoName(longest=64, unless="namePrefix"),
        natural=("name",),
        rules=(_NAME,),
    ),
    Handler[AwsCall](
        token="aws:scheduler/schedule:Schedule",
        source=f"{DOCS}/scheduler_schedule",
        key="{groupName}/{name}",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
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
