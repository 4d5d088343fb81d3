"""Keys that nothing reads, in this stack or at all: misspelt, moved, or another stack's business."""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from slipway.platform.documents import Span
from slipway.platform.environments import environments
from slipway.platform.mistakes import Mistake, Place, unknown_key
from slipway.platform.rules.draft import Draft
from slipway.platform.settings import PRIVATE_ACTIONS_TOKEN, database_url_key, is_database_url_key

_BLOCKS = ("organization", "platform")
MOVED_KEYS = ("accounts", "github", "cicd_chain")
"""What stood in each stack's own block before it was written once for all of them."""


def unread(draft: Draft) -> Iterator[Mistake]:
    """Every key that is there for nothing."""
    yield from _keys(draft)
    yield from _services_in_the_stack(draft)
    if draft.knows_the_platform:
        yield from _of_other_stacks(draft)


def _keys(draft: Draft) -> Iterator[Mistake]:
    """While a service cannot be read, any key may be a database's."""
    settings = draft.settings
    wants_token = settings.organization.github.private_actions and settings.stack.builds
    read = [*_BLOCKS, *([PRIVATE_ACTIONS_TOKEN] if wants_token else [])]
    read += ["local"] if settings.on_stand_in else []
    all_known = len(settings.services) == len(draft.service_names) and draft.knows_the_organization
    if all_known:
        read += [
            database_url_key(placement.package, environment.name)
            for environment in environments(settings)
            if environment.deploys
            for placement in environment.placements
            if placement.settings.database
        ]
    for key in draft.values:
        if key in read or key in ("services", "endpoints") or (key == "local" and not settings.on_stand_in):
            continue
        if not all_known and (is_database_url_key(key) or key == PRIVATE_ACTIONS_TOKEN):
            continue
        place = draft.places[key]
        if key == PRIVATE_ACTIONS_TOKEN:
            expected = "none: only where images are built, and with 'private_actions: true', is it read"
            yield Mistake(place, "a key that this stack does not read", expected)
        else:
            yield unknown_key(place, key, read)


def _services_in_the_stack(draft: Draft) -> Iterator[Mistake]:
    """Services used to stand in each stack's file."""
    if "services" not in draft.values:
        return
    place = draft.places["services"]
    document = draft.documents.get(place.file)
    block = draft.values["services"]
    names = list(cast(Mapping[str, Any], block)) if isinstance(block, Mapping) else []
    if not names:
        yield Mistake(place, "a block", "none: each service has a file, services/<name>.yaml")
    for name in names:
        span = document.spans.get(f"{place.path}.{name}") if document else None
        yield Mistake(place / name, "a service in a stack's file", _move(span, f"services/{name}.yaml"))


def _move(span: Span | None, to: str) -> str:
    """What to do with a block that has moved."""
    if span is None:
        return f"it in {to}"
    inside = Span(first=min(span.first + 1, span.last), last=span.last)
    return f"it in {to}: move {inside} there, without their indentation, and remove the rest of the block"


def moved_from_the_platform(place: Place, block: object, spans: Mapping[str, Span]) -> Iterator[Mistake]:
    """Keys of a stack's own block that are shared now.

    Args:
        place: where the block stands.
        block: what stands there, unread.
        spans: of its file.
    """
    for key in cast(Mapping[str, Any], block) if isinstance(block, Mapping) else ():
        if key in MOVED_KEYS:
            span = spans.get(f"{place.path}.{key}")
            lines = f": move {span} there" if span else ""
            expected = f"it once for all stacks, in Pulumi.yaml under slipway:organization{lines}"
            yield Mistake(place / key, "what all stacks share", expected)


def _of_other_stacks(draft: Draft) -> Iterator[Mistake]:
    """Settings that only another stack acts on."""
    settings, place = draft.settings, draft.platform
    platform, stack = settings.platform, settings.stack
    found = "a key that this stack does not read"
    if not stack.builds:
        if platform.runners is not None:
            yield Mistake(place / "runners", "a fleet", "none: the fleet lives in the stack 'automation'")
        if "registry" in platform.model_fields_set:
            yield Mistake(place / "registry", found, "none: images are kept in the stack 'automation'")
        if platform.network.image_build_ssh_cidr is not None:
            where = place / "network" / "image_build_ssh_cidr"
            yield Mistake(where, found, "none: images are built in the stack 'automation'")
    if platform.cluster is not None and not stack.runs:
        yield Mistake(place / "cluster", "a cluster", "none: clusters live in workload accounts")
    if stack.on_stand_in and platform.state_key is not None:
        yield Mistake(place / "state_key", found, "none: 'local' keeps its state in files")
    if not stack.on_stand_in and "local" in draft.values:
        yield Mistake(draft.places["local"], found, "none: it is for the stack 'local'")
