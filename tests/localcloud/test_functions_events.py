"""What calls functions by itself: mapped queues and schedules."""

import json
import uuid

import pytest

from slipway.localcloud.cloud import Cloud
from tests.localcloud.functions import Deployer

PRINT = "import json\ndef handle(event, context):\n    print('EVENT ' + json.dumps(event))\n"


@pytest.fixture
def deploy(cloud: Cloud) -> Deployer:
    return Deployer(cloud)


def events(deploy: Deployer, function: str) -> list[dict]:
    lines = deploy.log(function)
    return [json.loads(line.removeprefix("EVENT ")) for line in lines if line.startswith("EVENT ")]


def test_every_message_arrives_once_in_batches_of_ten(deploy: Deployer) -> None:
    url, arn, _ = deploy.queue(hidden_s=60)
    sqs = deploy.client("sqs")
    for number in range(25):
        sqs.send_message(QueueUrl=url, MessageBody=f"message {number}")
    name = deploy.function(PRINT)
    deploy.map_queue(arn, name)
    assert deploy.settle()
    found = events(deploy, name)
    records = [record for event in found for record in event["Records"]]
    assert sorted(one["body"] for one in records) == sorted(f"message {number}" for number in range(25))
    assert max(len(event["Records"]) for event in found) == 10
    assert {(one["eventSource"], one["eventSourceARN"], one["awsRegion"]) for one in records} == {
        ("aws:sqs", arn, "eu-west-1")
    }
    assert records[0]["attributes"]["ApproximateReceiveCount"] == "1"


def test_nothing_is_lost_when_many_send_at_once(deploy: Deployer) -> None:
    url, arn, _ = deploy.queue(hidden_s=60)
    sender = deploy.function(
        """
import boto3
SQS = boto3.client("sqs")
def handle(event, context):
    for number in range(20):
        SQS.send_message(QueueUrl=event["url"], MessageBody=f"{event['sender']}-{number}")
""",
        timeout=60,
    )
    name = deploy.function(PRINT)
    deploy.map_queue(arn, name)
    for number in range(4):
        deploy.invoke(sender, {"url": url, "sender": number}, kind="Event")
    assert deploy.settle()
    bodies = [record["body"] for event in events(deploy, name) for record in event["Records"]]
    assert sorted(bodies) == sorted(f"{sender}-{number}" for sender in range(4) for number in range(20))


def test_a_failed_item_comes_again_and_the_others_do_not(deploy: Deployer) -> None:
    url, arn, dead = deploy.queue(receives=3, hidden_s=5)
    source = """
def handle(event, context):
    bad = [one for one in event["Records"] if one["body"] == "bad"]
    for one in event["Records"]:
        print(f"SEEN {one['body']} {one['attributes']['ApproximateReceiveCount']}")
    return {"batchItemFailures": [{"itemIdentifier": one["messageId"]} for one in bad]}
"""
    name = deploy.function(source)
    deploy.invoke(name, {"Records": []})  # the first call is the slow one, and the messages come again soon
    sqs = deploy.client("sqs")
    for body in ("good", "bad"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    deploy.map_queue(arn, name, functionResponseTypes=["ReportBatchItemFailures"])
    assert deploy.settle()
    seen = sorted(line for line in deploy.log(name) if line.startswith("SEEN"))
    assert seen == ["SEEN bad 1", "SEEN bad 2", "SEEN bad 3", "SEEN good 1"]
    left = sqs.receive_message(QueueUrl=dead, MaxNumberOfMessages=10)["Messages"]
    assert [one["Body"] for one in left] == ["bad"]


@pytest.mark.parametrize(
    ("returned", "types"),
    [
        ("1 / 0", ["ReportBatchItemFailures"]),
        ("{'batchItemFailures': [{'itemIdentifier': 'unknown'}]}", ["ReportBatchItemFailures"]),
        ("{'batchItemFailures': [{}]}", ["ReportBatchItemFailures"]),
        ("1 / 0", []),
    ],
)
def test_a_failed_batch_comes_again_as_a_whole(deploy: Deployer, returned: str, types: list[str]) -> None:
    url, arn, dead = deploy.queue(receives=2)
    name = deploy.function(f"def handle(event, context):\n    return {returned}\n")
    deploy.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    deploy.map_queue(arn, name, functionResponseTypes=types)
    assert deploy.settle()
    assert deploy.control("GET", "/slipway/functions").json[name]["invocations"] == 2
    assert len(deploy.client("sqs").receive_message(QueueUrl=dead)["Messages"]) == 1


def test_without_partial_failures_what_a_function_returns_means_nothing(deploy: Deployer) -> None:
    url, arn, _ = deploy.queue(hidden_s=60)
    source = """
def handle(event, context):
    return {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
"""
    name = deploy.function(source)
    deploy.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    deploy.map_queue(arn, name)
    assert deploy.settle()
    assert deploy.control("GET", "/slipway/functions").json[name]["invocations"] == 1


def test_a_disabled_mapping_and_a_deleted_one_carry_nothing(deploy: Deployer) -> None:
    url, arn, _ = deploy.queue()
    name = deploy.function(PRINT)
    deploy.control("DELETE", deploy.map_queue(arn, name))
    deploy.map_queue(arn, name, enabled=False)
    deploy.client("sqs").send_message(QueueUrl=url, MessageBody="x")
    assert deploy.settle()
    assert name not in deploy.control("GET", "/slipway/functions").json


class TestSchedules:
    @pytest.fixture
    def scheduled(self, deploy: Deployer) -> tuple[str, str]:
        """Name of a schedule and of its function."""
        name, function = f"tick-{uuid.uuid4().hex[:8]}", deploy.function(PRINT)
        deploy.client("scheduler").create_schedule(
            Name=name,
            ScheduleExpression="rate(1 minute)",
            FlexibleTimeWindow={"Mode": "OFF"},
            Target={"Arn": deploy.arn(function), "RoleArn": deploy.role(), "Input": '{"tick": true}'},
        )
        return name, function

    def test_a_tick_fires_the_named_schedule_and_waits(
        self, deploy: Deployer, scheduled: tuple[str, str]
    ) -> None:
        name, function = scheduled
        fired = deploy.control("POST", "/slipway/tick", {"schedules": [name]}).json["fired"]
        assert fired == [{"schedule": f"default/{name}", "function": deploy.arn(function), "error": None}]
        assert events(deploy, function) == [{"tick": True}]

    def test_a_tick_without_names_fires_all(self, deploy: Deployer, scheduled: tuple[str, str]) -> None:
        fired = deploy.control("POST", "/slipway/tick", {}).json["fired"]
        assert f"default/{scheduled[0]}" in [one["schedule"] for one in fired]

    def test_a_failure_is_told(self, deploy: Deployer, scheduled: tuple[str, str]) -> None:
        name, function = scheduled
        deploy.update(function, "def handle(event, context):\n    raise KeyError('x')\n")
        fired = deploy.control("POST", "/slipway/tick", {"schedules": [f"default/{name}"]}).json["fired"]
        assert fired[0]["error"] == "KeyError: 'x'"

    def test_only_json_is_taken(self, deploy: Deployer) -> None:
        answer = deploy.control("POST", "/slipway/tick", "{}", {"Content-Type": "text/plain"})
        assert answer.status == 415
