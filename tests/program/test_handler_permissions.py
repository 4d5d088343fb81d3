"""What AWS itself asks of whoever makes, reads, changes and removes what the stacks render, by resource form.

Asked is what CloudFormation's own handlers ask for (https://docs.aws.amazon.com/cloudformation-cli/latest/
userguide/resource-type-schema.html, `handlers`), actions of other services included, each on every kind of
resource that the Service Authorization Reference decides it on
(https://docs.aws.amazon.com/service-authorization/latest/reference/).
"""

from collections.abc import Iterator
from dataclasses import replace
from fnmatch import fnmatch
from functools import cache

import pytest

from slipway.access.evaluate import Request, context_of, decide_identity
from slipway.access.world import Role, World
from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration
from slipway.platform import naming
from slipway.platform.resource_types import TYPES
from tests.program.test_apply_covers import OWN, REGION, ROLE, STACKS, Inputs, context, role_of
from tests.program.test_apply_covers import world as world  # noqa: PLC0414 -- a fixture
from tests.published import WITHOUT_SCHEMA, handler_permissions, has_key, is_of_kind, kinds_of

CLUSTER_PARTS = ("aws:eks/cluster:Cluster", "aws:eks/addon:Addon")
"""What pulumi-eks's component makes of AWS's types for this platform (provider/cmd, cluster.ts)."""
TAGS = (
    "AddTagsToResource",
    "CreateTags",
    "DeleteTags",
    "ListTags",
    "ListTagsForResource",
    "ListTagsOfResource",
    "RemoveTagsFromResource",
    "TagResource",
    "UntagResource",
)
"""Decided on whatever the service can tag: what counts is the resource's own kind."""
PASSED_TO = {
    "aws:autoscaling/group:Group": "ec2.amazonaws.com",
    "aws:ec2/flowLog:FlowLog": "vpc-flow-logs.amazonaws.com",
    "aws:eks/cluster:Cluster": "eks.amazonaws.com",
    "aws:eks/nodeGroup:NodeGroup": "eks.amazonaws.com",
    "aws:iam/instanceProfile:InstanceProfile": "ec2.amazonaws.com",
    "aws:lambda/function:Function": "lambda.amazonaws.com",
    "aws:scheduler/schedule:Schedule": "scheduler.amazonaws.com",
}
"""By type, the service that a role is passed to (EKS, EC2, Lambda and EventBridge guides)."""
LINKED = {
    "aws:autoscaling/group:Group": "autoscaling.amazonaws.com",
    "aws:eks/cluster:Cluster": "eks.amazonaws.com",
    "aws:eks/nodeGroup:NodeGroup": "eks-nodegroup.amazonaws.com",
}
"""By type, the service whose service-linked role may have to be made first."""
ROLE_PATHS = {
    "aws:autoscaling/group:Group": naming.RUNNER_PATH,
    "aws:iam/instanceProfile:InstanceProfile": naming.RUNNER_PATH,
    "aws:lambda/function:Function": naming.RUNNER_PATH,
    "aws:scheduler/schedule:Schedule": naming.RUNNER_PATH,
}
"""Where the roles are that a type is given; the others are on CI_PATH."""

