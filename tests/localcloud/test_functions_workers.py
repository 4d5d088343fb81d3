"""How many workers there are, and when they end, without a cloud around them."""

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import pytest

from slipway.localcloud.functions import runtime
from slipway.localcloud.functions.deployed import Function
from slipway.localcloud.functions.runtime import Functions
from tests.localcloud.functions import package

SLEEP = "import os, time\ndef handle(event, context):\n    time.sleep(event)\n    return os.getpid()\n"


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def functions(lines: list[str]) -> Functions:
    return Functions("http://127.0.0.1:1", lambda function, stream, printed: lines.extend(printed))


def function(source: str = SLEEP, **fields: object) -> Function:
    made = Function(
        arn="arn:aws:lambda:eu-west-1:123456789012:function:x",
        name="x",
        region="eu-west-1",
        handler="app.handle",
        timeout_s=60,
        memory_mb=128,
        environment=(),
        log_group="/aws/lambda/x",
        package_type="Zip",
        concurrency=None,
        code_sha256=str(hash(source)),
        code=package(source),
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def at_once(call: Callable[[], object], times: int) -> list[object]:
    found: list[object] = []
    threads = [threading.Thread(target=lambda: found.append(call())) for _ in range(times)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    return found


def workers(functions: Functions) -> int:
    return int(functions.counts().get("x", {"workers": 0})["workers"])


def test_there_is_none_before_the_first_call(functions: Functions) -> None:
    assert functions.counts() == {}
    assert not functions.busy()


@pytest.mark.parametrize(("concurrency", "most"), [(None, 4), (1, 1), (100, 4)])
def test_there_are_as_many_as_allowed_and_the_other_calls_wait(
    functions: Functions, concurrency: int | None, most: int
) -> None:
    one, works_s = function(concurrency=concurrency), 1.0 if most > 1 else 0.05
    pids = [result.payload for result in at_once(lambda: functions.call(one, works_s), 6)]  # type: ignore[attr-defined]
    assert len(pids) == 6
    assert len(set(pids)) == most
    assert workers(functions) == most


def test_no_concurrency_means_no_call(functions: Functions) -> None:
    result = functions.call(function(concurrency=0), 0)
    assert result.error is not None
    assert result.error["errorType"] == "TooManyRequestsException"
    assert workers(functions) == 0


def test_what_cannot_be_run_here_says_so(functions: Functions) -> None:
    for one, kind in (
        (function(package_type="Image"), "Runtime.InvalidEntrypoint"),
        (function(code=b"no zip"), "Runtime.InvalidZipFile"),
    ):
        result = functions.call(one, 0)
        assert result.error is not None
        assert result.error["errorType"] == kind


def test_idle_ones_end(functions: Functions, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runtime, "IDLE_S", 0.1)
    monkeypatch.setattr(runtime, "_SWEEP_S", 0.05)
    one = function()
    first = functions.call(one, 0).payload
    deadline = time.monotonic() + 120
    while workers(functions) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert workers(functions) == 0
    assert functions.call(one, 0).payload != first


def test_a_busy_one_of_an_old_version_ends_its_call_first(functions: Functions) -> None:
    old, new = function(), function("def handle(event, context):\n    return 'new'\n")
    slow: list[object] = []
    thread = threading.Thread(target=lambda: slow.append(functions.call(old, 0.5).payload))
    thread.start()
    while not workers(functions):
        time.sleep(0.01)
    assert functions.call(new, 0).payload == "new"
    thread.join()
    assert isinstance(slow[0], int)
    assert workers(functions) == 1


def test_output_without_a_last_line_break_is_logged_when_the_process_ends(
    functions: Functions, lines: list[str]
) -> None:
    source = "import os\ndef handle(event, context):\n    os.write(1, b'last words')\n    os._exit(1)\n"
    assert functions.call(function(source), 0).error is not None
    deadline = time.monotonic() + 120
    while "last words" not in lines and time.monotonic() < deadline:
        time.sleep(0.02)
    assert "last words" in lines
