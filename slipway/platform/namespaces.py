"""Which jobs work in which namespace, and the Kubernetes groups and rules that follow from it.

Neither a deploy nor a migration may write Kubernetes' access rules, take another's identity or reach anything
that has no namespace. Whoever may start pods in a namespace can mount what is there: a namespace is the
border, not a rule in it.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.declaration import ManageNamespace, MigrateDatabase
from slipway.platform.environments import Environment, Placement
from slipway.platform.values import belongs_to_cluster

_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")  # RFC 1123 label, as Kubernetes names namespaces
_WORD = re.compile(r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?")
_OBJECT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?")
_READ = ("get", "list", "watch")
_MANAGE = (*_READ, "create", "update", "patch", "delete")
_RUN = (*_READ, "create", "delete")


@dataclass(frozen=True, kw_only=True)
class NamespaceAccess:
    """A package in one environment, the namespace that it uses, and the roles of the jobs there.

    Environments of one package may share a namespace (`production` deploys where `prod` migrates), and one
    role may both deploy and migrate. A service is a repository: its packages share its environments' roles.
    """

    namespace: str
    service: str
    package: str
    environment: str
    deploy_role_arn: str | None = None
    migrate_role_arn: str | None = None
    database_secret: str | None = None
    """The Secret that a migration reads; required where there is one."""
    closed: bool = False
    """Whether code that nobody has reviewed runs there: its pods are closed to other services."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that Kubernetes would refuse or keeps for itself."""
        where = f"namespace {self.namespace} of {self.package} {self.environment}"
        for value, pattern, what in (
            (self.namespace, _LABEL, "namespace"),
            (self.service, _WORD, "service"),
            (self.package, _WORD, "package"),
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
        """The name of its resources here."""
        return f"{self.package}-{self.environment}"

    @property
    def deploy_group(self) -> str:
        """Kubernetes group of the environment's deploy job."""
        return f"slipway:{self.package}:{self.environment}:deploy"

    @property
    def migrate_group(self) -> str:
        """Kubernetes group of the environment's migration job."""
        return f"slipway:{self.package}:{self.environment}:migrate"


READER_GROUP = "slipway:reader"
"""Kubernetes group of the role that looks for drift."""


def namespaces_of(environments: Iterable[Environment]) -> tuple[NamespaceAccess, ...]:
    """Who works in which namespace, from what the jobs of each environment are granted.

    An environment without a role keeps its namespaces, in which then nobody works.
    """
    return tuple(
        _namespace(environment, placement)
        for environment in environments
        if environment.runs_in_cluster
        for placement in environment.placements
    )


def _namespace(environment: Environment, placement: Placement) -> NamespaceAccess:
    granted = environment.role.all_grants
    manages = [
        grant
        for grant in granted
        if isinstance(grant, ManageNamespace) and grant.namespace == placement.namespace
    ]
    migrates = any(
        isinstance(grant, MigrateDatabase) and grant.namespace == placement.namespace for grant in granted
    )
    role = environment.role.arn if environment.holds_role else None
    database = placement.settings.database
    return NamespaceAccess(
        namespace=placement.namespace,
        service=environment.service,
        package=placement.package,
        environment=environment.name,
        deploy_role_arn=role if manages else None,
        migrate_role_arn=role if migrates else None,
        database_secret=database.secret if database else None,
        closed=any(grant.unreviewed for grant in manages),
    )


def groups_by_role(
    namespaces: Sequence[NamespaceAccess], reader: str | None = None
) -> dict[str, tuple[str, ...]]:
    """ARN of each CI role -> its groups, sorted: an IAM principal has one access entry only.

    Args:
        namespaces: whose jobs work where.
        reader: ARN of the role that looks for drift.
    """
    groups: dict[str, set[str]] = {reader: {READER_GROUP}} if reader else {}
    for namespace in namespaces:
        if namespace.deploy_role_arn is not None:
            groups.setdefault(namespace.deploy_role_arn, set()).add(namespace.deploy_group)
        if namespace.migrate_role_arn is not None:
            groups.setdefault(namespace.migrate_role_arn, set()).add(namespace.migrate_group)
    return {role: tuple(sorted(groups[role])) for role in sorted(groups)}


def check_namespaces(namespaces: Sequence[NamespaceAccess], where: str) -> None:
    """Raise SlipwayError where two environments would get into each other's namespace or rights."""
    first_in: dict[str, NamespaceAccess] = {}
    keys: set[str] = set()
    by_role: dict[str, NamespaceAccess] = {}
    for namespace in namespaces:
        other = first_in.setdefault(namespace.namespace, namespace)
        if (other.package, other.closed) != (namespace.package, namespace.closed):
            raise SlipwayError(
                f"{namespace.key} and {other.key} would share the namespace {namespace.namespace}",
                where=where,
                fix="only environments of one package share one, and previews none with the others",
            )
        if namespace.key in keys:
            raise SlipwayError(f"{namespace.key} twice", where=where, fix="declare each environment once")
        keys.add(namespace.key)
        for role in {namespace.deploy_role_arn, namespace.migrate_role_arn} - {None}:
            taken = by_role.setdefault(str(role), namespace)
            if (taken.service, taken.environment) != (namespace.service, namespace.environment):
                raise SlipwayError(
                    f"{role} is the role of {taken.key} and of {namespace.key}",
                    where=where,
                    fix="give each environment a role of its own",
                )


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a Kubernetes Role; an empty group is the core API."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The only objects that it is about; all of them if empty."""


DEPLOY_RULES: Sequence[Rule] = (
    # Helm keeps its releases in Secrets, listed by label, so reading them cannot be narrowed to names.
    Rule(
        groups=("",),
        resources=("configmaps", "persistentvolumeclaims", "secrets", "serviceaccounts", "services"),
        verbs=_MANAGE,
    ),
    Rule(groups=("apps",), resources=("daemonsets", "deployments", "statefulsets"), verbs=_MANAGE),
    Rule(groups=("batch",), resources=("cronjobs", "jobs"), verbs=_MANAGE),
    Rule(groups=("networking.k8s.io",), resources=("ingresses", "networkpolicies"), verbs=_MANAGE),
    Rule(groups=("autoscaling",), resources=("horizontalpodautoscalers",), verbs=_MANAGE),
    Rule(groups=("policy",), resources=("poddisruptionbudgets",), verbs=_MANAGE),
    # Waiting for a rollout, and the logs of one that failed. Chart tests and hooks may be bare pods.
    Rule(groups=("",), resources=("pods",), verbs=_RUN),
    Rule(groups=("",), resources=("pods/log",), verbs=("get",)),
    Rule(groups=("",), resources=("endpoints", "events"), verbs=_READ),
    Rule(groups=("apps",), resources=("replicasets",), verbs=_READ),
    Rule(groups=("discovery.k8s.io",), resources=("endpointslices",), verbs=_READ),
)


def reader_rules(secrets: Sequence[str]) -> Sequence[Rule]:
    """Read one by one what the platform's stack itself makes in a cluster, to compare it with the state.

    That has a Secret's value too, sealed with a key that the same role opens, so this shows it nothing new.
    """
    rules = [
        Rule(groups=("",), resources=("namespaces",), verbs=("get",)),
        Rule(groups=("",), resources=("configmaps",), verbs=("get",), names=("aws-auth",)),
        Rule(
            groups=("rbac.authorization.k8s.io",),
            resources=("clusterrolebindings", "clusterroles", "rolebindings", "roles"),
            verbs=("get",),
        ),
        Rule(groups=("networking.k8s.io",), resources=("networkpolicies",), verbs=("get",)),
    ]
    if secrets:
        rules.append(
            Rule(groups=("",), resources=("secrets",), verbs=("get",), names=tuple(sorted(set(secrets))))
        )
    return rules


def migrate_rules(database_secret: str) -> Sequence[Rule]:
    """Run a pod or job, see how it went, and read the one Secret with the database's address."""
    return (
        Rule(groups=("",), resources=("pods",), verbs=_RUN),
        Rule(groups=("",), resources=("pods/log",), verbs=("get",)),
        Rule(groups=("",), resources=("events",), verbs=_READ),
        Rule(groups=("batch",), resources=("jobs",), verbs=_RUN),
        # `list` and `watch` answer by label, whatever names a rule gives, so `get` is all there is.
        Rule(groups=("",), resources=("secrets",), verbs=("get",), names=(database_secret,)),
    )
