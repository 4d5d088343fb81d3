"""Whether a stack makes a resource or finds it made."""

from enum import StrEnum


class Origin(StrEnum):
    """Where a resource of an account's foundation comes from.

    `slipway bootstrap` has to make a few things before any state can exist; the stack then takes them over.
    """

    CREATE = "create"
    """The stack makes it."""

    IMPORT = "import"
    """`slipway bootstrap` made it; the stack takes it over, protects it, and never deletes it."""

    USE = "use"
    """Somebody else owns it; the stack reads it and changes nothing."""
