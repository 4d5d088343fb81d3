"""The most that any role of an account may do, whatever its own policies say.

A boundary grants nothing; what it does not allow is refused (IAM User Guide, "Permissions boundaries for IAM
entities"). It allows what Slipway's roles need and no more, because an apply role may make a role under it
and give that role everything: docs/apply-roles.md lists what can be reached so, and a test computes the list.
"""

from collections.abc import Iterator

from slipway.access.claims import ISSUER
from slipway.access.network_permissions import ACCEPT, ROUTES
from slipway.access.stack_permissions import (
    CHANGE_POLICY,
    CHANGE_ROLE,
    DROP_BOUNDARY,
    SET_BOUNDARY,
)
from slipway.access.statements import Condition, Document, Statement, allow, deny, document
from slipway.platform import naming
from slipway.platform.declaration import PUBLISHED_PARAMETERS

_APPLIED_SERVICES = (
    "apigateway",
    "autoscaling",
    "cloudwatch",
    "dynamodb",
    "ec2",
    "ecr",
    "eks",
    "kms",
    "lambda",
    "logs",
    "route53",
    "s3",
    "scheduler",
    "secretsmanager",
    "sqs",
    "ssm",
)
"""Those that a stack's resources are of, IAM apart. How much of each, an apply role's own policies say, which
nobody under the boundary can change."""

_READ = (
    # All that stacks' plans and fleets' functions look at, and nodes: settings, and no value.
    "autoscaling:Describe*",
    "cloudwatch:Describe*",
    "cloudwatch:GetDashboard",
    "cloudwatch:List*",
    "dynamodb:Describe*",
    "dynamodb:List*",
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ec2:GetTransitGateway*",
    "ecr:Describe*",
    "ecr:Get*",
    "ecr:List*",
    "eks:Describe*",
    "eks:List*",
    "iam:Get*",
    "iam:List*",
    "kms:Get*",
    "kms:List*",
    "lambda:Get*",
    "lambda:List*",
    "logs:Describe*",
    "logs:List*",
    "s3:Get*Configuration",
    "s3:GetBucket*",
    "s3:ListAllMyBuckets",
    "s3:ListTagsForResource",
    "scheduler:Get*",
    "scheduler:List*",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy",
    "sqs:GetQueue*",
    "sqs:List*",
    "ssm:DescribeParameters",
    "ssm:ListTagsForResource",
    "sts:GetCallerIdentity",
)
_IMAGES = (
    # Pushed and pulled in registries of other accounts, too.
    "ecr:*Layer*",
    "ecr:BatchCheck*",
    "ecr:BatchGet*",
    "ecr:BatchImport*",
    "ecr:PutImage",
)
_KEYS = ("kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey", "kms:Sign")
_CLUSTER = (
    # What gives pods their addresses (AmazonEKS_CNI_Policy), and the cluster its load balancers
    # (AmazonEKSClusterPolicy). That policy's volumes and instances are left out: they were the business of
    # drivers inside of Kubernetes that it no longer has, and whoever changes an instance can become its role.
    "ec2:*PrivateIpAddresses",
    "ec2:*SecurityGroupIngress",
    "ec2:*tachNetworkInterface",
    "ec2:CreateNetworkInterface",
    "ec2:CreateSecurityGroup",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteSecurityGroup",
    "ec2:ModifyNetworkInterfaceAttribute",
    "eks-auth:AssumeRoleForPodIdentity",
    "elasticloadbalancing:*",
)
_LAUNCH = ("ec2:CreateKeyPair", "ec2:RunInstances")
"""Of machines without a role, or with the one that images are built with: nothing else passes one."""
_SESSIONS = (
    # Session Manager's ends: the agent on the machine that an image is built on, and who builds it. A session
    # is started on what was made for images alone.
    "ssm:GetConnectionStatus",
    "ssm:TerminateSession",
    "ssm:UpdateInstanceInformation",
    "ssmmessages:*Channel",
)


def boundary_policy(account: str, *, arn: str = "", issuer: str = ISSUER) -> Document:
    """The boundary of one account; `arn` is its own, if it has another name.

    Apply roles are told by their path, which only bootstrap makes roles on: they alone may change stacks and
    identities, and nobody under the boundary can change, make or pass a role there.
    """
    own = arn or naming.boundary_arn(account)
    return document(
        [
            allow("Everywhere", [*_READ, *_IMAGES, *_KEYS, *_CLUSTER, *_LAUNCH, *_SESSIONS], ["*"]),
            *_by_name(account),
            *_images(),
            _balancers(account),
            _paths(account),
            *_for_apply_roles(account, issuer),
            *_nobody(own, account),
        ]
    )


_TOGETHER = ("apigateway", "autoscaling", "ec2", "execute-api", "logs")