NOT_NAMED = {
    "cloudwatch": "dataset",
    "dynamodb": "index stream",
    "ec2": "capacity-reservation elastic-gpu elastic-inference group ipam-pool ipv4pool-ec2 ipv6pool-ec2 "
    "key-pair license-configuration placement-group secondary-interface secondary-subnet snapshot "
    "transit-gateway transit-gateway-attachment vpc-encryption-control vpn-gateway",
    "eks": "capability podidentityassociation",
    "s3": "accesspoint accesspointobject",
}
"""Kinds that no component names, by service: AWS decides an action on them only where a request has one."""
PATTERNS = {"ssm:Get*": "ssm:GetParameters"}
PUBLIC_IMAGE = f"arn:aws:ssm:{REGION}::parameter/aws/service/ami-amazon-linux-latest/x"
"""What `resolve:ssm:` in a launch template is looked up by."""
UNDER = ("clusterName", "groupName")
SERVICE_ROLES = {
    "iam:PassRole": "arn:aws:iam::{account}:role{roles}x",
    "iam:CreateServiceLinkedRole": "arn:aws:iam::{account}:role/aws-service-role/x",
}
UNUSED = "of a setting that no component makes"
EXCEPTIONS = {
    ("aws:apigatewayv2/*", "apigateway:*agResource"): "no action of IAM's: tags are POST and DELETE on /tags",
    ("aws:apigatewayv2/api:Api", "s3:getObject"): "of an API that is imported from a bucket",
    ("aws:apigatewayv2/integration:Integration", "iam:PassRole"): "of an integration with credentials",
    ("aws:autoscaling/group:Group", "autoscaling:*LifecycleHook"): UNUSED,
    ("aws:autoscaling/group:Group", "autoscaling:*InstanceRefresh"): UNUSED,
    ("aws:autoscaling/group:Group", "autoscaling:*LoadBalancer*"): UNUSED,
    ("aws:autoscaling/group:Group", "autoscaling:*MetricsCollection"): UNUSED,
    ("aws:autoscaling/group:Group", "autoscaling:*NotificationConfiguration"): UNUSED,
    ("aws:autoscaling/group:Group", "autoscaling:*TrafficSources"): UNUSED,
    ("aws:autoscaling/group:Group", "ec2:Get*"): "of a group that names what its instances must have",
    ("aws:autoscaling/group:Group", "elasticloadbalancing:*"): UNUSED,
    ("aws:autoscaling/group:Group", "managed-fleets:*"): UNUSED,
    ("aws:autoscaling/group:Group", "vpc-lattice:*"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "firehose:*"): UNUSED,
    (
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "sts:AssumeRole",
    ): "of CloudFormation's own acceptance",
    (
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        "ec2:AcceptVpcPeeringConnection",
    ): "of the far side's role",
    ("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", "ec2:ModifyVpcPeeringConnectionOptions"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "logs:*BearerTokenAuthentication"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "logs:*DataProtectionPolicy"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "logs:*DeletionProtection"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "logs:*IndexPolic*"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "logs:*LogDelivery"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "logs:*ResourcePolic*"): UNUSED,
    ("aws:cloudwatch/logGroup:LogGroup", "s3:REST.PUT.OBJECT"): "no action of IAM's",
    ("aws:dynamodb/table:Table", "dynamodb:*ContributorInsights"): UNUSED,
    ("aws:dynamodb/table:Table", "dynamodb:*Import*"): UNUSED,
    ("aws:dynamodb/table:Table", "dynamodb:*KinesisStreamingDestination"): UNUSED,
    ("aws:dynamodb/table:Table", "dynamodb:*Replica"): UNUSED,
    ("aws:dynamodb/table:Table", "dynamodb:*ResourcePolicy"): UNUSED,
    ("aws:dynamodb/table:Table", "dynamodb:BatchWriteItem"): "of a table that is imported from a bucket",
    ("aws:dynamodb/table:Table", "dynamodb:Query"): "of a table that is imported from a bucket",
    ("aws:dynamodb/table:Table", "dynamodb:Scan"): "of a table that is imported from a bucket",
    ("aws:dynamodb/table:Table", "iam:CreateServiceLinkedRole"): "of a table with replicas",
    ("aws:dynamodb/table:Table", "kinesis:*"): UNUSED,
    ("aws:dynamodb/table:Table", "kms:*"): "of a table with a key of the customer's",
    ("aws:dynamodb/table:Table", "logs:*"): "of a table that is imported from a bucket",
    ("aws:dynamodb/table:Table", "s3:*"): "of a table that is imported from a bucket",
    ("aws:ec2/eip:Eip", "ec2:A*"): "of an address that is given to an instance or taken over from an account",
    ("aws:ec2/flowLog:FlowLog", "autoscaling:DescribeTags"): "of a log that goes to Firehose",
    ("aws:ec2/flowLog:FlowLog", "iam:CreateServiceLinkedRole"): "of a log that goes to Firehose",
    ("aws:ec2/flowLog:FlowLog", "logs:*LogDelivery"): "of a log that goes to a bucket or to Firehose "
    "(VPC User Guide, flow-logs-s3-permissions); ours goes to a log group",
    ("aws:ec2/flowLog:FlowLog", "s3:*"): "of a log that goes to a bucket",
    ("aws:ec2/natGateway:NatGateway", "ec2:*ssignPrivateNatGatewayAddress"): UNUSED,
    ("aws:ec2/natGateway:NatGateway", "ec2:*ssociateNatGatewayAddress"): UNUSED,
    ("aws:ec2/securityGroup:SecurityGroup", "ec2:UpdateSecurityGroupRuleDescriptions*"): "the provider has "
    "ModifySecurityGroupRules for it",
    ("aws:ec2/subnet:Subnet", "ec2:*ssociateSubnetCidrBlock"): UNUSED,
    ("aws:ec2/vpc:Vpc", "ec2:*VpcEncryptionControl"): UNUSED,
    ("aws:ec2/vpc:Vpc", "ec2:ModifyVpcTenancy"): UNUSED,
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "vpc-lattice:*"): UNUSED,
    (
        "aws:ec2/vpcEndpoint:VpcEndpoint",
        "vpce:AllowMultiRegion",
    ): "of an endpoint for another region's service",
    ("aws:eks/addon:Addon", "eks:CreatePodIdentityAssociation"): "of an add-on with a role of its own",
    ("aws:eks/addon:Addon", "iam:PassRole"): "of an add-on with a role of its own",
    ("aws:eks/cluster:Cluster", "eks:ActivateCertificateAuthority"): UNUSED,
    ("aws:eks/cluster:Cluster", "iam:*InstanceProfile"): "of a cluster whose nodes EKS runs (Auto Mode)",
    (
        "aws:eks/nodeGroup:NodeGroup",
        "ec2:RunInstances",
    ): "of a group with a launch template of the customer's (EKS User Guide, launch-templates)",
    ("aws:iam/role:Role", "iam:DeleteRolePermissionsBoundary"): "denied to all: a role keeps its boundary",
    ("aws:lambda/eventSourceMapping:EventSourceMapping", "kms:*"): "of filters with a key of the customer's",
    ("aws:lambda/function:Function", "elasticfilesystem:*"): UNUSED,
    ("aws:lambda/function:Function", "kms:*"): "of variables with a key of the customer's",
    ("aws:lambda/function:Function", "lambda:*CodeSigningConfig"): UNUSED,
    ("aws:lambda/function:Function", "lambda:*RecursionConfig"): UNUSED,
    ("aws:lambda/function:Function", "lambda:*RuntimeAlias"): UNUSED,
    ("aws:lambda/function:Function", "lambda:*RuntimeManagementConfig"): UNUSED,
    ("aws:lambda/function:Function", "lambda:*ScalingConfig"): UNUSED,
    ("aws:lambda/function:Function", "lambda:GetLayerVersion"): UNUSED,
    ("aws:lambda/function:Function", "lambda:PassCapacityProvider"): UNUSED,
    ("aws:lambda/function:Function", "lambda:PublishVersion"): UNUSED,
    ("aws:lambda/function:Function", "s3:*"): "of code in a bucket; ours is in the call",
    ("aws:lambda/function:Function", "s3files:*"): UNUSED,
    ("aws:s3/bucket:Bucket", "iam:PassRole"): "of a bucket that is replicated",
    **{
        ("aws:s3/bucket:Bucket", f"s3:*{setting}*"): UNUSED
        for setting in (
            "Abac",
            "AccelerateConfiguration",
            "Acl",
            "Analytics",
            "BucketLogging",
            "Cors",
            "CORS",
            "IntelligentTiering",
            "Inventory",
            "Metadata",
            "Metrics",
            "BucketNotification",
            "ObjectLock",
            "Replication",
            "Website",
        )
    },
    (
        "aws:s3/bucket:Bucket",
        "s3:DeleteBucketEncryption",
    ): "no action of IAM's: s3:PutEncryptionConfiguration",
    ("aws:s3/bucket:Bucket", "s3:DeleteBucketLifecycle"): "no action of IAM's: s3:PutLifecycleConfiguration",
    ("aws:s3/bucket:Bucket", "s3:DeleteObject"): "only a person empties a bucket of plans",
    ("aws:s3/bucket:Bucket", "s3tables:*"): UNUSED,
    ("aws:secretsmanager/secret:Secret", "secretsmanager:*Replic*"): UNUSED,
    ("aws:secretsmanager/secret:Secret", "secretsmanager:GetRandomPassword"): "of a value that is generated",
    (
        "aws:secretsmanager/secret:Secret",
        "secretsmanager:GetSecretValue",
    ): "whoever runs `slipway runners app create` puts the value, and no job of this role reads it",
    ("aws:secretsmanager/secret:Secret", "secretsmanager:UpdateSecret"): "it could put the value too",
    ("aws:vpc/securityGroup*", "ec2:UpdateSecurityGroupRuleDescriptions*"): "ModifySecurityGroupRules serves",
}
"""By type and action, why the role that applies a stack does without."""


