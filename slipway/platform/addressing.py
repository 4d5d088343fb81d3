"""Where in a VPC each zone's subnets lie: by its position alone, so that a zone added last moves none."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from slipway.errors import SlipwayError

MAX_ZONES = 7
"""The VPC is cut in eight: one part for each zone's private subnet, the last for all the public ones."""

WIDEST_PREFIX = 16
"""A VPC has at most a /16 (Amazon VPC User Guide, "VPC CIDR blocks")."""

NARROWEST_PREFIX = 21
"""Public subnets come out six bits longer, and a load balancer needs a /27 (ELB User Guide, "Subnets")."""

NARROWEST_SSH_PREFIX = 24
"""SSH may come from one office or one bastion network, 256 addresses; anything wider is a mistake."""

_PART_BITS = 3


@dataclass(frozen=True, kw_only=True)
class ZoneSubnets:
    """The two subnets of one availability zone, as CIDR blocks."""

    zone: str
    public: str
    private: str


def check_private(cidr: str, where: str) -> ipaddress.IPv4Network:
    """Parse a block of private addresses.

    Raises:
        SlipwayError: not an IPv4 block, one with host bits set, or a public one.
    """
    try:
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise SlipwayError(
            f"{cidr!r} is no IPv4 block: {error}", where=where, fix="give one such as 10.20.0.0/16"
        ) from error
    if not any(block.subnet_of(private) for private in _PRIVATE):
        raise SlipwayError(
            f"{cidr} is not private: hosts with these public addresses could not be reached from the VPC",
            where=where,
            fix="take it from 10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16 or 100.64.0.0/10",
        )
    return block


def vpc_block(cidr: str, where: str = "cidr") -> ipaddress.IPv4Network:
    """Parse a VPC's block.

    Raises:
        SlipwayError: not an IPv4 block, one with host bits set, a public one, or one of an unusable size.
    """
    block = check_private(cidr, where)
    if not WIDEST_PREFIX <= block.prefixlen <= NARROWEST_PREFIX:
        raise SlipwayError(
            f"{cidr} has a prefix of /{block.prefixlen}",
            where=where,
            fix=f"give one from /{WIDEST_PREFIX} to /{NARROWEST_PREFIX}",
        )
    return block


_PRIVATE = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def subnets(cidr: str, zones: Sequence[str]) -> tuple[ZoneSubnets, ...]:
    """The subnets of each zone, in the zones' order.

    Raises:
        SlipwayError: see `vpc_block`; also no zone, a zone twice, or more than MAX_ZONES.
    """
    block = vpc_block(cidr)
    if not zones or len(zones) > MAX_ZONES:
        raise SlipwayError(
            f"{len(zones)} zones", where="zones", fix=f"give 1 to {MAX_ZONES} availability zones"
        )
    if len(set(zones)) != len(zones):
        raise SlipwayError(f"a zone twice in {', '.join(zones)}", where="zones", fix="name each zone once")
    *private, shared = block.subnets(prefixlen_diff=_PART_BITS)
    public = list(shared.subnets(prefixlen_diff=_PART_BITS))
    return tuple(
        ZoneSubnets(zone=zone, public=str(public[index]), private=str(private[index]))
        for index, zone in enumerate(zones)
    )


def check_ssh_block(cidr: str, where: str = "cidr") -> None:
    """Raise SlipwayError for an SSH source that is no IPv4 block, or one wider than a /24."""
    try:
        if "/" not in cidr:
            raise ValueError("no prefix length")
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise SlipwayError(
            f"{cidr!r} is no IPv4 block: {error}",
            where=where,
            fix="give one such as 203.0.113.7/32, or leave it out to open no port",
        ) from error
    if block.prefixlen < NARROWEST_SSH_PREFIX:
        raise SlipwayError(
            f"SSH from {block} would let in {block.num_addresses:,} addresses",
            where=where,
            fix=f"give a /{NARROWEST_SSH_PREFIX} or narrower, or leave it out to open no port",
        )
