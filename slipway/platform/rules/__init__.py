"""Mistakes that no single value shows: two claims on one thing, a floor for prod, a missing part."""

from slipway.platform.mistakes import Mistake
from slipway.platform.rules.claims import claimed_twice
from slipway.platform.rules.cluster import cluster_mistakes
from slipway.platform.rules.draft import Draft
from slipway.platform.rules.existing import existing_mistakes
from slipway.platform.rules.limits import beyond_limits
from slipway.platform.rules.packages import package_mistakes
from slipway.platform.rules.reach import reach_mistakes
from slipway.platform.rules.runner_chain import chain_mistakes
from slipway.platform.rules.runners import runner_mistakes
from slipway.platform.rules.services import service_mistakes
from slipway.platform.rules.stack import stack_mistakes
from slipway.platform.rules.unread import unread

__all__ = ["Draft", "mistakes_of"]


def mistakes_of(draft: Draft) -> list[Mistake]:
    """Every mistake that concerns more than one value."""
    rules = (
        unread,
        stack_mistakes,
        cluster_mistakes,
        existing_mistakes,
        runner_mistakes,
        chain_mistakes,
        reach_mistakes,
        service_mistakes,
        package_mistakes,
        claimed_twice,
        beyond_limits,
    )
    return [mistake for rule in rules for mistake in rule(draft)]
