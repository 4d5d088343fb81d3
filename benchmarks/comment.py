"""`slipway comment` of a plan with 10,000 resources that change, with the start of the process."""

import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from slipway.engine.interface import Op
from slipway.stacks.summary import Property, Risk, Step, Summary

RESOURCES, RUNS, LIMIT_S = 10_000, 7, 1.0
_TYPES = ("aws:s3/bucket:Bucket", "aws:iam/role:Role", "aws:ec2/securityGroup:SecurityGroup")
_OPS: tuple[Op, ...] = ("create", "update", "delete", "replace")


def measure() -> bool:
    """Print the fastest run and its resources a second, and whether it stays within the limit."""
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "prod.json", Path(folder) / "comment.md"
        file.write_bytes(plan(RESOURCES).to_bytes())
        slipway = Path(sys.executable).parent / "slipway"
        command = [slipway, "comment", file, "--out", out]
        _timed(command)  # once uncounted, so that nothing is compiled while it is measured
        # The fastest: what else runs on the machine only ever adds.
        seconds, worked = (min(each) for each in zip(*(_timed(command) for _ in range(RUNS)), strict=True))
        size = len(out.read_text(encoding="utf-8"))
    print(
        f"  {RESOURCES:,} resources: {seconds:.2f} s (at most {LIMIT_S:.0f} s), {worked:.2f} s at work,"
        f" {RESOURCES / seconds:,.0f} resources a second, {size:,} characters"
    )
    return seconds <= LIMIT_S


def plan(resources: int) -> Summary:
    """One stack's plan in which every resource changes."""
    draw = random.Random(1)  # noqa: S311 - a repeatable one is meant
    steps = [_step(draw, number) for number in range(resources)]
    lost = [step for step in steps if step.op == "delete" and step.type == _TYPES[0]]
    risks = tuple(Risk("data-deleted", "what it keeps is lost", step.urn) for step in lost)
    return Summary("shop", "prod", "up", "pulumi", steps=tuple(steps), risks=risks)


def _step(draw: random.Random, number: int) -> Step:
    type_, op = draw.choice(_TYPES), draw.choices(_OPS, [6, 5, 2, 1])[0]
    name = f"resource-{number}"
    old = None if op == "create" else '"before"'
    kind = "add" if old is None else "update"
    changes = [
        Property(f"tags.key{each}", kind, old, f'"after {number}"', op == "replace" and each == 0)
        for each in range(0 if op == "delete" else draw.randint(1, 5))
    ]
    return Step(op, f"urn:pulumi:prod::shop::{type_}::{name}", type_, name, properties=tuple(changes))


def _timed(command: list[Path | str]) -> tuple[float, float]:
    """Seconds, and seconds of processor time."""
    began, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, capture_output=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    worked = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, worked


if __name__ == "__main__":
    sys.exit(0 if measure() else 1)
