"""Mistakes of the runner fleet: classes that do not fit each other, or the repositories that they serve."""

from collections.abc import Iterator, Mapping
from typing import cast

from infra.conflicts.raw import Raw, blocks, mapping
from slipway.platform.aws_names import architecture_of
from slipway.platform.fleet_names import RESERVED_NAMES
from slipway.platform.mistakes import Mistake


def runner_mistakes(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Every mistake in the block `runners` that concerns more than one value."""
    fleet, where = mapping(platform.get("runners")), "slipway:platform.runners"
    if fleet and stack not in ("automation", "local"):
        yield Mistake(where, "a fleet", "none: the fleet lives in the stack 'automation'")
    classes = blocks(fleet.get("classes"))
    known = [str(block["repository"]) for block in services.values() if "repository" in block]
    known += [str(slug) for slug in [mapping(platform.get("github")).get("repository")] if slug]
    public = {
        str(block.get("repository")) for block in services.values() if block.get("visibility") == "public"
    }
    for name, block in classes.items():
        path = f"{where}.classes.{name}"
        yield from _class_numbers(path, block)
        yield from _machines(path, block)
        yield from _strangers(path, block)
        if name.split("-")[0] in RESERVED_NAMES:
            yield Mistake(path, "a name that begins like the fleet's own parts", "another name")
        repositories = block.get("repositories")
        for index, slug in enumerate(
            cast(list[object], repositories) if isinstance(repositories, list) else []
        ):
            if str(slug) not in known:
                expected = f"a repository of this stack file ({', '.join(sorted(known))})"
                yield Mistake(f"{path}.repositories.{index}", repr(slug), expected)
            elif str(slug) in public and block.get("public") is not True:
                expected = "'public: true' beside it: anyone's pull request could run on these instances"
                yield Mistake(f"{path}.repositories.{index}", f"{slug!r}, which is public", expected)
    chained = [name for name, block in classes.items() if block.get("cicd") is True]
    if chained and not platform.get("cicd_chain"):
        path = f"{where}.classes.{chained[0]}.cicd"
        yield Mistake(path, "true", "false, or a 'cicd_chain' that says which deploy roles it leads to")
    yield from _stray_jobs(where, classes)
    yield from _twins(where, classes)
    named = mapping(platform.get("cluster")).get("reachable_from")
    for index, name in enumerate(cast(list[object], named) if isinstance(named, list) else []):
        if fleet and str(name) not in classes:
            path = f"slipway:platform.cluster.reachable_from.{index}"
            yield Mistake(path, repr(name), f"a runner class ({', '.join(classes)})")


def _stray_jobs(where: str, classes: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Jobs of an ordinary class whose labels an instance with the CICD role has: it may be handed them."""
    for name, block in classes.items():
        if block.get("cicd") is not True:
            continue
        for other, plain in classes.items():
            wanted = _lower(plain.get("labels"))
            shared = _lower(plain.get("repositories")) & _lower(block.get("repositories"))
            if plain.get("cicd") is not True and shared and wanted and wanted <= _lower(block.get("labels")):
                found = f"every label of the class {other!r}, whose jobs could so get the CICD role"
                yield Mistake(f"{where}.classes.{name}.labels", found, f"without one of {sorted(wanted)}")


def _twins(where: str, classes: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Classes that a job of one repository finds by the same labels, whose case GitHub ignores."""
    taken: dict[tuple[frozenset[str], str], str] = {}
    for name, block in classes.items():
        labels = frozenset(_lower(block.get("labels")))
        others = {taken.setdefault((labels, slug), name) for slug in _lower(block.get("repositories"))}
        for other in sorted(others - {name}) if labels else ():
            found = f"those of the class {other!r}, for the same repository"
            yield Mistake(f"{where}.classes.{name}.labels", found, "a label of its own")


def _machines(path: str, block: Raw) -> Iterator[Mistake]:
    types, wanted = block.get("instance_types"), block.get("architecture", "x86_64")
    for index, one in enumerate(cast(list[object], types) if isinstance(types, list) else []):
        found = architecture_of(str(one))
        if wanted in ("x86_64", "arm64") and found != wanted:
            expected = f"types for {wanted}, or 'architecture: {found}': a class has one image"
            yield Mistake(f"{path}.instance_types.{index}", f"{one!r}, which is for {found}", expected)


def _strangers(path: str, block: Raw) -> Iterator[Mistake]:
    for key in ("public", "forks"):
        if block.get("cicd") is True and block.get(key) is True:
            expected = (
                "false: every job of the class gets the CICD role, so that strangers' jobs could deploy"
            )
            yield Mistake(f"{path}.{key}", "true beside 'cicd: true'", expected)


def _lower(value: object) -> set[str]:
    return {str(one).lower() for one in cast(list[object], value)} if isinstance(value, list) else set()


def _class_numbers(path: str, block: Raw) -> Iterator[Mistake]:
    low, high = block.get("minimum", 0), block.get("maximum", 10)
    spares = block.get("spares", 0)
    pool = block.get("warm_pool", 0)
    for key, value in (("minimum", low), ("spares", spares), ("warm_pool", pool)):
        if isinstance(value, int) and isinstance(high, int) and value > high:
            yield Mistake(f"{path}.{key}", str(value), f"at most maximum ({high})")
    if block.get("warm_pool"):
        types = block.get("instance_types")
        several = isinstance(types, list) and len(cast(list[object], types)) != 1
        if block.get("capacity", "spot") != "on_demand" or several:
            expected = "0, or 'capacity: on_demand' with one instance type: EC2 takes no other warm pool"
            yield Mistake(f"{path}.warm_pool", repr(block["warm_pool"]), expected)
