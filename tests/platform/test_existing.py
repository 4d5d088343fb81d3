"""What is wrong with a network or a cluster that is there already is told before anything is made."""

import datetime
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.platform import reading
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.mistakes import Mistake
from slipway.platform.reach import Way, far_network, way
from slipway.platform.standing import (
    FoundNetwork,
    Route,
    network_mistakes,
    network_warnings,
    way_mistakes,
)
from slipway.platform.standing_cluster import (
    FoundCluster,
    cluster_mistakes,
    cluster_warnings,
    taken_name,
)

from . import ground
from .conftest import mistakes, parse, stack_values

FLEET = "10.10.0.0/16"
RUNNERS = ("10.10.0.0/19", "10.10.32.0/19")
A, B = ground.ZONES


def told(found: Iterable[Mistake]) -> list[str]:
    return [str(one).removeprefix("Pulumi.staging.yaml: slipway:platform.") for one in found]


# --- what the files alone show ----------------------------------------------------------------------


def put(path: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def change(platform: dict[str, Any]) -> None:
        *above, last = path.split("/")
        for key in above:
            platform = platform[key]
        platform[last] = value

    return change


IN_FILES: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "one zone only": (
        put("network/private_subnets", {A: {"id": ground.SUBNETS[0], "cidr": ground.BLOCKS[0]}}),
        "at least 2 of them, not 1",
    ),
    "another region's zone": (
        put("network/private_subnets/eu-central-1a", {"id": ground.PUBLIC, "cidr": "10.40.32.0/20"}),
        "a zone of the region eu-west-1",
    ),
    "a block outside of the network's": (
        put(f"network/private_subnets/{A}/cidr", "10.41.0.0/20"),
        "a block inside of the network's, 10.40.0.0/16",
    ),
    "blocks that overlap": (
        put(f"network/private_subnets/{B}/cidr", "10.40.8.0/21"),
        f"another block than that of {A}",
    ),
    "a subnet twice": (
        put(f"network/private_subnets/{B}/id", ground.SUBNETS[0]),
        f"it is private_subnets.{A}.id as well",
    ),
    "a public subnet among the private ones": (
        lambda platform: platform["network"].update(
            public_subnets={A: ground.SUBNETS[0]}, image_build_ssh_cidr="203.0.113.7/32"
        ),
        f"it is private_subnets.{A}.id as well",
    ),
    "a table for one zone": (
        put(f"network/private_subnets/{A}/route_table", ground.TABLES[0]),
        f"private_subnets.{B}.route_table: found nothing",
    ),
    "public addresses that nobody reads": (
        put("network/nat_addresses", ["198.51.100.7"]),
        "only of the network that the runners are in",
    ),
    "public subnets that nobody reads": (
        put("network/public_subnets", {A: ground.PUBLIC}),
        "'image_build_ssh_cidr' beside it, or none",
    ),
    "a public address as a block": (put("network/cidr", "8.8.0.0/16"), "8.8.0.0/16 is not private"),
    "the fleet's own addresses": (
        lambda platform: platform["network"].update(
            cidr=FLEET,
            private_subnets={
                zone: {"id": subnet, "cidr": block}
                for zone, subnet, block in zip(ground.ZONES, ground.SUBNETS, RUNNERS, strict=True)
            },
        ),
        "which overlap and are joined",
    ),
    "a cluster in a network to be made": (
        put("network", {"cidr": "10.20.0.0/16", "zones": list(ground.ZONES)}),
        "beside a network that this stack makes, which it cannot be in",
    ),
    "settings of a cluster to be made": (put("cluster/version", "1.35"), "an unknown key"),
    "the apply role as an administrator": (
        put("cluster/administrators", ["arn:aws:iam::222222222222:role/slipway/infra/infra-staging-apply"]),
        "applies the stack: it is an administrator already",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_FILES)
def test_a_mistake_of_the_files_is_told(name: str) -> None:
    change, said = IN_FILES[name]
    values = ground.values(existing_cluster=True)
    change(values["platform"])
    assert said in " ".join(mistakes("staging", values).values())


def test_nothing_is_wrong_with_a_network_and_a_cluster_that_fit() -> None:
    settings = ground.settings(existing_cluster=True)
    network, cluster = ground.network_of(settings), settings.platform.cluster
    assert told(network_mistakes(settings, network, ground.found_network())) == []
    assert told(cluster_mistakes(settings, cluster, ground.found_cluster(), [])) == []  # type: ignore[arg-type]
    assert list(network_warnings(settings, network, ground.found_network())) == []
    assert network.zones == ground.ZONES
    assert network.private_blocks == ground.BLOCKS


def test_two_zones_with_one_table_get_one_route() -> None:
    values = ground.values(route_tables=True)
    for subnet in values["platform"]["network"]["private_subnets"].values():
        subnet["route_table"] = ground.TABLES[0]
    assert ground.network_of(parse("staging", values)).route_tables == {A: ground.TABLES[0]}


# --- what AWS says of the network -------------------------------------------------------------------

IN_THE_NETWORK: dict[str, tuple[FoundNetwork | None, str, str]] = {
    "not there": (None, "network.vpc", "which is not there in eu-west-1 of account 222222222222"),
    "our own stack's": (
        ground.found_network(stack="staging"), "network.vpc", "the stack makes it, 'cidr' and 'zones' say how"
    ),
    "another stack's": (ground.found_network(stack="prod"), "network.vpc", "the stack 'prod' has made"),
    "shared": (ground.found_network(owner="999999999999"), "network.vpc", "shared by account 999999999999"),
    "another block": (ground.found_network(blocks=("10.50.0.0/16",)), "network.cidr", "10.50.0.0/16"),
    "no names": (ground.found_network(names=False), "network.vpc", "--enable-dns-hostnames"),
    "another block that overlaps": (
        ground.found_network(blocks=(ground.CIDR, "10.10.128.0/20")),
        "network.vpc",
        "whose block 10.10.128.0/20 overlaps 10.10.0.0/16 of 'automation'",
    ),
    "a subnet that is not there": (
        ground.found_network(subnets={}).__class__(
            owner="222222222222",
            blocks=(ground.CIDR,),
            names=True,
            stack="",
            subnets={ground.SUBNETS[0]: ground.subnet(0)},
        ),
        f"network.private_subnets.{B}.id",
        "which is not there",
    ),
    "a subnet of another VPC": (
        ground.found_network({ground.SUBNETS[0]: ground.subnet(0, vpc=ground.OTHER_VPC)}),
        f"network.private_subnets.{A}.id",
        f"which is in {ground.OTHER_VPC}",
    ),
    "a subnet of another zone": (
        ground.found_network({ground.SUBNETS[0]: ground.subnet(0, zone="eu-west-1c")}),
        f"network.private_subnets.{A}.id",
        "it under its own zone, eu-west-1c",
    ),
    "a subnet's other block": (
        ground.found_network({ground.SUBNETS[0]: ground.subnet(0, cidr="10.40.64.0/20")}),
        f"network.private_subnets.{A}.cidr",
        "the subnet's own block, 10.40.64.0/20",
    ),
    "no way out": (
        ground.found_network({ground.SUBNETS[1]: ground.subnet(1, routes=())}),
        f"network.private_subnets.{B}.id",
        "has no default route to a NAT gateway",
    ),
    "a public subnet": (
        ground.found_network({ground.SUBNETS[1]: ground.subnet(1, routes=(Route("0.0.0.0/0", "igw-1"),))}),
        f"network.private_subnets.{B}.id",
        "whose default route leads to the internet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_NETWORK)
def test_what_aws_says_of_the_network_is_told_with_its_key(name: str) -> None:
    found, key, said = IN_THE_NETWORK[name]
    settings = ground.settings()
    (line,) = told(network_mistakes(settings, ground.network_of(settings), found))
    assert line.startswith(f"{key}: found ")
    assert said in line


def test_another_table_than_the_subnets_own_is_told() -> None:
    settings = ground.settings(route_tables=True)
    found = ground.found_network({ground.SUBNETS[0]: ground.subnet(0, table="rtb-main")})
    (line,) = told(network_mistakes(settings, ground.network_of(settings), found))
    assert line.startswith(f"network.private_subnets.{A}.route_table: ")
    assert line.endswith("the table that the subnet uses, rtb-main")


def test_a_public_subnet_has_a_way_to_the_internet() -> None:
    values = ground.values()
    values["platform"]["network"] |= {"public_subnets": {A: ground.PUBLIC}}
    values["platform"]["network"]["image_build_ssh_cidr"] = "203.0.113.7/32"
    # Only where images are built is it read, but what it says is the same everywhere.
    network = ground.network_of(ground.settings()).model_copy(update={"public_subnets": {A: ground.PUBLIC}})
    there = ground.subnet(0, id=ground.PUBLIC)
    found = ground.found_network({ground.PUBLIC: there})
    (line,) = told(network_mistakes(ground.settings(), network, found))
    assert "has no route to an internet gateway" in line


def test_a_missing_tag_is_only_a_warning() -> None:
    settings = ground.settings()
    found = ground.found_network({ground.SUBNETS[0]: ground.subnet(0, tags={})})
    (line,) = network_warnings(settings, ground.network_of(settings), found)
    assert f"{ground.SUBNETS[0]} in {A}" in line
    assert "kubernetes.io/role/internal-elb=1" in line


# --- the way between the runners and the cluster ----------------------------------------------------


def test_who_makes_the_way_is_said_by_whose_tables_may_be_added_to() -> None:
    assert way(ground.settings()) is Way.ORGANIZATION
    assert way(ground.settings(route_tables=True)) is Way.PEERING
    over = ground.values(route_tables=True)
    over["organization"]["transit_gateway"] = f"tgw-{'a' * 17}"
    assert way(parse("staging", over)) is Way.TRANSIT
    # Nobody asks the other account over a gateway, and there is nobody to ask where nothing is joined.
    assert far_network(parse("staging", over)) is None
    untouched = ground.values()
    untouched["organization"]["transit_gateway"] = f"tgw-{'a' * 17}"
    assert way(parse("staging", untouched)) is Way.ORGANIZATION
    public = ground.settings(reach="addresses", addresses={"office": ["198.51.100.0/24"]})
    assert way(public) is Way.NONE


def through_the_fleets(network: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the fleet be in a network that is there, too."""
    read = reading.sources

    def changed(root: Any, stack: str) -> Any:
        given = read(root, stack)
        given.others["automation"]["network"] = network  # type: ignore[index]
        return given

    monkeypatch.setattr(reading, "sources", changed)


def elsewhere(*, route_tables: bool) -> dict[str, Any]:
    """Another network of the organisation's."""
    rows = zip(ground.ZONES, "de", RUNNERS, strict=True)
    return {
        "vpc": ground.OTHER_VPC,
        "cidr": FLEET,
        "private_subnets": {
            zone: {
                "id": f"subnet-{letter * 17}",
                "cidr": block,
                **({"route_table": f"rtb-{letter * 17}"} if route_tables else {}),
            }
            for zone, letter, block in rows
        },
    }


def test_one_vpc_for_all_needs_no_way(monkeypatch: pytest.MonkeyPatch) -> None:
    through_the_fleets(ground.network(), monkeypatch)
    settings = ground.settings()
    assert way(settings) is Way.NONE
    assert far_network(settings) is None


def test_a_way_that_may_be_made_on_one_side_only_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    through_the_fleets(elsewhere(route_tables=False), monkeypatch)
    (said,) = mistakes("staging", stack_values("staging")).values()
    assert "'route_table' of each private subnet in Pulumi.automation.yaml" in said
    through_the_fleets(elsewhere(route_tables=True), monkeypatch)
    assert way(parse("staging", stack_values("staging"))) is Way.PEERING


def test_a_way_that_somebody_else_made_is_looked_at_on_both_sides() -> None:
    settings = ground.settings()
    network = ground.network_of(settings)
    ends = [ground.subnet(0, (FLEET, ground.GATEWAY)), ground.subnet(1, ("10.0.0.0/8", ground.PEERING))]
    far = [ground.subnet(0, (ground.CIDR, ground.GATEWAY), id="far")]
    assert told(way_mistakes(settings, network, ends, far)) == []
    (line,) = told(way_mistakes(settings, network, [ground.subnet(0), ends[1]], far))
    assert line.startswith(f"network.private_subnets.{A}.id: ")
    assert "leads nowhere for 10.10.0.0/19, 10.10.32.0/19: to the runners of 'automation'" in line
    (line,) = told(way_mistakes(settings, network, ends, [ground.subnet(0, id="far")]))
    assert "far, whose table" in line
    assert "leads nowhere for 10.40.0.0/16: to this network, from 'automation'" in line


def test_a_cluster_in_further_subnets_is_reached_there_too() -> None:
    settings = ground.settings(route_tables=True, existing_cluster=True)
    further = ground.subnet(0, id="subnet-of-the-cluster", table="rtb-other")
    (line,) = told(way_mistakes(settings, ground.network_of(settings), [ground.subnet(0), further], []))
    assert "subnet-of-the-cluster, which uses rtb-other" in line


def test_a_route_that_stands_in_the_way_is_told() -> None:
    settings = ground.settings(route_tables=True)
    network = ground.network_of(settings)
    (line,) = told(way_mistakes(settings, network, [ground.subnet(0, (FLEET, "eni-1"))], []))
    assert f"leads {FLEET} to eni-1 already" in line
    # Its own, of a run before.
    assert told(way_mistakes(settings, network, [ground.subnet(0, (FLEET, ground.PEERING))], [])) == []


@given(st.permutations(["0.0.0.0/0", "10.0.0.0/8", "10.10.0.0/16", "10.10.0.0/20", "10.99.0.0/16"]))
def test_the_most_exact_route_counts_whatever_their_order(order: list[str]) -> None:
    subnet = ground.subnet(0, routes=tuple(Route(block, f"nat-{block}") for block in order))
    assert subnet.target("10.10.0.0/19") == "nat-10.10.0.0/16"
    assert subnet.target("10.10.8.0/24") == "nat-10.10.0.0/20"
    assert subnet.target("192.0.2.0/24") == "nat-0.0.0.0/0"


# --- what AWS says of the cluster -------------------------------------------------------------------

IN_THE_CLUSTER: dict[str, tuple[FoundCluster | None, str, str]] = {
    "not there": (None, "cluster.existing", "which is not there in eu-west-1 of account 222222222222"),
    "our own": (ground.found_cluster(stack="staging"), "cluster.existing", "let go of it and delete it"),
    "another stack's": (ground.found_cluster(stack="prod"), "cluster.existing", "has one of its own"),
    "not ready": (ground.found_cluster(status="CREATING"), "cluster.existing", "aws eks wait cluster-active"),
    "aws-auth alone": (
        ground.found_cluster(mode=AuthenticationMode.CONFIG_MAP),
        "cluster.existing",
        "--access-config authenticationMode=API_AND_CONFIG_MAP",
    ),
    "no issuer": (ground.found_cluster(issuer=""), "cluster.existing", "which has no OIDC issuer"),
    "another VPC": (ground.found_cluster(vpc=ground.OTHER_VPC), "cluster.existing", f"in {ground.OTHER_VPC}"),
    "no private endpoint": (
        ground.found_cluster(private=False, public=True), "cluster.reach", "endpointPrivateAccess=true"
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", IN_THE_CLUSTER)
def test_what_eks_says_of_the_cluster_is_told_with_its_key(name: str) -> None:
    found, key, said = IN_THE_CLUSTER[name]
    settings = ground.settings(existing_cluster=True)
    (line,) = told(cluster_mistakes(settings, settings.platform.cluster, found, []))  # type: ignore[arg-type]
    assert line.startswith(f"{key}: found ")
    assert said in line


def test_a_public_endpoint_answers_already_to_whoever_calls() -> None:
    settings = ground.settings(
        existing_cluster=True, reach="addresses", addresses={"office": ["198.51.100.0/24"]}
    )
    callers = ["198.51.100.0/24", "203.0.113.9/32"]

    def said(found: FoundCluster, callers: list[str] | None = callers) -> list[str]:
        return told(cluster_mistakes(settings, settings.platform.cluster, found, callers))  # type: ignore[arg-type]

    assert said(ground.found_cluster(public=True, public_blocks=("198.51.0.0/16", "203.0.113.9/32"))) == []
    (line,) = said(ground.found_cluster(public=True, public_blocks=("198.51.100.0/24",)))
    assert "does not answer to 203.0.113.9/32" in line
    assert line.endswith("publicAccessCidrs=198.51.100.0/24,203.0.113.9/32")
    (line,) = said(ground.found_cluster())
    assert "has no public endpoint" in line


def test_a_cluster_whose_support_ends_and_one_open_to_everybody_are_warned_of() -> None:
    settings = ground.settings(existing_cluster=True)
    today = datetime.date(2026, 11, 29)
    assert list(cluster_warnings(settings, ground.found_cluster(), today)) == []
    (line,) = cluster_warnings(settings, ground.found_cluster(version="1.32"), today)
    assert "left standard support" in line
    assert "Have its version raised (cluster shared, which is its owner's to change)" in line
    (line,) = cluster_warnings(
        settings, ground.found_cluster(public=True, public_blocks=("0.0.0.0/0",)), today
    )
    assert "answers to everybody" in line


def test_a_name_that_is_somebody_elses_is_taken() -> None:
    settings = parse("staging", stack_values("staging"))
    assert told(taken_name(settings, "slipway-staging", None)) == []
    assert told(taken_name(settings, "slipway-staging", ground.found_cluster(stack="staging"))) == []
    (line,) = told(taken_name(settings, "slipway-staging", ground.found_cluster()))
    assert "or 'existing: slipway-staging', to use that one as it is" in line
    (line,) = told(taken_name(settings, "slipway-staging", ground.found_cluster(stack="prod")))
    assert "which the stack 'prod' has made; expected another name" in line
