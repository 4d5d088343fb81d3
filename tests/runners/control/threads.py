"""The same schedules with functions that really take turns: each in a thread, one running at a time.

Slower than functions inside of each other, and reaches the orders that those cannot: A, B, A, B.
"""

import threading
from collections.abc import Callable
from typing import Any

from tests.runners.control.model import Counted, Odds
from tests.runners.control.schedule import Schedule

_MOST = 4


class Worker:
    """A thread that runs only when it is told to, up to its next call of a store."""

    def __init__(self, action: Callable[[], None]) -> None:
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._action = action
        self.error: BaseException | None = None
        self.done = False
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self) -> None:
        self._go.acquire()
        try:
            self._action()
        except BaseException as error:  # handed over to the test's own thread
            self.error = error
        self.done = True
        self._back.release()

    def resume(self) -> None:
        """Let it go on until it pauses or ends. Raises what it raised."""
        self._go.release()
        self._back.acquire()
        if self.error is not None:
            raise self.error

    def pause(self) -> None:
        """Called within the thread."""
        self._back.release()
        self._go.acquire()


class Threaded(Schedule):
    """A schedule whose functions take turns."""

    def __init__(self, seed: int, jobs: int, odds: Odds, **settings: Any) -> None:
        self.workers: list[Worker] = []
        self.current: Worker | None = None
        super().__init__(seed, jobs, odds, **settings)

    def point(self, what: str) -> None:
        if self.current is not None:
            self.current.pause()
        interleave, self.depth = self.depth, 3  # no function inside of another here
        try:
            super().point(what)
        finally:
            self.depth = interleave

    def step(self) -> None:
        if not self.workers or (len(self.workers) < _MOST and self.random.random() < 0.15):
            first = not self.workers
            self.workers.append(Worker(lambda: self.happen(outermost=first)))
        worker = self.random.choice(self.workers)
        self.current = worker
        try:
            worker.resume()
        finally:
            self.current = None
        if worker.done:
            self.workers.remove(worker)

    def over(self) -> bool:
        return not self.workers and super().over()

    def play(self, limit: int = 20_000) -> Counted:
        return super().play(limit)
