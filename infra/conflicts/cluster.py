"""Mistakes of the cluster: node counts, administrators with two purposes.

Who would be locked out is for `infra/cluster_access.py` to prove.
"""

from collections.abc import Iterator, Mapping

from infra.conflicts.raw import Raw, blocks, environment_blocks, mapping, texts
from slipway.platform import naming
from slipway.platform.aws_auth import mapped_arn
from slipway.platform.mistakes import Mistake

_WHERE = "slipway:platform.cluster"


def cluster_mistakes(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Every mistake that concerns more than one value of the cluster."""
    cluster = mapping(platform.get("cluster"))
    for name, group in blocks(cluster.get("node_groups")).items():
        low, high = group.get("minimum", 1), group.get("maximum", 3)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            yield Mistake(f"{_WHERE}.node_groups.{name}.minimum", str(low), f"at most maximum ({high})")
    yield from _administrators(stack, platform, services)


def _administrators(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    """EKS takes one entry for a role, aws-auth tells roles by their names alone, and the apply role is in."""
    cluster = mapping(platform.get("cluster"))
    account = str(mapping(platform.get("accounts")).get("automation" if stack == "local" else stack))
    taken = {
        naming.role_arn(
            account, naming.apply_role(stack)
        ): "made the cluster: it is an administrator already",
        naming.role_arn(account, naming.plan_role(stack)): "is the stack's plan role",
    }
    for service, block in services.items():
        for name in environment_blocks(block):
            arn = naming.role_arn(account, naming.environment_role(service, name))
            taken[arn] = f"is the role of slipway:services.{service}.environments.{name}"
    seen = {mapped_arn(arn): reason for arn, reason in taken.items()}
    for index, role in enumerate(texts(cluster.get("administrators"))):
        path = f"{_WHERE}.administrators.{index}"
        if mapped_arn(role) in seen:
            yield Mistake(path, repr(role), f"the role of a person: this one {seen[mapped_arn(role)]}")
        seen.setdefault(mapped_arn(role), f"has the same name as {path}")
