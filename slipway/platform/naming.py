"""Physical names and ARNs, computed from settings alone.

Two stacks that must know each other's resources compute the same name here instead of reading each other's
state, so that references between stacks only ever point downstream.
"""

from typing import Final

GITHUB_API: Final = "https://api.github.com"
"""Where GitHub answers, for whoever is not told of a stand-in."""

PROJECT: Final = "slipway"
"""The platform's Pulumi project, as Pulumi.yaml calls it."""

CI_PATH: Final = "/slipway/ci/"
"""IAM path of every role that a job may assume. Policies name it, so it is part of the access contract."""

INFRA_PATH: Final = "/slipway/infra/"
"""IAM path of the apply roles, which `slipway bootstrap` makes: no apply role can change any."""

BOUNDARY_NAME: Final = "slipway-ci-boundary"


def boundary_arn(account: str) -> str:
    """ARN of the permissions boundary that every role of an account carries."""
    return f"arn:aws:iam::{account}:policy/slipway/{BOUNDARY_NAME}"


def role_arn(account: str, name: str, path: str = CI_PATH) -> str:
    """ARN of a role by its physical name."""
    return f"arn:aws:iam::{account}:role{path}{name}"


def environment_role(service: str, environment: str) -> str:
    """Name of the role that one GitHub environment of a service assumes."""
    return f"{service}-{environment}"


def apply_role(stack: str) -> str:
    """Name of the role that applies a platform stack; it creates the cluster, so it is its administrator."""
    return f"infra-{stack}-apply"


def plan_role(stack: str) -> str:
    """Name of the role that reads what a platform stack would change."""
    return f"infra-{stack}-plan"


def apply_environment(stack: str) -> str:
    """The GitHub environment of the job that applies a platform stack."""
    return f"infra-{stack}-apply"


def plan_environment(stack: str) -> str:
    """The GitHub environment of the jobs that read what a platform stack would change."""
    return f"infra-{stack}-plan"


def network_role(stack: str) -> str:
    """Name of the role in the Automation account by which a stack joins its network with the runners'."""
    return f"network-{stack}"


def network_reader_role(stack: str) -> str:
    """Name of the role in the Automation account by which a stack only sees what it is joined with."""
    return f"network-{stack}-read"


def network(stack: str) -> str:
    """What the name of everything in a stack's network begins with; the whole name of its VPC."""
    return f"slipway-{stack}"


def private_route_table(network_name: str, zone: str) -> str:
    """Name of the route table of a network's private subnet in a zone: `slipway-staging-private-a`."""
    return private_route_tables(network_name).replace("*", zone[-1])


def private_route_tables(network_name: str) -> str:
    """The pattern of those names."""
    return f"{network_name}-private-*"


def nat_address(network_name: str, zone: str) -> str:
    """Name of the public address of a network's NAT gateway in a zone, and of the gateway."""
    return f"{network_name}-nat-{zone[-1]}"


def alias_arn(account: str, region: str, alias: str) -> str:
    """ARN of a KMS alias. Policies name aliases, because a key's own ARN is unknown until it exists."""
    return f"arn:aws:kms:{region}:{account}:{alias}"


def image_repository(service: str, image: str) -> str:
    """ECR repository for the images that main builds, without the registry's host."""
    return f"{service}/{image}"


def preview_repository(service: str, image: str) -> str:
    """ECR repository for images built from pull requests; nothing in it is ever promoted."""
    return f"{service}/preview/{image}"


def registry(account: str, region: str) -> str:
    """Host of an account's ECR registry."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com"


def state_bucket(account: str, region: str) -> str:
    """Bucket of the account's Pulumi state; `slipway bootstrap` owns it."""
    return f"slipway-state-{account}-{region}"


def state_key_alias(account_role: str) -> str:
    """Alias of the KMS key that encrypts an account's platform state."""
    return f"alias/slipway-state-{account_role}"


def plan_bucket(account: str, region: str) -> str:
    """Bucket of the sealed plans."""
    return f"slipway-plans-{account}-{region}"


def release_prefix(service: str, environment: str) -> str:
    """Prefix of the release state of one service and environment: one prefix, one key, one role."""
    return f"releases/{service}/{environment}/"


def release_key_alias(service: str, environment: str) -> str:
    """Alias of the KMS key that encrypts the release state of one service and environment."""
    return f"alias/slipway-release-{service}-{environment}"


def helm_values_parameter(package: str, stack: str = "") -> str:
    """SSM parameter with a package's Helm values; of one stack, where its account has another's as well."""
    return f"{package}-{stack}-service-helm-values" if stack else f"{package}-service-helm-values"


def output_parameter(stack: str, key: str) -> str:
    """SSM parameter under which a platform output is published to service teams' jobs."""
    return f"/slipway/{stack}/{key}"


def plan_key_alias() -> str:
    """Alias of the KMS key that encrypts an account's sealed plans."""
    return "alias/slipway-plans"


REGISTRY_KEY_ALIAS: Final = "alias/slipway-registry"


def cicd_role(service: str) -> str:
    """Name of the role that jobs of a service's opted-in runner classes may become."""
    return f"cicd-{service}"


RUNNER_PATH: Final = "/slipway/runners/"
"""IAM path of the fleet's own roles: its functions', its instances', its image pipeline's."""

BUILD_TAG: Final = "slipway:image-build"
"""On everything that building a runner image makes; its value is the fleet."""

IMAGE_ENVIRONMENT: Final = "runner-image"
"""GitHub environment of the platform's repository in which runner images are built."""

GATE: Final = "infra-gate"
"""The GitHub environment of the job that says whether a change may be merged, and its role."""


CHECKS: Final = ("test", "preview")
"""The jobs of the platform's own workflows that a pull request has to pass."""

GATE_STATUS: Final = "slipway/gate"
"""The status by which the platform's App says whether a pull request may be merged."""


def service_role(cluster: str) -> str:
    """Name of the role that EKS itself works as."""
    return f"{cluster}-service"


INTERFACE_TAG: Final = "cluster.k8s.amazonaws.com/name"
"""On each network interface that the VPC CNI makes for pods; its value is the cluster's name."""


def cluster_log_group(cluster: str) -> str:
    """Log group of a cluster's control plane, whose name is EKS's own."""
    return f"/aws/eks/{cluster}/cluster"


def node_role(cluster: str) -> str:
    """Name of the role that all managed nodes of a cluster run as."""
    return f"{cluster}-nodes"


def node_role_arn(account: str, cluster: str, path: str = CI_PATH) -> str:
    """ARN of the nodes' role, computed, so that it is known before it exists."""
    return role_arn(account, node_role(cluster), path)


def runner_role(fleet: str, runner_class: str) -> str:
    """Name of the role that the instances of one runner class carry."""
    return f"runner-{fleet}-{runner_class}"
