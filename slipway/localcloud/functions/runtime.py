"""Calls functions in warm workers: up to four of each, none before the first call, and none idle for long."""

import io
import tempfile
import threading
import time
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from slipway.localcloud.functions.deployed import Function, Json
from slipway.localcloud.functions.worker import LogLines, Worker, WorkerError

WORKERS = 4
IDLE_S = 60.0
_SWEEP_S = 5.0


@dataclass(frozen=True)
class Result:
    """What a call came to: a payload, or an error in Lambda's words (`errorMessage`, `errorType`, …)."""

    payload: object = None
    error: Json | None = None


class _Version:
    """The workers of one function as it was deployed at one time."""

    def __init__(self, function: Function, package: "tempfile.TemporaryDirectory[str]") -> None:
        self.function = function
        self.package = package
        self.idle: list[Worker] = []
        self.workers = 0
        self.retired = False
        limit = WORKERS if function.concurrency is None else function.concurrency
        self.limit = min(limit, WORKERS)


class Functions:
    """Runs functions. Thread safe; a call takes as long as the function does."""

    def __init__(self, endpoint: str, log: LogLines) -> None:
        self._endpoint = endpoint
        self._log = log
        self._changed = threading.Condition()
        self._versions: dict[str, _Version] = {}
        self._calls: Counter[str] = Counter()
        self._errors: Counter[str] = Counter()
        self._running = 0
        self._sweeping = False

    def call(self, function: Function, event: object) -> Result:
        """Call `function` with `event`, in a worker that is free or a new one, or wait for one."""
        with self._changed:
            self._calls[function.name] += 1
            self._running += 1
        try:
            result = self._call(function, event)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
        if result.error is not None:
            with self._changed:
                self._errors[function.name] += 1
        return result

    def busy(self) -> bool:
        """Whether any function runs now."""
        with self._changed:
            return self._running > 0

    def counts(self) -> Json:
        """`{"<function>": {"invocations", "errors", "workers"}}` of each that was ever called."""
        with self._changed:
            workers: Counter[str] = Counter()
            for version in self._versions.values():
                workers[version.function.name] += version.workers
            return {
                name: {"invocations": calls, "errors": self._errors[name], "workers": workers[name]}
                for name, calls in sorted(self._calls.items())
            }

    def _call(self, function: Function, event: object) -> Result:
        if function.package_type != "Zip":
            return _refused("Runtime.InvalidEntrypoint", "container images are not run here")
        if function.concurrency == 0:
            return _refused("TooManyRequestsException", "Rate Exceeded.")
        try:
            version, worker = self._take(function)
        except zipfile.BadZipFile as error:
            return _refused("Runtime.InvalidZipFile", str(error))
        try:
            answer = worker.call(event)
        except WorkerError as error:
            return _refused(error.kind, str(error))
        finally:
            self._give_back(version, worker)
        return Result(answer.get("payload"), answer.get("error"))

    def _take(self, function: Function) -> tuple[_Version, Worker]:
        with self._changed:
            version = self._version(function)
            while not version.idle and version.workers >= version.limit:
                self._changed.wait()
            while version.idle:
                worker = version.idle.pop()
                if worker.alive:
                    return version, worker
                self._end(version, worker)
            version.workers += 1
        try:
            worker = Worker(function, Path(version.package.name), self._endpoint, self._log)
        except BaseException:
            with self._changed:
                version.workers -= 1
            raise
        self._sweep()
        return version, worker

    def _give_back(self, version: _Version, worker: Worker) -> None:
        with self._changed:
            if version.retired or not worker.alive:
                self._end(version, worker)
            else:
                version.idle.append(worker)
            self._changed.notify_all()

    def _version(self, function: Function) -> _Version:
        """The workers of what is deployed now; those of what was before end as soon as they are free."""
        version = self._versions.get(function.arn)
        if version is not None and version.function == function:
            return version
        package = tempfile.TemporaryDirectory(prefix=f"{function.name}-", ignore_cleanup_errors=True)
        with zipfile.ZipFile(io.BytesIO(function.code)) as archive:
            archive.extractall(package.name)
        if version is not None:
            self._retire(version)
        self._versions[function.arn] = _Version(function, package)
        return self._versions[function.arn]

    def _retire(self, version: _Version) -> None:
        version.retired = True
        while version.idle:
            self._end(version, version.idle.pop())
        if not version.workers:
            version.package.cleanup()

    def _end(self, version: _Version, worker: Worker) -> None:
        worker.end()
        version.workers -= 1
        if version.retired and not version.workers:
            version.package.cleanup()

    def _sweep(self) -> None:
        """Watch for idle workers, from a thread that lives while there are any."""
        with self._changed:
            if self._sweeping:
                return
            self._sweeping = True
        threading.Thread(target=self._end_idle, daemon=True, name="idle-workers").start()

    def _end_idle(self) -> None:
        while True:
            time.sleep(_SWEEP_S)
            oldest = time.monotonic() - IDLE_S
            with self._changed:
                for version in self._versions.values():
                    for worker in [idle for idle in version.idle if idle.idle_since < oldest]:
                        version.idle.remove(worker)
                        self._end(version, worker)
                if not any(version.workers for version in self._versions.values()):
                    self._sweeping = False
                    return


def _refused(kind: str, message: str) -> Result:
    return Result(error={"errorType": kind, "errorMessage": message})
