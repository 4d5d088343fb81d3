"""What the program says about who gets into a cluster, from settings alone.

So it is known before anything is registered, and the proof in `lockout` can stop the program there.
"""

from collections.abc import Sequence

from components.cluster.lockout import SOMEBODY_ELSE, AccessDeclaration
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import MASTERS, role_mappings
from slipway.platform.namespaces import NamespaceAccess, groups_by_role


def declare(
    *,
    cluster: str,
    region: str,
    mode: AuthenticationMode,
    administrators: Sequence[str],
    apply_principal: str,
    node_role_arn: str | None,
    namespaces: Sequence[NamespaceAccess] = (),
    reader: str | None = None,
) -> AccessDeclaration:
    """The declaration that Cluster and ClusterAccess carry out when given the same arguments.

    Args:
        cluster: the cluster's name.
        region: the region it is in.
        mode: its authentication mode.
        administrators: ARNs of people's roles.
        apply_principal: ARN of the role that made the cluster, or will.
        node_role_arn: ARN of the managed nodes' role; None for a cluster that somebody else made, whose nodes
            and whose aws-auth are not this program's.
        namespaces: which jobs work where.
        reader: ARN of the role that looks for drift.

    Raises:
        SlipwayError: see `aws_auth.role_mappings`.
    """
    jobs = groups_by_role(namespaces, reader)
    if node_role_arn is None:
        return AccessDeclaration(
            cluster=cluster,
            region=region,
            mode=mode,
            creator=SOMEBODY_ELSE,
            apply_principal=apply_principal,
            admin_entries=(*administrators, apply_principal) if mode.has_entries else (),
            job_entries=tuple(jobs) if mode.has_entries else (),
            admin_mappings=(),
            job_mappings=(),
            node_roles=(),
            node_mappings=(),
        )
    lines = role_mappings(mode, node_roles=(node_role_arn,), jobs=jobs, administrators=administrators)
    nodes = [line for line in lines if line.of_nodes]
    masters = [line for line in lines if MASTERS in line.groups]
    others = [line for line in lines if line not in nodes and line not in masters]
    return AccessDeclaration(
        cluster=cluster,
        region=region,
        mode=mode,
        creator=apply_principal,
        apply_principal=apply_principal,
        admin_entries=tuple(administrators) if mode.has_entries else (),
        job_entries=tuple(jobs) if mode.has_entries else (),
        admin_mappings=tuple(line.role_arn for line in masters),
        job_mappings=tuple(line.role_arn for line in others),
        node_roles=(node_role_arn,),
        node_mappings=tuple(line.role_arn for line in nodes),
    )
