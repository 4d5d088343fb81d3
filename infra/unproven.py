"""What may be done to a cluster of which no declaration in force can be read: only what AWS itself proves.

The parameter that holds the declaration is missing before the first `up`, after one that stopped half way,
and once somebody has deleted it. In the last two cases a cluster stands, and people may depend on it.
"""

from collections.abc import Callable, Sequence

from components.cluster.lockout import AccessDeclaration
from infra.in_force import StandingCluster
from slipway.errors import SlipwayError
from slipway.platform.aws_auth import mapped_arn


def require(
    wanted: AccessDeclaration,
    stack: str,
    parameter: str,
    clusters: Sequence[StandingCluster],
    has_entry: Callable[[str], bool],
) -> None:
    """Refuse what cannot be proven to leave somebody in charge of the cluster that stands.

    Args:
        wanted: the declaration that would be applied.
        stack: the stack's name, as its cluster is tagged with it.
        parameter: name of the parameter that is missing.
        clusters: what there is in the account and region.
        has_entry: whether the cluster `wanted.cluster` has an access entry for a role's ARN.

    Raises:
        SlipwayError: with each reason and what to do.
    """
    found = reasons(wanted, stack, clusters, has_entry)
    if found:
        raise SlipwayError(
            f"the declaration in force of who gets into the cluster is missing ({parameter}), and without it "
            "this change cannot be proven not to lock the cluster: " + "; ".join(found),
            where=f"cluster {wanted.cluster}",
            fix=f"write {parameter} back, its last value is in `pulumi stack export --stack {stack}`; or "
            "keep name, authentication_mode and one administrator with an access entry as they are until an "
            "`up` has published the declaration again",
        )


def reasons(
    wanted: AccessDeclaration,
    stack: str,
    clusters: Sequence[StandingCluster],
    has_entry: Callable[[str], bool],
) -> list[str]:
    """Every reason to refuse; none where no cluster of the stack stands."""
    here = next((cluster for cluster in clusters if cluster.name == wanted.cluster), None)
    found = [
        f"cluster {cluster.name} of this stack stands, and {wanted.cluster} would take its place"
        for cluster in clusters
        if cluster.stack == stack and cluster.name != wanted.cluster
    ]
    if here is None:
        return found
    if here.mode is not wanted.mode:
        found.append(
            f"AWS says that its authentication mode is {here.mode}, and it would become {wanted.mode}"
        )
    if not here.mode.has_entries:
        return [*found, "aws-auth alone says who gets in, and AWS does not show it"]
    # An `up` that stopped before the first entry let nobody in whom another one could keep out.
    people = [role for role in wanted.admin_entries if mapped_arn(role) in wanted.people()]
    if any(map(has_entry, wanted.job_entries)) and not any(map(has_entry, people)):
        found.append(f"none of the administrators has an access entry there yet: {', '.join(people)}")
    return found
