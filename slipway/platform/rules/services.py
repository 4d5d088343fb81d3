"""Mistakes of services: names that say nothing, jobs where they cannot run, refs that are too alike."""

from collections.abc import Iterator

from slipway.platform.environments import meaning, placements, stack_of
from slipway.platform.mistakes import Mistake, Place, missing, nearest, tried
from slipway.platform.protection import Enforcement, Visibility, check_enforcement
from slipway.platform.rules.draft import Draft
from slipway.platform.services import (
    PACKAGE_KEYS,
    EnvironmentSettings,
    ServiceSettings,
    defaults_for,
    known_names,
)
from slipway.platform.stack import Stack
from slipway.platform.values import belongs_to_cluster
from slipway.platform.variable_names import check_slugs_differ, image_variables

_LONGEST_ROLE = 64  # IAM API Reference, CreateRole


def service_mistakes(draft: Draft) -> Iterator[Mistake]:
    """Every mistake that concerns more than one value of one service, or the platform's own repository."""
    github = draft.settings.organization.github
    if github.enforce:
        yield from _enforcement(draft, draft.organization / "github" / "enforce", github.visibility)
    for name, service in draft.settings.services.items():
        place = draft.service(name)
        yield from _packages(place, name, service)
        yield from _owner(draft, place, service)
        if service.enforce:
            yield from _enforcement(draft, place / "enforce", service.visibility)
        for environment, block in service.environments.items():
            yield from _environment(place / "environments" / environment, name, environment, block, service)
    for name, _, environment, block, place in draft.held():
        yield from _reviewed(draft, place, environment, block)
        for placement in placements(draft.settings, name, environment, block):
            if not block.namespace and belongs_to_cluster(placement.namespace):
                found = f"the namespace '{placement.namespace}'"
                yield Mistake(place, found, "a 'namespace': this one is Kubernetes' own")


def _packages(place: Place, name: str, service: ServiceSettings) -> Iterator[Mistake]:
    if service.packages is None:
        for key in ("images", "hostname"):
            if getattr(service, key) is None:
                yield missing(place / key)
        return
    for key in PACKAGE_KEYS:
        if getattr(service, key) is not None:
            expected = "none: with 'packages', each package says its own"
            yield Mistake(place / key, "a value", expected)
    images = {image: package for package, block in service.packages.items() for image in block.images}
    names = [image for block in service.packages.values() for image in block.images]
    if len(set(names)) < len(names):
        expected = "an image of one name in one package only: a repository has one variable for it"
        yield Mistake(place / "packages", "an image twice", expected)
    yield from tried(place / "packages", names, lambda: image_variables(images))


def _owner(draft: Draft, place: Place, service: ServiceSettings) -> Iterator[Mistake]:
    organization = draft.settings.organization.github.organization
    owner = service.repository.partition("/")[0]
    if draft.knows_the_organization and owner.lower() != organization.lower():
        yield Mistake(place / "repository", repr(service.repository), f"a repository of {organization}")


def _enforcement(draft: Draft, key: Place, visibility: Visibility) -> Iterator[Mistake]:
    """The App and the plan are looked at apart, so that both are told of where both are wrong."""
    if not draft.knows_the_organization or not draft.settings.stack.builds:
        return
    github = draft.settings.organization.github
    yield from tried(
        key,
        True,
        lambda: check_enforcement(Enforcement.ACTIVE, github.plan, visibility, app_id=1, where=key.file),
    )
    if github.app_id is None:
        expected = (
            f"the id of the platform's GitHub App: {key} is true, "
            "and without a bypass nothing could ever be released"
        )
        yield Mistake(draft.organization / "github" / "app_id", "nothing", expected)


def _environment(
    place: Place, service: str, name: str, block: EnvironmentSettings, of: ServiceSettings
) -> Iterator[Mistake]:
    if defaults_for(name) is None:
        said = block.stack is not None and block.jobs is not None
        if not said or (block.branches is None and block.tags is None):
            expected = (
                f"'stack', 'jobs' and 'branches' or 'tags', or a known name ({', '.join(known_names())})"
            )
            near = nearest(name, known_names())
            yield Mistake(place, "a name that says nothing", expected, near)
    if block.branches == () and block.tags == ():
        yield Mistake(place, "no branch and no tag", "at least one ref that may use the environment")
    if len(f"{service}-{name}") > _LONGEST_ROLE:
        expected = "service and environment names of at most 63 characters together (IAM role names: 64)"
        yield Mistake(place, f"a role name of {len(service) + len(name) + 1} characters", expected)
    if of.packages is not None and len(of.packages) > 1:
        for key in ("namespace", "hostname"):
            if getattr(block, key) is not None:
                expected = "none: in a repository of several packages each has its own, by its name"
                yield Mistake(place / key, repr(getattr(block, key)), expected)
    yield from _jobs(place, name, block)
    yield from _refs(place, name, block)


def _jobs(place: Place, name: str, block: EnvironmentSettings) -> Iterator[Mistake]:
    """Jobs whose registry or cluster is in another stack than the environment."""
    stack = stack_of(name, block)
    for kind in meaning(name, block).jobs if stack else ():
        if kind.in_workload == (stack is Stack.AUTOMATION):
            here = "only jobs of a registry" if stack is Stack.AUTOMATION else "only jobs of a cluster"
            there = "a workload stack" if kind.in_workload else "the stack 'automation'"
            where = place / "jobs" if block.jobs is not None else place
            yield Mistake(where, f"the job '{kind.value}'", f"{here}: this one belongs into {there}")


def _refs(place: Place, name: str, block: EnvironmentSettings) -> Iterator[Mistake]:
    """Patterns that would be called the same: their slugs are parts of Pulumi's names."""
    means = meaning(name, block)
    alike = [
        mistake
        for key, patterns in (("branches", means.branches), ("tags", means.tags))
        for mistake in tried(
            place / key, list(patterns), lambda own=patterns: check_slugs_differ(own, place.file)
        )
    ]
    together = [*means.branches, *(f"tag {tag}" for tag in means.tags)]
    yield from alike or tried(place, together, lambda: check_slugs_differ(together, str(place)))


def _reviewed(draft: Draft, place: Place, name: str, block: EnvironmentSettings) -> Iterator[Mistake]:
    reviewers = (
        block.reviewers if block.reviewers is not None else draft.settings.organization.github.reviewers
    )
    if meaning(name, block).stack is Stack.PROD and not reviewers:
        yield Mistake(
            place, "no reviewer", "somebody who approves: 'reviewers' here or in the organization's"
        )
