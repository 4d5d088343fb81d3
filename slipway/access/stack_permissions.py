"""What the plan and apply roles of a platform stack may do."""

from slipway.access import stack_actions as actions
from slipway.access.claims import ISSUER
from slipway.access.statements import Statement, allow, deny
from slipway.platform import naming
from slipway.platform.declaration import ApplyStack, PlanStack

PASSED_TO = ("ec2.amazonaws.com", "eks.amazonaws.com", "vpc-flow-logs.amazonaws.com")
SERVICE_LINKED = ("eks-nodegroup.amazonaws.com", "eks.amazonaws.com")

CHANGE_ROLE = (
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRole*",
    "iam:DetachRolePolicy",
    "iam:PassRole",
    "iam:PutRole*",
    "iam:TagRole",
    "iam:UntagRole",
    "iam:UpdateAssumeRolePolicy",
    "iam:UpdateRole*",
)
CHANGE_POLICY = (
    "iam:CreatePolicy*",
    "iam:DeletePolicy*",
    "iam:SetDefaultPolicyVersion",
    "iam:TagPolicy",
    "iam:UntagPolicy",
)
SET_BOUNDARY = ("iam:CreateRole", "iam:PutRolePermissionsBoundary")
DROP_BOUNDARY = ("iam:DeleteRolePermissionsBoundary", "iam:DeleteUserPermissionsBoundary")


def own_policy_prefix(role_name: str) -> str:
    """How the managed policies of a role begin, where it needs any."""
    return f"{role_name}-policy-"


def plan(grant: PlanStack) -> tuple[Statement, ...]:
    """Settings of everything, values of nothing but the platform's own published parameters.

    AWS's own key for SSM lets any caller in the account who may read a parameter decrypt it, so the values of
    SecureStrings are denied through the key (KMS Developer Guide, "AWS managed keys"; kms:ViaService).
    """
    region, account = grant.region, grant.account
    parameters = [f"arn:aws:ssm:{region}:{account}:parameter/{name}" for name in grant.parameters]
    through = [f"secretsmanager.{region}.amazonaws.com", f"ssm.{region}.amazonaws.com"]
    return (
        allow("ReadSettings", actions.READ_ACTIONS, ["*"]),
        allow("ReadPublishedParameters", ["ssm:GetParameter", "ssm:GetParameters"], parameters),
        # HeadBucket, with which the provider looks for a bucket, needs it (S3 API Reference, HeadBucket).
        allow("FindBuckets", ["s3:ListBucket"], [f"arn:aws:s3:::{name}" for name in grant.buckets]),
        deny(
            "NeverReadSecrets", ["secretsmanager:BatchGetSecretValue", "secretsmanager:GetSecretValue"], ["*"]
        ),
        deny("NeverOpenSecureStrings", ["kms:Decrypt"], ["*"], {"StringEquals": {"kms:ViaService": through}}),
    )


def apply(grant: ApplyStack) -> tuple[Statement, ...]:
    """Changes to every resource type of a platform stack, in one account and region."""
    return (
        allow("ReadSettings", actions.READ_ACTIONS, ["*"]),
        *_apply_network(grant),
        *_apply_storage(grant),
        *_apply_keys(grant),
        *_apply_clusters(grant),
        *_apply_identity(grant),
        *_apply_limits(grant),
    )


def _apply_network(grant: ApplyStack) -> tuple[Statement, ...]:
    ec2 = f"arn:aws:ec2:{grant.region}:{grant.account}"
    logs = f"arn:aws:logs:{grant.region}:{grant.account}:log-group:*"
    return (
        allow(
            "Network",
            actions.EC2,
            [f"{ec2}:{kind}/*" for kind in actions.EC2_RESOURCES],
        ),
        # Private DNS of an interface endpoint is a hosted zone of the service's, which EC2 ties to the VPC as
        # the caller (Service Authorization Reference, Amazon EC2, CreateVpcEndpoint: dependent actions).
        allow("PrivateDns", ["route53:AssociateVPCWithHostedZone"], ["arn:aws:route53:::hostedzone/*"]),
        allow("LogGroups", actions.LOGS, [logs]),
        *_apply_transit(grant),
    )


def _apply_transit(grant: ApplyStack) -> tuple[Statement, ...]:
    """Attach the stack's own network to the one transit gateway that settings name, whosever account has
    it."""
    if not grant.transit_gateway:
        return ()
    ec2 = f"arn:aws:ec2:{grant.region}"
    own = [f"{ec2}:{grant.account}:{kind}/*" for kind in ("subnet", "transit-gateway-attachment", "vpc")]
    return (allow("Transit", actions.TRANSIT, [*own, f"{ec2}:*:transit-gateway/{grant.transit_gateway}"]),)