@cache
def places() -> tuple[str, ...]:
    """What all rows of the table act on, by ARN patterns."""
    rows = [row.actions for row in TYPES.values() if row.actions]
    return tuple(sorted({on for row in rows for on in (*row.on, *(place for _, place in row.dependent))}))


def parts(items: list[Registration]) -> Iterator[Registration]:
    """The registrations of AWS's types that have a schema, and those that stand for a component's."""
    for item in items:
        for token in CLUSTER_PARTS if item.type == "eks:index:Cluster" else (item.type,):
            if token.startswith("aws:") and token not in WITHOUT_SCHEMA and not item.name.startswith(OWN):
                yield replace(item, type=token)


def asked_of(item: Registration) -> set[str]:
    """The actions of the handler; of the patterns among them what they are for here."""
    found = set[str]().union(*handler_permissions(TYPES[item.type]).values())
    return {PATTERNS.get(action, action) for action in found}


def forms(item: Registration, action: str, inputs: Inputs) -> Iterator[tuple[str, str]]:
    """Each kind of resource that an action is decided on, and an ARN of it, the resource's own if it has."""
    row = TYPES[item.type].actions
    assert row
    service, _, verb = action.partition(":")
    kinds = kinds_of(action) or ("",)
    if action in SERVICE_ROLES:
        yield "role", SERVICE_ROLES[action].format_map(inputs)
    elif action == "ssm:GetParameters" and row.dependent:
        yield "parameter", PUBLIC_IMAGE
    elif kinds == ("",):
        yield "", "*"
    elif service == "apigateway":
        # Its kinds are paths, of which a type has few.
        yield from (("", on.format_map(inputs)) for on in row.on)
    else:
        for kind in kinds:
            own, others = (
                [arn for on in held if is_of_kind(arn := on.format_map(inputs), service, kind)]
                for held in (row.on, places())
            )
            if own or verb not in TAGS:
                # Another type's row may have it, where the action needs it as little as before.
                unnamed = kind in NOT_NAMED.get(service, "").split()
                yield from ((kind, arn) for arn in own or ([] if unnamed else others[:1] or [f"some {kind}"]))


