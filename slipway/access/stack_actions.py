"""Which IAM actions Pulumi needs to make, change, remove and read each resource type of the platform.

Actions, their resource types and their condition keys are those of AWS's Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/, one page per service).
"""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TypeActions:
    """The changing actions of some resource types of one service, on ARNs of that service."""

    types: tuple[str, ...]
    actions: tuple[str, ...]


EC2 = (
    TypeActions(types=("aws:ec2/vpc:Vpc",), actions=("CreateVpc", "DeleteVpc", "ModifyVpcAttribute")),
    TypeActions(
        types=("aws:ec2/subnet:Subnet",), actions=("CreateSubnet", "DeleteSubnet", "ModifySubnetAttribute")
    ),
    TypeActions(
        types=("aws:ec2/internetGateway:InternetGateway",),
        actions=(
            "AttachInternetGateway",
            "CreateInternetGateway",
            "DeleteInternetGateway",
            "DetachInternetGateway",
        ),
    ),
    TypeActions(
        types=("aws:ec2/eip:Eip",), actions=("AllocateAddress", "DisassociateAddress", "ReleaseAddress")
    ),
    TypeActions(types=("aws:ec2/natGateway:NatGateway",), actions=("CreateNatGateway", "DeleteNatGateway")),
    TypeActions(types=("aws:ec2/routeTable:RouteTable",), actions=("CreateRouteTable", "DeleteRouteTable")),
    TypeActions(types=("aws:ec2/route:Route",), actions=("CreateRoute", "DeleteRoute", "ReplaceRoute")),
    TypeActions(
        types=("aws:ec2/routeTableAssociation:RouteTableAssociation",),
        actions=("AssociateRouteTable", "DisassociateRouteTable", "ReplaceRouteTableAssociation"),
    ),
    TypeActions(
        types=("aws:ec2/vpcEndpoint:VpcEndpoint",),
        actions=("CreateVpcEndpoint", "DeleteVpcEndpoints", "ModifyVpcEndpoint"),
    ),
    TypeActions(
        types=("aws:ec2/securityGroup:SecurityGroup",), actions=("CreateSecurityGroup", "DeleteSecurityGroup")
    ),
    TypeActions(
        types=(
            "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
            "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        ),
        actions=(
            "AuthorizeSecurityGroupEgress",
            "AuthorizeSecurityGroupIngress",
            "ModifySecurityGroupRules",
            "RevokeSecurityGroupEgress",
            "RevokeSecurityGroupIngress",
        ),
    ),
    TypeActions(types=("aws:ec2/flowLog:FlowLog",), actions=("CreateFlowLogs", "DeleteFlowLogs")),
    TypeActions(types=(), actions=("CreateTags", "DeleteTags")),
)
EC2_RESOURCES = (
    "elastic-ip",
    "internet-gateway",
    "natgateway",
    "network-interface",
    "route-table",
    "security-group",
    "security-group-rule",
    "subnet",
    "vpc",
    "vpc-endpoint",
    "vpc-flow-log",
)

LOGS = (
    TypeActions(
        types=("aws:cloudwatch/logGroup:LogGroup",),
        actions=(
            "AssociateKmsKey",
            "CreateLogGroup",
            "DeleteLogGroup",
            "DeleteRetentionPolicy",
            "DisassociateKmsKey",
            "PutRetentionPolicy",
            "TagResource",
            "UntagResource",
        ),
    ),
)

ECR = (
    TypeActions(
        types=("aws:ecr/repository:Repository",),
        actions=(
            "CreateRepository",
            "DeleteRepository",
            "PutImageScanningConfiguration",
            "PutImageTagMutability",
            "TagResource",
            "UntagResource",
        ),
    ),
    TypeActions(
        types=("aws:ecr/lifecyclePolicy:LifecyclePolicy",),
        actions=("DeleteLifecyclePolicy", "PutLifecyclePolicy"),
    ),
    TypeActions(
        types=("aws:ecr/repositoryPolicy:RepositoryPolicy",),
        actions=("DeleteRepositoryPolicy", "SetRepositoryPolicy"),
    ),
)

KMS = (
    TypeActions(
        types=("aws:kms/key:Key",),
        actions=(
            "DisableKey",
            "DisableKeyRotation",
            "EnableKey",
            "EnableKeyRotation",
            "PutKeyPolicy",
            "ScheduleKeyDeletion",
            "TagResource",
            "UntagResource",
            "UpdateKeyDescription",
        ),
    ),
    TypeActions(types=("aws:kms/alias:Alias",), actions=("CreateAlias", "DeleteAlias", "UpdateAlias")),
)

EKS = (
    TypeActions(
        types=("aws:eks/cluster:Cluster", "eks:index:Cluster"),
        actions=(
            "AssociateEncryptionConfig",
            "DeleteCluster",
            "TagResource",
            "UntagResource",
            "UpdateClusterConfig",
            "UpdateClusterVersion",
        ),
    ),
    TypeActions(
        types=("aws:eks/nodeGroup:NodeGroup",),
        actions=("CreateNodegroup", "DeleteNodegroup", "UpdateNodegroupConfig", "UpdateNodegroupVersion"),
    ),
    TypeActions(
        types=("aws:eks/accessEntry:AccessEntry",),
        actions=("CreateAccessEntry", "DeleteAccessEntry", "UpdateAccessEntry"),
    ),
    TypeActions(
        types=("aws:eks/accessPolicyAssociation:AccessPolicyAssociation",),
        actions=("AssociateAccessPolicy", "DisassociateAccessPolicy"),
    ),
    TypeActions(types=("aws:eks/addon:Addon",), actions=("CreateAddon", "DeleteAddon", "UpdateAddon")),
)
EKS_RESOURCES = ("access-entry", "addon", "cluster", "nodegroup")

SSM = (
    TypeActions(
        types=("aws:ssm/parameter:Parameter",),
        actions=("AddTagsToResource", "DeleteParameter", "PutParameter", "RemoveTagsFromResource"),
    ),
)

SECRETSMANAGER = (
    TypeActions(
        types=("aws:secretsmanager/secret:Secret",),
        actions=("CreateSecret", "DeleteSecret", "TagResource", "UntagResource", "UpdateSecret"),
    ),
    TypeActions(
        # Reading its own value back is how the provider finds whether the version it wrote is still there.
        types=("aws:secretsmanager/secretVersion:SecretVersion",),
        actions=("GetSecretValue", "PutSecretValue", "UpdateSecretVersionStage"),
    ),
)

S3 = (
    TypeActions(
        types=("aws:s3/bucket:Bucket",), actions=("CreateBucket", "DeleteBucket", "PutBucketTagging")
    ),
    TypeActions(types=("aws:s3/bucketVersioning:BucketVersioning",), actions=("PutBucketVersioning",)),
    TypeActions(
        types=("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",),
        actions=("PutLifecycleConfiguration",),
    ),
    TypeActions(
        types=("aws:s3/bucketPolicy:BucketPolicy",), actions=("DeleteBucketPolicy", "PutBucketPolicy")
    ),
    TypeActions(
        types=("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",),
        actions=("PutBucketPublicAccessBlock",),
    ),
    TypeActions(
        types=("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",),
        actions=("PutEncryptionConfiguration",),
    ),
    TypeActions(
        types=("aws:s3/bucketOwnershipControls:BucketOwnershipControls",),
        actions=("PutBucketOwnershipControls",),
    ),
)

ROLE_UNDER_BOUNDARY = (
    # Each of these has the key iam:PermissionsBoundary, so each can be held to it.
    TypeActions(types=("aws:iam/role:Role",), actions=("CreateRole", "PutRolePermissionsBoundary")),
    TypeActions(types=("aws:iam/rolePolicy:RolePolicy",), actions=("DeleteRolePolicy", "PutRolePolicy")),
    TypeActions(
        types=("aws:iam/rolePolicyAttachment:RolePolicyAttachment",),
        actions=("AttachRolePolicy", "DetachRolePolicy"),
    ),
)
ROLE_BY_PATH = (
    # These do not have that key; the path holds them, since only the statement above can make roles there.
    TypeActions(
        types=("aws:iam/role:Role",),
        actions=(
            "DeleteRole",
            "TagRole",
            "UntagRole",
            "UpdateAssumeRolePolicy",
            "UpdateRole",
            "UpdateRoleDescription",
        ),
    ),
)
POLICY = (
    TypeActions(
        types=("aws:iam/policy:Policy",),
        actions=(
            "CreatePolicy",
            "CreatePolicyVersion",
            "DeletePolicy",
            "DeletePolicyVersion",
            "SetDefaultPolicyVersion",
            "TagPolicy",
            "UntagPolicy",
        ),
    ),
)
INSTANCE_PROFILE = (
    TypeActions(
        types=("aws:iam/instanceProfile:InstanceProfile",),
        actions=(
            "AddRoleToInstanceProfile",
            "CreateInstanceProfile",
            "DeleteInstanceProfile",
            "RemoveRoleFromInstanceProfile",
            "TagInstanceProfile",
            "UntagInstanceProfile",
        ),
    ),
)
OIDC_PROVIDER = (
    TypeActions(
        types=("aws:iam/openIdConnectProvider:OpenIdConnectProvider",),
        actions=(
            "AddClientIDToOpenIDConnectProvider",
            "CreateOpenIDConnectProvider",
            "DeleteOpenIDConnectProvider",
            "RemoveClientIDFromOpenIDConnectProvider",
            "TagOpenIDConnectProvider",
            "UntagOpenIDConnectProvider",
            "UpdateOpenIDConnectProviderThumbprint",
        ),
    ),
)

_ALL = (
    *EC2,
    *LOGS,
    *ECR,
    *KMS,
    *EKS,
    *SSM,
    *SECRETSMANAGER,
    *S3,
    *ROLE_UNDER_BOUNDARY,
    *ROLE_BY_PATH,
    *POLICY,
    *INSTANCE_PROFILE,
    *OIDC_PROVIDER,
)
COVERED_TYPES = frozenset(name for rule in _ALL for name in rule.types)
"""The AWS resource types that an apply role can make; a platform that declares another needs a row above."""

READ_ACTIONS = (
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ecr:DescribeRepositories",
    "ecr:GetLifecyclePolicy",
    "ecr:GetRepositoryPolicy",
    "ecr:ListTagsForResource",
    "eks:Describe*",
    "eks:List*",
    "iam:Get*",
    "iam:List*",
    "kms:DescribeKey",
    "kms:GetKeyPolicy",
    "kms:GetKeyRotationStatus",
    "kms:List*",
    "logs:DescribeLogGroups",
    "logs:ListTagsForResource",
    "s3:GetAccelerateConfiguration",
    "s3:GetBucket*",
    "s3:GetEncryptionConfiguration",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
    "s3:ListAllMyBuckets",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy",
    "ssm:DescribeParameters",
    "ssm:ListTagsForResource",
    "sts:GetCallerIdentity",
)
"""What a preview reads, on `*`: settings of resources, never an object, a parameter's value or a secret."""


def qualified(service: str, rules: Iterable[TypeActions]) -> tuple[str, ...]:
    """The actions of some rules with their service's prefix, each once."""
    return tuple(sorted({f"{service}:{action}" for rule in rules for action in rule.actions}))
