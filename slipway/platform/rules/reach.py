"""Mistakes of the way to a cluster: a job without a path to it, networks that cannot be joined."""

import ipaddress
from collections.abc import Iterator

from slipway.platform.mistakes import Mistake
from slipway.platform.reach import joined_with, too_short, without_path
from slipway.platform.rules.draft import Draft
from slipway.platform.sessions import APPLY_SESSION_SECONDS


def reach_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every job that would never reach the cluster, and every block that two joined networks share."""
    if not (draft.knows_the_platform and draft.knows_the_organization) or _elsewhere(draft):
        return
    yield from _overlaps(draft)
    if len(draft.settings.services) < len(draft.service_names) or draft.is_wrong(draft.platform / "runners"):
        return  # what cannot be read may be a service that a class serves, or the class
    for refusal in without_path(draft.settings):
        place = draft.organization / "runs_on" / refusal.job.kind
        found = f"{refusal.what}: these jobs would never reach the cluster of {draft.platform.file}"
        yield Mistake(place, found, refusal.fix)
    for job, minutes in too_short(draft.settings):
        place = draft.organization / "runs_on" / job.kind
        needed = APPLY_SESSION_SECONDS // 60
        found = f"[{', '.join(job.labels)}], a runner class that ends a job after {minutes} minutes"
        yield Mistake(place, found, f"a class whose 'max_minutes' is at least {needed}, as an apply may last")


def _elsewhere(draft: Draft) -> bool:
    """Whether the file of a stack that this one may be joined with has mistakes and may mean anything."""
    ours = {place.file for place in draft.places.values()}
    ours |= {draft.service(name).file for name in draft.service_names}
    return any(mistake.place.file not in ours for mistake in draft.mistakes)


def _overlaps(draft: Draft) -> Iterator[Mistake]:
    """A packet to an address that both networks have never leaves the first (VPC Peering Guide, "VPC peering
    limitations"), and of two that a third is joined with only one would get it."""
    settings = draft.settings
    networks = {settings.stack: settings.platform.network.cidr}
    for stack, block in joined_with(settings).items():
        for other, cidr in networks.items():
            if ipaddress.IPv4Network(cidr).overlaps(ipaddress.IPv4Network(block.network.cidr)):
                found = (
                    f"{cidr} of '{other}' and {block.network.cidr} of '{stack}', which overlap and are joined"
                )
                yield Mistake(draft.platform / "network" / "cidr", found, "blocks without a common address")
        networks[stack] = block.network.cidr
