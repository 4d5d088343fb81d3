"""What slipway.yaml ignores is left out up to its day, that alone, and what has ended says so."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, timedelta

import pytest

from slipway.engine.interface import CHANGED, GONE, PropertyChange, Result, Step
from slipway.stacks.drift.ignores import Ignoring, ignoring
from slipway.stacks.settings import DriftIgnore
from tests.sampling import seed, size

TODAY = date(2026, 11, 30)
GROUP = "aws:autoscaling/group:Group"
BUCKET = "aws:s3/bucket:Bucket"


def step(name: str, type_: str, *paths: str, gone: bool = False) -> Step:
    urn = f"urn:pulumi:prod::shop::{type_}::{name}"
    if gone:
        return Step("delete", urn, type_, name, note=GONE)
    diff = tuple(PropertyChange(path, "update", 1, 2) for path in paths)
    return Step("update" if diff else "same", urn, type_, name, diff, note=CHANGED if diff else "")


def ignore(resource: str, *properties: str, days: int = 1) -> DriftIgnore:
    return DriftIgnore(
        resource=resource, properties=properties, until=TODAY + timedelta(days), reason="it is known"
    )


def looked(steps: Sequence[Step], *ignores: DriftIgnore) -> Ignoring:
    return ignoring(Result("drift", "shop", "prod", "pulumi", steps=tuple(steps)), ignores, TODAY)


def left(found: Ignoring) -> list[tuple[str, list[str]]]:
    return [
        (each.name, [change.path for change in each.diff]) for each in found.result.steps if not each.quiet
    ]


STEPS = [
    step("workers", GROUP, "desiredCapacity", "tags.team"),
    step("data", BUCKET, "policy#Statement[0].Action"),
    step("old", BUCKET, gone=True),
    step("calm", BUCKET),
]


@pytest.mark.parametrize(
    ("ignores", "remain"),
    [
        ([], ["workers", "data", "old"]),
        ([ignore(GROUP)], ["data", "old"]),
        ([ignore("aws:*")], []),
        ([ignore("*::old")], ["workers", "data"]),
        ([ignore("old")], ["workers", "data", "old"]),
        ([ignore(GROUP, "desiredCapacity", "tags")], ["data", "old"]),
        ([ignore(GROUP, "desiredCapacity"), ignore(GROUP, "tags")], ["data", "old"]),
        ([ignore("*", "policy")], ["workers", "old"]),
        ([ignore(GROUP, days=0)], ["data", "old"]),
        ([ignore("aws:s3/bucket.Bucket")], ["workers", "data", "old"]),
        ([ignore("[a-z]*")], ["workers", "data", "old"]),
    ],
)
def test_what_is_known_is_left_out(ignores: list[DriftIgnore], remain: list[str]) -> None:
    found = looked(STEPS, *ignores)
    assert [name for name, _ in left(found)] == remain
    assert found.result.changed == bool(remain)
    assert len(found.result.steps) == len(STEPS)


def test_of_a_resource_the_properties_that_are_not_named_stay() -> None:
    found = looked(STEPS, ignore(GROUP, "desiredCapacity"))
    assert left(found)[0] == ("workers", ["tags.team"])
    (said,) = found.ignored
    assert said == f"workers ({GROUP}): desiredCapacity, ignored until 2026-12-01: it is known"


def test_what_is_gone_is_no_property() -> None:
    gone = Step("delete", "urn:x", BUCKET, "old", (PropertyChange("policy", "delete", 1),), GONE)
    assert left(looked([gone], ignore(BUCKET, "policy"))) == [("old", ["policy"])]


def test_what_has_ended_says_so_of_what_it_would_have_ignored_alone() -> None:
    found = looked(STEPS, ignore(GROUP, days=-1), ignore("aws:sqs/queue:Queue", days=-1))
    assert [name for name, _ in left(found)] == ["workers", "data", "old"]
    (warning,) = found.result.diagnostics
    assert (warning.severity, warning.urn) == ("warning", STEPS[0].urn)
    assert warning.message == "this was ignored until 2026-11-29: it is known"
    assert found.ignored == ()


def test_one_that_still_counts_leaves_nothing_to_one_that_has_ended() -> None:
    found = looked(STEPS, ignore(GROUP), ignore(GROUP, days=-1))
    assert found.result.diagnostics == ()


@pytest.mark.parametrize("number", range(size(2_000, 60)))
def test_nothing_is_left_out_that_no_ignore_names(number: int) -> None:
    """Each property that is found is either left, in its order, or named by an ignore that counts."""
    draw = random.Random(f"{seed(2_000)} {number}")  # noqa: S311 - a repeatable one is meant
    types, paths = (GROUP, BUCKET), ("a", "a.b", "b", "b[0].c", "policy#S[0]")
    steps = [
        step(
            f"r{each}", draw.choice(types), *draw.sample(paths, draw.randint(0, 4)), gone=draw.random() < 0.2
        )
        for each in range(draw.randint(1, 6))
    ]
    ignores = [
        ignore(
            draw.choice((*types, "*", "*::r1", "aws:s3*")),
            *draw.sample(("a", "b", "policy"), draw.randint(0, 2)),
            days=draw.choice((-2, 0, 2)),
        )
        for _ in range(draw.randint(0, 4))
    ]
    found = looked(steps, *ignores)
    for before, after in zip(steps, found.result.steps, strict=True):
        counting = [each for each in ignores if each.until >= TODAY and _is_of(each, before)]
        whole = any(not each.properties for each in counting)
        heads = {name for each in counting for name in each.properties}
        expected = [
            change.path
            for change in before.diff
            if not whole and change.path.partition(".")[0].partition("[")[0].partition("#")[0] not in heads
        ]
        assert [change.path for change in after.diff] == expected
        assert (after.op == "delete") == (before.op == "delete" and not whole)


def _is_of(ignore: DriftIgnore, step: Step) -> bool:
    """Without regular expressions, of the patterns above."""
    pattern = ignore.resource
    return pattern in ("*", step.type) or (
        step.urn.endswith("::r1")
        if pattern == "*::r1"
        else pattern.endswith("*") and step.type.startswith("aws:s3")
    )
