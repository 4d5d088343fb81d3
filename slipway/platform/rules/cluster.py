"""Mistakes of the cluster: administrators with two purposes, no way to it.

Who would be locked out is for `infra/cluster_access.py` to prove.
"""

from collections.abc import Iterator

from slipway.platform import naming
from slipway.platform.aws_names import mapped_arn
from slipway.platform.mistakes import Mistake
from slipway.platform.rules.draft import Draft


def cluster_mistakes(draft: Draft) -> Iterator[Mistake]:
    """EKS takes one entry for a role, aws-auth tells roles by their names alone, and the apply role is in."""
    settings, cluster = draft.settings, draft.settings.platform.cluster
    if cluster is None:
        return
    plan = naming.role_arn(settings.account, naming.plan_role(settings.stack))
    apply = naming.role_arn(settings.account, naming.apply_role(settings.stack))
    taken = {apply: "made the cluster: it is an administrator already", plan: "is the stack's plan role"}
    for service, _, name, _, place in draft.held():
        role = naming.role_arn(settings.account, naming.environment_role(service, name))
        taken[role] = f"is the role of {place}"
    reasons = {mapped_arn(arn): reason for arn, reason in taken.items()}
    for index, role in enumerate(cluster.administrators):
        place = draft.platform / "cluster" / "administrators" / index
        reason = reasons.setdefault(mapped_arn(role), f"has the same name as {place.path}")
        if reason != f"has the same name as {place.path}":
            yield Mistake(place, repr(role), f"the role of a person: this one {reason}")
