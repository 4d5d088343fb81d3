"""Mistakes that no single value shows: two claims on one thing, a floor that prod must keep, a missing part.

Works on the raw blocks, so that these are found in the same run as mistakes inside a block.
"""

from infra.conflicts.claims import claimed_twice
from infra.conflicts.cluster import cluster_mistakes
from infra.conflicts.platform import platform_mistakes
from infra.conflicts.raw import blocks, mapping
from infra.conflicts.runners import runner_mistakes
from infra.conflicts.services import service_mistakes
from slipway.platform.mistakes import Mistake


def conflicts(stack: str, platform: object, services: object) -> list[Mistake]:
    """Every mistake that concerns more than one value.

    Args:
        stack: the stack's name, one of the known ones.
        platform: the raw block `slipway:platform`.
        services: the raw block `slipway:services`.
    """
    return [
        mistake
        for part in (claimed_twice, service_mistakes, platform_mistakes, cluster_mistakes, runner_mistakes)
        for mistake in part(stack, mapping(platform), blocks(services))
    ]
