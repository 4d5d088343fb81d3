"""Processes that take turns: each a thread that runs only while it is told to, until it is killed or ends.

What they call is the production code, which knows nothing of this: it pauses where it asks the store, the
engine or the clock. A process that was killed does nothing any more: whatever it still calls raises `Killed`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from slipway.store import watchdog


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Clock:
    """True time, in seconds since the epoch: nothing but an event moves it."""

    now: float = 1_800_000_000.0


class Strand:
    """A thread of a process: the one that it began with, or one that it has started."""

    def __init__(self, processes: Processes, body: Callable[[], None], process: Process) -> None:
        self.process = process
        self.wakes: float | None = None
        """When it goes on; None while it waits for nothing."""
        self.done = self.joined = False
        self._processes = processes
        self._go, self._back = threading.Lock(), threading.Lock()
        for each in (self._go, self._back):
            each.acquire()
        self._thread = threading.Thread(target=self._run, args=(body,), daemon=True)
        self._started = False

    def _run(self, body: Callable[[], None]) -> None:
        self._go.acquire()
        try:
            body()
        except Killed:
            pass
        except BaseException as error:
            self._processes.wrong.append(error)
        self.done = True
        self._back.release()

    def resume(self) -> None:
        """Let it run until it pauses or ends."""
        before, self._processes.current = self._processes.current, self
        if not self._started:
            self._started = True
            self._thread.start()
        self._go.release()
        self._back.acquire()
        self._processes.current = before

    def pause(self) -> None:
        """Called by itself, from whatever thread works for it."""
        self._back.release()
        self._go.acquire()


@dataclass
class Process:
    """A process of a machine.

    Attributes:
        skew: of its machine's clock.
        deadline: when its watchdog ends it, in true time.
        stopped: whether it does not go on, although nobody has killed it; and whether that ever was so.
        budget: how many calls it goes on for before another one's turn comes; and whether only until the
            engine does something.
        fault: after so many more calls of the store one fails, and how.
        breaks: at which of the steps that it does next its provider fails.
        about: what the history knows of it.
    """

    name: str
    skew: float = 0.0
    deadline: float | None = None
    stopped: bool = False
    has_stopped: bool = False
    killed: bool = False
    budget: int = 0
    to_engine: bool = False
    fault: tuple[int, str] | None = None
    breaks: int | None = None
    about: Any = None
    strands: list[Strand] = field(default_factory=list[Strand])

    @property
    def main(self) -> Strand:
        return self.strands[0]

    @property
    def over(self) -> bool:
        """Whether nothing of it is left."""
        return self.killed or self.main.done


class Processes:
    """All of them, and the clock."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.current: Strand | None = None
        self.all: list[Process] = []
        self.wrong: list[BaseException] = []
        self.slow: list[Process] = []
        """Processes that were ended by their watchdogs although they had never stopped."""

    def start(self, process: Process, body: Callable[[], None]) -> None:
        process.strands.append(Strand(self, body, process))
        self.all.append(process)

    def living(self) -> list[Process]:
        return [process for process in self.all if not process.over]

    @property
    def process(self) -> Process | None:
        """Whose turn it is."""
        return self.current.process if self.current else None

    def call(self, *, of_engine: bool = False) -> None:
        """Called before each call of the store, and where an engine does something: others may come first."""
        strand = self.current
        if strand is None:
            return
        process = strand.process
        if process.killed:
            raise Killed
        if strand is process.main:
            process.budget -= 1
            if process.budget <= 0 or (of_engine and process.to_engine):
                strand.pause()
                if process.killed:
                    raise Killed

    def go(self, process: Process, budget: int, *, to_engine: bool = False) -> None:
        """Let a process go on for so many calls; or until its engine does something."""
        if not process.over and not process.stopped:
            process.budget, process.to_engine = budget, to_engine
            process.main.resume()

    def kill(self, process: Process) -> None:
        """As `kill -9`: nothing that it would still do is done."""
        process.killed = True
        for strand in reversed(process.strands):
            if strand._started:  # pyright: ignore[reportPrivateUsage]
                while not strand.done:
                    strand.resume()

    def advance(self, seconds: float) -> None:
        """Let time pass: what sleeps wakes up, and who does not renew its lease is killed by its watchdog."""
        end = self.clock.now + seconds
        while True:
            wakes = [
                (strand.wakes, strand)
                for process in self.living()
                if not process.stopped
                for strand in process.strands
                if strand.wakes is not None and not strand.done
            ]
            deadlines = [process.deadline for process in self.living() if process.deadline is not None]
            now = min([end, *(moment for moment, _ in wakes), *deadlines])
            self.clock.now = max(self.clock.now, now)
            for process in self.living():
                if process.deadline is not None and process.deadline <= self.clock.now:
                    renews = any(not strand.joined for strand in process.strands[1:])
                    self.slow += [process] if renews and not process.has_stopped else []
                    self.kill(process)
            for moment, strand in wakes:
                if moment <= self.clock.now and not strand.done:
                    strand.wakes = None
                    strand.resume()
            if self.clock.now >= end:
                return

    def threading(self) -> SimpleNamespace:
        """What stands for the module `threading`, with threads and events that take turns."""
        processes = self

        class Event:
            def __init__(self) -> None:
                self._set = False

            def set(self) -> None:
                self._set = True

            def wait(self, seconds: float) -> bool:
                strand = processes.current
                assert strand is not None
                if not self._set and not strand.process.killed:
                    strand.wakes = processes.clock.now + seconds
                    strand.pause()
                if strand.process.killed:
                    raise Killed
                return self._set

        class Thread:
            def __init__(self, target: Callable[[], None], **_: Any) -> None:
                current = processes.current
                assert current is not None
                self._strand = Strand(processes, target, current.process)

            def start(self) -> None:
                self._strand.process.strands.append(self._strand)
                self._strand.resume()

            def join(self) -> None:
                self._strand.joined = True
                while not self._strand.done:
                    self._strand.resume()

        return SimpleNamespace(Event=Event, Thread=Thread)


class Watchdog:
    """Stands for the process beside a holder's, which kills it before its lease's time is over."""

    def __init__(self, processes: Processes) -> None:
        current = processes.process
        assert current is not None
        self._process, self._processes = current, processes
        self._began = False

    def say(self, since: float, seconds: float) -> None:
        # Whoever waited for the lease until it was over was stopped, as far as anybody can tell.
        self._process.has_stopped |= not self._began and since + seconds / 2 < self._processes.clock.now
        self._began = True
        self._process.deadline = since + watchdog._KILLS_AT * seconds  # pyright: ignore[reportPrivateUsage]

    def close(self) -> None:
        self._process.deadline = None
