"""From where a cluster's API server answers."""

import ipaddress
from collections.abc import Sequence

from slipway.errors import SlipwayError

WIDEST_PREFIX = 16
"""65,536 addresses: as much as one organisation has to itself. A wider block is a provider's, shared with
strangers, and two of half the internet each would slip past a rule against 0.0.0.0/0 alone."""

MAX_BLOCKS = 40
"""EKS service quotas, "Public endpoint access CIDR ranges per cluster"."""

_PRIVATE = tuple(
    ipaddress.IPv4Network(block)
    for block in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10")
)


def check_blocks(cidrs: Sequence[str], where: str) -> None:
    """Raise SlipwayError for more blocks than EKS takes, one twice, or one with strangers in it.

    Args:
        cidrs: IPv4 blocks for which the public endpoint answers.
        where: what the error is about.
    """
    if len(cidrs) > MAX_BLOCKS or len(set(cidrs)) != len(cidrs):
        raise SlipwayError(
            f"{len(cidrs)} blocks, of which {len(set(cidrs))} differ",
            where=where,
            fix=f"give each block once, at most {MAX_BLOCKS} in all",
        )
    for cidr in cidrs:
        check_block(cidr, where)


def check_block(cidr: str, where: str) -> None:
    """Raise SlipwayError for what is no block of public addresses, or one with strangers in it."""
    try:
        if "/" not in cidr:
            raise ValueError("no prefix length")
        block = ipaddress.IPv4Network(cidr)
    except ValueError as error:
        raise SlipwayError(
            f"{cidr!r} is no IPv4 block: {error}", where=where, fix="give one such as 198.51.100.0/24"
        ) from error
    if block.prefixlen < WIDEST_PREFIX:
        raise SlipwayError(
            f"{cidr} would open the API server to {block.num_addresses:,} addresses",
            where=where,
            fix=f"give a /{WIDEST_PREFIX} or narrower, or leave it out for a private endpoint",
        )
    if any(block.overlaps(private) for private in _PRIVATE):
        raise SlipwayError(
            f"{cidr} is private: the public endpoint never sees such an address",
            where=where,
            fix="leave it out; the private endpoint is always on",
        )
