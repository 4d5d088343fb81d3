"""A burst of 100 jobs through the deployed functions' own code over moto: calls of GitHub and AWS per job.

Every claim runs in a container of its own that has just started: the worst case for the shared token.
"""

import json
import os
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, cast
from unittest import mock

import boto3
from botocore.client import BaseClient
from moto import mock_aws

from runners.control import claim_handler, finish_handler, planner_handler
from runners.control.github import Answer
from runners.control.services import Services, build

JOBS, BATCH, TICKS = 100, 10, 3
GITHUB_LIMIT = 1.02
REGION, GROUP = "eu-central-1", "slipway-burst-linux"
ENVIRONMENT = {
    "FLEET": "burst",
    "TABLE": "slipway-burst-runners",
    "GITHUB_API_URL": "http://github.invalid",
    "APP_KEY": "alias/slipway-burst-runner-app",
    "TOKEN_KEY": "alias/slipway-burst-runner-tokens",
}
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_REGION": REGION}


class Counted:
    """Counts calls by who made them."""

    def __init__(self) -> None:
        self.phase = ""
        self.aws: Counter[str] = Counter()
        self.github: Counter[str] = Counter()

    def transport(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        """GitHub, answering just what is asked."""
        del headers, body
        self.github[self.phase] += 1
        if url.endswith("/access_tokens"):
            told: Any = {"token": "ghs_stand_in", "expires_at": "2099-01-01T00:00:00Z"}
        elif url.endswith("/generate-jitconfig"):
            told = {"encoded_jit_config": "c3RhbmQtaW4=", "runner": {"id": self.github.total()}}
        else:
            assert method == "GET", url
            told = []
        return Answer(200, {"x-ratelimit-remaining": "4000"}, json.dumps(told).encode())

    @contextmanager
    def during(self, phase: str) -> Generator[None]:
        """Count what happens as `phase`."""
        self.phase = phase
        yield
        self.phase = ""


def measure() -> bool:
    """Print both figures and whether GitHub's stays within its limit and scaling down costs no call of it."""
    counted, real = Counted(), cast(Any, BaseClient)._make_api_call

    def call(self: BaseClient, name: str, arguments: Any) -> Any:
        counted.aws[counted.phase] += 1
        return real(self, name, arguments)

    # The clock: what moto itself needs is in it, so it only shows that nothing waits.
    started = time.perf_counter()
    with mock.patch.dict(os.environ, KEYS), mock_aws():
        os.environ.pop("AWS_ENDPOINT_URL", None)
        _set_up()
        with mock.patch.object(BaseClient, "_make_api_call", call):
            _burst(counted)
    taken = time.perf_counter() - started
    github = counted.github.total() / JOBS
    aws = sum(count for phase, count in counted.aws.items() if phase) / JOBS
    parts = ", ".join(f"{phase} {count / JOBS:.2f}" for phase, count in counted.aws.items() if phase)
    print(f"  GitHub calls per job: {github:.2f} (at most {GITHUB_LIMIT}); for scaling down: ", end="")
    print(f"{counted.github['finish']} (at most 0)")
    print(f"  AWS calls per job: {aws:.2f} ({parts}); {JOBS} jobs in {taken:.0f} s over moto")
    return github <= GITHUB_LIMIT and counted.github["finish"] == 0


def _burst(counted: Counted) -> None:
    planner, finisher = _container(counted), _container(counted)
    runs = [_message("run", number) for number in range(JOBS)]
    with counted.during("queued"):
        _send(planner, [one for n in range(JOBS) for one in (runs[n], _message("queued", n))])
    instances = sorted(planner.groups.describe([GROUP])[GROUP].instances)
    assert len(instances) == JOBS, f"{len(instances)} instances"
    names: list[str] = []
    for instance in instances:
        container = _container(counted)
        with counted.during("claim"):
            answer = claim_handler.respond(container, _call(instance))
        names.append(json.loads(answer["body"])["runner_name"])
    with counted.during("tick"):
        for _ in range(TICKS):
            planner_handler.respond(planner, {"tick": True})
    with counted.during("in_progress"):
        _send(planner, [_message("in_progress", n, names[n]) for n in range(JOBS)])
    with counted.during("completed"):
        _send(planner, [_message("completed", n, names[n]) for n in range(JOBS)])
    with counted.during("finish"):
        for instance in instances:
            assert finish_handler.respond(finisher, _call(instance))["statusCode"] == 200
    left = planner.groups.describe([GROUP])[GROUP]
    assert (left.desired, len(left.instances)) == (0, 0)


def _container(counted: Counted) -> Services:
    services = build(ENVIRONMENT, counted.transport)
    services.observer = mock.Mock()
    return services


def _send(services: Services, messages: list[dict[str, Any]]) -> None:
    for start in range(0, len(messages), BATCH):
        batch = messages[start : start + BATCH]
        event = {"Records": [{"messageId": str(n), "body": json.dumps(one)} for n, one in enumerate(batch)]}
        assert planner_handler.respond(services, event) == {"batchItemFailures": []}


def _message(kind: str, number: int, runner: str | None = None) -> dict[str, Any]:
    shared = {
        "received_at": time.time_ns() // 1_000_000,
        "organization": "acme",
        "repository": {"id": 1, "slug": "acme/app", "private": True},
    }
    if kind == "run":
        return {"kind": "run", **shared, "run": {"id": number, "head_repository_id": 1}}
    job = {
        "id": number,
        "run_id": number,
        "attempt": 1,
        "labels": ["self-hosted"],
        "runner_name": runner,
        "conclusion": "success" if kind == "completed" else None,
    }
    return {"kind": "job", "action": kind, **shared, "job": job}


def _call(instance: str) -> dict[str, Any]:
    arn = f"arn:aws:sts::123456789012:assumed-role/runner-burst-linux/{instance}"
    return {"requestContext": {"authorizer": {"iam": {"userArn": arn}}}, "body": '{"result": "ok"}'}


def _set_up() -> None:
    def client(service: str) -> Any:
        return cast(Any, boto3).client(service, region_name=REGION)

    for alias, spec, usage in (
        (ENVIRONMENT["APP_KEY"], "RSA_2048", "SIGN_VERIFY"),
        (ENVIRONMENT["TOKEN_KEY"], "SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
    ):
        key = client("kms").create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
        client("kms").create_alias(AliasName=alias, TargetKeyId=key)
    indexes = ("waiting", "open", "live")
    client("dynamodb").create_table(
        TableName=ENVIRONMENT["TABLE"],
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", *indexes)],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [{"AttributeName": name, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name in indexes
        ],
    )
    client("dynamodb").put_item(
        TableName=ENVIRONMENT["TABLE"], Item={"pk": {"S": "config"}, "body": {"S": json.dumps(_settings())}}
    )
    image = client("ec2").describe_images()["Images"][0]["ImageId"]
    client("ec2").create_launch_template(
        LaunchTemplateName=GROUP, LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=GROUP,
        MinSize=0,
        MaxSize=JOBS,
        DesiredCapacity=0,
        LaunchTemplate={"LaunchTemplateName": GROUP, "Version": "1"},
        AvailabilityZones=[f"{REGION}a"],
    )
    client("logs").create_log_group(logGroupName="/slipway/runners/burst/linux")


def _settings() -> dict[str, Any]:
    linux = {
        "group": GROUP,
        "runner_group_id": 1,
        "labels": ["self-hosted", "linux"],
        "repositories": ["acme/app"],
        "maximum": JOBS,
        "role": "runner-burst-linux",
        "log_group": "/slipway/runners/burst/linux",
        "image": {"created": "2026-11-01T00:00:00Z"},
    }
    fleet = {"fleet": "burst", "organization": "acme", "app_id": 1, "installation_id": 1}
    return {**fleet, "classes": {"linux": linux}}


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
