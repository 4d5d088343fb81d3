"""What a runner fleet's types do beyond the life that all types share."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.localcloud.providers.aws.lambda_triggers import MAPPING
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import UNKNOWN
from tests.providers.aws_runner_samples import SAMPLES
from tests.providers.aws_runner_world import queue, senders, template
from tests.providers.aws_world import World
from tests.providers.conftest import Served
from tests.providers.driver import CheckFailed, Driver

API = "aws:apigatewayv2/api:Api"
FUNCTION = "aws:lambda/function:Function"
GROUP = "aws:autoscaling/group:Group"
ITEM = "aws:dynamodb/tableItem:TableItem"
QUEUE = "aws:sqs/queue:Queue"
TABLE = "aws:dynamodb/table:Table"
TEMPLATE = "aws:ec2/launchTemplate:LaunchTemplate"


@pytest.fixture
def world(aws: Driver) -> Iterator[World]:
    made = World(aws)
    yield made
    made.clear()


def client(driver: Driver, service: str) -> Any:
    return driver.provider.cloud("").client(service)


@pytest.mark.parametrize(
    "token",
    [
        QUEUE,
        TABLE,
        ITEM,
        FUNCTION,
        GROUP,
        TEMPLATE,
        MAPPING,
        "aws:lambda/permission:Permission",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
        "aws:cloudwatch/dashboard:Dashboard",
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "aws:scheduler/schedule:Schedule",
        "aws:scheduler/scheduleGroup:ScheduleGroup",
    ],
)
def test_what_exists_is_not_taken_over(token: str, aws: Driver, world: World) -> None:
    inputs = SAMPLES[token].inputs(world)
    made = aws.create(token, inputs)
    with pytest.raises(ProviderError, match=r"Exist|exist|Conflict|ConditionalCheckFailed|InUse"):
        aws.create(token, inputs, name="other")
    aws.delete(made)


# --- queues ---


def test_a_change_of_one_attribute_leaves_the_policies_of_a_queue(aws: Driver, world: World) -> None:
    url = queue(world)
    policy = aws.create(
        "aws:sqs/queuePolicy:QueuePolicy", {"queueUrl": url, "policy": senders("events.amazonaws.com")}
    )
    made = next(one for one in world.made if one.id == url)
    assert not aws.diff(made, made.inputs).changes, "a policy declared apart is not the queue's to remove"
    aws.update(made, {**made.inputs, "visibilityTimeoutSeconds": 90})
    read = aws.read(policy)
    assert read is not None
    assert read.state == policy.state
    aws.delete(policy)


# --- tables ---


def test_a_protected_table_is_not_deleted(aws: Driver) -> None:
    inputs = {**SAMPLES[TABLE].inputs(None), "deletionProtectionEnabled": True}
    made = aws.create(TABLE, inputs)
    with pytest.raises(ProviderError, match="DeletionProtectionEnabled"):
        aws.delete(made)
    open_ = aws.update(made, {**inputs, "deletionProtectionEnabled": False})
    aws.delete(open_)
    assert aws.read(open_) is None


def test_the_attributes_that_others_keep_on_an_item_stay(aws: Driver, world: World) -> None:
    inputs = SAMPLES[ITEM].inputs(world)
    made = aws.create(ITEM, inputs)
    dynamodb = client(aws, "dynamodb")
    key = {"pk": {"S": "config"}}
    dynamodb.update_item(
        TableName=inputs["tableName"], Key=key, AttributeUpdates={"seen": {"Value": {"N": "1"}}}
    )
    read = aws.read(made)
    assert read is not None
    assert read.state == made.state
    new = aws.update(made, {**inputs, "item": json.dumps({**key, "body": {"S": "new"}})})
    held = dynamodb.get_item(TableName=inputs["tableName"], Key=key)["Item"]
    assert held == {**key, "body": {"S": "new"}, "seen": {"N": "1"}}
    aws.delete(new)


def test_an_item_of_another_key_is_another_item(aws: Driver, world: World) -> None:
    inputs = SAMPLES[ITEM].inputs(world)
    made = aws.create(ITEM, inputs)
    other = json.dumps({"pk": {"S": "other"}, "body": {"S": "{}"}})
    assert aws.diff(made, {**inputs, "item": other}).replaces == ["item"]
    assert aws.diff(made, {**inputs, "item": UNKNOWN}).replaces == []
    aws.delete(made)


# --- groups and templates ---


def test_a_change_of_a_template_is_a_new_version(aws: Driver, world: World) -> None:
    inputs = SAMPLES[TEMPLATE].inputs(world)
    made = aws.create(TEMPLATE, inputs)
    assert (made.state["latestVersion"], made.state["defaultVersion"]) == (1, 1)
    retagged = aws.update(made, {**inputs, "tags": {"Name": "only"}})
    assert retagged.state["latestVersion"] == 1, "the template's own tags are no part of a version"
    changed = {**inputs, "tags": {"Name": "only"}, "imageId": "ami-87654321"}
    new = aws.update(retagged, changed)
    assert (new.state["latestVersion"], new.state["defaultVersion"]) == (2, 2)
    pinned = aws.update(new, {**changed, "imageId": "ami-1", "updateDefaultVersion": False})
    assert (pinned.state["latestVersion"], pinned.state["defaultVersion"]) == (3, 2)
    aws.delete(pinned)


def test_a_preview_does_not_know_the_next_version_of_a_template(aws: Driver, world: World) -> None:
    inputs = SAMPLES[TEMPLATE].inputs(world)
    made = aws.create(TEMPLATE, inputs)
    previewed = aws.preview_update(made, {**inputs, "imageId": "ami-87654321"})
    assert previewed["latestVersion"] is UNKNOWN
    assert previewed["arn"] == made.state["arn"]
    aws.delete(made)


def test_an_update_of_a_group_leaves_what_the_planner_asked_for(aws: Driver, world: World) -> None:
    inputs = SAMPLES[GROUP].inputs(world)
    made = aws.create(GROUP, inputs)
    asg = client(aws, "autoscaling")
    asg.set_desired_capacity(AutoScalingGroupName=made.id, DesiredCapacity=3)
    ignore = ["desiredCapacity"]
    read = aws.read(made)
    assert read is not None
    assert read.state["desiredCapacity"] == 3
    assert not aws.diff(read, inputs, ignore).changes
    new = aws.update(read, {**inputs, "maxSize": 6}, ignore)
    found = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[made.id])["AutoScalingGroups"][0]
    assert (found["DesiredCapacity"], found["MaxSize"], len(found["Instances"])) == (3, 6, 3)
    # The state may be older than what the planner did since.
    asg.set_desired_capacity(AutoScalingGroupName=made.id, DesiredCapacity=4)
    aws.update(new, {**inputs, "maxSize": 5}, ignore)
    found = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[made.id])["AutoScalingGroups"][0]
    assert found["DesiredCapacity"] == 4
    aws.delete(new)
    ids = [one["InstanceId"] for one in found["Instances"]]
    states = client(aws, "ec2").describe_instances(InstanceIds=ids)["Reservations"]
    assert {one["State"]["Name"] for held in states for one in held["Instances"]} == {"terminated"}


@pytest.mark.parametrize("force", [False, True])
def test_the_instances_of_a_group_end_with_it(aws: Driver, world: World, force: bool) -> None:
    inputs = {**SAMPLES[GROUP].inputs(world), "forceDelete": force, "maxSize": 60}
    made = aws.create(GROUP, inputs)
    asg = client(aws, "autoscaling")
    asg.set_desired_capacity(AutoScalingGroupName=made.id, DesiredCapacity=55)
    held = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[made.id])["AutoScalingGroups"][0]
    ids = [one["InstanceId"] for one in held["Instances"]]
    aws.delete(made)
    assert aws.read(made) is None
    states = client(aws, "ec2").describe_instances(InstanceIds=ids)["Reservations"]
    assert {one["State"]["Name"] for found in states for one in found["Instances"]} == {"terminated"}


def test_a_group_keeps_a_warm_pool_and_gives_it_up(aws: Driver, world: World) -> None:
    pool = {"poolState": "Stopped", "minSize": 1, "maxGroupPreparedCapacity": 2}
    inputs = {**SAMPLES[GROUP].inputs(world), "warmPool": pool}
    made = aws.create(GROUP, inputs)
    assert not aws.diff(made, inputs).changes
    read = aws.read(made)
    assert read is not None
    assert (read.state, read.inputs) == (made.state, made.inputs)
    larger = {**inputs, "warmPool": {**pool, "minSize": 2}}
    new = aws.update(made, larger)
    assert not aws.diff(new, larger).changes
    del larger["warmPool"]
    bare = aws.update(new, larger)
    assert not aws.diff(bare, larger).changes
    pools = client(aws, "autoscaling").describe_warm_pool(AutoScalingGroupName=made.id)
    assert "WarmPoolConfiguration" not in pools
    aws.delete(bare)


def test_a_group_is_launched_from_exactly_one_thing(aws: Driver, world: World) -> None:
    inputs = SAMPLES[GROUP].inputs(world)
    both = {**inputs, "launchTemplate": {"id": template(world).id, "version": "1"}}
    del inputs["mixedInstancesPolicy"]
    for given in (inputs, both):
        with pytest.raises(ProviderError, match="from nothing, or from two things"):
            aws.create(GROUP, given)


# --- the API ---


def test_an_api_answers_on_the_embedded_cloud(aws: Driver, aws_server: Served) -> None:
    made = aws.create(API, {"name": "x", "protocolType": "HTTP"})
    assert made.state["apiEndpoint"] == f"{aws_server.url}/slipway/apis/{made.id}"
    assert made.state["executionArn"] == f"arn:aws:execute-api:eu-west-1:123456789012:{made.id}"
    aws.delete(made)


REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    (QUEUE, "visibilityTimeoutSeconds", {"visibilityTimeoutSeconds": 43_201}),
    (QUEUE, "name", {"name": "a b"}),
    (TABLE, "attributes", {"hashKey": "pk", "attributes": [{"name": "pk", "type": "X"}]}),
    (TABLE, "replicas", {"hashKey": "pk", "attributes": [], "replicas": [{"regionName": "eu-west-2"}]}),
    (ITEM, "item", {"tableName": "t", "hashKey": "pk", "item": '{"pk": "config"}'}),
    (FUNCTION, "architectures", {"role": "arn:aws:iam::123456789012:role/x", "architectures": ["arm"]}),
    (FUNCTION, "role", {"role": "x"}),
    (MAPPING, "eventSourceArn", {"functionName": "f", "eventSourceArn": "arn:aws:kinesis:x:1:stream/a"}),
    (
        MAPPING,
        "scalingConfig",
        {
            "functionName": "f",
            "eventSourceArn": "arn:aws:sqs:eu-west-1:123456789012:q",
            "scalingConfig": {"maximumConcurrency": 1},
        },
    ),
    ("aws:apigatewayv2/route:Route", "routeKey", {"apiId": "x", "routeKey": "/webhook"}),
    (API, "protocolType", {"protocolType": "WEBSOCKET"}),
    (
        "aws:scheduler/schedule:Schedule",
        "scheduleExpression",
        {"scheduleExpression": "every minute", "flexibleTimeWindow": {"mode": "OFF"}, "target": {}},
    ),
    (TEMPLATE, "imageId", {"imageId": "latest"}),
    (GROUP, "loadBalancers", {"minSize": 0, "maxSize": 1, "loadBalancers": ["x"]}),
]


@pytest.mark.parametrize(("token", "name", "inputs"), REFUSED)
def test_what_aws_or_the_embedded_cloud_would_refuse_is_refused_by_check(
    token: str, name: str, inputs: dict[str, Any], aws: Driver
) -> None:
    with pytest.raises(CheckFailed) as raised:
        aws.check(token, inputs)
    assert raised.value.properties == [name]
