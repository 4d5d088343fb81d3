"""Mistakes of the account's own settings: a floor that prod must keep, a missing part, too small a plan."""

from collections.abc import Iterator, Mapping
from typing import cast

from infra.conflicts.raw import Raw, mapping
from slipway.platform.mistakes import Mistake
from slipway.platform.protection import GithubPlan, allowances


def platform_mistakes(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Every mistake that concerns more than one value of the account's own settings."""
    cluster = platform.get("cluster")
    if stack == "automation" and cluster is not None:
        yield Mistake("slipway:platform.cluster", "a cluster", "none: clusters live in workload accounts")
    if stack in ("staging", "prod", "local") and platform and cluster is None:
        yield Mistake("slipway:platform.cluster", "nothing", "a block: this stack runs services")
    if stack == "prod":
        for key, where in (("protect", platform), ("deletion_protection", mapping(cluster))):
            if where.get(key, True) is not True:
                path = "slipway:platform." + ("cluster." if key == "deletion_protection" else "")
                yield Mistake(f"{path}{key}", repr(where[key]), "true: prod is always protected")
    yield from _zones(platform)
    yield from _private_actions(stack, mapping(platform.get("github")), services)


def _zones(platform: Raw) -> Iterator[Mistake]:
    region = platform.get("region")
    zones = mapping(platform.get("network")).get("zones")
    if not isinstance(region, str) or not isinstance(zones, list):
        return
    for index, zone in enumerate(cast(list[object], zones)):
        if isinstance(zone, str) and not zone.startswith(region):
            yield Mistake(
                f"slipway:platform.network.zones.{index}", repr(zone), f"a zone of the region {region}"
            )
    if len({str(zone) for zone in cast(list[object], zones)}) < len(cast(list[object], zones)):
        yield Mistake("slipway:platform.network.zones", "a zone twice", "each zone once")


def _private_actions(stack: str, github: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    plan, wanted = github.get("plan"), github.get("private_actions") is True
    if not wanted or stack not in ("automation", "local") or plan not in {one.value for one in GithubPlan}:
        return
    for name, block in services.items():
        visibility = block.get("visibility", "private")
        known = visibility in ("private", "internal")
        if known and not allowances(GithubPlan(plan), visibility).organisation_secrets:
            expected = (
                f"false: on the plan '{plan}' service '{name}', which is {visibility}, could not read it"
            )
            yield Mistake("slipway:platform.github.private_actions", "true", expected)
