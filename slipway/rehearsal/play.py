"""Plays a rehearsal: jobs come, events are lost, instances live and end, the schedule ticks; then counts."""

import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runners.control.items import JobState
from runners.control.reasons import Reason
from slipway.errors import SlipwayError
from slipway.rehearsal import counters, ready
from slipway.rehearsal.counters import OwnCalls
from slipway.rehearsal.instance import Instance, Ledger, Phase
from slipway.rehearsal.report import Report
from slipway.rehearsal.residue import search
from slipway.rehearsal.settings import Settings
from slipway.rehearsal.stand_in import AwsControls, GitHubControls
from slipway.runners import local_app, state
from slipway.runners.explain import explain
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
_ROUND_S = 0.2
_LAUNCH_CHECK_S = 0.5
_CONVERGE_S = 300.0
_END_S = 30.0
_AT_ONCE = 60
"""Most jobs at one time: the embedded cloud plays all of AWS on a core or two, and would fall behind."""
_WORK_S = (1.0, 4.0)
"""How long a job takes: longer than its events do, as in reality."""


@dataclass(frozen=True, kw_only=True)
class Moment:
    """How a rehearsal stands, for whoever watches."""

    asked: int
    queued: int
    started: int
    done: int
    instances: int
    launched: int
    ticks: int
    doing: str


