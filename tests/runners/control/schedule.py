"""Runs the real handlers against a model of GitHub, AWS and instances, in every order that a seed picks.

At every call that a handler makes (table, Auto Scaling, GitHub) the scheduler may let anything else happen
first: another function runs, an instance calls, dies or finishes its job, a message arrives twice or late; or
the function may crash right there. `Threaded` in `threads.py` drives the same model with functions that take
turns.
"""

import functools
import json
import random
from collections.abc import Callable
from typing import Any

from botocore.exceptions import ClientError

from runners.control import claim_handler, finish_handler, planner_handler
from runners.control.github import Delivery, GitHubClientError, GitHubUnavailable
from runners.control.items import instance_key
from runners.control.reconcile import TickFailed
from runners.control.transitions import instance_of
from tests.runners.control.memory import MemoryGitHub
from tests.runners.control.model import (
    GITHUB_CALLS,
    GITHUB_FAULTS,
    Counted,
    Crash,
    FaultyTable,
    Machine,
    Odds,
    Quiet,
    Truth,
)
from tests.runners.control.world import World, call, class_settings, job_message, run_message

GROUP = "slipway-test-linux"
SETTINGS = class_settings(boot_minutes=3, idle_minutes=1, max_minutes=600)


@functools.lru_cache
def of_run(job: int) -> str:
    """The message of a job's run."""
    return json.dumps(run_message(100 + job))


@functools.lru_cache
def of_job(job: int, action: str, runner: str | None = None, conclusion: str | None = None) -> str:
    """A message of a job."""
    return json.dumps(job_message(job, action, runner_name=runner, conclusion=conclusion))


class Hub(MemoryGitHub):
    """GitHub with a list of deliveries, over the schedule's own model."""

    schedule: "Schedule"
    minting: dict[str, int]
    """Until when nobody else may ask for a configuration of each instance that is being made."""

    def is_busy(self, runner_id: int) -> bool:
        # Looked at when GitHub acts on the call, and not when it is made.
        return self.schedule.is_running(self.registered.get(runner_id, ""))

    def mint_runner(self, name: str, group_id: int, labels: tuple[str, ...]) -> tuple[str, int]:
        instance = instance_of("test", name)
        under_way = self.minting.get(instance, 0)
        assert under_way <= self.schedule.now, f"two configurations at a time for {instance}"
        # A function may take any time here, and so outlive what it reserved.
        self.minting[instance] = self.schedule.table.items[instance_key(instance)].get("minting_until", 0)
        try:
            return super().mint_runner(name, group_id, labels)
        finally:
            self.minting.pop(instance, None)

    def delete_runner(self, runner_id: int) -> bool:
        name = self.registered.get(runner_id)
        done = super().delete_runner(runner_id)
        if done and name is not None:
            self.schedule.deregistered(name)
        return done

    def job(self, slug: str, job_id: int) -> dict[str, Any]:
        self._called("job")
        found = self.schedule.jobs[job_id]
        status = {"done": "completed", "running": "in_progress"}.get(found.state, found.state)
        return {"status": status, "runner_name": found.runner or None}

    def run(self, slug: str, run_id: int) -> dict[str, Any]:
        self._called("run")
        over = self.schedule.jobs[run_id - 100].state == "done"
        same = {"id": 1}
        return {"status": "completed" if over else "queued", "head_repository": same, "repository": same}

    def deliveries(self, cursor: str) -> tuple[list[Delivery], str]:
        self._called("deliveries")
        return list(reversed(self.schedule.deliveries)), ""

    def redeliver(self, delivery: int) -> None:
        self._called("redeliver")
        self.schedule.send(self.schedule.sent[delivery], again=True)


