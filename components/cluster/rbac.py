"""What a deploy and a migration may do in a namespace of their own, and in no other.

Neither may write Kubernetes' access rules, take another's identity or reach anything that has no namespace.
Whoever may start pods in a namespace can mount what is there: a namespace is the border, not a rule in it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

_READ = ("get", "list", "watch")
_MANAGE = (*_READ, "create", "update", "patch", "delete")
_RUN = (*_READ, "create", "delete")


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One rule of a Kubernetes Role; an empty group is the core API."""

    groups: tuple[str, ...]
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    names: tuple[str, ...] = ()
    """The only objects that it is about; all of them if empty."""


DEPLOY: Sequence[Rule] = (
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


def read(secrets: Sequence[str]) -> Sequence[Rule]:
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


def migrate(database_secret: str) -> Sequence[Rule]:
    """Run a pod or job, see how it went, and read the one Secret with the database's address."""
    return (
        Rule(groups=("",), resources=("pods",), verbs=_RUN),
        Rule(groups=("",), resources=("pods/log",), verbs=("get",)),
        Rule(groups=("",), resources=("events",), verbs=_READ),
        Rule(groups=("batch",), resources=("jobs",), verbs=_RUN),
        # `list` and `watch` answer by label, whatever names a rule gives, so `get` is all there is.
        Rule(groups=("",), resources=("secrets",), verbs=("get",), names=(database_secret,)),
    )