def gaps(role: Role, items: list[Registration]) -> Iterator[tuple[str, str, str]]:
    """Type, action and ARN of all that AWS asks of a role and that it may not do."""
    roles = {item.urn: item for item in items if item.type == ROLE}
    for item in parts(items):
        inputs = Inputs(item, role.account, roles)
        # What stands under it has its name: a cluster's add-ons, a group's schedules.
        for under in UNDER:
            inputs.setdefault(under, inputs["name"])
        inputs["roles"] = ROLE_PATHS.get(item.type, naming.CI_PATH)
        for action in sorted(asked_of(item)):
            for kind, on in forms(item, action, inputs):
                keys = context(item, role)
                if not has_key("ec2", kind, "ec2:LaunchTemplate"):
                    del keys["ec2:LaunchTemplate"]
                keys["iam:PassedToService"] = PASSED_TO.get(item.type, "x")
                keys["iam:AWSServiceName"] = LINKED.get(item.type, "x")
                request = Request(action, on.replace("parameter//", "parameter/"), context_of(keys))
                if not decide_identity(role.identity, role.boundary, request).allowed:
                    yield item.type, action, on


def own(stack: Rendered) -> list[Registration]:
    """What the apply role makes itself, and none that becomes in the fleet's account (test_apply_covers)."""
    return [item for item in stack.registrations if "::fleet::" not in item.provider]


def excused(type_: str, action: str) -> list[tuple[str, str]]:
    return [key for key in EXCEPTIONS if fnmatch(type_, key[0]) and fnmatch(action, key[1])]


@pytest.mark.parametrize("stack", STACKS)
def test_whoever_applies_a_stack_may_do_all_that_aws_asks(
    stack: str, rendered: dict[str, Rendered], world: World
) -> None:
    found = gaps(role_of(world, stack, "apply"), own(rendered[stack]))
    assert sorted({f"{t}: {a} on {on}" for t, a, on in found if not excused(t, a)}) == []


def test_each_exception_is_needed(rendered: dict[str, Rendered], world: World) -> None:
    used = {
        key
        for stack in STACKS
        for type_, action, _ in gaps(role_of(world, stack, "apply"), own(rendered[stack]))
        for key in excused(type_, action)
    }
    assert set(EXCEPTIONS) - used == set()
    assert all(EXCEPTIONS.values())


def test_all_that_a_template_tags_may_be_tagged(rendered: dict[str, Rendered]) -> None:
    """Asked of whoever makes or updates a group (Auto Scaling User Guide, launch template permissions)."""
    tagged = {
        specification["resourceType"]
        for item in rendered["automation"].registrations
        if item.type == "aws:ec2/launchTemplate:LaunchTemplate"
        for specification in item.inputs["tagSpecifications"]
    }
    actions = TYPES["aws:autoscaling/group:Group"].actions
    assert actions
    held = {
        on.rpartition(":")[2].removesuffix("/x") for action, on in actions.dependent if "CreateTags" in action
    }
    assert tagged == held
