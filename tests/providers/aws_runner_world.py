"""What the samples of a runner fleet's types need around them."""

import json
from pathlib import Path
from typing import Any

import pulumi

from slipway.localcloud.providers.aws.lambda_code import code_hash, zipped
from slipway.localcloud.providers.values import Packed
from tests.providers.aws_world import ACCOUNT, World

REGION = "eu-west-1"


def code(text: str) -> dict[str, Any]:
    """`code` and its hash, of a zip with one file."""
    packed = Packed(pulumi.AssetArchive({"main.py": pulumi.StringAsset(text)}))
    return {"code": packed, "sourceCodeHash": code_hash(zipped(packed))}


def zip_at(folder: Path, text: str) -> Packed:
    path = folder / "function.zip"
    path.write_bytes(zipped(code(text)["code"]))
    return Packed(pulumi.FileArchive(str(path)))


def queue_arn(name: str) -> str:
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}"


def redrive(name: str, count: int) -> str:
    return json.dumps({"deadLetterTargetArn": queue_arn(name), "maxReceiveCount": count})


def allowed(name: str) -> str:
    return json.dumps({"redrivePermission": "byQueue", "sourceQueueArns": [queue_arn(name)]})


def senders(service: str, queue: str = "world-queue-1") -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sqs:SendMessage",
        "Resource": queue_arn(queue),
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def queue(world: World, number: int = 1) -> str:
    name = f"world-queue-{number}"
    return world.get("aws:sqs/queue:Queue", name, name=name, visibilityTimeoutSeconds=60).id


def table(world: World, number: int = 1) -> str:
    name = f"world-table-{number}"
    return world.get(
        "aws:dynamodb/table:Table",
        name,
        name=name,
        billingMode="PAY_PER_REQUEST",
        hashKey="pk",
        attributes=[{"name": "pk", "type": "S"}],
    ).id


def function(world: World, number: int = 1) -> Any:
    name = f"world-function-{number}"
    return world.get(
        "aws:lambda/function:Function",
        name,
        name=name,
        role=function_role(world),
        runtime="python3.13",
        handler="main.handle",
        timeout=30,
        **code("1"),
    )


def function_role(world: World) -> str:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = world.get("aws:iam/role:Role", "function", assumeRolePolicy=json.dumps(trust), name="world-fn")
    return str(role.state["arn"])


def api(world: World, number: int = 1) -> str:
    return world.get("aws:apigatewayv2/api:Api", f"api-{number}", name="world", protocolType="HTTP").id


def integration(world: World, number: int = 1) -> str:
    return world.get(
        "aws:apigatewayv2/integration:Integration",
        f"integration-{number}",
        apiId=api(world),
        integrationType="AWS_PROXY",
        integrationUri=function(world, number).state["invokeArn"],
    ).id


def template(world: World, number: int = 1) -> Any:
    name = f"world-template-{number}"
    return world.get(
        "aws:ec2/launchTemplate:LaunchTemplate",
        name,
        name=name,
        imageId="ami-12345678",
        instanceType="m7g.large",
        updateDefaultVersion=True,
    )


def schedule_group(world: World, number: int = 1) -> str:
    name = f"world-group-{number}"
    return world.get("aws:scheduler/scheduleGroup:ScheduleGroup", name, name=name).id