class Schedule(World):
    """One world with some jobs, run until nothing is left to do."""

    def __init__(self, seed: int, jobs: int, odds: Odds, **settings: Any) -> None:
        super().__init__(linux={**SETTINGS, **settings})
        self.random = random.Random(seed)  # noqa: S311 -- replayable by its seed
        random.seed(seed)
        self.odds = odds
        self.depth = 0
        self.count = Counted(jobs=jobs)
        self.table = self._wrapped_table()
        self.groups.before = self.point
        self.github = Hub(self.point)
        self.github.schedule = self
        self.github.minting = {}
        self.groups.on_end = self.terminated
        self.machines: dict[str, Machine] = {}
        self.mailbox: list[str] = []
        self.deliveries: list[Delivery] = []
        self.sent: dict[int, str] = {}
        self.jobs = {number: Truth(number) for number in range(1, jobs + 1)}
        self.finishing: list[str] = []
        self.log: Callable[[Machine], str] = lambda _: ""
        self.functions = self.container()
        self.functions.observer = Quiet("test", lambda: self.now)
        self.unsent = list(self.jobs)
        self.late: list[tuple[int, str]] = []
        self.silent_until = self.soon() if self.random.random() < odds.silence else 0
        self.spare = self.random.random() < odds.spare
        if self.spare:
            self.groups.desired[GROUP] = 1
            self.launch()

    def _wrapped_table(self) -> FaultyTable:
        table = FaultyTable(self.point)
        table.items = self.table.items
        table.fails = lambda: self._odd(self.odds.fault)
        return table

    def _odd(self, chance: float) -> bool:
        if chance and self.random.random() < chance:
            self.count.faults += 1
            return True
        return False

    # What functions meet at each call.

    def point(self, what: str) -> None:
        """A call of a store is about to be made."""
        self.count.points += 1
        odds, roll = self.odds, self.random.random
        if self.depth < 3 and roll() < odds.interleave:
            self.step()
        if odds.crash and roll() < odds.crash:
            self.count.crashes += 1
            raise Crash
        if self._odd(odds.fault):
            if what in GITHUB_CALLS:
                raise self.random.choice(GITHUB_FAULTS)()
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": what}}, what)

    def run(self, function: Callable[[], Any]) -> Any:
        """Invoke a function; None if it crashed. Its answer may get lost, too."""
        self.depth += 1
        try:
            answer = function()
            if self.odds.crash and self.random.random() < self.odds.crash:
                self.count.crashes += 1
                return None
            return answer
        except (Crash, TickFailed, ClientError, GitHubUnavailable, GitHubClientError):
            return None
        finally:
            self.depth -= 1

    # What is true.

    def is_running(self, name: str) -> bool:
        return any(one.name == name and one.state == "running" for one in self.machines.values())

    def deregistered(self, name: str) -> None:
        for one in self.machines.values():
            if one.name == name and one.state in ("online", "hung"):
                one.state, one.result = ("finishing" if one.state == "online" else "hung"), "failed"

    def terminated(self, instance: str) -> None:
        """Auto Scaling was told to end an instance: it must not have a job, nor be able to get one."""
        machine = self.machines[instance]
        assert machine.state != "running", f"{instance} was ended while it ran job {machine.job}"
        assert machine.state != "online", f"{instance} was ended with a runner that waits for a job"
        if machine.state in ("hung", "finishing") and machine.result == "failed":
            self.count.replaced += 1
        machine.state = "dead"

    def send(self, body: str, *, again: bool = False) -> None:
        """GitHub sends a webhook: it may be lost (and is listed as failed), or come twice."""
        identifier = len(self.deliveries) + 1
        lost = self.random.random() < self.odds.lost
        event = "workflow_run" if '"kind": "run"' in body else "workflow_job"
        self.deliveries.append(Delivery(identifier, body, event, lost, again))
        self.sent[identifier] = body
        if not lost:
            copies = 1 + (self.random.random() < self.odds.doubled)
            self.count.messages += copies
            for _ in range(copies):
                if self.random.random() < self.odds.late:
                    self.late.append((self.soon(), body))
                else:
                    self.mailbox.append(body)

    def soon(self) -> int:
        """A time 20 to 50 minutes from now."""
        return self.now + self.random.randint(20 * 60_000, 50 * 60_000)

    # What can happen.

    def choices(self) -> list[Callable[[], None]]:
        found: list[Callable[[], None]] = []
        if self.unsent:
            found += [self.queue_job] * 2
        online = False
        for machine in self.machines.values():
            state = machine.state
            if state == "waiting" or (machine.calling == 0 and state == "finishing"):
                found += [lambda m=machine: self.call(m)] * 2
            online = online or state == "online"
            if state == "running":
                found.append(lambda m=machine: self.complete(m))
        waiting = [one for one in self.jobs.values() if one.state == "queued" and one.told]
        if waiting and online and self.now >= self.silent_until:
            found += [self.assign] * 2
        unapproved = [one for one in self.jobs.values() if one.state == "waiting"]
        found += [lambda job=one: self.approve(job) for one in unapproved if self.now >= one.approved_at]
        found += [lambda job=one: self.cancel(job) for one in waiting if one.cancelled]
        if self.mailbox or self.kept.messages:
            found += [self.deliver] * max(3, len(found) // 2)
        return found

    def step(self) -> None:
        """Let one thing happen, picked at random."""
        self.happen(outermost=self.depth == 0)

    def happen(self, *, outermost: bool) -> None:
        """The same; what happens inside of something else need not be anything."""
        self.mailbox += [body for at, body in self.late if at <= self.now]
        self.late = [(at, body) for at, body in self.late if at > self.now]
        found = self.choices()
        self.now += 700
        if self.is_minute() or (outermost and not found):
            self.minute()
        elif found:
            self.random.choice(found)()
        self.launch()

    def is_minute(self) -> bool:
        """Whether the schedule fires the tick now."""
        return self.random.random() < 0.05

    def minute(self) -> None:
        self.now += 60_000
        self.count.ticks += 1
        self.groups.capacity = 0 if self._odd(self.odds.shortage) else 1_000_000
        self.run(lambda: planner_handler.respond(self.functions, {"tick": True}))

    def launch(self) -> None:
        if sum(self.groups.desired.values()) > len(self.groups.alive):
            for instance in self.groups.settle():
                self.machines[instance] = Machine(instance)

    def queue_job(self) -> None:
        job = self.unsent.pop(0)
        self.jobs[job].told = True
        self.jobs[job].cancelled = self.random.random() < self.odds.cancelled
        self.send(of_run(job))
        self.send(of_job(job, "queued"))
        if self.random.random() < self.odds.approval:
            self.jobs[job].state, self.jobs[job].approved_at = "waiting", self.soon()
            self.send(of_job(job, "waiting"))

    def approve(self, job: Truth) -> None:
        """Somebody approves what a job deploys to."""
        job.state = "queued"
        self.send(of_job(job.id, "queued"))

    def deliver(self) -> None:
        """The queue hands over up to three messages, in any order, and again those that failed."""
        while self.kept.messages:
            self.count.messages += 1
            self.mailbox.append(self.kept.messages.pop())
        self.random.shuffle(self.mailbox)
        taken = [self.mailbox.pop() for _ in range(min(len(self.mailbox), self.random.randint(1, 3)))]
        self.count.invocations += 1
        event = {"Records": [{"messageId": str(n), "body": body} for n, body in enumerate(taken)]}
        answer = self.run(lambda: planner_handler.respond(self.functions, event))
        if answer is None:
            self.mailbox += taken
        else:
            self.mailbox += [taken[int(one["itemIdentifier"])] for one in answer["batchItemFailures"]]

    def call(self, machine: Machine) -> None:
        """What the boot script does next."""
        if self.random.random() < self.odds.death:
            return self.die(machine)
        if machine.calling and self.random.random() > self.odds.impatience:
            return None
        machine.calling += 1
        try:
            if machine.state == "finishing":
                body = {"result": machine.result, "log": self.log(machine)}
                self.run(lambda: finish_handler.respond(self.functions, call(machine.id, body=body)))
            else:
                self.claim(machine)
        finally:
            machine.calling -= 1
        return None

    def claim(self, machine: Machine) -> None:
        answer = self.run(lambda: claim_handler.respond(self.functions, call(machine.id)))
        if answer is None or machine.state != "waiting":
            # The answer found nobody: one impatient call had asked before and got its own.
            return
        if answer["statusCode"] == 200:
            machine.name = json.loads(answer["body"])["runner_name"]
            self.count.minted += 1
            machine.state = "hung" if self.random.random() < self.odds.dud else "online"
            if machine.name not in self.github.registered.values():
                machine.state, machine.result = "finishing", "failed"
            if machine.state == "hung":
                machine.result = "failed"
        elif answer["statusCode"] in (403, 409) and machine.calling == 1:
            machine.state, machine.result = "finishing", "failed"

    def die(self, machine: Machine) -> None:
        """Spot takes it, or its hardware fails."""
        if machine.state == "running":
            self.ended(machine, "failure")
        machine.state = "dead"
        self.count.replaced += 1
        self.groups.vanish(machine.id)

    def assign(self) -> None:
        """GitHub hands a waiting job to any runner that is online."""
        waiting = [one for one in self.jobs.values() if one.state == "queued" and one.told]
        online = [one for one in self.machines.values() if one.state == "online"]
        if not waiting or not online:
            return
        job, machine = self.random.choice(waiting), self.random.choice(online)
        job.state, job.runner = "running", machine.name
        machine.state, machine.job = "running", job.id
        self.send(of_job(job.id, "in_progress", machine.name))

    def cancel(self, job: Truth) -> None:
        """Somebody cancels a job that has not started."""
        job.state = "done"
        self.send(of_job(job.id, "completed", None, "cancelled"))

    def complete(self, machine: Machine) -> None:
        if self.random.random() < self.odds.death:
            return self.die(machine)
        self.ended(machine, "success")
        machine.state = "finishing"
        return None

    def ended(self, machine: Machine, conclusion: str) -> None:
        job = self.jobs[machine.job]
        job.state = "done"
        for number in [n for n, name in self.github.registered.items() if name == machine.name]:
            del self.github.registered[number]
        self.send(of_job(job.id, "completed", machine.name, conclusion))

    # To the end.

    def over(self) -> bool:
        return (
            not self.unsent
            and not self.mailbox
            and not self.late
            and not self.groups.alive
            and all(one.state == "done" for one in self.jobs.values())
        )

    def play(self, limit: int = 4000) -> Counted:
        """Run until every job has run and every instance is gone. Fails if that never comes."""
        for _ in range(limit):
            if self.over():
                break
            self.step()
        else:
            raise AssertionError(f"stuck: {self.story()}")
        self.count.launched = self.groups.launched
        unusual = any(one.cancelled or one.approved_at for one in self.jobs.values())
        if not self.spare and not unusual:
            self.count.measured = len(self.jobs)
            self.count.over = max(0, self.groups.launched - len(self.jobs) - self.count.replaced)
        return self.count

    def story(self) -> dict[str, Any]:
        """Where everything stands."""
        return {
            "jobs": list(self.jobs.values()),
            "machines": list(self.machines.values()),
            "desired": self.groups.desired,
            "alive": self.groups.alive,
            "items": {key: item for key, item in self.table.items.items() if key != "config"},
        }
