"""AWS's own schemas of resource types, and its own actions and forms of ARNs, as cfn-lint carries them.

cfn-lint comes with moto. Its copies are of CloudFormation's registry (`handlers`: what making, reading,
changing and removing a resource asks of the caller) and of the Service Authorization Reference.
"""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import cfnlint
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from slipway.platform.resource_types import ResourceType

SERVICES = {
    "apigatewayv2": "ApiGatewayV2",
    "autoscaling": "AutoScaling",
    "cloudwatch": "CloudWatch",
    "dynamodb": "DynamoDB",
    "lambda": "Lambda",
    "scheduler": "Scheduler",
    "secretsmanager": "SecretsManager",
    "vpc": "EC2",
}
"""CloudFormation's spelling of a service where it is not the capitals of Pulumi's."""
TYPE_NAMES = {
    "aws:autoscaling/group:Group": "AutoScaling::AutoScalingGroup",
    "aws:cloudwatch/logGroup:LogGroup": "Logs::LogGroup",
    "aws:cloudwatch/metricAlarm:MetricAlarm": "CloudWatch::Alarm",
    "aws:ec2/eip:Eip": "EC2::EIP",
    "aws:ec2/routeTableAssociation:RouteTableAssociation": "EC2::SubnetRouteTableAssociation",
    "aws:ec2/vpc:Vpc": "EC2::VPC",
    "aws:ec2/vpcEndpoint:VpcEndpoint": "EC2::VPCEndpoint",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": "EC2::VPCPeeringConnection",
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": "EC2::TransitGatewayAttachment",
    "aws:eks/nodeGroup:NodeGroup": "EKS::Nodegroup",
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": "IAM::OIDCProvider",
    "aws:iam/policy:Policy": "IAM::ManagedPolicy",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": "Lambda::EventInvokeConfig",
    "aws:sqs/queuePolicy:QueuePolicy": "SQS::QueueInlinePolicy",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "EC2::SecurityGroupEgress",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "EC2::SecurityGroupIngress",
}
WITHOUT_SCHEMA = {
    # CloudFormation has these as properties of their parents, or not at all.
    "aws:dynamodb/tableItem:TableItem",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:secretsmanager/secretVersion:SecretVersion",
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
}


def published(row: ResourceType) -> dict[str, Any]:
    """AWS's own schema of a type, which cfn-lint carries."""
    _, path, name = row.token.split(":")
    area = path.partition("/")[0]
    there = TYPE_NAMES.get(row.token) or f"{SERVICES.get(area, area.upper())}::{name}"
    return PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", f"AWS::{there}").schema


def handler_permissions(row: ResourceType) -> dict[str, set[str]]:
    """By part of a life, the actions that CloudFormation's handler of a type asks of its caller."""
    handlers = published(row).get("handlers", {})
    return {
        part: set(handlers.get(part, {}).get("permissions", []))
        for part in ("create", "read", "update", "delete")
    }


def kinds_of(action: str) -> tuple[str, ...] | None:
    """What kinds of resource an action is decided on: none for `*` alone, None for an unknown action."""
    service, _, verb = action.partition(":")
    found = _authorization().get(service, {}).get("Actions", {}).get(verb.lower())
    return None if found is None else tuple(found.get("Resources") or ())


def is_of_kind(arn: str, service: str, kind: str) -> bool:
    """Whether an ARN has a form of a kind."""
    forms: list[str] = _authorization()[service]["Resources"].get(kind.lower(), {}).get("ARNFormats", [])
    plain = ("".join(re.split(r"\$\{(?:Partition|Region|Account)\}", form)) for form in forms)
    shape = ":".join((*arn.split(":")[:1], "", *arn.split(":")[2:3], "", "", *arn.split(":")[5:]))
    return any(re.fullmatch(form, shape) for form in plain)


def has_key(service: str, kind: str, key: str) -> bool:
    """Whether requests for a resource of a kind carry a condition key."""
    return key in _authorization()[service]["Resources"].get(kind.lower(), {}).get("ConditionKeys", ())


@cache
def _authorization() -> dict[str, Any]:
    held = Path(cfnlint.__file__).parent / "data/AdditionalSpecs/Policies.json"
    found: dict[str, Any] = json.loads(held.read_text())
    return found
