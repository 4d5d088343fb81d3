"""One subprocess that runs one version of a function, a call at a time."""

import json
import os
import select
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from slipway.localcloud.functions.deployed import Function, Json

BOOTSTRAP = Path(__file__).with_name("bootstrap.py")
_PASSED_ON = ("PATH", "LANG", "LC_ALL", "TMPDIR")
_LOG_WAIT_S = 30.0
# Loading is not the call's time. Lambda gives it 10 s of its own; a busy laptop needs more.
# https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
_LOAD_S = 60.0

LogLines = Callable[[Function, str, list[str]], None]
"""Takes a function, the name of a log stream, and lines for it."""


class WorkerError(Exception):
    """A call that no answer came for: the worker died, or was ended for taking too long."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


def environment(function: Function, endpoint: str, package: Path, stream: str) -> dict[str, str]:
    """A function's environment: its own, what Lambda sets, and no credential or proxy of this machine.

    https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
    """
    return {
        **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
        **dict(function.environment),
        "TZ": ":UTC",
        "HOME": str(package),
        "LAMBDA_TASK_ROOT": str(package),
        "_HANDLER": function.handler,
        "AWS_REGION": function.region,
        "AWS_DEFAULT_REGION": function.region,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_SESSION_TOKEN": "test",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_LAMBDA_FUNCTION_NAME": function.name,
        "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
        "AWS_LAMBDA_LOG_GROUP_NAME": function.log_group,
        "AWS_LAMBDA_LOG_STREAM_NAME": stream,
    }


class Worker:
    """A running worker. `call` is for one thread at a time; the pool sees to that."""

    def __init__(self, function: Function, package: Path, endpoint: str, log: LogLines) -> None:
        self._function = function
        self._log = log
        self.stream = f"{datetime.now(UTC):%Y/%m/%d}/[$LATEST]{uuid.uuid4().hex}"
        self.idle_since = time.monotonic()
        requests_read, self._requests = os.pipe()
        self._answers, answers_write = os.pipe()
        command = [sys.executable, "-I", str(BOOTSTRAP), str(package), function.handler]
        try:
            self._process = subprocess.Popen(
                [*command, str(requests_read), str(answers_write)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                cwd=package,
                env=environment(function, endpoint, package, self.stream),
                pass_fds=[requests_read, answers_write],
            )
        finally:
            os.close(requests_read)
            os.close(answers_write)
        self._received = b""
        self._loaded = False
        self._logged = threading.Condition()
        self._ended_requests: set[str] = set()
        threading.Thread(target=self._copy_output, daemon=True, name=f"log-{function.name}").start()

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def call(self, event: object) -> Json:
        """The worker's answer: `{"payload": …}` or `{"error": {…}}`. Raises WorkerError, and is over then."""
        id_ = str(uuid.uuid4())
        timeout_s = self._function.timeout_s
        request = {"id": id_, "arn": self._function.arn, "timeout_s": timeout_s, "event": event}
        try:
            self._load()
            self._send(json.dumps(request).encode() + b"\n")
            answer = self._receive(time.monotonic() + timeout_s)
        except TimeoutError:
            self.end()
            after_s = timeout_s if self._loaded else _LOAD_S
            message = f"{id_} Task timed out after {after_s:.2f} seconds"
            self._log(self._function, self.stream, [message])
            raise WorkerError("Sandbox.Timedout", message) from None
        except (OSError, EOFError):
            self.end()
            message = f"RequestId: {id_} Error: Runtime exited without providing a reason"
            self._log(self._function, self.stream, [message])
            raise WorkerError("Runtime.ExitError", message) from None
        with self._logged:  # what the call printed is in the log before its answer is out
            self._logged.wait_for(lambda: id_ in self._ended_requests, timeout=_LOG_WAIT_S)
            self._ended_requests.discard(id_)
        self.idle_since = time.monotonic()
        return answer

    def end(self) -> None:
        """Kill the process and wait for it; nothing it does is worth waiting for."""
        for fd in (self._requests, self._answers):
            with suppress(OSError):
                os.close(fd)
        self._requests = self._answers = -1
        self._process.kill()
        self._process.wait()

    def _load(self) -> None:
        if not self._loaded:
            self._receive(time.monotonic() + _LOAD_S)
            self._loaded = True

    def _send(self, data: bytes) -> None:
        sent = 0
        while sent < len(data):
            sent += os.write(self._requests, data[sent:])

    def _receive(self, deadline: float) -> Json:
        waiting = select.poll()  # select() takes no descriptor above 1,023
        waiting.register(self._answers, select.POLLIN)
        while b"\n" not in self._received:
            ready = waiting.poll(max(0.0, deadline - time.monotonic()) * 1000)
            if not ready:
                raise TimeoutError
            part = os.read(self._answers, 65_536)
            if not part:
                raise EOFError
            self._received += part
        line, _, self._received = self._received.partition(b"\n")
        message: Any = json.loads(line)
        return message

    def _copy_output(self) -> None:
        """Put each line that the function prints in its log, in batches of what has arrived."""
        assert self._process.stdout is not None  # noqa: S101 - asked for above
        stdout = self._process.stdout.fileno()
        rest = b""
        while part := os.read(stdout, 65_536):
            *lines, rest = (rest + part).split(b"\n")
            self._note([line.decode(errors="replace") for line in lines])
        if rest:
            self._note([rest.decode(errors="replace")])
        self._process.stdout.close()

    def _note(self, lines: list[str]) -> None:
        if not lines:
            return
        self._log(self._function, self.stream, lines)
        ended = [line.removeprefix("END RequestId: ") for line in lines if line.startswith("END RequestId: ")]
        if ended:
            with self._logged:
                self._ended_requests.update(ended)
                self._logged.notify_all()
