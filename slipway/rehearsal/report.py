"""What happened in a rehearsal, and whether each promise held."""

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from slipway.rehearsal.residue import Search

GITHUB_CALLS = 1.02
INVOCATIONS_PER_MESSAGE = 1.2
OVERPROVISION = 0.05
FEW = 3
"""Instances too many that say nothing of a share: with twenty jobs, two are bad luck on a busy machine."""
_CONFLICT = 409


@dataclass(kw_only=True)
class Report:
    """Counts of one rehearsal; durations in seconds."""

    jobs: int
    done: int = 0
    seconds: float = 0.0
    events: dict[str, int] = field(default_factory=dict[str, int])
    """Events sent, dropped, duplicated, and answered with an error."""
    launched: int = 0
    spares: int = 0
    """Instances that the classes keep beyond their demand, by their settings."""
    approvals: int = 0
    """Jobs that waited for one in between, each of which may cost an instance that idles."""
    left_over: int = 0
    """Instances that never got a job."""
    longest_wait_s: float = 0.0
    github_calls: dict[str, int] = field(default_factory=dict[str, int])
    aws_calls: int = 0
    messages: int = 0
    invocations: dict[str, int] = field(default_factory=dict[str, int])
    """Calls of each function, without the ticks."""
    ticks: int = 0
    errors: dict[str, int] = field(default_factory=dict[str, int])
    killed: list[str] = field(default_factory=list[str])
    """Instances that somebody ended while their job ran."""
    second_claims: list[int] = field(default_factory=list[int])
    foreign_jobs: int = 0
    """Jobs of a repository that is on no list."""
    foreign_jobs_served: int = 0
    unexplained: list[str] = field(default_factory=list[str])
    """Jobs whose reason was not what it had to be."""
    open_in_table: int = 0
    """Jobs that GitHub has completed and the fleet has not."""
    search: Search | None = None
    troubles: list[str] = field(default_factory=list[str])

    @property
    def overprovision(self) -> float:
        """Instances beyond one a job and one an approval, as a share of the jobs."""
        return max(0, self.launched - self.jobs - self.spares - self.approvals) / self.jobs

    @property
    def github_calls_per_job(self) -> float:
        """Without recovery, whose number is the losses' and not the jobs'."""
        return self._calls_for_jobs / self.jobs

    @property
    def _calls_for_jobs(self) -> int:
        return sum(count for route, count in self.github_calls.items() if not _is_recovery(route))

    @property
    def recovery_calls_per_job(self) -> float:
        """Lists of deliveries, what was asked for again, and look-ups of what lost events would have told."""
        return sum(count for route, count in self.github_calls.items() if _is_recovery(route)) / self.jobs

    @property
    def aws_calls_per_job(self) -> float:
        return self.aws_calls / self.jobs

    @property
    def invocations_per_message(self) -> float:
        """Of the planner, which the queue feeds."""
        planner = sum(count for name, count in self.invocations.items() if name.endswith("-planner"))
        return planner / self.messages if self.messages else 0.0

    def promises(self) -> list[tuple[str, bool]]:
        """Each promise in words, and whether it held."""
        extra = max(FEW, math.ceil(self.jobs * OVERPROVISION))
        places = self.search.found if self.search else ("not searched",)
        return [
            ("every job is done", self.done == self.jobs),
            ("the fleet knows it of each", self.open_in_table == 0),
            ("no instance was ended while its job ran", not self.killed),
            (
                f"at most {OVERPROVISION:.0%} more instances than jobs, or {FEW}"
                + (", and one an approval" if self.approvals else ""),
                self.launched <= self.jobs + self.spares + self.approvals + extra,
            ),
            (
                f"at most {GITHUB_CALLS} GitHub calls an instance, recovery of lost events apart",
                # Rounded up: the token that all share is one call however few they are.
                self._calls_for_jobs <= math.ceil(self.launched * GITHUB_CALLS),
            ),
            (
                f"at most {INVOCATIONS_PER_MESSAGE} invocations a message",
                self.invocations_per_message <= INVOCATIONS_PER_MESSAGE,
            ),
            (
                "a second claim is refused",
                all(status == _CONFLICT for status in self.second_claims),
            ),
            (
                "a repository that is not on the list gets no runner, and is told why",
                not self.foreign_jobs_served and not self.unexplained,
            ),
            ("no runner credential is found in any store, tag, user data or log", not places),
        ]

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        computed = {
            "overprovision": self.overprovision,
            "github_calls_per_job": self.github_calls_per_job,
            "recovery_calls_per_job": self.recovery_calls_per_job,
            "aws_calls_per_job": self.aws_calls_per_job,
            "invocations_per_message": self.invocations_per_message,
        }
        return {**asdict(self), **computed, "promises": dict(self.promises())}


def _is_recovery(route: str) -> bool:
    # A job's own way is two kinds of POST: the token that all share, and its configuration.
    return "/app/hook/" in route or route.startswith("GET ")
