"""A stale image is warned about where it works, and refused where a change would put it to work."""

import datetime

from hypothesis import given
from hypothesis import strategies as st

from infra.runner_images import MINIMUM_RUNNER_VERSION, OLDEST, declaration, judge, staleness
from infra.runner_settings import RunnerClassSettings, RunnerImage

TODAY = datetime.date(2026, 11, 21)


def image(days: int = 0, version: str = "2.330.0") -> RunnerImage:
    built = (TODAY - datetime.timedelta(days=days)).isoformat()
    return RunnerImage(id="ami-0123456789abcdef0", built=built, runner_version=version)


def runner_class(held: RunnerImage | None, maximum: int = 10) -> RunnerClassSettings:
    return RunnerClassSettings(
        labels=("linux",), instance_types=("m7i.large",), repositories=("a/b",), image=held, maximum=maximum
    )


@given(days=st.integers(0, 400))
def test_an_image_is_stale_after_thirty_days_and_not_before(days: int) -> None:
    assert (staleness(image(days), TODAY) is not None) == (days > OLDEST.days)


@given(parts=st.tuples(st.integers(0, 3), st.integers(0, 400), st.integers(0, 20)))
def test_versions_are_compared_as_numbers(parts: tuple[int, int, int]) -> None:
    old = parts < tuple(int(part) for part in MINIMUM_RUNNER_VERSION.split("."))
    assert (staleness(image(version=".".join(map(str, parts))), TODAY) is not None) == old


def test_a_stale_image_that_works_already_is_warned_about() -> None:
    classes = {"linux": runner_class(image(31))}
    refused, (warned,) = judge(classes, declaration(classes), TODAY)
    assert not refused
    assert "built 31 days ago" in warned


def test_a_class_or_an_image_that_changes_is_refused_while_stale() -> None:
    before = declaration({"linux": runner_class(image(31))})
    for changed in (runner_class(image(40)), runner_class(image(31), maximum=11)):
        (refused,), warned = judge({"linux": changed}, before, TODAY)
        assert not warned
        assert "class linux: ami-0123456789abcdef0 is stale" in refused
    assert judge({"arm": runner_class(image(31))}, before, TODAY)[0]
    assert judge({"linux": runner_class(image(1))}, before, TODAY) == ([], [])


def test_nothing_is_refused_where_the_run_before_is_not_known() -> None:
    refused, warned = judge({"linux": runner_class(image(31))}, None, TODAY)
    assert not refused
    assert warned


def test_a_class_without_an_image_is_not_stale() -> None:
    assert judge({"linux": runner_class(None)}, {}, TODAY) == ([], [])
