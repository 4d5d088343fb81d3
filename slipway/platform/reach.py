"""Whether a job that talks to a cluster runs where a path to it exists: computed from what is declared.

A private endpoint has an address of the cluster's VPC, which public DNS resolves (EKS User Guide, "Cluster
API server endpoint"), so what counts is the way there: the same VPC, or a route between two. A public one
answers to the addresses that it lists.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from slipway.platform import naming
from slipway.platform.cluster import AnyCluster, Reach
from slipway.platform.environments import environments
from slipway.platform.network import AnyNetwork, ExistingNetwork
from slipway.platform.runner_classes import RunnerClassSettings
from slipway.platform.services import JobKind
from slipway.platform.sessions import APPLY_SESSION_SECONDS
from slipway.platform.settings import PlatformSettings, Settings
from slipway.platform.stack import Stack


class ClusterJobKind(StrEnum):
    """The kinds of jobs that talk to a cluster; each is a key of `runs_on`."""

    INFRA = "infra"
    DEPLOY = "deploy"
    MIGRATE = "migrate"


@dataclass(frozen=True, kw_only=True)
class ClusterJob:
    """A kind of job of one repository, and the cluster of the stack at hand that it must reach."""

    kind: ClusterJobKind
    repository: str
    labels: tuple[str, ...]
    """What its `runs-on` says."""


@dataclass(frozen=True, kw_only=True)
class NoPath:
    """Why a job never reaches the cluster."""

    job: ClusterJob
    what: str
    fix: str


def _has_fleet(settings: Settings) -> bool:
    return settings.stack.builds and settings.platform.runners is not None


def far_stack(settings: Settings) -> Stack | None:
    """The stack whose network the fleet's runners are in, where that is not the cluster's own."""
    if _has_fleet(settings) or Stack.AUTOMATION not in settings.others:
        return None
    return Stack.AUTOMATION


def runner_network(settings: Settings) -> PlatformSettings | None:
    """The stack block that has the fleet whose jobs come to this stack's cluster; None without a fleet."""
    if _has_fleet(settings):
        return settings.platform
    block = settings.others.get(Stack.AUTOMATION)
    return block if block is not None and block.runners is not None else None


def runner_blocks(settings: Settings) -> tuple[str, ...]:
    """The addresses of the fleet's instances, as blocks: the private subnets of the network they are in."""
    block = runner_network(settings)
    if block is None:
        return ()
    return block.network.private_blocks


def joined_with(settings: Settings) -> dict[Stack, PlatformSettings]:
    """The stacks whose networks this one's is joined with: the fleet's, and those of private clusters."""
    own = settings.platform
    if _has_fleet(settings):
        return {
            stack: block
            for stack, block in settings.others.items()
            if block.cluster is not None
            and block.cluster.reach is Reach.PRIVATE
            and not is_one_network(own.network, block.network)
        }
    far, block = far_stack(settings), runner_network(settings)
    if far is None or block is None or own.cluster is None or own.cluster.reach is not Reach.PRIVATE:
        return {}
    return {} if is_one_network(own.network, block.network) else {far: block}


def is_one_network(one: AnyNetwork, other: AnyNetwork) -> bool:
    """Whether two stacks are in one VPC, which the organisation has: there is nothing to be joined."""
    if not isinstance(one, ExistingNetwork) or not isinstance(other, ExistingNetwork):
        return False
    return one.vpc == other.vpc


class Way(StrEnum):
    """Who makes the way between this stack's network and the runners'."""

    NONE = "none"
    """Nobody: it is one network, or there is no private way."""
    PEERING = "peering"
    """This stack makes a peering, and the routes of both sides."""
    TRANSIT = "transit"
    """Each stack attaches its network to the organisation's transit gateway."""
    ORGANIZATION = "organization"
    """Whoever owns the networks has made it: the routes that are there are looked at."""


def way(settings: Settings) -> Way:
    """Who makes it, by whose route tables may be added to."""
    joined = joined_with(settings).values()
    if not joined:
        return Way.NONE
    if not settings.platform.network.takes_routes:
        return Way.ORGANIZATION
    if settings.organization.transit_gateway is not None:
        return Way.TRANSIT
    # The rules refuse what would be joined on this side alone.
    return Way.PEERING


def transit_destinations(settings: Settings) -> dict[str, str]:
    """The blocks of those networks, by stack, where a transit gateway joins them."""
    if settings.organization.transit_gateway is None:
        return {}
    return {stack.value: block.network.cidr for stack, block in joined_with(settings).items()}


def far_network(settings: Settings) -> PlatformSettings | None:
    """The block of the stack whose network this one looks up or joins; None where there is no such.

    Over a transit gateway each side makes its own part and needs nothing of the other's, and in one VPC there
    is no other.
    """
    cluster = settings.platform.cluster
    if cluster is None or far_stack(settings) is None:
        return None
    if cluster.reach is Reach.PRIVATE and way(settings) in (Way.TRANSIT, Way.NONE):
        return None
    return runner_network(settings)


