"""Deploys a fleet on an embedded cloud with plain AWS calls, as the component does it with Pulumi.

Only what the functions and the rehearsal touch; policies are the component's and are held by its own tests.
"""

import http.client
import io
import json
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.runners.fleet import Fleet
from tests.runners.cli import fakes

ROOT = Path(__file__).parents[3]
Json = dict[str, Any]
_ROLES = f"arn:aws:iam::{fakes.ACCOUNT}:role"
_LAMBDA = f"arn:aws:lambda:{fakes.REGION}:{fakes.ACCOUNT}:function"
_HANDLERS = {
    "webhook": "runners.webhook.handler.handle",
    "planner": "runners.control.planner_handler.handle",
    "claim": "runners.control.claim_handler.handle",
    "finish": "runners.control.finish_handler.handle",
}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
PROJECT_FILE = """\
name: slipway
runtime: python
config:
  slipway:organization:
    type: object
    default:
      accounts: {automation: "123456789012", staging: "123456789012", prod: "123456789012"}
      github:
        organization: acme
        organization_id: 9001
        plan: enterprise
        repository: acme/platform
        repository_id: 70000
        reviewers: [team:release-managers]
      runs_on: {infra: [static], deploy: [static], migrate: [static]}
"""
STACK_FILE = """\
config:
  slipway:platform:
    region: eu-west-1
    network: {cidr: 10.90.0.0/16, zones: [eu-west-1a, eu-west-1b]}
    cluster:
      name: slipway-local
      version: "1.35"
      administrators: ["arn:aws:iam::123456789012:role/platform-admin"]
      reach: addresses
      addresses: {static: [198.51.100.16/28]}
      node_groups: {default: {instance_types: [t3.medium]}}
"""
SERVICE_FILE = """\
repository: acme/skill-pool
owner_id: 9001
repository_id: 70001
images: [server]
hostname: skill-pool.example.com
environments: [build]
"""


def deploy(root: Path, cloud: Cloud, *, maximum: int) -> Fleet:
    """A fleet `local` with one class, on a running cloud of `root`."""
    (root / "Pulumi.yaml").write_text(PROJECT_FILE)
    (root / "Pulumi.local.yaml").write_text(STACK_FILE)
    (root / "services").mkdir()
    (root / "services" / "skill-pool.yaml").write_text(SERVICE_FILE)
    fleet = Fleet(
        stack="local",
        name="local",
        region=fakes.REGION,
        account=fakes.ACCOUNT,
        organization=fakes.ORGANIZATION,
        cloud=cloud,
    )
    group_id = _github(cloud)
    fakes.table(fleet)
    queue = _queues(fleet)
    _secrets(fleet)
    _functions(fleet, queue)
    _api(fleet)
    _triggers(fleet, cloud)
    image = _group(fleet, maximum)
    settings: Json = {
        "group": f"{fleet.names.prefix}-standard",
        "runner_group_id": group_id,
        "labels": ["self-hosted", "linux", "x64"],
        "repositories": ["acme/skill-pool"],
        "maximum": maximum,
        "role": f"runner-{fleet.name}-standard",
        "log_group": f"/slipway/runners/{fleet.name}/standard",
        "image": {"id": image, "created": "2099-01-01T00:00:00Z", "runner_version": "9.9.9"},
    }
    fakes.configure(
        fleet, {"standard": settings}, fleet="local", organization="acme", app_id=1, installation_id=1
    )
    return fleet


def _github(cloud: Cloud) -> int:
    """The organisation, its repository, and a runner group for it; the group's number."""
    runtime.seed(
        cloud,
        {
            "organizations": [{"login": "acme", "id": 9001}],
            "repositories": [{"owner": "acme", "name": "skill-pool", "id": 70001}],
            "apps": [{"organization": "acme", "id": 1, "installation_id": 1}],
        },
    )
    body = {"name": "slipway-local-standard", "visibility": "selected", "selected_repository_ids": [70001]}
    made = call(cloud.github, "POST", "/orgs/acme/actions/runner-groups", body, token="stand-in")
    return int(made["id"])


def _queues(fleet: Fleet) -> str:
    sqs = fleet.client("sqs")
    dead = sqs.create_queue(QueueName=fleet.names.dead_letters)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 5})
    attributes = {"VisibilityTimeout": "180", "RedrivePolicy": redrive}
    return str(sqs.create_queue(QueueName=fleet.names.queue, Attributes=attributes)["QueueUrl"])


def _secrets(fleet: Fleet) -> None:
    fleet.client("secretsmanager").create_secret(Name=fleet.names.webhook_secret)
    key = fleet.client("kms").create_key()["KeyMetadata"]["KeyId"]
    fleet.client("kms").create_alias(AliasName=f"alias/{fleet.names.prefix}-runner-tokens", TargetKeyId=key)


