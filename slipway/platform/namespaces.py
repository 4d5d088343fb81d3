"""Which jobs work in which namespace, and the Kubernetes groups that follow from it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from slipway.errors import SlipwayError
from slipway.platform import aws_names

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 label, as Kubernetes names namespaces
_WORD = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OBJECT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")


def belongs_to_cluster(namespace: str) -> bool:
    """Whether Kubernetes keeps a namespace for itself."""
    return namespace == "default" or namespace.startswith("kube-")


@dataclass(frozen=True, kw_only=True)
class NamespaceAccess:
    """One environment of a service, the namespace that it uses, and the roles of its jobs there.

    Environments of one service may share a namespace (`production` deploys where `prod` migrates), and one
    role may both deploy and migrate.
    """

    namespace: str
    service: str
    environment: str
    deploy_role_arn: str | None = None
    migrate_role_arn: str | None = None
    database_secret: str | None = None
    """The Secret that a migration reads; required where there is one."""
    preview: bool = False
    """Whether code that nobody has reviewed runs there: its pods are closed to other services."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that Kubernetes would refuse or keeps for itself."""
        where = f"namespace {self.namespace} of {self.service} {self.environment}"
        for value, pattern, what in (
            (self.namespace, _LABEL, "namespace"),
            (self.service, _WORD, "service"),
            (self.environment, _WORD, "environment"),
        ):
            if not pattern.fullmatch(value):
                raise SlipwayError(
                    f"{value!r} cannot name a {what}", where=where, fix="use at most 63 of a-z 0-9 -"
                )
        if belongs_to_cluster(self.namespace):
            raise SlipwayError(
                f"{self.namespace} belongs to the cluster", where=where, fix="give the service a namespace"
            )
        for role in (self.deploy_role_arn, self.migrate_role_arn):
            if role is not None:
                aws_names.check_role_arn(role, where)
        if self.migrate_role_arn is not None and self.database_secret is None:
            raise SlipwayError(
                "a migration without a database", where=where, fix="give the Secret's name as database_secret"
            )
        if self.database_secret is not None and not _OBJECT.fullmatch(self.database_secret):
            raise SlipwayError(
                f"{self.database_secret!r} cannot name a Secret", where=where, fix="use a-z 0-9 - ."
            )

    @property
    def key(self) -> str:
        """The name of the environment's IAM role, and of its resources here."""
        return f"{self.service}-{self.environment}"

    @property
    def deploy_group(self) -> str:
        """Kubernetes group of the environment's deploy job."""
        return f"slipway:{self.service}:{self.environment}:deploy"

    @property
    def migrate_group(self) -> str:
        """Kubernetes group of the environment's migration job."""
        return f"slipway:{self.service}:{self.environment}:migrate"


READER_GROUP = "slipway:reader"
"""Kubernetes group of the role that looks for drift."""


def groups_by_role(
    namespaces: Sequence[NamespaceAccess], reader: str | None = None
) -> dict[str, tuple[str, ...]]:
    """ARN of each CI role -> its groups, sorted: an IAM principal has one access entry only.

    Args:
        namespaces: whose jobs work where.
        reader: ARN of the role that looks for drift.
    """
    groups: dict[str, set[str]] = {reader: {READER_GROUP}} if reader else {}
    for one in namespaces:
        if one.deploy_role_arn is not None:
            groups.setdefault(one.deploy_role_arn, set()).add(one.deploy_group)
        if one.migrate_role_arn is not None:
            groups.setdefault(one.migrate_role_arn, set()).add(one.migrate_group)
    return {role: tuple(sorted(groups[role])) for role in sorted(groups)}


def check_namespaces(namespaces: Sequence[NamespaceAccess], where: str) -> None:
    """Raise SlipwayError where two environments would get into each other's namespace or rights."""
    first_in: dict[str, NamespaceAccess] = {}
    keys: set[str] = set()
    by_role: dict[str, NamespaceAccess] = {}
    for one in namespaces:
        other = first_in.setdefault(one.namespace, one)
        if (other.service, other.preview) != (one.service, one.preview):
            raise SlipwayError(
                f"{one.key} and {other.key} would share the namespace {one.namespace}",
                where=where,
                fix="only environments of one service share one, and previews none with the others",
            )
        if one.key in keys:
            raise SlipwayError(f"{one.key} twice", where=where, fix="declare each environment once")
        keys.add(one.key)
        for role in {one.deploy_role_arn, one.migrate_role_arn} - {None}:
            taken = by_role.setdefault(str(role), one)
            if taken is not one:
                raise SlipwayError(
                    f"{role} is the role of {taken.key} and of {one.key}",
                    where=where,
                    fix="give each environment a role of its own",
                )
