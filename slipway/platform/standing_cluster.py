"""What AWS says of a cluster that is there already, compared with what a stack is to do with it."""

import datetime
import ipaddress
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from slipway.platform.authentication import AuthenticationMode
from slipway.platform.cluster import ExistingCluster, Reach
from slipway.platform.kubernetes_versions import support_warning
from slipway.platform.mistakes import Mistake, Place
from slipway.platform.network import ExistingNetwork
from slipway.platform.reach import runner_network
from slipway.platform.reading import PREFIX, stack_file
from slipway.platform.settings import Settings

EVERYWHERE = "0.0.0.0/0"


@dataclass(frozen=True, kw_only=True)
class FoundCluster:
    """A cluster as EKS describes it."""

    name: str
    status: str
    version: str
    extended: bool
    """Whether its upgrade policy buys extended support."""
    mode: AuthenticationMode
    vpc: str
    subnets: tuple[str, ...]
    """Those that its API server has addresses in."""
    security_group: str
    """The group that EKS made, which its API server carries."""
    private: bool
    """Whether its private endpoint answers."""
    public: bool
    """Whether its public endpoint answers, to `public_blocks`."""
    public_blocks: tuple[str, ...]
    endpoint: str
    authority: str
    """The certificate of its authority, in Base64."""
    issuer: str
    """Of its pods' tokens; empty where it has none."""
    stack: str
    """The stack that it is tagged with, empty for one that is not Slipway's."""


def cluster_place(settings: Settings) -> Place:
    """Where the block of the stack's cluster stands."""
    return Place(stack_file(settings.stack), f"{PREFIX}platform.cluster")


def cluster_mistakes(
    settings: Settings, cluster: ExistingCluster, found: FoundCluster | None, callers: Sequence[str] | None
) -> Iterator[Mistake]:
    """Every reason for which a cluster cannot be used as it is.

    Args:
        settings: of the stack.
        cluster: as its file says.
        found: as EKS says; None where there is no such cluster.
        callers: blocks that the public endpoint has to answer to; None where they are not known yet.
    """
    place, region = cluster_place(settings) / "existing", settings.platform.region
    if found is None:
        yield Mistake(
            place,
            f"'{cluster.name}', which is not there in {region} of account {settings.account}",
            f"the name of a cluster there: aws eks list-clusters --region {region}",
        )
        return
    if found.stack:
        own = found.stack == settings.stack.value
        yield Mistake(
            place,
            f"'{cluster.name}', which the stack '{found.stack}' has made",
            "'name' in its place, as before: as somebody else's, the stack would let go of it and delete it"
            if own
            else "a cluster that no stack has made: each stack has one of its own",
        )
    if found.status != "ACTIVE":
        expected = f"one that is ACTIVE: aws eks wait cluster-active --name {cluster.name} --region {region}"
        yield Mistake(place, f"'{cluster.name}', which is {found.status}", expected)
    yield from _identity(place, cluster, found, region)
    yield from _network(settings, place, cluster, found)
    yield from _endpoint(settings, cluster, found, callers)


def _identity(place: Place, cluster: ExistingCluster, found: FoundCluster, region: str) -> Iterator[Mistake]:
    if not found.mode.has_entries:
        # aws-auth is one object, which somebody else writes: two writers of it lock each other out.
        yield Mistake(
            place,
            f"'{cluster.name}', whose authentication mode is {found.mode}: only aws-auth lets people and "
            "jobs in, and that one object is not this platform's to write",
            f"a cluster with access entries, which leaves aws-auth as it is: aws eks update-cluster-config "
            f"--name {cluster.name} --region {region} --access-config authenticationMode="
            f"{AuthenticationMode.API_AND_CONFIG_MAP}",
        )
    if not found.issuer:
        expected = "a cluster with an OIDC issuer, by which services' pods get roles of their own"
        yield Mistake(place, f"'{cluster.name}', which has no OIDC issuer", expected)


def _network(
    settings: Settings, place: Place, cluster: ExistingCluster, found: FoundCluster
) -> Iterator[Mistake]:
    network = settings.platform.network
    if isinstance(network, ExistingNetwork) and found.vpc != network.vpc:
        yield Mistake(
            place,
            f"'{cluster.name}', which is in {found.vpc}",
            f"a cluster in the stack's network, {network.vpc}, or that network's 'vpc' and subnets",
        )


def _endpoint(
    settings: Settings, cluster: ExistingCluster, found: FoundCluster, callers: Sequence[str] | None
) -> Iterator[Mistake]:
    """Its endpoint is not this platform's to open; what is asked for has to be open."""
    place, region = cluster_place(settings) / "reach", settings.platform.region
    change = f"aws eks update-cluster-config --name {cluster.name} --region {region} --resources-vpc-config"
    if cluster.reach is Reach.PRIVATE:
        if not found.private:
            yield Mistake(
                place,
                f"'{cluster.reach}', and '{cluster.name}' has no private endpoint",
                f"a cluster with one: {change} endpointPrivateAccess=true; or 'reach: addresses'",
            )
        elif runner_network(settings) is None:
            expected = "'reach: addresses', or a fleet of runners, to whose network there is a path"
            yield Mistake(place, f"'{cluster.reach}', and no network from which jobs come", expected)
        return
    if not found.public:
        expected = (
            f"a cluster with one: {change} endpointPublicAccess=true,publicAccessCidrs=...; or 'private'"
        )
        yield Mistake(place, f"'{cluster.reach}', and '{cluster.name}' has no public endpoint", expected)
        return
    left = [block for block in callers or () if not _within(block, found.public_blocks)]
    if left:
        blocks = ",".join(sorted({*found.public_blocks, *left}))
        yield Mistake(
            place,
            f"'{cluster.reach}', and the public endpoint of '{cluster.name}' does not answer to "
            f"{', '.join(left)}",
            f"an endpoint that does: {change} publicAccessCidrs={blocks}",
        )


def _within(block: str, blocks: Sequence[str]) -> bool:
    return any(ipaddress.IPv4Network(block).subnet_of(ipaddress.IPv4Network(other)) for other in blocks)


def taken_name(settings: Settings, name: str, found: FoundCluster | None) -> Iterator[Mistake]:
    """The name of a cluster that is to be made and is somebody else's already."""
    if found is not None and found.stack != settings.stack.value:
        whose = f"the stack '{found.stack}' has made" if found.stack else "is there and is not Slipway's"
        yield Mistake(
            cluster_place(settings) / "name",
            f"'{name}', which {whose}",
            "another name"
            if found.stack
            else f"another name; or 'existing: {name}', to use that one as it is",
        )


def cluster_warnings(settings: Settings, found: FoundCluster, today: datetime.date) -> Iterator[str]:
    """What becomes of the cluster, and who else reaches it, which its owner may not know."""
    where = f"cluster {found.name}, which is its owner's to change"
    warning = support_warning(found.version, today, extended=found.extended, remedy="Have its version raised")
    if warning:
        yield f"{warning} ({where})"
    if found.public and EVERYWHERE in found.public_blocks:
        yield f"the public endpoint answers to everybody, past what is declared of its reach ({where})"
