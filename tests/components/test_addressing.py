"""Subnet arithmetic over every size of VPC and number of zones."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import SlipwayError
from slipway.platform.addressing import MAX_ZONES, NARROWEST_PREFIX, WIDEST_PREFIX, subnets


def _block(prefix: int, index: int) -> str:
    return str(
        ipaddress.IPv4Network((int(ipaddress.IPv4Address("10.0.0.0")) + (index << (32 - prefix)), prefix))
    )


blocks = st.integers(WIDEST_PREFIX, NARROWEST_PREFIX).flatmap(
    lambda prefix: st.integers(0, 2 ** (prefix - 8) - 1).map(lambda index: _block(prefix, index))
)
zone_counts = st.integers(1, MAX_ZONES)


def _zones(count: int) -> list[str]:
    return [f"eu-west-1{letter}" for letter in "abcdefg"[:count]]


@given(blocks, zone_counts)
def test_subnets_lie_inside_the_vpc_and_never_overlap(cidr: str, count: int) -> None:
    all_subnets = [
        ipaddress.IPv4Network(block)
        for one in subnets(cidr, _zones(count))
        for block in (one.public, one.private)
    ]
    vpc = ipaddress.IPv4Network(cidr)
    assert len(all_subnets) == 2 * count
    assert all(subnet.subnet_of(vpc) for subnet in all_subnets)
    assert not any(
        first.overlaps(second) for n, first in enumerate(all_subnets) for second in all_subnets[n + 1 :]
    )


@given(blocks, st.integers(1, MAX_ZONES - 1))
def test_a_zone_added_at_the_end_moves_no_subnet(cidr: str, count: int) -> None:
    assert subnets(cidr, _zones(count + 1))[:count] == subnets(cidr, _zones(count))


@given(blocks, zone_counts)
def test_every_subnet_is_large_enough_for_a_load_balancer(cidr: str, count: int) -> None:
    for one in subnets(cidr, _zones(count)):
        assert 16 <= ipaddress.IPv4Network(one.public).prefixlen <= 27
        assert 16 <= ipaddress.IPv4Network(one.private).prefixlen <= 24


@pytest.mark.parametrize(
    ("cidr", "said"),
    [
        ("10.0.0.0/15", "prefix of /15"),
        ("10.0.0.0/22", "prefix of /22"),
        ("10.0.0.1/16", "host bits"),
        ("8.8.0.0/16", "not private"),
        ("10.20/16", "no IPv4 block"),
        ("fd00::/48", "no IPv4 block"),
    ],
)
def test_a_block_that_cannot_be_a_vpc_is_refused(cidr: str, said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        subnets(cidr, ["eu-west-1a"])


@pytest.mark.parametrize(
    ("zones", "said"),
    [([], "0 zones"), (["a"] * 2, "twice"), (list("abcdefgh"), "8 zones")],
)
def test_zones_are_counted(zones: list[str], said: str) -> None:
    with pytest.raises(SlipwayError, match=said):
        subnets("10.0.0.0/16", zones)
