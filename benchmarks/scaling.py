"""Our time per resource above the SDK's own mocks, at 100 and at 5,000 resources.

`python -m benchmarks.scaling mocks|engine COUNT` runs one program in a process of its own; prints seconds.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from benchmarks.echo import EchoProvider
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence

SMALL, LARGE, RUNS = 100, 5_000, 5
LIMIT = 1.3


class Thing(pulumi.CustomResource):
    """A resource with a handful of properties, as most have."""

    def __init__(self, name: str, before: "Thing | None") -> None:
        properties: dict[str, Any] = {
            "name": name,
            "size": 3,
            "tags": {"team": "platform", "stage": "bench"},
            "rules": [{"port": 443, "open": False}],
            "before": before.id if before else None,
        }
        super().__init__("echo:index:Thing", name, properties)


def program(count: int) -> None:
    """`count` resources; every tenth depends on the one before it."""
    last: Thing | None = None
    for number in range(count):
        last = Thing(f"thing-{number}", last if number % 10 == 9 else None)


class _Mocks(mocks.Mocks):
    """`args` are Any: the SDK says of its dictionaries that they are some."""

    def new_resource(self, args: Any) -> tuple[str, dict[Any, Any]]:
        return f"{args.name}-id", dict(args.inputs)

    def call(self, args: Any) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        return {}, []


def with_mocks(count: int) -> float:
    """Seconds for the program under the SDK's own mocks."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(_Mocks(), preview=False)
    set_root_resource(None)  # pyright: ignore[reportArgumentType] - set_mocks makes one that nothing waits for
    started = time.perf_counter()
    loop.run_until_complete(run_in_stack(lambda: program(count)))
    seconds = time.perf_counter() - started
    loop.close()
    return seconds


def with_engine(count: int) -> float:
    """Seconds for the program on the embedded engine, state and journal included."""
    with tempfile.TemporaryDirectory() as folder:
        engine = EmbeddedEngine(
            lambda: program(count),
            "bench",
            "local",
            {},
            Path(folder),
            {"echo": EchoProvider},
            passphrase="bench",  # noqa: S106
            fence=Fence(),
        )
        started = time.perf_counter()
        result = engine.up()
        seconds = time.perf_counter() - started
    if not result.ok:
        raise SystemExit(str(result.errors[:3]))
    return seconds


def measure() -> bool:
    """Print the two figures and their ratio; whether it is within the limit."""
    per_resource: dict[int, float] = {}
    for count in (SMALL, LARGE):
        runs = RUNS if count == SMALL else 3
        pairs = [(_apart("engine", count), _apart("mocks", count)) for _ in range(runs)]
        above = statistics.median(engine - bare for engine, bare in pairs) / count
        per_resource[count] = above
        bare = statistics.median(bare for _, bare in pairs) / count
        whole = statistics.median(engine for engine, _ in pairs) / count
        print(
            f"  {count:>5} resources: {whole * 1e3:.2f} ms each, the mocks {bare * 1e3:.2f} ms,"
            f" above them {above * 1e3:.2f} ms"
        )
    ratio = per_resource[LARGE] / per_resource[SMALL]
    print(f"  ratio {LARGE} : {SMALL} = {ratio:.2f} (at most {LIMIT})")
    return ratio <= LIMIT


def _apart(kind: str, count: int) -> float:
    command = [sys.executable, "-m", "benchmarks.scaling", kind, str(count)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


if __name__ == "__main__":
    print({"mocks": with_mocks, "engine": with_engine}[sys.argv[1]](int(sys.argv[2])))
