"""What AWS, GitHub and Kubernetes would add to a declared resource: its id, its ARN and the like."""

import hashlib
import json
from typing import Any, Protocol

ACCOUNT = "111111111111"
REGION = "eu-west-1"


_RUNNERS = {
    "aws:lambda/function:Function": "lambda:{region}:{account}:function:{name}",
    "aws:sqs/queue:Queue": "sqs:{region}:{account}:{name}",
    "aws:dynamodb/table:Table": "dynamodb:{region}:{account}:table/{name}",
    "aws:scheduler/scheduleGroup:ScheduleGroup": "scheduler:{region}:{account}:schedule-group/{name}",
    "aws:apigatewayv2/api:Api": "apigateway:{region}::/apis/{name}",
    "aws:ec2/launchTemplate:LaunchTemplate": "ec2:{region}:{account}:launch-template/{name}",
    "github:index/actionsRunnerGroup:ActionsRunnerGroup": "",
}


class Declared(Protocol):
    """What the outputs are computed from."""

    type: str
    name: str
    inputs: dict[str, Any]
    read_id: str


_IAM = {
    "aws:iam/role:Role": "role",
    "aws:iam/policy:Policy": "policy",
    "aws:iam/instanceProfile:InstanceProfile": "instance-profile",
}
_ARN_BY_NAME = {
    "aws:ecr/repository:Repository": "ecr:{region}:{account}:repository/{name}",
    "aws:cloudwatch/logGroup:LogGroup": "logs:{region}:{account}:log-group:{name}",
    "aws:eks/cluster:Cluster": "eks:{region}:{account}:cluster/{name}",
    "aws:ssm/parameter:Parameter": "ssm:{region}:{account}:parameter{name}",
    "aws:secretsmanager/secret:Secret": "secretsmanager:{region}:{account}:secret:{name}-abc123",
    "aws:s3/bucket:Bucket": "s3:::{name}",
}


def computed_outputs(resource: Declared) -> tuple[str, dict[str, Any]]:  # noqa: PLR0911 - one per kind
    """(id, outputs beside the inputs) of a resource."""
    token = resource.type.rsplit(":", 1)[-1].lower()
    digest = hashlib.sha256(f"{resource.type}/{resource.name}".encode()).hexdigest()[:17]
    inputs = resource.inputs
    name = str(inputs.get("name") or inputs.get("bucket") or resource.name)
    if resource.type in _IAM:
        path = inputs.get("path") or "/"
        arn = f"arn:aws:iam::{ACCOUNT}:{_IAM[resource.type]}{path}{name}"
        return (arn if token == "policy" else name), {"arn": arn, "name": name}
    if resource.type == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
        host = str(inputs.get("url", "https://token.actions.githubusercontent.com")).removeprefix("https://")
        arn = resource.read_id or f"arn:aws:iam::{ACCOUNT}:oidc-provider/{host}"
        return arn, {"arn": arn, "url": host}
    if resource.type == "aws:kms/key:Key":
        return digest, {"arn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{digest}", "keyId": digest}
    if resource.type in _ARN_BY_NAME:
        tail = _ARN_BY_NAME[resource.type].format(region=REGION, account=ACCOUNT, name=name)
        url = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}"
        return name, {"arn": f"arn:aws:{tail}", "name": name, "bucket": name, "repositoryUrl": url}
    if resource.type == "eks:index:Cluster":
        return "", _eks(name, digest)
    if resource.type.startswith("kubernetes:"):
        metadata = inputs.get("metadata") or {}
        found = "/".join(part for part in (metadata.get("namespace"), metadata.get("name", name)) if part)
        return found, {}
    if resource.type in _RUNNERS:
        return _runner_outputs(resource.type, name, digest)
    arn = f"arn:aws:ec2:{REGION}:{ACCOUNT}:{token}/{token}-{digest}"
    return f"{token}-{digest}", {"arn": arn, "publicIp": "203.0.113.7", "allocationId": f"eipalloc-{digest}"}


def _runner_outputs(type_: str, name: str, digest: str) -> tuple[str, dict[str, Any]]:
    arn = "arn:aws:" + _RUNNERS[type_].format(region=REGION, account=ACCOUNT, name=name)
    if type_.startswith("github:"):
        return str(int(digest[:6], 16)), {}
    if type_ == "aws:apigatewayv2/api:Api":
        api = digest[:10]
        outputs = {
            "arn": arn,
            "apiEndpoint": f"https://{api}.execute-api.{REGION}.amazonaws.com",
            "executionArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:{api}",
        }
        return api, outputs
    invoke = f"arn:aws:apigateway:{REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"
    url = f"https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/{name}"
    known = {"arn": arn, "name": name, "latestVersion": 1, "url": url, "invokeArn": invoke}
    return (f"lt-{digest}" if "launchTemplate" in type_ else name), known


def _eks(name: str, digest: str) -> dict[str, Any]:
    issuer = f"oidc.eks.{REGION}.amazonaws.com/id/{digest.upper()}"
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [
            {"name": name, "cluster": {"server": f"https://{digest.upper()}.gr7.{REGION}.eks.amazonaws.com"}}
        ],
    }
    return {
        "kubeconfig": config,
        "kubeconfigJson": json.dumps(config),
        "clusterSecurityGroupId": f"sg-{digest}",
        "nodeSecurityGroupId": "",
        "oidcIssuer": issuer,
        "oidcProviderArn": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{issuer}",
    }
