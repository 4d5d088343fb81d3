"""What a schedule plays with: what may go wrong, how often, and what is true of jobs and instances."""

import functools
from collections.abc import Callable
from dataclasses import dataclass

from runners.control.github import GitHubClientError, GitHubUnavailable
from runners.control.items import Item
from runners.control.observe import Observer
from runners.control.reasons import Reason
from runners.control.writes import Write
from tests.runners.control.memory import MemoryTable

GITHUB_CALLS = ("mint_runner", "delete_runner", "deliveries", "redeliver", "run", "job", "runners", "rerun")
GITHUB_FAULTS = (
    functools.partial(GitHubUnavailable, "502", retry_after=2),
    # 403 and 429 with a wait: the limits of an installation, and of too much at once.
    functools.partial(GitHubUnavailable, "429", retry_after=60, reason=Reason.RATE_LIMITED),
    functools.partial(GitHubClientError, "answered 403", 403),
)


class Crash(BaseException):
    """A function's container is gone."""


class Quiet(Observer):
    """Says nothing: JSON lines would be most of the time."""

    def log(self, what: str, **fields: str | int | None) -> None:
        pass

    def metrics(self, values: dict[str, float], class_name: str = "", unit: str = "Count") -> None:
        pass


@dataclass(frozen=True)
class Odds:
    """How often what goes wrong, per opportunity."""

    lost: float = 0.2
    doubled: float = 0.2
    crash: float = 0.01
    fault: float = 0.01
    shortage: float = 0.1
    """AWS has no instances to give, for a minute or more."""
    interleave: float = 0.2
    death: float = 0.004
    dud: float = 0.004
    impatience: float = 0.05
    cancelled: float = 0.08
    approval: float = 0.03
    """A job that waits for an approval after it was queued, and is queued again."""
    silence: float = 0.01
    """A schedule in which GitHub hands out nothing for 20 to 50 minutes."""
    late: float = 0.003
    """A message that comes 20 to 50 minutes after it was sent."""
    spare: float = 0.3
    """An instance that is there before any job, as the last burst leaves them."""


@dataclass
class Machine:
    """An instance as it is in truth."""

    id: str
    state: str = "waiting"
    """waiting, online, running, finishing, dead, or hung (has its configuration and does nothing)."""
    name: str = ""
    job: int = 0
    result: str = "ok"
    calling: int = 0


@dataclass
class Counted:
    """What happened, over one schedule or many."""

    jobs: int = 0
    launched: int = 0
    replaced: int = 0
    """Instances lost to death, a dud or a lost answer, for which another one is rightly started."""
    measured: int = 0
    """Jobs of the schedules in which instances can be compared with jobs."""
    over: int = 0
    """Instances of those schedules that nothing called for."""
    points: int = 0
    crashes: int = 0
    faults: int = 0
    messages: int = 0
    invocations: int = 0
    ticks: int = 0
    minted: int = 0

    def add(self, other: "Counted") -> None:
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)


@dataclass
class Truth:
    """A job as it is at GitHub."""

    id: int
    state: str = "queued"
    """queued, waiting (for an approval), running, done."""
    runner: str = ""
    told: bool = False
    cancelled: bool = False
    approved_at: int = 0


class FaultyTable(MemoryTable):
    """A table whose conditions sometimes fail although they hold: a write that was applied and retried."""

    fails: Callable[[], bool] = staticmethod(lambda: False)

    def write(self, write: Write) -> Item | None:
        if write.when and self.fails():
            self.before("write")
            return None
        return super().write(write)
