"""Two claims on one thing: a repository, a hostname, a namespace, the name of an IAM role."""

from collections.abc import Iterator, Mapping

from infra.conflicts.raw import Raw, blocks, deploys, environment_blocks, kinds_of, mapping
from slipway.platform import naming
from slipway.platform.fleet_names import FUNCTIONS, FleetNames
from slipway.platform.job_kinds import defaults_for
from slipway.platform.mistakes import Mistake

_STACKS = ("automation", "staging", "prod")


def claimed_twice(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Every claim on what another service, another environment or the platform itself has already."""
    yield from _by_services(services)
    yield from _platform_repository(mapping(platform.get("github")), services)
    yield from _hostnames(services)
    yield from _namespaces(services)
    yield from _roles(_platform_roles(stack, platform), services)


def _by_services(services: Mapping[str, Raw]) -> Iterator[Mistake]:
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


def _platform_repository(github: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    for name, block in services.items():
        for key in ("repository", "repository_id"):
            if key in block and key in github and str(block[key]).lower() == str(github[key]).lower():
                expected = (
                    "another one: this is the platform's own, whose workflows plan and apply the stacks"
                )
                yield Mistake(f"slipway:services.{name}.{key}", repr(block[key]), expected)


def _hostnames(services: Mapping[str, Raw]) -> Iterator[Mistake]:
    bases: dict[str, str] = {}
    for name, block in services.items():
        if isinstance(block.get("hostname"), str):
            bases.setdefault(block["hostname"].lower(), name)
    owners: dict[str, str] = {}
    for service, block in services.items():
        for name, environment in environment_blocks(block).items():
            given, base = environment.get("hostname"), block.get("hostname")
            if not isinstance(given, str) and not (deploys(name, environment) and isinstance(base, str)):
                continue
            defaults = defaults_for(name)
            own = defaults is None or defaults.own_namespace
            hostname = (given if isinstance(given, str) else f"{name}.{base}" if own else str(base)).lower()
            path = f"slipway:services.{service}.environments.{name}"
            taken = owners.setdefault(hostname, path)
            base_of = bases.get(hostname, service)
            # Two services with one hostname are told of that at the services themselves.
            if base_of != service and hostname != str(base).lower():
                taken = f"service '{base_of}'"
            if taken != path:
                yield Mistake(
                    f"{path}.hostname" if given else path,
                    f"the hostname '{hostname}'",
                    f"a 'hostname' of its own: {taken} has claimed this one",
                )


def _namespaces(services: Mapping[str, Raw]) -> Iterator[Mistake]:
    releases: dict[str, str] = {}
    users: dict[str, tuple[str, bool, str]] = {}
    for service, block in services.items():
        for name, environment in environment_blocks(block).items():
            if not {"deploy", "preview", "migrate"} & kinds_of(name, environment):
                continue
            defaults = defaults_for(name)
            own = defaults is None or defaults.own_namespace
            namespace = str(environment.get("namespace") or (f"{service}-{name}" if own else service))
            path = f"slipway:services.{service}.environments.{name}"
            found = f"the namespace '{namespace}', which "
            other, closed, first = users.setdefault(namespace, (service, name == "preview", path))
            if deploys(name, environment) and releases.setdefault(namespace, path) != path:
                expected = "a 'namespace' of its own: one environment owns one release"
                yield Mistake(path, f"{found}{releases[namespace]} deploys to already", expected)
            elif (other, closed) != (service, name == "preview"):
                expected = "a 'namespace' shared with no other service, nor with previews"
                yield Mistake(path, f"{found}{first} uses already", expected)


def _roles(taken: dict[str, str], services: Mapping[str, Raw]) -> Iterator[Mistake]:
    for service, block in services.items():
        for name in environment_blocks(block):
            path = f"slipway:services.{service}.environments.{name}"
            role = naming.environment_role(service, name)
            owner = taken.setdefault(role, path)
            if owner != path:
                expected = f"names that make another one together: {owner} has this one"
                yield Mistake(path, f"the IAM role name '{role}'", expected)


def _platform_roles(stack: str, platform: Raw) -> dict[str, str]:
    """Names of roles that the platform makes itself in this account, whose names share one list."""
    accounts, cluster = mapping(platform.get("accounts")), mapping(platform.get("cluster"))
    own = accounts.get("automation" if stack == "local" else stack)
    here = [one for one in _STACKS if one == stack or (own is not None and accounts.get(one) == own)]
    names: list[str] = ["infra-plan", "infra-apply"]  # what the platform's own two roles are called in Pulumi
    for one in {stack} if stack == "local" else here:
        fleet = FleetNames(fleet=one, account="0" * 12, region="eu-west-1")  # only names are taken from it
        names += [naming.plan_role(one), naming.apply_role(one), f"slipway-{one}-flow-logs"]
        names += [fleet.tick, fleet.image_role, *(fleet.function(area) for area in FUNCTIONS)]
    classes = blocks(mapping(platform.get("runners")).get("classes"))
    names += [naming.runner_role(stack, name) for name in classes]
    if isinstance(cluster.get("name"), str):
        names += [naming.service_role(cluster["name"]), naming.node_role(cluster["name"])]
    return dict.fromkeys(names, "the platform itself")