def _by_name(account: str) -> Iterator[Statement]:
    """What is only for what the platform made, told by its name.

    The rest is one statement, for its size: an action acts on the resources of its own service alone,
    whatever else is listed.
    """
    here = f"*:{account}"
    parameters = [f"ssm:{here}:parameter/{name}" for name in PUBLISHED_PARAMETERS]
    groups = [f"logs:{here}:log-group:{name}" for name in ("/aws/lambda/slipway-*", "/slipway/*")]
    scaled = f"autoscaling:{here}:autoScalingGroup:*:autoScalingGroupName/slipway-*"
    interfaces = [f"ec2:{here}:{kind}/*" for kind in ("network-interface", "security-group")]
    held = (
        ("apigateway", ("GET",), ["apigateway:*::/*"]),
        ("autoscaling", ("SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"), [scaled]),
        ("dynamodb", ("*Item", "Query"), [f"dynamodb:{here}:table/slipway-*"]),
        ("ec2", ("CreateTags",), interfaces),
        ("execute-api", ("Invoke",), [f"execute-api:{here}:*"]),
        ("lambda", ("InvokeFunction",), [f"lambda:{here}:function:slipway-*"]),
        ("logs", ("CreateLogStream", "PutLogEvents"), groups),
        ("s3", ("DeleteObject", "GetObject*", "ListBucket", "PutObject"), ["s3:::slipway-*"]),
        ("secretsmanager", ("GetSecretValue",), [f"secretsmanager:{here}:secret:slipway-*"]),
        ("sqs", ("*Message*",), [f"sqs:{here}:slipway-*"]),
        ("ssm", ("GetParameter", "GetParameters"), parameters),
        ("sts", ("AssumeRole",), [f"iam::*:role{naming.CI_PATH}*"]),
    )
    for service, verbs, resources in held:
        if service not in _TOGETHER:
            actions = [f"{service}:{verb}" for verb in verbs]
            yield allow(service.capitalize(), actions, [f"arn:aws:{resource}" for resource in resources])
    rest = [each for each in held if each[0] in _TOGETHER]
    actions = [f"{service}:{verb}" for service, verbs, _ in rest for verb in verbs]
    yield allow("ByName", actions, [f"arn:aws:{arn}" for _, _, resources in rest for arn in resources])


def _images() -> tuple[Statement, ...]:
    """What building a runner image changes, which is what it made, and marked as it made it."""
    created = {"StringEquals": {"ec2:CreateAction": ["CreateImage", "CreateKeyPair", "RunInstances"]}}
    tagged = {"StringLike": {f"aws:ResourceTag/{naming.BUILD_TAG}": "*"}}
    images = [f"arn:aws:ec2:*::{kind}/*" for kind in ("image", "snapshot")]
    machine = f"arn:aws:iam::*:role{naming.RUNNER_PATH}*-image-build"
    to_ec2 = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    return (
        allow("NewImages", ["ec2:CreateImage"], images),
        allow("TagNew", ["ec2:CreateTags"], ["*"], created),
        allow("MadeForImages", ["ec2:*", "ssm:StartSession"], ["*"], tagged),
        allow("ReachMade", ["ssm:StartSession"], ["arn:aws:ssm:*::document/AWS-StartPort*"]),
        allow("PassMachine", ["iam:PassRole"], [machine], to_ec2),
    )


def _balancers(account: str) -> Statement:
    """The one service-linked role that a cluster may need (AmazonEKSClusterPolicy)."""
    service = {"StringEquals": {"iam:AWSServiceName": "elasticloadbalancing.amazonaws.com"}}
    linked = f"arn:aws:iam::{account}:role/aws-service-role/*"
    return allow("Balancers", ["iam:CreateServiceLinkedRole"], [linked], service)


def _paths(account: str) -> Statement:
    """What joins the account's network with another's, for the roles that do nothing else."""
    joining = f"arn:aws:iam::{account}:role{naming.CI_PATH}{naming.network_role('*')}"
    condition: Condition = {"ArnLike": {"aws:PrincipalArn": joining}}
    return allow("Paths", [ACCEPT, *ROUTES], ["*"], condition)


def _for_apply_roles(account: str, issuer: str) -> tuple[Statement, ...]:
    """Changes to a stack, and to the roles, policies and profiles of the platform's path.

    `aws:PrincipalArn` is the role's own in each of its sessions, path included (IAM User Guide, "AWS global
    condition context keys").
    """
    iam = f"arn:aws:iam::{account}"
    applying: Condition = {"ArnLike": {"aws:PrincipalArn": f"{iam}:role{naming.INFRA_PATH}*"}}
    identities = [
        *(f"{iam}:{kind}/slipway/*" for kind in ("instance-profile", "policy", "role")),
        f"{iam}:role/aws-service-role/*",
        f"{iam}:oidc-provider/{issuer}",
    ]
    return (
        allow("Stacks", [f"{service}:*" for service in _APPLIED_SERVICES], ["*"], applying),
        allow("Identities", ["iam:*"], identities, applying),
    )


def _nobody(own: str, account: str) -> tuple[Statement, ...]:
    """What is denied to all: the boundary and any way around it, the apply roles, and users."""
    iam = f"arn:aws:iam::{account}"
    without: Condition = {"StringNotEquals": {"iam:PermissionsBoundary": own}}
    given = [*SET_BOUNDARY, "iam:AttachRolePolicy", "iam:PutRolePolicy"]
    users = ("AccessKey", "Group", "LoginProfile", "MFADevice", "SAMLProvider", "User")
    return (
        deny("NeverTheBoundary", CHANGE_POLICY, [own, f"{iam}:policy{naming.INFRA_PATH}*"]),
        deny("NeverApplyRoles", CHANGE_ROLE, [f"{iam}:role{naming.INFRA_PATH}*"]),
        deny("NeverWithoutBoundary", given, ["*"], without),
        deny("NeverDropBoundary", DROP_BOUNDARY, ["*"]),
        deny("NeverUsers", [f"iam:*{kind}*" for kind in users], ["*"]),
    )
