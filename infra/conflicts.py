"""Mistakes that no single value shows: two claims on one thing, a floor that prod must keep, a missing part.

Works on the raw blocks, so that these are found in the same run as mistakes inside a block.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from infra.environments import defaults_for, known_names
from infra.mistakes import Mistake

Raw = Mapping[str, Any]


def conflicts(stack: str, platform: object, services: object) -> list[Mistake]:
    """Every mistake that concerns more than one value.

    Args:
        stack: the stack's name, one of the known ones.
        platform: the raw block `slipway:platform`.
        services: the raw block `slipway:services`.
    """
    return [
        *_claimed_twice(_blocks(services)),
        *_environments(stack, _mapping(platform), _blocks(services)),
        *_namespaces(_blocks(services)),
        *_platform(stack, _mapping(platform)),
        *_runners(stack, _mapping(platform), _blocks(services)),
    ]


def _mapping(value: object) -> Raw:
    return cast(Raw, value) if isinstance(value, Mapping) else {}


def _blocks(value: object) -> dict[str, Raw]:
    return {str(name): _mapping(block) for name, block in _mapping(value).items()}


def _environment_blocks(service: Raw) -> dict[str, Raw]:
    raw = service.get("environments")
    if isinstance(raw, list):
        return {str(name): {} for name in cast(list[object], raw)}
    return _blocks(raw)


def _claimed_twice(services: Mapping[str, Raw]) -> Iterator[Mistake]:
    for key in ("repository", "repository_id", "hostname"):
        owners: dict[str, str] = {}
        for name, block in services.items():
            if key not in block:
                continue
            # GitHub and DNS ignore case, so two spellings are one claim.
            value = str(block[key]).lower()
            if value in owners:
                yield Mistake(
                    f"slipway:services.{name}.{key}",
                    repr(block[key]),
                    f"a {key} of its own: service '{owners[value]}' has claimed this one",
                )
            owners.setdefault(value, name)


def _environments(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    for service, block in services.items():
        for name, environment in _environment_blocks(block).items():
            path = f"slipway:services.{service}.environments.{name}"
            defaults = defaults_for(name)
            if defaults is None and not (
                "jobs" in environment and ("branches" in environment or "tags" in environment)
            ):
                yield Mistake(
                    path,
                    "a name that says nothing",
                    f"'jobs' and 'branches' or 'tags', or a known name ({', '.join(known_names())})",
                )
            if environment.get("branches") == [] and environment.get("tags") == []:
                yield Mistake(path, "no branch and no tag", "at least one ref that may use the environment")
            if len(f"{service}-{name}") > 64:
                yield Mistake(
                    path,
                    f"a role name of {len(service) + len(name) + 1} characters",
                    "service and environment names of at most 63 characters together (IAM role names: 64)",
                )
            if "release" in environment and stack != "local":
                yield Mistake(
                    f"{path}.release", "a release", "none: only 'local' releases from the platform's program"
                )
            reviewed = bool(defaults and defaults.reviewed) or stack == "prod"
            if reviewed and stack == "prod" and not _reviewers(environment, platform):
                yield Mistake(
                    path, "no reviewer", "somebody who approves: 'reviewers' here or in the platform"
                )


def _namespaces(services: Mapping[str, Raw]) -> Iterator[Mistake]:
    owners: dict[str, str] = {}
    for service, block in services.items():
        for name, environment in _environment_blocks(block).items():
            defaults = defaults_for(name)
            jobs = environment.get("jobs") or (defaults.jobs if defaults else ())
            if not {"deploy", "preview"} & {str(job) for job in jobs}:
                continue
            own = defaults is None or defaults.own_namespace
            namespace = str(environment.get("namespace") or (f"{service}-{name}" if own else service))
            path = f"slipway:services.{service}.environments.{name}"
            if namespace in owners:
                yield Mistake(
                    path,
                    f"the namespace '{namespace}', which {owners[namespace]} deploys to already",
                    "a 'namespace' of its own: one environment owns one release",
                )
            owners.setdefault(namespace, path)


def _reviewers(environment: Raw, platform: Raw) -> object:
    if "reviewers" in environment:
        return environment["reviewers"]
    return _mapping(platform.get("github")).get("reviewers")


def _platform(stack: str, platform: Raw) -> Iterator[Mistake]:
    cluster = platform.get("cluster")
    if stack == "automation" and cluster is not None:
        yield Mistake("slipway:platform.cluster", "a cluster", "none: clusters live in workload accounts")
    if stack in ("staging", "prod", "local") and platform and cluster is None:
        yield Mistake("slipway:platform.cluster", "nothing", "a block: this stack runs services")
    if stack == "prod":
        for key, where in (("protect", platform), ("deletion_protection", _mapping(cluster))):
            if where.get(key, True) is not True:
                path = "slipway:platform." + ("cluster." if key == "deletion_protection" else "")
                yield Mistake(f"{path}{key}", repr(where[key]), "true: prod is always protected")
    for name, group in _blocks(_mapping(cluster).get("node_groups")).items():
        low, high = group.get("minimum", 1), group.get("maximum", 3)
        if isinstance(low, int) and isinstance(high, int) and low > high:
            yield Mistake(
                f"slipway:platform.cluster.node_groups.{name}.minimum", str(low), f"at most maximum ({high})"
            )
    yield from _zones(platform)


def _zones(platform: Raw) -> Iterator[Mistake]:
    region = platform.get("region")
    zones = _mapping(platform.get("network")).get("zones")
    if not isinstance(region, str) or not isinstance(zones, list):
        return
    for index, zone in enumerate(cast(list[object], zones)):
        if isinstance(zone, str) and not zone.startswith(region):
            yield Mistake(
                f"slipway:platform.network.zones.{index}", repr(zone), f"a zone of the region {region}"
            )
    if len({str(zone) for zone in cast(list[object], zones)}) < len(cast(list[object], zones)):
        yield Mistake("slipway:platform.network.zones", "a zone twice", "each zone once")


def _runners(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    fleet, where = _mapping(platform.get("runners")), "slipway:platform.runners"
    if fleet and stack not in ("automation", "local"):
        yield Mistake(where, "a fleet", "none: the fleet lives in the stack 'automation'")
    classes = _blocks(fleet.get("classes"))
    known = [str(block["repository"]) for block in services.values() if "repository" in block]
    known += [str(slug) for slug in [_mapping(platform.get("github")).get("repository")] if slug]
    public = {
        str(block.get("repository")) for block in services.values() if block.get("visibility") == "public"
    }
    for name, block in classes.items():
        path = f"{where}.classes.{name}"
        yield from _class_numbers(path, block)
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
    named = _mapping(platform.get("cluster")).get("reachable_from")
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


def _lower(value: object) -> set[str]:
    return {str(one).lower() for one in cast(list[object], value)} if isinstance(value, list) else set()


def _class_numbers(path: str, block: Raw) -> Iterator[Mistake]:
    low, high = block.get("minimum", 0), block.get("maximum", 10)
    spares = block.get("spares", 0)
    for key, value in (("minimum", low), ("spares", spares)):
        if isinstance(value, int) and isinstance(high, int) and value > high:
            yield Mistake(f"{path}.{key}", str(value), f"at most maximum ({high})")
    if block.get("warm_pool"):
        types = block.get("instance_types")
        several = isinstance(types, list) and len(cast(list[object], types)) != 1
        if block.get("capacity", "spot") != "on_demand" or several:
            expected = "0, or 'capacity: on_demand' with one instance type: EC2 takes no other warm pool"
            yield Mistake(f"{path}.warm_pool", repr(block["warm_pool"]), expected)
