"""The webhook function: what it costs to load, how many requests it takes, and how long each takes.

`python -m benchmarks.webhook` measures; `… load` and `… serve URL COUNT` are the processes that it measures.
"""

import importlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
STAND_IN = ROOT / "tests" / "runners" / "webhook" / "stand_in.py"
IMPORT_MS, MEMORY_MB, RATE, P99_MS, PACKAGE_KB = 50, 25, 1000, 5.0, 50
REQUESTS, RUNS = 5000, 5


def measure() -> bool:
    """Print every figure beside its limit; whether all are kept."""
    loads = [_apart("load") for _ in range(RUNS)]
    import_ms = statistics.median(float(one["import_ms"]) for one in loads)
    memory = statistics.median(float(one["memory_mb"]) for one in loads)
    served = [_serve() for _ in range(RUNS)]
    rate = statistics.median(float(one["rate"]) for one in served)
    p99 = statistics.median(float(one["p99_ms"]) for one in served)
    package = _package_kb()
    clean = not any(one["boto3"] for one in (*loads, *served))
    print(f"  import {import_ms:.0f} ms (at most {IMPORT_MS}), process {memory:.0f} MB (at most {MEMORY_MB})")
    print(
        f"  {rate:.0f} accepted requests a second on one core (at least {RATE}),"
        f" p99 {p99:.1f} ms (at most {P99_MS})"
    )
    print(f"  package {package:.0f} kB (at most {PACKAGE_KB}); boto3 loaded: {'no' if clean else 'YES'}")
    return (
        clean
        and import_ms <= IMPORT_MS
        and memory <= MEMORY_MB
        and rate >= RATE
        and p99 <= P99_MS
        and package <= PACKAGE_KB
    )


def _apart(*arguments: str, env: dict[str, str] | None = None) -> dict[str, float]:
    command = [sys.executable, "-S", __file__, *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], **(env or {})}
    out = subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment, cwd=ROOT
    ).stdout
    return dict(json.loads(out.splitlines()[-1]))


def _serve() -> dict[str, float]:
    aws = subprocess.Popen(
        [sys.executable, STAND_IN], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert aws.stdout is not None
    url = aws.stdout.readline().strip()
    try:
        return _apart(
            "serve",
            str(REQUESTS),
            env={
                "AWS_ENDPOINT_URL": url,
                "AWS_REGION": "eu-west-1",
                "AWS_ACCESS_KEY_ID": "key",
                "AWS_SECRET_ACCESS_KEY": "secret",
                "QUEUE_URL": f"{url}/1/events",
                "SECRET_ID": "webhook",
                "FLEET": "bench",
            },
        )
    finally:
        aws.kill()
        aws.wait()


def _package_kb() -> float:
    from components.runners.package import package  # noqa: PLC0415 - the child processes must not pay for it

    with tempfile.TemporaryDirectory() as folder:
        parts = ["runners/__init__.py", "runners/webhook"]
        return Path(package(ROOT, parts, Path(folder)).path).stat().st_size / 1000


def _load() -> None:
    started = time.perf_counter()
    importlib.import_module("runners.webhook.handler")  # this is what is measured
    milliseconds = (time.perf_counter() - started) * 1e3
    peak = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")
    )
    memory = int(peak.split()[1]) / 1000
    print(json.dumps({"import_ms": milliseconds, "memory_mb": memory, "boto3": "boto3" in sys.modules}))


def _requests(count: int) -> None:
    """Accept `count` requests one after the other on one core, and say how that went."""
    import hashlib  # noqa: PLC0415
    import hmac  # noqa: PLC0415

    from runners.webhook.handler import handle  # noqa: PLC0415

    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    job = {
        "id": 1, "run_id": 2, "run_attempt": 1, "name": "build", "labels": ["self-hosted", "linux", "x64"],
        "created_at": "2026-11-21T08:00:00Z", "steps": [{"name": "step", "number": n} for n in range(150)],
    }  # fmt: skip
    around = {
        "repository": {"id": 3, "full_name": "acme/skill-pool", "private": True},
        "organization": {"login": "acme"},
        "installation": {"id": 4},
    }
    body = json.dumps({"action": "queued", "workflow_job": job, **around})
    signature = hmac.new(b"current", body.encode(), hashlib.sha256).hexdigest()
    headers = {"x-github-event": "workflow_job", "x-hub-signature-256": f"sha256={signature}"}
    event = {"headers": headers, "body": body, "isBase64Encoded": False}
    assert handle(event)["statusCode"] == 202, "the first request, which reads the secret"
    times: list[float] = []
    started = time.perf_counter()
    for _ in range(count):
        one = time.perf_counter()
        assert handle(event)["statusCode"] == 202
        times.append(time.perf_counter() - one)
    seconds = time.perf_counter() - started
    times.sort()
    p99 = times[int(len(times) * 0.99)] * 1e3
    print(json.dumps({"rate": count / seconds, "p99_ms": p99, "boto3": "boto3" in sys.modules}))


if __name__ == "__main__":
    match sys.argv[1:]:
        case ["load"]:
            _load()
        case ["serve", count]:
            _requests(int(count))
        case _:
            sys.exit(0 if measure() else 1)
