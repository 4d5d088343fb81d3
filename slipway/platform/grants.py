"""What a job may do, as plain data: policies made from it are known before anything exists in AWS."""

from dataclasses import dataclass
from typing import Final

from slipway.platform import naming

PUBLISHED_PARAMETERS: Final = ("slipway/*", naming.helm_values_parameter("*"))
"""Name patterns of the SSM parameters that stacks publish for services' jobs."""


@dataclass(frozen=True)
class PushImages:
    """Push to, and read layers of, these ECR repositories (names, not ARNs) of one registry."""

    repositories: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class PullImages:
    """Pull from these ECR repositories (names, not ARNs) of one registry."""

    repositories: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class MarkImages:
    """Give images that are there in these ECR repositories (names, not ARNs) of one registry another tag.

    By it a deploy says that an image runs, which keeps it from expiring. ECR has no condition on tags, so
    that this is every tag that may move, and any new name.
    """

    repositories: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class DescribeCluster:
    """Find one EKS cluster's endpoint; what may be done inside it is Kubernetes RBAC's."""

    cluster: str
    account: str
    region: str


@dataclass(frozen=True)
class ReadParameters:
    """Read these SSM parameters, by full name (`/slipway/x` or `app-service-helm-values`)."""

    names: tuple[str, ...]
    account: str
    region: str


@dataclass(frozen=True)
class UseState:
    """Read, write and lock Pulumi state under one prefix of the state bucket.

    `key_arn` encrypts the stack's secrets; `bucket_key_arn` is the bucket's own key where S3 uses another.
    """

    bucket: str
    prefix: str
    key_arn: str
    bucket_key_arn: str = ""


@dataclass(frozen=True)
class ReadState:
    """Read Pulumi state under one prefix and open its secrets, as a preview must; never write."""

    bucket: str
    prefix: str
    key_arn: str
    bucket_key_arn: str = ""


@dataclass(frozen=True)
class PutPlans:
    """Put sealed plans under one prefix, and never read one back."""

    bucket: str
    prefix: str
    key_arn: str


@dataclass(frozen=True)
class ReadPlans:
    """Read sealed plans under one prefix, and never put one."""

    bucket: str
    prefix: str
    key_arn: str


@dataclass(frozen=True)
class AssumeRoles:
    """Assume exactly these roles, in this account or another."""

    arns: tuple[str, ...]


@dataclass(frozen=True)
class PlanStack:
    """Read what a platform stack's resources are, but no secret's value.

    `parameters` are SSM name patterns of published outputs, the only ones whose values are read. `buckets`
    are the name patterns that the stack owns.
    """

    stack: str
    account: str
    region: str
    parameters: tuple[str, ...] = PUBLISHED_PARAMETERS
    buckets: tuple[str, ...] = ("slipway-*",)


@dataclass(frozen=True)
class ApplyStack:
    """Change a platform stack's resources.

    Roles are made only under `role_path` and only with the boundary; `own_role_arn` and the boundary itself
    stay out of reach. `buckets`, `parameters` and `secrets` are the name patterns that the stack owns.
    """

    stack: str
    account: str
    region: str
    boundary_arn: str
    role_path: str
    own_role_arn: str
    buckets: tuple[str, ...] = ("slipway-*",)
    parameters: tuple[str, ...] = PUBLISHED_PARAMETERS
    secrets: tuple[str, ...] = ("slipway/*",)


@dataclass(frozen=True)
class ReadFleet:
    """Read what the resources of one runner fleet are."""

    fleet: str
    account: str
    region: str


@dataclass(frozen=True)
class ChangeFleet:
    """Make, change and remove the resources of one runner fleet; its roles only with the boundary."""

    fleet: str
    account: str
    region: str
    boundary_arn: str


@dataclass(frozen=True)
class ManageNamespace:
    """Own a namespace of the account's cluster: release there, read what runs. By Kubernetes RBAC alone.

    `unreviewed` says that code which nobody has looked at runs there, so that its pods are closed to others.
    """

    namespace: str
    unreviewed: bool = False


@dataclass(frozen=True)
class MigrateDatabase:
    """Run migrations in a namespace, with the Secret that has the database's address. By RBAC alone."""

    namespace: str
    secret: str


ClusterGrant = ManageNamespace | MigrateDatabase
"""What is granted inside a cluster, where no IAM policy reaches."""

Grant = (
    PushImages
    | PullImages
    | MarkImages
    | DescribeCluster
    | ReadParameters
    | UseState
    | ReadState
    | PutPlans
    | ReadPlans
    | AssumeRoles
    | PlanStack
    | ApplyStack
    | ReadFleet
    | ChangeFleet
    | ManageNamespace
    | MigrateDatabase
)