def far_role(settings: Settings, *, applying: bool) -> str:
    """ARN of the role in the fleet's account by which this stack does that.

    Args:
        applying: for the role that applies the stack, or for the one that plans it.
    """
    name = naming.network_role if applying else naming.network_reader_role
    return naming.role_arn(settings.organization.accounts.automation, name(settings.stack))


def cluster_jobs(settings: Settings) -> Iterator[ClusterJob]:
    """Every kind of job that talks to this stack's cluster, each once for a repository."""
    if settings.platform.cluster is None:
        return
    runs_on, seen = settings.organization.runs_on, set[ClusterJob]()
    found = [(ClusterJobKind.INFRA, settings.organization.github.repository)]
    for environment in environments(settings):
        repository = settings.services[environment.service].repository
        if environment.deploys and environment.holds_role:
            found.append((ClusterJobKind.DEPLOY, repository))
        if JobKind.MIGRATE in environment.jobs and environment.holds_role:
            found.append((ClusterJobKind.MIGRATE, repository))
    for kind, repository in found:
        job = ClusterJob(kind=kind, repository=repository, labels=runs_on.labels(kind.value))
        if job not in seen:
            seen.add(job)
            yield job


def serving_class(
    classes: Mapping[str, RunnerClassSettings], labels: tuple[str, ...], repository: str
) -> str | None:
    """The class whose instances take a repository's jobs with these labels; None where none does.

    A runner takes a job whose labels it has all, whatever their case (GitHub Docs, "Using labels with
    self-hosted runners").
    """
    wanted = {label.lower() for label in labels}
    for name, block in classes.items():
        served = {slug.lower() for slug in block.repositories}
        # A class that is kept to some workflows takes nothing of a repository that has none of them.
        ours = [ref for ref in block.workflows if ref.lower().startswith(f"{repository.lower()}/")]
        if wanted <= block.label_set and repository.lower() in served and (ours or not block.workflows):
            return name
    return None


def _classes(settings: Settings) -> Mapping[str, RunnerClassSettings]:
    block = runner_network(settings)
    return block.runners.classes if block and block.runners else {}


def too_short(settings: Settings) -> tuple[tuple[ClusterJob, int], ...]:
    """The applies whose runner class ends a job before an apply may be over, with the class's minutes."""
    classes = _classes(settings)
    return tuple(
        (job, classes[name].max_minutes)
        for job in cluster_jobs(settings)
        if job.kind is ClusterJobKind.INFRA
        and (name := serving_class(classes, job.labels, job.repository))
        and classes[name].max_minutes * 60 < APPLY_SESSION_SECONDS
    )


def without_path(settings: Settings) -> tuple[NoPath, ...]:
    """The proof: each job that would wait for a runner that nobody starts, or for an answer that never
    comes."""
    cluster = settings.platform.cluster
    if cluster is None:
        return ()
    return tuple(refusal for job in cluster_jobs(settings) if (refusal := _refusal(settings, cluster, job)))


def without_image(settings: Settings) -> tuple[str, ...]:
    """Classes that cluster jobs wait for and that have no image yet, so that no instance starts."""
    classes = _classes(settings)
    named = {serving_class(classes, each.labels, each.repository) for each in cluster_jobs(settings)}
    return tuple(sorted(name for name in named if name and classes[name].image is None))


def _refusal(settings: Settings, cluster: AnyCluster, job: ClusterJob) -> NoPath | None:
    block, classes = runner_network(settings), _classes(settings)
    said = f"[{', '.join(job.labels)}]"
    if serving_class(classes, job.labels, job.repository):
        if cluster.reach is Reach.PRIVATE or (block and block.network.has_way_out):
            return None
        return NoPath(
            job=job,
            what=f"{said}, a runner class whose network has no NAT and so no public address",
            fix="NAT in the fleet's network, or 'reach: private'",
        )
    callers = {name.lower() for name in cluster.addresses}
    if cluster.reach is Reach.ADDRESSES and callers & {label.lower() for label in job.labels}:
        return None
    if "self-hosted" in {label.lower() for label in job.labels}:
        return NoPath(
            job=job,
            what=f"{said}, which no runner class serves {job.repository} by",
            fix=f"a class that has these labels and the repository {job.repository}, or the labels of one"
            f" that has it as runs_on.{job.kind}",
        )
    if cluster.reach is Reach.ADDRESSES:
        return NoPath(
            job=job,
            what=f"{said}, whose addresses are not among those that the endpoint answers to",
            fix="the label of runners with fixed addresses, which stand under it in cluster.addresses, or the"
            " labels of a runner class",
        )
    return NoPath(
        job=job,
        what=f"{said}, which no runner class has, while the endpoint is private",
        fix="the labels of a runner class, or 'reach: addresses' of the cluster and these runners' addresses",
    )
