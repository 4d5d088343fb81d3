"""What a runner fleet's types do beyond the life that all types share."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest

from slipway.localcloud.providers.aws.lambda_code import code_hash, zipped
from slipway.localcloud.providers.aws.lambda_triggers import MAPPING
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import UNKNOWN, Packed
from tests.providers.aws_runner_samples import SAMPLES
from tests.providers.aws_runner_world import code, function, queue, queue_arn, senders, template, zip_at
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


# --- functions and their code ---


def test_a_function_is_what_lies_in_the_zip_at_the_path(aws: Driver, world: World, tmp_path: Path) -> None:
    inputs = {**SAMPLES[FUNCTION].inputs(world), "code": zip_at(tmp_path, "one")}
    del inputs["sourceCodeHash"]
    made = aws.create(FUNCTION, inputs)
    one = code_hash((tmp_path / "function.zip").read_bytes())
    assert (made.state["codeSha256"], made.state["sourceCodeHash"]) == (one, one)
    assert not aws.diff(made, inputs).changes
    zip_at(tmp_path, "two")
    assert list(aws.diff(made, inputs).detailed_diff) == ["sourceCodeHash"]
    new = aws.update(made, inputs)
    assert new.state["codeSha256"] == code_hash((tmp_path / "function.zip").read_bytes()) != one
    aws.delete(new)


def test_the_place_of_the_code_is_no_difference(aws: Driver, world: World, tmp_path: Path) -> None:
    inputs = {**SAMPLES[FUNCTION].inputs(world), **code("one")}
    made = aws.create(FUNCTION, inputs)
    assert not aws.diff(made, {**inputs, "code": zip_at(tmp_path, "one")}).changes
    aws.delete(made)


def test_code_that_somebody_else_deployed_is_drift(aws: Driver, world: World) -> None:
    made = aws.create(FUNCTION, SAMPLES[FUNCTION].inputs(world))
    client(aws, "lambda").update_function_code(FunctionName=made.id, ZipFile=b"another")
    read = aws.read(made)
    assert read is not None
    assert read.inputs["sourceCodeHash"] != made.inputs["sourceCodeHash"]
    assert list(aws.diff(read, made.inputs).detailed_diff) == ["sourceCodeHash"]
    mended = aws.update(read, made.inputs)
    assert mended.state["codeSha256"] == made.state["codeSha256"]
    aws.delete(mended)


def test_one_content_makes_one_zip(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("x")
    folder = zipped(Packed(pulumi.FileArchive(str(tmp_path))))
    assets = pulumi.AssetArchive({"main.py": pulumi.FileAsset(str(tmp_path / "main.py"))})
    assert folder == zipped(Packed(assets)) == zipped(code("x")["code"])


@pytest.mark.parametrize(
    "sdk", [pulumi.FileArchive("absent.zip"), pulumi.RemoteArchive("https://a.example/b")]
)
def test_code_that_cannot_be_read_is_told(sdk: pulumi.Archive) -> None:
    with pytest.raises(ProviderError, match=r"nothing at absent\.zip|fetches no code"):
        zipped(Packed(sdk))


def test_a_container_function_changes_its_image_and_command(aws: Driver, world: World) -> None:
    inputs = SAMPLES[FUNCTION].inputs(world)
    for name in ("code", "sourceCodeHash", "runtime", "handler"):
        del inputs[name]
    image = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/runners:1"
    inputs.update(packageType="Image", imageUri=image, imageConfig={"commands": ["main.handle"]})
    made = aws.create(FUNCTION, inputs)
    assert made.state["imageUri"] == image
    other = {**inputs, "imageUri": f"{image}1", "imageConfig": {"commands": ["main.other"]}}
    found = aws.diff(made, other)
    assert set(found.detailed_diff) == {"imageUri", "imageConfig.commands[0]"}
    new = aws.update(made, other)
    assert not aws.diff(new, other).changes
    assert (new.state["imageUri"], new.state["imageConfig"]) == (f"{image}1", {"commands": ["main.other"]})
    assert aws.diff(new, {**SAMPLES[FUNCTION].inputs(world)}).replaces == ["packageType"]
    aws.delete(new)


def test_a_zip_needs_a_runtime_and_a_handler(aws: Driver, world: World) -> None:
    inputs = SAMPLES[FUNCTION].inputs(world)
    del inputs["runtime"]
    with pytest.raises(ProviderError, match="needs a runtime"):
        aws.create(FUNCTION, inputs)


# --- queues ---


def test_a_mapping_is_recorded_and_moto_knows_none(aws: Driver, world: World) -> None:
    made = aws.create(MAPPING, SAMPLES[MAPPING].inputs(world))
    assert client(aws, "lambda").list_event_source_mappings()["EventSourceMappings"] == []
    record = aws.provider.cloud("").cloud.records.get(MAPPING, made.id)
    assert record["functionArn"] == function(world).state["arn"]
    assert record["eventSourceArn"] == queue_arn("world-queue-1")
    assert (record["batchSize"], record["enabled"]) == (10, True)
    assert record["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert record["scalingConfig"] == {"maximumConcurrency": 2}
    aws.delete(made)
    assert aws.provider.cloud("").cloud.records.get(MAPPING, made.id) is None


def test_a_queue_that_shows_a_message_while_the_function_works_is_refused(aws: Driver, world: World) -> None:
    short = world.get(QUEUE, "short", name="short", visibilityTimeoutSeconds=29).id
    inputs = {**SAMPLES[MAPPING].inputs(world), "eventSourceArn": queue_arn(short.rpartition("/")[2])}
    with pytest.raises(ProviderError, match="29 seconds is less than Function timeout: 30 seconds"):
        aws.create(MAPPING, inputs)


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


def test_a_group_with_instances_is_not_deleted_unless_forced(aws: Driver, world: World) -> None:
    inputs = {**SAMPLES[GROUP].inputs(world), "forceDelete": False}
    made = aws.create(GROUP, inputs)
    client(aws, "autoscaling").set_desired_capacity(AutoScalingGroupName=made.id, DesiredCapacity=1)
    with pytest.raises(ProviderError, match="ResourceInUse"):
        aws.delete(made)
    aws.delete(aws.update(made, {**inputs, "forceDelete": True}))
    assert aws.read(made) is None


def test_a_group_of_one_template_keeps_a_warm_pool(aws: Driver, world: World) -> None:
    inputs = SAMPLES[GROUP].inputs(world)
    del inputs["mixedInstancesPolicy"]
    one = {"id": template(world).id, "version": "1"}
    pool = {"poolState": "Stopped", "minSize": 1, "maxGroupPreparedCapacity": 2}
    inputs.update(launchTemplate=one, warmPool=pool)
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
