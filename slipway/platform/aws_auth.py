"""Who the aws-auth ConfigMap lets in, as plain data, for the authentication modes that still read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_names import mapped_arn

MASTERS = "system:masters"
NODE_GROUPS = ("system:bootstrappers", "system:nodes")
"""The groups that let an instance join (EKS User Guide, "Create nodes"; any other would not)."""

NODE_USERNAME = "system:node:{{EC2PrivateDNSName}}"


@dataclass(frozen=True, kw_only=True)
class RoleMapping:
    """One line of `mapRoles`. The role's ARN has no path: see `mapped_arn`."""

    role_arn: str
    username: str
    groups: tuple[str, ...]

    def __post_init__(self) -> None:
        """Raise SlipwayError for an ARN with a path: the authenticator would never match it."""
        aws_names.check_role_arn(self.role_arn, "aws-auth")
        if self.role_arn != mapped_arn(self.role_arn):
            raise SlipwayError(
                f"{self.role_arn} has a path, and such a line lets nobody in",
                where="aws-auth",
                fix=f"map {mapped_arn(self.role_arn)}",
            )

    @property
    def of_nodes(self) -> bool:
        """Whether it lets instances join."""
        return self.username == NODE_USERNAME and set(self.groups) == set(NODE_GROUPS)


def role_mappings(
    mode: AuthenticationMode,
    *,
    node_roles: Sequence[str],
    jobs: Mapping[str, Sequence[str]],
    administrators: Sequence[str],
) -> tuple[RoleMapping, ...]:
    """All lines that the ConfigMap needs: nodes first, then jobs and administrators by ARN.

    The nodes' line is ours to write: EKS and pulumi-eks would both write the role with its path, with which
    no node can join (containers-roadmap issue 926; pulumi-eks, `createInstanceRoleMapping`).

    Args:
        mode: nothing in a mode without the ConfigMap.
        node_roles: ARNs of the roles that nodes run as.
        jobs: ARN of a CI role -> its Kubernetes groups.
        administrators: ARNs of people's roles. They are mapped in CONFIG_MAP mode only: wherever access
            entries exist they have one, which shows in AWS and can be taken back there.

    Raises:
        SlipwayError: a job in a group of Kubernetes' own, or two roles that aws-auth cannot tell apart.
    """
    if not mode.has_config_map:
        return ()
    for role, groups in jobs.items():
        _refuse_system_groups(role, groups)
    people = sorted(administrators) if mode is AuthenticationMode.CONFIG_MAP else []
    _refuse_twins([*node_roles, *jobs, *people])
    return (
        *(_mapping(role, NODE_USERNAME, NODE_GROUPS) for role in sorted(node_roles)),
        *(_mapping(role, f"{_name(role)}:{{{{SessionName}}}}", jobs[role]) for role in sorted(jobs)),
        *(_mapping(role, f"administrator:{_name(role)}:{{{{SessionName}}}}", (MASTERS,)) for role in people),
    )


def _mapping(role: str, username: str, groups: Sequence[str]) -> RoleMapping:
    return RoleMapping(role_arn=mapped_arn(role), username=username, groups=tuple(sorted(groups)))


def _name(role: str) -> str:
    return role.rpartition("/")[2]


def _refuse_system_groups(role: str, groups: Sequence[str]) -> None:
    reserved = [group for group in groups if group.startswith("system:")]
    if reserved or not groups:
        raise SlipwayError(
            f"{role} is mapped to {', '.join(reserved) or 'no group'}",
            where="aws-auth",
            fix="map a job to groups of its own namespace; Kubernetes' own groups are not for CI",
        )


def _refuse_twins(roles: Sequence[str]) -> None:
    seen: dict[str, str] = {}
    for role in roles:
        other = seen.setdefault(mapped_arn(role), role)
        if other != role or list(roles).count(role) > 1:
            raise SlipwayError(
                f"aws-auth cannot tell {role} from {other}: without the path they are the same",
                where="aws-auth",
                fix="give one of the roles another name, and each role one purpose",
            )
