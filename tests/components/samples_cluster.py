"""Realistic arguments for the cluster's components, and programs that declare them with what they need."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pulumi

from components.cluster.access import ClusterAccess, ClusterAccessArgs
from components.cluster.cluster import Cluster, ClusterArgs
from components.cluster.declare import declare
from components.cluster.lockout import AccessDeclaration
from components.network.network import Network
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import RoleMapping, role_mappings
from slipway.platform.cluster import ClusterSettings, NodeGroup
from slipway.platform.namespaces import NamespaceAccess, groups_by_role
from slipway.platform.naming import node_role_arn
from tests.components import recording
from tests.components.samples import ACCOUNT, BOUNDARY, REGION, Sample, network_args

NAME = "slipway-staging"
ROLE = f"arn:aws:iam::{ACCOUNT}:role"
APPLY = f"{ROLE}/slipway/infra/infra-staging-apply"
ADMIN = f"{ROLE}/people/platform-admin"
BREAK_GLASS = f"{ROLE}/break-glass"
NODES = node_role_arn(ACCOUNT, NAME)
READER = f"{ROLE}/slipway/ci/infra-staging-plan"

REFERENCES: recording.Invokes = {
    # The recorder answers with a resource's inputs; the service role's reference in them is then looked up.
    "pulumi:pulumi:getResource": lambda args: {"urn": args["urn"], "id": "looked-up", "state": {}}
}


def run(program: Callable[[], None], *, preview: bool = False) -> recording.Recording:
    """Run a program that declares a cluster."""
    return recording.run(program, invokes=REFERENCES, preview=preview)


def ci_role(key: str) -> str:
    return f"{ROLE}/slipway/ci/{key}"


NAMESPACES = (
    NamespaceAccess(
        namespace="skill-pool",
        service="skill-pool",
        package="skill-pool",
        environment="production",
        deploy_role_arn=ci_role("skill-pool-production"),
    ),
    NamespaceAccess(
        namespace="skill-pool",
        service="skill-pool",
        package="skill-pool",
        environment="prod",
        migrate_role_arn=ci_role("skill-pool-prod"),
        database_secret="skill-pool-db",
    ),
    NamespaceAccess(
        namespace="skill-pool-staging",
        service="skill-pool",
        package="skill-pool",
        environment="staging",
        deploy_role_arn=ci_role("skill-pool-staging"),
        migrate_role_arn=ci_role("skill-pool-staging"),
        database_secret="skill-pool-db",
    ),
    NamespaceAccess(
        namespace="skill-pool-preview",
        service="skill-pool",
        package="skill-pool",
        environment="preview",
        deploy_role_arn=ci_role("skill-pool-preview"),
        closed=True,
    ),
    NamespaceAccess(
        namespace="billing",
        service="billing",
        package="billing",
        environment="staging",
        deploy_role_arn=ci_role("billing-staging"),
    ),
)


def mappings(mode: AuthenticationMode) -> tuple[RoleMapping, ...]:
    return role_mappings(
        mode,
        node_roles=(NODES,),
        jobs=groups_by_role(NAMESPACES, READER),
        administrators=(ADMIN, BREAK_GLASS),
    )


def cluster_settings(mode: AuthenticationMode, **changes: Any) -> ClusterSettings:
    given: dict[str, Any] = {
        "name": NAME,
        "version": "1.33",
        "authentication_mode": mode,
        "administrators": (ADMIN, BREAK_GLASS),
        "node_groups": {
            "default": NodeGroup(instance_types=("m7i.xlarge", "m7a.xlarge"), minimum=2, maximum=6),
            "batch": NodeGroup(instance_types=("m7g.large",), minimum=0, capacity="SPOT", disk_gib=80),
        },
    }
    return ClusterSettings.model_validate({**given, **changes})


def cluster_args(mode: AuthenticationMode = AuthenticationMode.API, **changes: Any) -> ClusterArgs:
    """A cluster; keys of its settings are changed there, others in the arguments."""
    own = {key: value for key, value in changes.items() if key in ClusterSettings.model_fields}
    args = ClusterArgs(
        settings=cluster_settings(mode, **own),
        account=ACCOUNT,
        region=REGION,
        vpc_id="vpc-0123456789abcdef0",
        private_subnet_ids=["subnet-a", "subnet-b"],
        boundary_arn=BOUNDARY,
        role_mappings=mappings(mode),
        protect=False,
    )
    return dataclasses.replace(args, **{key: value for key, value in changes.items() if key not in own})


def access_args(mode: AuthenticationMode = AuthenticationMode.API, **changes: Any) -> ClusterAccessArgs:
    args = ClusterAccessArgs(
        cluster_name=NAME,
        authentication_mode=mode,
        administrators=(ADMIN, BREAK_GLASS),
        apply_principal=APPLY,
        node_role_arn=NODES,
        namespaces=NAMESPACES,
        reader=READER,
    )
    return dataclasses.replace(args, **changes)


def declaration(mode: AuthenticationMode = AuthenticationMode.API) -> AccessDeclaration:
    return declare(
        cluster=NAME,
        region=REGION,
        mode=mode,
        administrators=(ADMIN, BREAK_GLASS),
        apply_principal=APPLY,
        node_role_arn=NODES,
        namespaces=NAMESPACES,
        reader=READER,
    )


def declare_cluster(mode: AuthenticationMode = AuthenticationMode.API) -> Cluster:
    network = Network("network", network_args())
    return Cluster(
        "cluster",
        cluster_args(mode, vpc_id=network.vpc_id, private_subnet_ids=network.private_subnet_ids),
    )


def declare_access(mode: AuthenticationMode = AuthenticationMode.API) -> pulumi.ComponentResource:
    return ClusterAccess("access", access_args(mode, after=(declare_cluster(mode),)))


SAMPLES: tuple[Sample, ...] = (
    Sample("cluster", declare_cluster),
    Sample("cluster-access", declare_access),
)
