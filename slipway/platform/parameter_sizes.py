"""How large a published parameter may be, and which tier holds it."""

from typing import Final

from slipway.errors import SlipwayError

STANDARD_BYTES: Final = 4096
ADVANCED_BYTES: Final = 8192
"""Sizes of a parameter's value by tier (Systems Manager User Guide, parameter-store-advanced-parameters)."""


def tier_of(value: str, what: str, *, where: str, fix: str) -> str:
    """The SSM tier that holds a value, `Standard` or `Advanced`.

    Args:
        value: what is published.
        what: what it is, as a sentence begins: "the Helm values have".
        where: the parameter's name.
        fix: what to do about too large a one.

    Raises:
        SlipwayError: no tier holds it.
    """
    size = len(value.encode())
    if size > ADVANCED_BYTES:
        raise SlipwayError(
            f"{what} {size:,} bytes; a parameter holds {ADVANCED_BYTES:,}", where=where, fix=fix
        )
    return "Standard" if size <= STANDARD_BYTES else "Advanced"
