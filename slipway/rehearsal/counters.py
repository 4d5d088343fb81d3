"""What the embedded cloud has counted, before and after, so that a rehearsal can say what it cost."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slipway.localcloud.cloud import log_file
from slipway.rehearsal.stand_in import AwsControls, GitHubControls
from slipway.runners.fleet import Fleet


class OwnCalls:
    """Counts the AWS calls of this process, which are not the fleet's."""

    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet
        self._watched: set[str] = set()
        self.count = 0

    def client(self, service: str) -> Any:
        """The fleet's client, watched from its first use."""
        client = self._fleet.client(service)
        if service not in self._watched:
            self._watched.add(service)
            client.meta.events.register("before-send.*.*", self._count)
        return client

    def _count(self, **_: object) -> None:
        self.count += 1


@dataclass(frozen=True, kw_only=True)
class Counters:
    """One reading. `log_at` is the length of the cloud's log, in which each AWS call is a line."""

    github: dict[str, int]
    webhooks: dict[str, int]
    invocations: dict[str, int]
    errors: dict[str, int]
    log_at: int
    own: int

    def since(self, before: "Counters") -> "Counters":
        """The difference to an earlier reading."""
        return Counters(
            github=_less(self.github, before.github),
            webhooks=_less(self.webhooks, before.webhooks),
            invocations=_less(self.invocations, before.invocations),
            errors=_less(self.errors, before.errors),
            log_at=self.log_at - before.log_at,
            own=self.own - before.own,
        )


def read(root: Path, fleet: Fleet, aws: AwsControls, github: GitHubControls, own: OwnCalls) -> Counters:
    """Read all counters, of the fleet's own functions only."""
    functions = {
        name: counts
        for name, counts in aws.functions().items()
        if name.startswith(f"{fleet.names.prefix}-runner-")
    }
    events = github.webhook_counts()
    path = log_file(root)
    return Counters(
        github=dict(github.calls()),
        webhooks={name: int(events[name]) for name in ("sent", "dropped", "duplicated", "failed")},
        invocations={name: int(counts["invocations"]) for name, counts in functions.items()},
        errors={name: int(counts["errors"]) for name, counts in functions.items()},
        log_at=path.stat().st_size if path.is_file() else 0,
        own=own.count,
    )


def aws_calls(root: Path, start: int) -> int:
    """Calls of AWS in the cloud's log from this byte on, without the embedded cloud's own routes."""
    path = log_file(root)
    if not path.is_file():
        return 0
    with path.open("rb") as log:
        log.seek(start)
        return sum(1 for line in log if b" aws " in line and b"'/slipway/" not in line)


def _less(after: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {name: count - before.get(name, 0) for name, count in after.items() if count - before.get(name, 0)}
