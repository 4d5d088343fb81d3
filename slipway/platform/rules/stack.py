"""Mistakes of a stack's own block and of what is shared: a floor that prod must keep, a missing part."""

from collections.abc import Iterator

from slipway.platform.cluster import ClusterSettings
from slipway.platform.mistakes import Mistake, Place
from slipway.platform.network import NetworkSettings
from slipway.platform.protection import allowances
from slipway.platform.rules.draft import Draft
from slipway.platform.stack import Stack


def stack_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every mistake that concerns more than one value of those two blocks."""
    settings, place = draft.settings, draft.platform
    stack, cluster = settings.stack, settings.platform.cluster
    if draft.knows_the_platform and stack.runs and cluster is None:
        yield Mistake(place / "cluster", "nothing", "a block: this stack runs services")
    if stack is Stack.PROD:
        if not settings.platform.protect:
            yield Mistake(place / "protect", "False", "true: prod is always protected")
        if isinstance(cluster, ClusterSettings) and not cluster.deletion_protection:
            where = place / "cluster" / "deletion_protection"
            yield Mistake(where, "False", "true: prod is always protected")
    if draft.knows_the_platform:
        yield from _zones(draft)
        yield from _way_out(draft)
    yield from _private_actions(draft)
    if not settings.services and not draft.service_names:
        yield Mistake(Place("services"), "no file", "a file for each service: services/<name>.yaml")


def _way_out(draft: Draft) -> Iterator[Mistake]:
    """Nodes ask EKS and EC2 for their cluster before they join it, and runners ask GitHub for their job."""
    platform, needing = draft.settings.platform, []
    if isinstance(platform.network, NetworkSettings) and not platform.network.has_way_out:
        needing = [name for name in ("cluster", "runners") if getattr(platform, name)]
    for name in needing:
        who = "nodes would never join" if name == "cluster" else "no runner would ever get a job"
        where = draft.platform / "network" / "nat"
        yield Mistake(where, f"'none' beside '{name}'", f"'one' or 'one_per_zone': {who}")


def _zones(draft: Draft) -> Iterator[Mistake]:
    region, network = draft.settings.platform.region, draft.settings.platform.network
    if not isinstance(network, NetworkSettings):
        return
    place, zones = draft.platform / "network" / "zones", network.zones
    for index, zone in enumerate(zones):
        if not zone.startswith(region):
            yield Mistake(place / index, repr(zone), f"a zone of the region {region}")
    if len(set(zones)) < len(zones):
        yield Mistake(place, "a zone twice", "each zone once")


def _private_actions(draft: Draft) -> Iterator[Mistake]:
    github = draft.settings.organization.github
    if not github.private_actions or not draft.settings.stack.builds:
        return
    for name, service in draft.settings.services.items():
        if not allowances(github.plan, service.visibility).organisation_secrets:
            expected = (
                f"false: on the plan '{github.plan}' service '{name}', which is {service.visibility}, "
                "could not read it"
            )
            yield Mistake(draft.organization / "github" / "private_actions", "true", expected)
