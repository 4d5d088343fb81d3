"""The store of infrastructure delivery: what lies where in it, and which job may do what there.

Both sides read this one table: the code that reads and writes, and the policies of the bucket and the roles.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal, get_args

Actor = Literal["pull-request", "plan", "gate", "apply", "drift"]
"""A job of infrastructure delivery: `pull-request` runs a pull request's program, the others run main's."""

ACTORS: Final[tuple[Actor, ...]] = get_args(Actor)
_MAIN: Final[frozenset[Actor]] = frozenset({"plan", "gate", "apply", "drift"})


@dataclass(frozen=True, kw_only=True)
class Area:
    """Objects of one kind: keys that begin with `<name>/<project>/<stack>/`.

    Attributes:
        puts: who writes them.
        reads: who gets and lists them.
        once: whether an object is written once; otherwise it is replaced under `If-Match` alone.
        keep_days: after which they are gone; None: never.
        sealed: whether a job reads those of its own stack alone. Of what holds no secret a job reads all, to
            see what goes on upstream.
    """

    name: str
    puts: frozenset[Actor]
    reads: frozenset[Actor]
    once: bool
    keep_days: int | None = None
    sealed: bool = False

    def of(self, project: str, stack: str) -> str:
        """What the keys of a stack begin with, without a slash at its end."""
        return f"{self.name}/{project}/{stack}"

    def read_of(self, project: str, stack: str) -> str:
        """What the keys begin with that a job of a stack reads, likewise."""
        return self.of(project, stack) if self.sealed else self.name


PLANS: Final = Area(
    name="plans", puts=frozenset({"plan"}), reads=frozenset({"apply"}), once=True, keep_days=30, sealed=True
)
"""Sealed plans by run. An older one would be stale anyway; a run waits for its approval 30 days at most."""

SUMMARIES: Final = Area(name="summaries", puts=frozenset({"plan"}), reads=_MAIN, once=True, keep_days=90)
"""What those plans do, free of secrets, by the same names."""

REVIEWS: Final = Area(name="reviews", puts=frozenset({"pull-request"}), reads=_MAIN, once=True, keep_days=90)
"""The same of what pull requests would do. Apart from the others: a pull request's program must not be able
to take the name of a run on main."""

DRIFT: Final = Area(name="drift", puts=frozenset({"drift"}), reads=_MAIN, once=False)
"""What the last look for drift at each stack found. One object a stack, or who shows all stacks would have to
list every look at every one of them."""

LOG: Final = Area(name="log", puts=frozenset({"apply"}), reads=_MAIN, once=True)
"""What was done to a stack, numbered and chained."""

USES: Final = Area(name="uses", puts=frozenset({"apply"}), reads=_MAIN, once=True, keep_days=60)
"""By digest, the plans that an apply has begun with: nobody does so twice. Kept longer than the plans."""

HEADS: Final = Area(name="heads", puts=frozenset({"apply"}), reads=_MAIN, once=False)
"""The last record of each stack's log, under its lease."""

LEASES: Final = Area(name="leases", puts=frozenset({"apply"}), reads=_MAIN, once=False)
"""Who may change a stack now."""

AREAS: Final = (PLANS, SUMMARIES, REVIEWS, DRIFT, LOG, USES, HEADS, LEASES)


def lease_key(project: str, stack: str) -> str:
    """The lease of a stack."""
    return f"{LEASES.of(project, stack)}/lease.json"


def head_key(project: str, stack: str) -> str:
    """The head of a stack's log."""
    return f"{HEADS.of(project, stack)}/head.json"


def drift_key(project: str, stack: str) -> str:
    """The last look for drift at a stack."""
    return f"{DRIFT.of(project, stack)}/last.json"


PROJECT_CONTEXT: Final = "slipway:project"
STACK_CONTEXT: Final = "slipway:stack"
"""In the encryption context of a sealed plan, so that a policy can hold a role to its own stack's."""


def put_by(actors: Iterable[Actor]) -> tuple[Area, ...]:
    """What any of these jobs may write."""
    given = frozenset(actors)
    return tuple(area for area in AREAS if area.puts & given)


def read_by(actors: Iterable[Actor]) -> tuple[Area, ...]:
    """What any of these jobs may read."""
    given = frozenset(actors)
    return tuple(area for area in AREAS if area.reads & given)