class Rehearsal:
    """One rehearsal on the embedded cloud."""

    def __init__(
        self, fleet: Fleet, root: Path, settings: Settings, watcher: Callable[[Moment], None]
    ) -> None:
        """Prepare it; `watcher` is called with how it stands a few times a second."""
        cloud = ready.cloud_of(fleet)
        self._fleet, self._root, self._settings, self._watcher = fleet, root, settings, watcher
        self._aws = AwsControls(cloud.aws, fleet.region)
        self._github = GitHubControls(cloud.github)
        self._own = OwnCalls(fleet)
        self._random = random.Random(settings.seed)  # noqa: S311 - a rehearsal is to be repeatable
        self._classes = ready.classes(fleet)
        self._ledger = Ledger()
        self._stopping = threading.Event()
        self._instances: dict[str, Instance] = {}
        self._queued_at: dict[int, float] = {}
        self._waits: dict[int, float] = {}
        self._unmatched: dict[int, int] = {}
        self._foreign_jobs: list[int] = []
        self._killed: list[str] = []
        self._unapproved: dict[int, float] = {}
        self._approved = 0
        self._handing_from = 0.0
        self._ticks = 0
        self._doing = "playing"

    def run(self) -> Report:
        """Play it to its end.

        Raises:
            SlipwayError: the embedded cloud does not answer, or the fleet cannot have an instance.
        """
        settings = self._settings
        local_app.ensure(self._fleet)
        unlisted = ready.unlisted_repository(self._fleet)
        api = self._fleet.api
        for service in ("autoscaling", "dynamodb"):
            self._own.client(service)
        self._aws.settle(30)
        before = self._counted()
        self._github.webhooks(
            drop=settings.drop,
            duplicate=settings.duplicate,
            reorder_ms=settings.reorder_ms if settings.reorder else 0,
            seed=settings.seed,
        )
        began = time.monotonic()
        self._handing_from = began + settings.silence_s
        ticker = threading.Thread(target=self._tick, daemon=True)
        ticker.start()
        try:
            if self._play(api, unlisted):
                self._converge()
        finally:
            self._github.webhooks(drop=0, duplicate=0, reorder_ms=0)
            self._wind_down(ticker)
        return self._report(before, time.monotonic() - began)

    def _play(self, api: str, unlisted: str) -> bool:
        """Until every job is done, or nothing has happened for too long; whether every job is done."""
        checked_at, moved, seen = 0.0, time.monotonic(), (0, 0)
        while len(self._ledger.done) < self._settings.jobs:
            self._feed(unlisted)
            if time.monotonic() - checked_at >= _LAUNCH_CHECK_S:
                checked_at = time.monotonic()
                self._follow_group(api)
            self._approve()
            self._assign()
            self._show_progress()
            now = (len(self._ledger.done), len(self._instances))
            if now != seen:
                moved, seen = time.monotonic(), now
            if time.monotonic() - moved > self._settings.patience_s:
                self._ledger.troubles.append(f"nothing has happened for {self._settings.patience_s:.0f} s")
                return False
            time.sleep(_ROUND_S)
        return True

    def _feed(self, unlisted: str) -> None:
        """New runs, as long as there is no more to do than the fleet and this machine can do at once."""
        classes = [self._classes[name] for name in sorted(self._classes)]
        room = min(_AT_ONCE, 2 * sum(int(settings["maximum"]) for settings in classes))
        while (left := self._settings.jobs - len(self._queued_at)) > 0:
            if len(self._queued_at) - len(self._ledger.done) >= room:
                return
            chosen = self._random.choices(classes, [int(settings["maximum"]) for settings in classes])[0]
            repository = self._random.choice(sorted(chosen["repositories"]))
            count = min(left, self._random.randint(1, 5))
            for job in self._github.queue(repository, list(chosen["labels"]), count):
                self._queued_at[int(job["id"])] = time.monotonic()
                if self._random.random() < self._settings.approvals:
                    self._github.hold(int(job["id"]))
                    takes = self._random.uniform(*self._settings.approval_s)
                    self._unapproved[int(job["id"])] = time.monotonic() + takes
            if len(self._foreign_jobs) * 100 < len(self._queued_at):
                refused = self._github.queue(unlisted, list(chosen["labels"]), 1)
                self._foreign_jobs += [int(job["id"]) for job in refused]

    def _follow_group(self, api: str) -> None:
        """Bring up what AWS has launched since; see whether anything was ended too early."""
        names = [str(settings["group"]) for settings in self._classes.values()]
        launched = {name for group in state.groups(self._fleet, names).values() for name in group.instances}
        for name in launched.difference(self._instances):
            instance = Instance(
                name,
                api,
                (self._aws, self._github),
                self._ledger,
                work_s=self._random.uniform(*_WORK_S),
                greedy=self._random.random() < 0.05,
                stopping=self._stopping,
            )
            self._instances[name] = instance
            instance.start()
        for name in set(self._instances).difference(launched):
            instance = self._instances[name]
            if name in self._killed or instance.phase is not Phase.RUNNING:
                continue
            if self._github.job(instance.job)["status"] == "in_progress":
                self._killed.append(name)

    def _approve(self) -> None:
        """Somebody approves what has waited for it long enough; its wait for an instance begins anew."""
        now = time.monotonic()
        for job in [job for job, at in self._unapproved.items() if at <= now]:
            del self._unapproved[job]
            self._github.release(job)
            self._queued_at[job] = now
            self._approved += 1

    def _assign(self) -> None:
        """GitHub hands out jobs, to any runner that matches."""
        if time.monotonic() < self._handing_from:
            return
        for assignment in self._github.assign(self._random.randrange(1 << 30)):
            job = int(assignment["job_id"])
            self._unmatched[int(assignment["runner_id"])] = job
            if job in self._queued_at:
                self._waits[job] = time.monotonic() - self._queued_at[job]
        instances = self._instances.values()
        listening = {known.runner_id: known for known in instances if known.phase is Phase.LISTENING}
        for runner in set(self._unmatched).intersection(listening):
            listening[runner].hand(self._unmatched.pop(runner))

    def _tick(self) -> None:
        """Fire the schedule again and again, as AWS does once a minute."""
        schedule = self._fleet.names.tick
        while not self._stopping.is_set():
            try:
                for fired in self._aws.tick(schedule):
                    if fired["error"]:
                        self._ledger.troubles.append(f"tick: {fired['error']}")
                self._ticks += 1
            except SlipwayError as error:
                self._ledger.troubles.append(f"tick: {error.what}")
            self._stopping.wait(self._settings.tick_s)

    def _converge(self) -> None:
        """Until the fleet knows what GitHub knows, too: the last events may have been lost."""
        self._doing = "waiting for the last events"
        until = time.monotonic() + _CONVERGE_S
        while time.monotonic() < until and self._open():
            self._github.flush(10)
            self._show_progress()
            time.sleep(1)

    def _open(self) -> int:
        """How many jobs the fleet takes for unfinished, without those of the unlisted repository."""
        return sum(
            job.job_id in self._queued_at and job.state is not JobState.COMPLETED
            for name in self._classes
            for job in state.open_jobs(self._fleet, name)
        )

    def _wind_down(self, ticker: threading.Thread) -> None:
        self._doing = "ending the instances that are left"
        self._show_progress()
        self._stopping.set()
        ticker.join(_END_S)
        for instance in list(self._instances.values()):
            instance.join(_END_S)
        self._github.flush(10)
        self._aws.settle(30)

    def _report(self, before: counters.Counters, seconds: float) -> Report:
        spent = self._counted().since(before)
        aws = counters.aws_calls(self._root, before.log_at) - spent.own
        planner = self._fleet.names.function("planner")
        calls = spent.invocations.get(planner, 0)
        report = Report(
            jobs=self._settings.jobs,
            done=len(set(self._ledger.done)),
            seconds=seconds,
            events=spent.webhooks,
            launched=len(self._instances),
            spares=sum(
                int(settings.get(key, 0))
                for settings in self._classes.values()
                for key in ("spares", "minimum")
            ),
            approvals=self._approved,
            left_over=sum(not instance.job for instance in self._instances.values()),
            longest_wait_s=max(self._waits.values(), default=0.0),
            github_calls=spent.github,
            aws_calls=aws,
            messages=spent.webhooks.get("sent", 0),
            invocations={**spent.invocations, planner: max(0, calls - self._ticks)},
            ticks=self._ticks,
            errors=spent.errors,
            killed=self._killed,
            second_claims=self._ledger.second_claims,
            open_in_table=self._open(),
            troubles=self._ledger.troubles,
        )
        self._report_foreign_jobs(report)
        self._doing = "searching every store for credentials"
        self._show_progress()
        needles = [*self._ledger.configurations, *self._ledger.credentials]
        report.search = search(self._fleet, needles, self._root)
        return report

    def _report_foreign_jobs(self, report: Report) -> None:
        """What became of the jobs that must get no runner; afterwards they are cancelled."""
        report.foreign_jobs = len(self._foreign_jobs)
        for job in self._foreign_jobs:
            report.foreign_jobs_served += self._github.job(job)["status"] != "queued"
            why = self._reason(job)
            if why != Reason.REPOSITORY:
                report.unexplained.append(f"job {job}: {why}")
            self._github.complete(job, "cancelled")

    def _reason(self, job: int) -> str:
        return next((str(explanation.reason) for explanation in explain(self._fleet, job)), "unknown_job")

    def _counted(self) -> counters.Counters:
        return counters.read(self._root, self._fleet, self._aws, self._github, self._own)

    def _show_progress(self) -> None:
        alive = sum(instance.phase is not Phase.GONE for instance in self._instances.values())
        self._watcher(
            Moment(
                asked=self._settings.jobs,
                queued=len(self._queued_at),
                started=len(self._waits),
                done=len(self._ledger.done),
                instances=alive,
                launched=len(self._instances),
                ticks=self._ticks,
                doing=self._doing,
            )
        )