def _apply_storage(grant: ApplyStack) -> tuple[Statement, ...]:
    here = f"{grant.region}:{grant.account}"
    parameters = [f"arn:aws:ssm:{here}:parameter/{name}" for name in grant.parameters]
    secrets = [f"arn:aws:secretsmanager:{here}:secret:{name}" for name in grant.secrets]
    return (
        allow("Images", actions.ECR, [f"arn:aws:ecr:{here}:repository/*"]),
        allow(
            "Parameters",
            (*actions.SSM, "ssm:GetParameter", "ssm:GetParameters"),
            parameters,
        ),
        allow("Secrets", actions.SECRETSMANAGER, secrets),
        allow(
            "Buckets",
            (*actions.S3, "s3:ListBucket"),
            [f"arn:aws:s3:::{name}" for name in grant.buckets],
        ),
    )


def _apply_keys(grant: ApplyStack) -> tuple[Statement, ...]:
    kms = f"arn:aws:kms:{grant.region}:{grant.account}"
    return (
        allow("NewKeys", [actions.NEW_KEY], ["*"], {"StringEquals": {"aws:RequestedRegion": grant.region}}),
        allow("Keys", actions.KMS, [f"{kms}:alias/*", f"{kms}:key/*"]),
        # ECR and EKS make grants as the caller when they are told to use a key (Amazon ECR User Guide,
        # encryption-at-rest; EKS User Guide, enable-kms). Without kms:GrantIsForAWSResource: EKS's guide says
        # that CreateCluster does not support it. An alias would not hold it either, since a new one counts
        # only minutes later (KMS Developer Guide, alias-authorization). So it is each key's own policy that
        # says who may grant its use: for state, plans and releases nobody, for images ECR alone.
        allow("KeyGrants", ["kms:CreateGrant", "kms:RetireGrant"], [f"{kms}:key/*"]),
    )


def _apply_clusters(grant: ApplyStack) -> tuple[Statement, ...]:
    eks = f"arn:aws:eks:{grant.region}:{grant.account}"
    linked = f"arn:aws:iam::{grant.account}:role/aws-service-role/*"
    region = {"StringEquals": {"aws:RequestedRegion": grant.region}}
    services = {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}}
    interface = f"arn:aws:ec2:{grant.region}:{grant.account}:network-interface/*"
    of_clusters = {"StringLike": {f"aws:ResourceTag/{naming.INTERFACE_TAG}": list(grant.clusters)}}
    return (
        # What the network plug-in makes for pods, and leaves behind when its node is ended.
        allow("LeftInterfaces", ["ec2:DeleteNetworkInterface"], [interface], of_clusters),
        allow("NewClusters", [actions.NEW_CLUSTER], ["*"], region),
        allow(
            "Clusters",
            actions.EKS,
            [
                f"{eks}:{kind}/{name}{below}"
                for name in grant.clusters
                for kind, below in actions.EKS_RESOURCES.items()
            ],
        ),
        *_apply_entries(grant),
        allow("ServiceLinkedRoles", ["iam:CreateServiceLinkedRole"], [linked], services),
    )


def _apply_entries(grant: ApplyStack) -> tuple[Statement, ...]:
    """Let people and jobs into clusters that somebody else made. An entry that is there already could be
    changed, too: EKS has no condition for whose it is."""
    eks = f"arn:aws:eks:{grant.region}:{grant.account}"
    entries = [
        f"{eks}:{kind}" for name in grant.entered for kind in (f"access-entry/{name}/*", f"cluster/{name}")
    ]
    return (allow("EntriesOfOthers", actions.ENTRIES, entries),) if entries else ()


def _apply_identity(grant: ApplyStack) -> tuple[Statement, ...]:
    iam = f"arn:aws:iam::{grant.account}"
    roles = [f"{iam}:role{grant.role_path}*"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": grant.boundary_arn}}
    passed = {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}}
    return (
        allow("RolesUnderBoundary", actions.ROLE_UNDER_BOUNDARY, roles, bounded),
        allow("RolesOnPath", actions.ROLE_BY_PATH, roles),
        allow("PassRoles", ["iam:PassRole"], roles, passed),
        allow("Policies", actions.POLICY, [f"{iam}:policy{grant.role_path}*"]),
        allow(
            "InstanceProfiles",
            actions.INSTANCE_PROFILE,
            [f"{iam}:instance-profile{grant.role_path}*"],
        ),
        allow(
            "GitHubProvider",
            actions.OIDC_PROVIDER,
            [f"{iam}:oidc-provider/{ISSUER}"],
        ),
    )


def _own_policies(role_arn: str) -> str:
    """The ARN pattern of a role's managed policies, which lie on the role's own path."""
    head, _, rest = role_arn.partition(":role/")
    path, slash, name = rest.rpartition("/")
    return f"{head}:policy/{path}{slash}{own_policy_prefix(name)}*"


def _apply_limits(grant: ApplyStack) -> tuple[Statement, ...]:
    without = {"StringNotEquals": {"iam:PermissionsBoundary": grant.boundary_arn}}
    own = [grant.boundary_arn, _own_policies(grant.own_role_arn)]
    return (
        deny("NeverItself", CHANGE_ROLE, [grant.own_role_arn]),
        deny("NeverTheBoundary", CHANGE_POLICY, own),
        deny("NeverWithoutBoundary", SET_BOUNDARY, ["*"], without),
        deny("NeverDropBoundary", DROP_BOUNDARY, ["*"]),
    )
