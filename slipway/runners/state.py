"""Reads what a fleet's functions have written down: its configuration, jobs and instances, and its groups."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from runners.control.items import (
    CONFIG,
    LIVE,
    MALFORMED,
    NO_CLASS,
    OPEN,
    Instance,
    InstanceState,
    Job,
    instance_key,
    job_key,
)
from slipway.aws import AWS_ERRORS, AwsError, error_code
from slipway.aws.dynamodb import plain
from slipway.errors import SlipwayError
from slipway.runners.fleet import Fleet

Item = dict[str, Any]
Read = TypeVar("Read", Job, Instance)
MOST_ATTEMPTS = 50
"""How often GitHub lets a run be tried again.
https://docs.github.com/en/actions/how-tos/manage-workflow-runs/re-run-workflows-and-jobs"""


@dataclass(frozen=True, kw_only=True)
class Group:
    """An Auto Scaling group: what it is asked to be, which instances it has, and what AWS last said of it."""

    desired: int
    maximum: int
    instances: tuple[str, ...]
    trouble: str = ""
    """AWS's words for the latest launch, where it failed; empty where it did not."""


def configuration(fleet: Fleet) -> Item:
    """The fleet's configuration, as its component wrote it (the item `config`).

    Raises:
        SlipwayError: there is no table or no such item: the fleet is not up.
    """
    item = get(fleet, CONFIG)
    if item is None:
        raise SlipwayError(
            f"the stack {fleet.stack!r} has no runner fleet",
            where=f"table {fleet.names.table}, account {fleet.account}, {fleet.region}",
            fix=f"slipway up {fleet.stack}, whose stack file must have the block `runners`",
        )
    body: Item = json.loads(str(item["body"]))
    return body


def get(fleet: Fleet, key: str) -> Item | None:
    """One item by its key, read consistently; None where there is none, or no table."""
    try:
        answer: Item = fleet.client("dynamodb").get_item(
            TableName=fleet.names.table, Key={"pk": {"S": key}}, ConsistentRead=True
        )
    except AWS_ERRORS as error:
        if error_code(error) == "ResourceNotFoundException":
            return None
        raise unreadable(fleet, error) from error
    return plain(answer["Item"]) if "Item" in answer else None


def attempts(fleet: Fleet, job_id: int) -> list[Job]:
    """Every attempt of a job that the fleet knows, in order.

    Raises:
        SlipwayError: the table cannot be read, or what it has of the job.
    """
    malformed: list[str] = []
    keys = [{"pk": {"S": job_key(job_id, number)}} for number in range(1, MOST_ATTEMPTS + 1)]
    jobs: list[Job] = []
    try:
        while keys:
            request = {fleet.names.table: {"Keys": keys, "ConsistentRead": True}}
            answer: Item = fleet.client("dynamodb").batch_get_item(RequestItems=request)
            jobs += _readable(Job.parse, answer["Responses"][fleet.names.table], malformed)
            keys = answer.get("UnprocessedKeys", {}).get(fleet.names.table, {}).get("Keys", [])
    except AWS_ERRORS as error:
        raise unreadable(fleet, error) from error
    if malformed:
        raise SlipwayError(
            f"what the fleet knows of job {job_id} cannot be read",
            where=f"items {', '.join(malformed)} of table {fleet.names.table}",
            fix=mending(malformed[0]),
        )
    return sorted(jobs, key=lambda job: job.attempt)


def open_jobs(fleet: Fleet, name: str = NO_CLASS, malformed: list[str] | None = None) -> list[Job]:
    """Jobs of a class, or of none, that are not completed; `malformed` gets the keys of other items."""
    return _readable(Job.parse, _query(fleet, OPEN, name), [] if malformed is None else malformed)


def live_instances(fleet: Fleet, name: str, malformed: list[str] | None = None) -> list[Instance]:
    """Instances of a class that have been heard of and are not ended; `malformed` as with jobs."""
    return _readable(Instance.parse, _query(fleet, LIVE, name), [] if malformed is None else malformed)


def mending(key: str) -> str:
    """What to do about an item that cannot be read: nobody else ends what it is about."""
    if key.startswith(instance_key("")):
        return (
            "its machine gets no job; once GitHub shows none on its runner, delete the item: the fleet then "
            "takes the machine for a new one, and ends it if it stays silent"
        )
    return "delete it: the job's next event makes it anew, or `slipway runners redeliver`"


def is_claimable(instance: Instance) -> bool:
    """Whether it has asked for work and waits; one that never asked still boots, whatever notes there are."""
    return instance.state is InstanceState.IDLE and instance.called_at > 0


def is_starting(instance: Instance) -> bool:
    """Whether it has been seen in its group and never heard of."""
    return instance.state is InstanceState.IDLE and not instance.called_at


def groups(fleet: Fleet, names: Sequence[str]) -> dict[str, Group]:
    """Auto Scaling groups by name; one that does not exist is left out."""
    client = fleet.client("autoscaling")
    try:
        pages = client.get_paginator("describe_auto_scaling_groups").paginate(
            AutoScalingGroupNames=list(names)
        )
        described = [group for page in pages for group in page["AutoScalingGroups"]]
        return {
            str(group["AutoScalingGroupName"]): Group(
                desired=int(group["DesiredCapacity"]),
                maximum=int(group["MaxSize"]),
                instances=tuple(str(instance["InstanceId"]) for instance in group["Instances"]),
                trouble=_trouble(client, group),
            )
            for group in described
        }
    except AWS_ERRORS as error:
        raise unreadable(fleet, error) from error


def unreadable(fleet: Fleet, error: Exception) -> AwsError:
    """What to say where AWS refuses to show the fleet."""
    return AwsError(
        "the fleet cannot be read",
        error,
        where=f"{fleet.names.prefix}, account {fleet.account}, {fleet.region}",
        fix="it takes the rights to read the fleet's table, groups and API",
    )


def _readable(parse: Callable[[Item], Read], items: Iterable[Item], malformed: list[str]) -> list[Read]:
    """Items as DynamoDB has them, parsed; the keys of those that cannot be read are added to `malformed`."""
    parsed: list[Read] = []
    for item in items:
        try:
            parsed.append(parse(plain(item)))
        except MALFORMED:
            malformed.append(str(item["pk"]["S"]))
    return parsed


def _query(fleet: Fleet, index: str, name: str) -> Iterator[Item]:
    pages = fleet.client("dynamodb").get_paginator("query")
    try:
        for page in pages.paginate(
            TableName=fleet.names.table,
            IndexName=index,
            KeyConditionExpression="#class = :class",
            ExpressionAttributeNames={"#class": index},
            ExpressionAttributeValues={":class": {"S": name}},
        ):
            yield from page["Items"]
    except AWS_ERRORS as error:
        raise unreadable(fleet, error) from error


def _trouble(client: Any, group: Item) -> str:
    """AWS's words for the latest activity, where the group lacks instances and that activity failed."""
    if len(group["Instances"]) >= int(group["DesiredCapacity"]):
        return ""
    answer: Item = client.describe_scaling_activities(
        AutoScalingGroupName=group["AutoScalingGroupName"], MaxRecords=1
    )
    activities: list[Item] = answer["Activities"]
    latest: Item = activities[0] if activities else {}
    failed = latest.get("StatusCode") in {"Failed", "Cancelled"}
    return str(latest.get("StatusMessage") or "") if failed else ""
