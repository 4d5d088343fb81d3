"""How far a service's file reaches. Its team owns it; what guards others holds within the platform's limits.

Without a limit of its own (`limits` of the organization), an environment admits what its name admits by
default; one whose name says nothing, what the known environments of its stack admit for the same jobs.
"""

from collections.abc import Iterator

from slipway.platform.environments import meaning, placements
from slipway.platform.mistakes import Mistake, Place
from slipway.platform.organization import EnvironmentLimit
from slipway.platform.rules.draft import Draft
from slipway.platform.services import (
    DEFAULTS,
    EnvironmentDefaults,
    EnvironmentSettings,
    JobKind,
    defaults_for,
)
from slipway.platform.stack import Stack
from slipway.platform.values import belongs_to_cluster


def beyond_limits(draft: Draft) -> Iterator[Mistake]:
    """What services say beyond what the platform's owners allow."""
    if not draft.knows_the_organization:
        return
    limits = draft.settings.organization.limits
    for name, service in draft.settings.services.items():
        for environment, block in service.environments.items():
            place = draft.service(name) / "environments" / environment
            limit = limits.environments.get(environment, EnvironmentLimit())
            yield from _refs(place, environment, block, limit)
            yield from _jobs(place, environment, block, limit)
            if meaning(environment, block).stack is Stack.PROD:
                yield from _approval(draft, place, block)
            for placement in placements(draft.settings, name, environment, block):
                yield from _namespace(place, placement.package, block)


def _refs(place: Place, name: str, block: EnvironmentSettings, limit: EnvironmentLimit) -> Iterator[Mistake]:
    means, known = meaning(name, block), _own_defaults(name, block) is not None
    for key, said, admits, more in (
        ("branches", block.branches, means.branches, limit.branches),
        ("tags", block.tags, means.tags, limit.tags),
    ):
        # A name's own refs need no word, unless its block moves it to another stack.
        own = said if known else admits
        admitted = (*_admitted(name, block, key), *more)
        for index, pattern in enumerate(own or ()):
            if not any(narrower(pattern, wide) for wide in admitted):
                expected = (
                    f"{' or '.join(map(repr, admitted)) or 'none'}; the platform's owners allow more "
                    f"under slipway:organization.limits.environments.{name}.{key}"
                )
                yield Mistake(place / key / index, repr(pattern), expected)


def _admitted(name: str, block: EnvironmentSettings, key: str) -> tuple[str, ...]:
    """Patterns that an environment may admit without a word of the platform's owners."""
    defaults = _own_defaults(name, block)
    if defaults is not None:
        return defaults.branches if key == "branches" else defaults.tags
    means = meaning(name, block)
    sets = [_of_kind(means.stack, kind, key) for kind in means.jobs]
    return tuple(sorted(sets[0].intersection(*sets[1:]))) if sets else ()


def _of_kind(stack: Stack, kind: JobKind, key: str) -> set[str]:
    known = [defaults for defaults in DEFAULTS.values() if defaults.stack is stack and kind in defaults.jobs]
    return {
        pattern
        for defaults in known
        for pattern in (defaults.branches if key == "branches" else defaults.tags)
    }


def _own_defaults(name: str, block: EnvironmentSettings) -> EnvironmentDefaults | None:
    """What a name says by itself; nothing where its block moves it to another stack."""
    defaults = defaults_for(name)
    return defaults if defaults and block.stack in (None, defaults.stack) else None


def narrower(pattern: str, wide: str) -> bool:
    """Whether everything that a pattern matches is matched by another, as far as that is plain to see.

    `*` stops at a `/` (GitHub Docs, "Managing environments for deployment"), so a pattern that goes on after
    the other's fixed beginning without one matches no more.
    """
    if pattern == wide:
        return True
    beginning, star, rest = wide.partition("*")
    fixed = star and not rest and not set(beginning) & set("?[]\\")
    return bool(fixed) and pattern.startswith(beginning) and not set(pattern[len(beginning) :]) & set("/[]\\")


def _jobs(place: Place, name: str, block: EnvironmentSettings, limit: EnvironmentLimit) -> Iterator[Mistake]:
    defaults = _own_defaults(name, block)
    for kind in block.jobs or ():
        if defaults is not None and kind not in (*defaults.jobs, *limit.jobs):
            known = ", ".join((*defaults.jobs, *limit.jobs))
            expected = (
                f"one of {known}; the platform's owners allow more "
                f"under slipway:organization.limits.environments.{name}.jobs"
            )
            yield Mistake(place / "jobs", f"the job '{kind.value}'", expected)


def _approval(draft: Draft, place: Place, block: EnvironmentSettings) -> Iterator[Mistake]:
    organization = draft.settings.organization
    allowed = {*organization.github.reviewers, *organization.limits.reviewers}
    for index, reviewer in enumerate(block.reviewers or ()):
        if reviewer not in allowed:
            expected = (
                f"one of {', '.join(sorted(allowed)) or 'nobody'}; the platform's owners name more "
                "under slipway:organization.limits.reviewers"
            )
            yield Mistake(place / "reviewers" / index, repr(reviewer), expected)
    if not block.prevent_self_review and not organization.limits.self_review:
        expected = "true, unless slipway:organization.limits.self_review lets whoever deploys approve it"
        yield Mistake(place / "prevent_self_review", "false", expected)


def _namespace(place: Place, package: str, block: EnvironmentSettings) -> Iterator[Mistake]:
    """A namespace of a team's choice would let its jobs into what is there already."""
    name = block.namespace
    if name and not belongs_to_cluster(name) and name != package and not name.startswith(f"{package}-"):
        expected = f"'{package}' or a name that begins with '{package}-'"
        yield Mistake(place / "namespace", repr(name), expected)
