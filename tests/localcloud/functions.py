"""Deploys small functions, and calls the routes that reach them."""

import base64
import io
import json
import uuid
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from slipway.localcloud.cloud import Cloud
from tests.localcloud.http_client import Answer, Client

REGION = "eu-west-1"
MAPPING = "aws:lambda%2FeventSourceMapping:EventSourceMapping"


def package(source: str, **others: str) -> bytes:
    """A zip whose `app.py` is `source`; other members by name, `_` for the dot."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("app.py", source)
        for name, text in others.items():
            archive.writestr(name.replace("_py", ".py"), text)
    return buffer.getvalue()


@dataclass(frozen=True)
class Deployer:
    """Makes functions, APIs and queues of their own names in one cloud."""

    cloud: Cloud

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.cloud.aws,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    @property
    def control(self) -> Client:
        return Client(self.cloud.aws)

    def function(self, source: str, *, timeout: int = 10, environment: dict[str, str] | None = None) -> str:
        """The name of a new function whose handler is `app.handle`."""
        name = f"function-{uuid.uuid4().hex[:8]}"
        self.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=self.role(),
            Handler="app.handle",
            Timeout=timeout,
            Code={"ZipFile": package(source)},
            Environment={"Variables": environment or {}},
        )
        return name

    def role(self) -> str:
        """ARN of the role of every function here."""
        iam = self.client("iam")
        trust = trust_of("lambda.amazonaws.com")
        with suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="any-function", AssumeRolePolicyDocument=trust)
        return "arn:aws:iam::123456789012:role/any-function"

    def arn(self, function: str) -> str:
        return f"arn:aws:lambda:{REGION}:123456789012:function:{function}"

    def update(self, function: str, source: str) -> None:
        self.client("lambda").update_function_code(FunctionName=function, ZipFile=package(source))

    def invoke(self, function: str, event: object = None, kind: str = "RequestResponse") -> dict[str, Any]:
        answer = self.client("lambda").invoke(
            FunctionName=function, InvocationType=kind, Payload=json.dumps(event)
        )
        text = answer["Payload"].read()
        return {**answer, "Payload": json.loads(text) if text else None}

    def api(self, routes: dict[str, str], *, iam: tuple[str, ...] = ()) -> str:
        """Path of a new HTTP API: `{route key: function}`; the keys in `iam` need a signature."""
        client = self.client("apigatewayv2")
        id_ = client.create_api(Name=f"api-{uuid.uuid4().hex[:8]}", ProtocolType="HTTP")["ApiId"]
        for key, function in routes.items():
            path = f"lambda:path/2015-03-31/functions/{self.arn(function)}/invocations"
            uri = f"arn:aws:apigateway:{REGION}:{path}"
            integration = client.create_integration(
                ApiId=id_, IntegrationType="AWS_PROXY", IntegrationUri=uri, PayloadFormatVersion="2.0"
            )["IntegrationId"]
            client.create_route(
                ApiId=id_,
                RouteKey=key,
                AuthorizationType="AWS_IAM" if key in iam else "NONE",
                Target=f"integrations/{integration}",
            )
        return f"/slipway/apis/{id_}"

    def log(self, function: str) -> list[str]:
        logs = self.client("logs")
        group = f"/aws/lambda/{function}"
        names = [one["logStreamName"] for one in logs.describe_log_streams(logGroupName=group)["logStreams"]]
        return [
            event["message"]
            for name in names
            for event in logs.get_log_events(logGroupName=group, logStreamName=name)["events"]
        ]

    def queue(self, *, receives: int = 0, hidden_s: int = 3) -> tuple[str, str, str]:
        """URL and ARN of a new queue, and URL of its dead-letter queue, empty where `receives` is 0."""
        sqs = self.client("sqs")
        attributes = {"VisibilityTimeout": str(hidden_s)}
        dead = ""
        if receives:
            dead = sqs.create_queue(QueueName=f"dead-{uuid.uuid4().hex[:8]}")["QueueUrl"]
            found = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
            policy = {"deadLetterTargetArn": found["Attributes"]["QueueArn"], "maxReceiveCount": receives}
            attributes["RedrivePolicy"] = json.dumps(policy)
        url = sqs.create_queue(QueueName=f"queue-{uuid.uuid4().hex[:8]}", Attributes=attributes)["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, found["Attributes"]["QueueArn"], dead

    def map_queue(self, arn: str, function: str, **fields: object) -> str:
        """Record an event source mapping, as the provider does; its path among the records."""
        path = f"/slipway/records/{MAPPING}/{uuid.uuid4()}"
        record = {"eventSourceArn": arn, "functionArn": self.arn(function), "batchSize": 10, **fields}
        assert self.control("PUT", path, record).status == 201
        return path

    def settle(self, timeout_s: float = 240) -> bool:
        return bool(
            self.control("POST", "/slipway/functions/settle", {"timeout_s": timeout_s}).json["settled"]
        )

    def instance(self, role: str) -> str:
        """Id of a running instance with a profile of a new role of that name."""
        iam, ec2 = self.client("iam"), self.client("ec2")
        trust = trust_of("ec2.amazonaws.com")
        iam.create_role(RoleName=role, Path="/slipway/runners/", AssumeRolePolicyDocument=trust)
        iam.create_instance_profile(InstanceProfileName=role)
        iam.add_role_to_instance_profile(InstanceProfileName=role, RoleName=role)
        image = ec2.describe_images()["Images"][0]["ImageId"]
        made = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
        ec2.associate_iam_instance_profile(IamInstanceProfile={"Name": role}, InstanceId=made)
        return str(made)


def trust_of(service: str) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": service}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def signed(
    cloud: Cloud,
    credentials: dict[str, str],
    path: str,
    body: str = "{}",
    *,
    region: str = REGION,
    service: str = "execute-api",
) -> dict[str, str]:
    """The headers that botocore signs a POST with."""
    keys = Credentials(credentials["AccessKeyId"], credentials["SecretAccessKey"], credentials["Token"])
    request = AWSRequest("POST", cloud.aws + path, headers={"Content-Type": "application/json"}, data=body)
    SigV4Auth(keys, service, region).add_auth(request)
    return dict(request.headers.items())


def decoded(answer: Answer) -> Any:
    """The event that an echoing function answered with."""
    event = answer.json
    if event.get("isBase64Encoded"):
        event["body"] = base64.b64decode(event["body"])
    return event
