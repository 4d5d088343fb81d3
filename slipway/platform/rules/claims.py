"""Two claims on one thing: a repository, a package, a hostname, a namespace, the name of an IAM role."""

from collections.abc import Iterator

from slipway.platform import naming
from slipway.platform.cluster import ClusterSettings
from slipway.platform.environments import meaning, placements
from slipway.platform.fleet_names import FUNCTIONS, FleetNames
from slipway.platform.mistakes import Mistake, Place
from slipway.platform.rules.draft import Draft
from slipway.platform.services import JobKind

_TOO = "has claimed this one ({}), and one of the two is wrong"
"""Files are read in the order of their names, so the first is not the one that is right."""


def claimed_twice(draft: Draft) -> Iterator[Mistake]:
    """Every claim on what another service, another environment or the platform itself has already."""
    yield from _repositories(draft)
    yield from _packages(draft)
    yield from _hostnames(draft)
    yield from _namespaces(draft)
    yield from _roles(draft)


def _repositories(draft: Draft) -> Iterator[Mistake]:
    github = draft.settings.organization.github
    for key in ("repository", "repository_id"):
        owners: dict[str, str] = {}
        for name, service in draft.settings.services.items():
            place = draft.service(name) / key
            if draft.is_wrong(place):
                continue  # what was read of it is an example
            value = getattr(service, key)
            # GitHub ignores case, so two spellings are one claim.
            claim = str(value).lower()
            if draft.knows_the_organization and claim == str(getattr(github, key)).lower():
                expected = (
                    "another one: this is the platform's own, whose workflows plan and apply the stacks"
                )
                yield Mistake(place, repr(value), expected)
            owner = owners.setdefault(claim, name)
            if owner != name:
                expected = f"a {key} of its own: service '{owner}' {_TOO.format(draft.service(owner).file)}"
                yield Mistake(place, repr(value), expected)


def _packages(draft: Draft) -> Iterator[Mistake]:
    """Packages name ECR repositories, parameters, namespaces and releases, whatever service they are of."""
    owners: dict[str, str] = {}
    hosts: dict[str, tuple[str, str]] = {}
    for name, service in draft.settings.services.items():
        top = draft.service(name)
        for package, block in service.packages_of(name).items():
            place = top / "packages" / package if service.packages else top
            owner = owners.setdefault(package, name)
            if owner != name or (package != name and package in draft.service_names):
                expected = (
                    f"a package of another name: service '{owner if owner != name else package}' has it"
                )
                yield Mistake(place, repr(package), expected)
            if draft.is_wrong(place / "hostname"):
                continue
            host, file = hosts.setdefault(block.hostname.lower(), (package, top.file))
            if host != package:
                expected = f"a hostname of its own: package '{host}' {_TOO.format(file)}"
                yield Mistake(place / "hostname", repr(block.hostname), expected)


def _hostnames(draft: Draft) -> Iterator[Mistake]:
    bases = {
        block.hostname.lower(): package
        for name, service in reversed(draft.settings.services.items())
        for package, block in service.packages_of(name).items()
    }
    owners: dict[str, tuple[Place, str]] = {}
    for service, _, name, block, place in draft.held():
        means = meaning(name, block)
        if not {JobKind.DEPLOY, JobKind.PREVIEW} & set(means.jobs):
            continue
        for placement in placements(draft.settings, service, name, block):
            hostname = placement.hostname.lower()
            first, package = owners.setdefault(hostname, (place, placement.package))
            taken = str(first) if (first, package) != (place, placement.package) else ""
            base = bases.get(hostname, placement.package)
            # Two packages with one hostname are told of that at the packages themselves.
            if base != placement.package and hostname != placement.settings.hostname.lower():
                taken = f"package '{base}'"
            if taken:
                where = place / "hostname" if block.hostname else place
                expected = f"a 'hostname' of its own: {taken} has claimed this one"
                yield Mistake(where, f"the hostname '{hostname}'", expected)


def _namespaces(draft: Draft) -> Iterator[Mistake]:
    releases: dict[str, Place] = {}
    users: dict[str, tuple[str, bool, Place]] = {}
    for service, _, name, block, place in draft.held():
        kinds = set(meaning(name, block).jobs)
        if not any(kind.in_workload for kind in kinds):
            continue
        closed = JobKind.PREVIEW in kinds
        for placement in placements(draft.settings, service, name, block):
            found = f"the namespace '{placement.namespace}', which "
            package, was_closed, first = users.setdefault(
                placement.namespace, (placement.package, closed, place)
            )
            releases_here = bool({JobKind.DEPLOY, JobKind.PREVIEW} & kinds)
            if releases_here and releases.setdefault(placement.namespace, place) != place:
                expected = "a 'namespace' of its own: one environment owns one release"
                where = releases[placement.namespace]
                yield Mistake(place, f"{found}{where} deploys to already", expected)
            elif (package, was_closed) != (placement.package, closed):
                expected = "a 'namespace' shared with no other package, nor with previews"
                yield Mistake(place, f"{found}{first} uses already", expected)


def _roles(draft: Draft) -> Iterator[Mistake]:
    taken: dict[str, str] = dict.fromkeys(_platform_roles(draft), "the platform itself")
    for service, _, name, _, place in draft.held():
        role = naming.environment_role(service, name)
        owner = taken.setdefault(role, str(place))
        if owner != str(place):
            expected = f"names that make another one together: {owner} has this one"
            yield Mistake(place, f"the IAM role name '{role}'", expected)


def _platform_roles(draft: Draft) -> Iterator[str]:
    """Names of roles that the platform makes itself in this account, whose names share one list."""
    settings = draft.settings
    # What the platform's own roles are called in Pulumi, and the gate's in the account, too.
    yield from ("infra-plan", "infra-apply", naming.GATE)
    accounts = settings.organization.accounts
    if settings.on_stand_in or settings.account == accounts.automation:
        yield from (naming.cicd_role(service) for service in settings.organization.cicd_chain)
    stacks = (settings.stack,) if settings.on_stand_in else accounts.stacks_in(settings.account)
    for stack in stacks:
        fleet = FleetNames(fleet=stack, account=settings.account, region=settings.platform.region)
        yield from (naming.plan_role(stack), naming.apply_role(stack), f"slipway-{stack}-flow-logs")
        yield from (fleet.tick, fleet.image_role, *(fleet.function(area) for area in FUNCTIONS))
    runners, cluster = settings.platform.runners, settings.platform.cluster
    yield from (naming.runner_role(settings.stack, name) for name in (runners.classes if runners else ()))
    if isinstance(cluster, ClusterSettings):
        yield from (naming.service_role(cluster.name), naming.node_role(cluster.name))