def _functions(fleet: Fleet, queue: str) -> None:
    fleet.client("iam").create_role(RoleName="functions", AssumeRolePolicyDocument=TRUST)
    assert fleet.cloud is not None
    settings = {
        "FLEET": fleet.name,
        "TABLE": fleet.names.table,
        "GITHUB_API_URL": fleet.cloud.github,
        "APP_KEY": fleet.names.app_key,
        "TOKEN_KEY": f"alias/{fleet.names.prefix}-runner-tokens",
        "QUEUE_URL": queue,
        "SECRET_ID": fleet.names.webhook_secret,
        "AWS_ENDPOINT_URL": fleet.cloud.aws,
    }
    for name, handler in _HANDLERS.items():
        fleet.client("lambda").create_function(
            FunctionName=f"{fleet.names.prefix}-runner-{name}",
            Runtime="python3.13",
            Role=f"{_ROLES}/functions",
            Handler=handler,
            Code={"ZipFile": _package()},
            Timeout=30,
            MemorySize=256,
            Environment={"Variables": settings},
        )


def _package() -> bytes:
    """The sources as they are."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted((ROOT / "runners").rglob("*.py")):
            archive.write(path, path.relative_to(ROOT).as_posix())
    return held.getvalue()


def _api(fleet: Fleet) -> None:
    client = fleet.client("apigatewayv2")
    api = client.create_api(Name=fleet.names.api, ProtocolType="HTTP")["ApiId"]
    for name, authorization in (("webhook", "NONE"), ("claim", "AWS_IAM"), ("finish", "AWS_IAM")):
        integration = client.create_integration(
            ApiId=api,
            IntegrationType="AWS_PROXY",
            IntegrationUri=f"{_LAMBDA}:{fleet.names.prefix}-runner-{name}",
            PayloadFormatVersion="2.0",
        )["IntegrationId"]
        client.create_route(
            ApiId=api,
            RouteKey=f"POST /{name}",
            AuthorizationType=authorization,
            Target=f"integrations/{integration}",
        )
    client.create_stage(ApiId=api, StageName="$default", AutoDeploy=True)


def _triggers(fleet: Fleet, cloud: Cloud) -> None:
    planner = f"{_LAMBDA}:{fleet.names.prefix}-runner-planner"
    mapping = {
        "eventSourceArn": f"arn:aws:sqs:{fleet.region}:{fleet.account}:{fleet.names.queue}",
        "functionName": planner,
        "functionArn": planner,
        "batchSize": 10,
        "enabled": True,
        "functionResponseTypes": ["ReportBatchItemFailures"],
        "scalingConfig": {"maximumConcurrency": 2},
    }
    call(cloud.aws, "PUT", "/slipway/records/aws:lambda%2FeventSourceMapping:EventSourceMapping/m-1", mapping)
    scheduler = fleet.client("scheduler")
    scheduler.create_schedule_group(Name=f"{fleet.names.prefix}-runners")
    scheduler.create_schedule(
        Name=f"{fleet.names.prefix}-runner-tick",
        GroupName=f"{fleet.names.prefix}-runners",
        ScheduleExpression="rate(1 minute)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": planner, "RoleArn": f"{_ROLES}/functions", "Input": json.dumps({"tick": True})},
    )


def _group(fleet: Fleet, maximum: int) -> str:
    """The class's role, template and group; the image's id."""
    name, role = f"{fleet.names.prefix}-standard", f"runner-{fleet.name}-standard"
    iam = fleet.client("iam")
    iam.create_role(RoleName=role, Path="/slipway/runners/", AssumeRolePolicyDocument=TRUST)
    iam.create_instance_profile(InstanceProfileName=role, Path="/slipway/runners/")
    iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
    profile = iam.get_instance_profile(InstanceProfileName=role)["InstanceProfile"]["Arn"]
    fleet.client("logs").create_log_group(logGroupName=f"/slipway/runners/{fleet.name}/standard")
    ec2 = fleet.client("ec2")
    image = str(ec2.describe_images()["Images"][0]["ImageId"])
    ec2.create_launch_template(
        LaunchTemplateName=name,
        LaunchTemplateData={
            "ImageId": image,
            "InstanceType": "t3.micro",
            "IamInstanceProfile": {"Arn": profile},
        },
    )
    subnets = [one["SubnetId"] for one in ec2.describe_subnets()["Subnets"]]
    fleet.client("autoscaling").create_auto_scaling_group(
        AutoScalingGroupName=name,
        LaunchTemplate={"LaunchTemplateName": name, "Version": "$Latest"},
        MinSize=0,
        MaxSize=maximum,
        DesiredCapacity=0,
        VPCZoneIdentifier=",".join(subnets[:2]),
        NewInstancesProtectedFromScaleIn=True,
    )
    return image


def call(base: str, method: str, path: str, body: Json, token: str = "") -> Json:
    """One JSON request to the embedded cloud; it must succeed."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=120)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    connection.request(method, path, json.dumps(body), headers)
    response = connection.getresponse()
    raw = response.read()
    connection.close()
    assert response.status < 400, f"{method} {path}: {response.status} {raw.decode()}"
    found: Json = json.loads(raw or b"{}")
    return found
