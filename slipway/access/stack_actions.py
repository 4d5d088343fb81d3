"""Which IAM actions an apply role needs for the types of a platform stack, by what they are granted on.

What a type's life takes is in its row of `slipway.platform.resource_types`; here types are put together
whose actions one statement grants. tests/program/test_apply_covers.py holds the rendered stacks against it.
"""

from slipway.platform.resource_types import TYPES


def changing(*tokens: str) -> tuple[str, ...]:
    """The actions that make, change and remove resources of these types, each once, sorted."""
    return tuple(sorted({action for token in tokens for action in actions_of(token)}))


def actions_of(token: str) -> frozenset[str]:
    """The changing actions of one type. A type without a row, or that IAM has no say in, is a KeyError."""
    actions = TYPES[token].actions
    if actions is None:
        raise KeyError(token)
    return actions.changing


def without(actions: tuple[str, ...], *others: str) -> tuple[str, ...]:
    """Those that a statement of their own grants left out."""
    return tuple(action for action in actions if action not in others)


EC2 = changing(
    "aws:ec2/vpc:Vpc",
    "aws:ec2/subnet:Subnet",
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/eip:Eip",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/route:Route",
    "aws:ec2/routeTableAssociation:RouteTableAssociation",
    "aws:ec2/vpcEndpoint:VpcEndpoint",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
    "aws:ec2/securityGroup:SecurityGroup",
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:ec2/flowLog:FlowLog",
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
    "vpc-peering-connection",
)
TRANSIT = changing("aws:ec2transitgateway/vpcAttachment:VpcAttachment")

LOGS = changing("aws:cloudwatch/logGroup:LogGroup")

ECR = changing(
    "aws:ecr/repository:Repository",
    "aws:ecr/lifecyclePolicy:LifecyclePolicy",
    "aws:ecr/repositoryPolicy:RepositoryPolicy",
)

NEW_KEY = "kms:CreateKey"
"""It has no resource type, so it is granted on `*`."""
KMS = without(changing("aws:kms/key:Key", "aws:kms/alias:Alias"), NEW_KEY)

NEW_CLUSTER = "eks:CreateCluster"
"""It has no resource type either."""
EKS = without(
    changing(
        "aws:eks/cluster:Cluster",
        "aws:eks/nodeGroup:NodeGroup",
        "aws:eks/accessEntry:AccessEntry",
        "aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        "aws:eks/addon:Addon",
    ),
    NEW_CLUSTER,
)
ENTRIES = changing(
    "aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
)
EKS_RESOURCES = {"access-entry": "/*", "addon": "/*", "cluster": "", "nodegroup": "/*"}
"""Kinds, and what follows the cluster's name in their ARNs."""

SSM = changing("aws:ssm/parameter:Parameter")

SECRETSMANAGER = (
    # Reading its own value back is how the provider finds whether the version it wrote is still there.
    "secretsmanager:GetSecretValue",
    *changing("aws:secretsmanager/secret:Secret", "aws:secretsmanager/secretVersion:SecretVersion"),
)

S3 = changing(
    "aws:s3/bucket:Bucket",
    "aws:s3/bucketVersioning:BucketVersioning",
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "aws:s3/bucketPolicy:BucketPolicy",
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
)

ROLE_UNDER_BOUNDARY = (
    # Each of these has the key iam:PermissionsBoundary, so each can be held to it.
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
)
# The others do not have that key; the path holds them, since only the statement above can make roles there.
ROLE_BY_PATH = without(
    changing(
        "aws:iam/role:Role",
        "aws:iam/rolePolicy:RolePolicy",
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
    ),
    *ROLE_UNDER_BOUNDARY,
)
POLICY = changing("aws:iam/policy:Policy")
INSTANCE_PROFILE = changing("aws:iam/instanceProfile:InstanceProfile")
OIDC_PROVIDER = changing("aws:iam/openIdConnectProvider:OpenIdConnectProvider")

READ_ACTIONS = (
    "ec2:Describe*",
    "ec2:GetManagedPrefixListEntries",
    "ec2:GetTransitGateway*",
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
    "s3:ListTagsForResource",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetResourcePolicy",
    "ssm:DescribeParameters",
    "ssm:ListTagsForResource",
    "sts:GetCallerIdentity",
)
"""What a preview reads, on `*`: settings of resources, never an object, a parameter's value or a secret."""
