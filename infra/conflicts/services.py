"""Mistakes of services: jobs where they cannot run, refs and images that are too alike, files not there."""

from collections.abc import Iterator, Mapping

from infra.conflicts.raw import Raw, deploys, environment_blocks, kinds_of, mapping, texts
from infra.files import helm_values, require_chart
from slipway.platform.helm_values import parameter_tier
from slipway.platform.job_kinds import JobKind, defaults_for, known_names
from slipway.platform.mistakes import Mistake, tried
from slipway.platform.namespaces import belongs_to_cluster
from slipway.platform.protection import Enforcement, GithubPlan, check_enforcement
from slipway.platform.variable_names import check_slugs_differ


def service_mistakes(stack: str, platform: Raw, services: Mapping[str, Raw]) -> Iterator[Mistake]:
    """Every mistake that concerns more than one value of one service, or a file that it names."""
    github = mapping(platform.get("github"))
    for service, block in services.items():
        where = f"slipway:services.{service}"
        yield from _owner(where, github, block)
        if stack in ("automation", "local"):
            yield from _enforcement(where, github, block)
        yield from _files(where, block)
        for name, environment in environment_blocks(block).items():
            path = f"{where}.environments.{name}"
            yield from _environment(stack, path, service, name, environment)
            yield from _jobs(stack, path, name, environment)
            yield from _refs(path, name, environment)
            yield from _release(stack, path, block, environment)
            if stack == "prod" and not _reviewers(environment, github):
                expected = "somebody who approves: 'reviewers' here or in the platform"
                yield Mistake(path, "no reviewer", expected)


def _owner(where: str, github: Raw, block: Raw) -> Iterator[Mistake]:
    slug, organization = block.get("repository"), github.get("organization")
    if isinstance(slug, str) and isinstance(organization, str):
        owner, slash, _ = slug.partition("/")
        if slash and owner.lower() != organization.lower():
            yield Mistake(f"{where}.repository", repr(slug), f"a repository of {organization}")


def _enforcement(where: str, github: Raw, block: Raw) -> Iterator[Mistake]:
    """The App and the plan are looked at apart, so that both are told of where both are wrong."""
    if block.get("enforce") is not True:
        return
    visibility = block.get("visibility", "private")
    if github.get("plan") in {plan.value for plan in GithubPlan} and visibility in (
        "public",
        "private",
        "internal",
    ):
        plan = GithubPlan(github["plan"])
        yield from tried(
            f"{where}.enforce",
            True,
            lambda: check_enforcement(Enforcement.ACTIVE, plan, visibility, app_id=1, where=where),
        )
    if github and github.get("app_id") is None:
        expected = (
            f"the id of the platform's GitHub App: {where}.enforce is true, "
            "and without a bypass nothing could ever be released"
        )
        yield Mistake("slipway:platform.github.app_id", "nothing", expected)


def _files(where: str, block: Raw) -> Iterator[Mistake]:
    values, chart = block.get("values"), block.get("chart")
    if isinstance(values, str):
        yield from tried(f"{where}.values", values, lambda: parameter_tier(helm_values(values), values))
    released = any("release" in environment for environment in environment_blocks(block).values())
    if isinstance(chart, str) and released:
        yield from tried(f"{where}.chart", chart, lambda: require_chart(chart))


def _environment(stack: str, path: str, service: str, name: str, environment: Raw) -> Iterator[Mistake]:
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
    own = defaults is None or defaults.own_namespace
    namespace = f"{service}-{name}" if own else service
    if not environment.get("namespace") and deploys(name, environment) and belongs_to_cluster(namespace):
        yield Mistake(path, f"the namespace '{namespace}'", "a 'namespace': this one is Kubernetes' own")


def _jobs(stack: str, path: str, name: str, environment: Raw) -> Iterator[Mistake]:
    """Jobs whose registry or cluster is in another stack; `local` has both."""
    for kind in JobKind:
        if kind.value not in kinds_of(name, environment) or stack == "local":
            continue
        if kind.in_workload == (stack == "automation"):
            here = "only jobs of a registry" if stack == "automation" else "only jobs of a cluster"
            there = "a workload stack" if kind.in_workload else "the stack 'automation'"
            where = f"{path}.jobs" if "jobs" in environment else path
            yield Mistake(where, f"the job '{kind.value}'", f"{here}: this one belongs into {there}")


def _refs(path: str, name: str, environment: Raw) -> Iterator[Mistake]:
    """Patterns that would be called the same: their slugs are parts of Pulumi's names."""
    defaults = defaults_for(name)
    said = {
        "branches": texts(environment["branches"])
        if "branches" in environment
        else list(defaults.branches if defaults else ()),
        "tags": texts(environment["tags"])
        if "tags" in environment
        else list(defaults.tags if defaults else ()),
    }
    found: list[Mistake] = []
    for key, patterns in said.items():
        found += tried(f"{path}.{key}", patterns, lambda own=patterns: check_slugs_differ(own, path))
    together = [*said["branches"], *(f"tag {tag}" for tag in said["tags"])]
    yield from found or tried(path, together, lambda: check_slugs_differ(together, path))


def _release(stack: str, path: str, service: Raw, environment: Raw) -> Iterator[Mistake]:
    if "release" not in environment:
        return
    if stack != "local":
        expected = "none: only 'local' releases from the platform's program"
        yield Mistake(f"{path}.release", "a release", expected)
    declared = texts(service.get("images"))
    for image in mapping(mapping(environment["release"]).get("images")):
        if str(image) not in declared:
            expected = f"an image of the service ({', '.join(declared)})"
            yield Mistake(f"{path}.release.images.{image}", "an image that nobody builds", expected)


def _reviewers(environment: Raw, github: Raw) -> object:
    return environment["reviewers"] if "reviewers" in environment else github.get("reviewers")
