"""The planner's decision for 10,000 queued jobs and 1,000 instances, reading the items included."""

import statistics
import sys
import time

from runners.control.config import RunnerClass, parse_fleet
from runners.control.items import Instance, InstanceState, Job, JobState
from runners.control.planner import Group, decide

JOBS, INSTANCES, RUNS, LIMIT_MS = 10_000, 1_000, 7, 100.0


def measure() -> bool:
    """Print the median time of reading the items and deciding, and whether it stays within the limit."""
    runner, items, group = _runner(), _jobs(), _group()
    instances = _instances()

    def once() -> float:
        started = time.process_time()
        jobs = [Job.parse(item) for item in items]
        known = [Instance.parse(item) for item in instances]
        plan = decide(runner, jobs, known, group)
        taken = (time.process_time() - started) * 1000
        assert plan.desired == runner.maximum
        return taken

    taken = statistics.median(once() for _ in range(RUNS))
    print(f"  {JOBS:,} jobs and {INSTANCES:,} instances: ", end="")
    print(f"{taken:.1f} ms of processor time (at most {LIMIT_MS:.0f} ms)")
    return taken <= LIMIT_MS


def _runner() -> RunnerClass:
    body = (
        '{"fleet":"f","organization":"o","app_id":1,"installation_id":1,"classes":{"linux":{"group":"g",'
        '"runner_group_id":1,"labels":["self-hosted"],"repositories":[],"maximum":5000,"role":"r",'
        '"log_group":"l","image":{"created":"2026-11-01T00:00:00Z"}}}}'
    )
    return parse_fleet(body).classes["linux"]


def _jobs() -> list[dict[str, object]]:
    return [
        {
            "pk": f"job#{number}#1",
            "job_id": number,
            "attempt": 1,
            "run_id": number,
            "repository": "o/r",
            "labels": ["self-hosted", "linux"],
            "class": "linux",
            "state": JobState.QUEUED,
            "rank": 1,
            "queued_at": number,
            "waiting": "linux",
            "timeline": [{"at": number, "what": "queued", "detail": ""}],
        }
        for number in range(JOBS)
    ]


def _instances() -> list[dict[str, object]]:
    states = list(InstanceState)[:5]
    return [
        {"pk": f"instance#i-{number:08x}", "class": "linux", "state": states[number % len(states)]}
        for number in range(INSTANCES)
    ]


def _group() -> Group:
    return Group("g", INSTANCES, 5_000, {f"i-{number:08x}": "InService" for number in range(INSTANCES)})


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
