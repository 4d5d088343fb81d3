"""The stacks of the platform program."""

from enum import StrEnum


class Stack(StrEnum):
    """One per account role; `local` plays them all, small, on the embedded cloud."""

    AUTOMATION = "automation"
    STAGING = "staging"
    PROD = "prod"
    LOCAL = "local"

    @property
    def on_stand_in(self) -> bool:
        """Whether its cloud is a stand-in: what is fenced is the world that a stack is of, not its name."""
        return self is Stack.LOCAL

    @property
    def builds(self) -> bool:
        """Whether registries, build roles and repository-level GitHub settings live in this stack."""
        return self in (Stack.AUTOMATION, Stack.LOCAL)

    @property
    def runs(self) -> bool:
        """Whether a cluster lives in this stack."""
        return self is not Stack.AUTOMATION

    def holds(self, other: "Stack") -> bool:
        """Whether what belongs to another stack is in this one."""
        return self is other or self is Stack.LOCAL


EMBEDDED_ACCOUNT = "123456789012"
"""The one account of the embedded cloud (moto's own, `moto.core.DEFAULT_ACCOUNT_ID`)."""

ACCOUNT_STACKS = (Stack.AUTOMATION, Stack.STAGING, Stack.PROD)
"""The stacks that have an account of their own, in the order in which they are applied from nothing."""
