"""A stale image is warned about where it works, and refused where a change would put it to work."""

import datetime
import json
from collections.abc import Callable
from typing import Any

import grpc
import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.program import Secrets, build
from infra.providers import aws_provider
from infra.runner_images import MINIMUM_RUNNER_VERSION, OLDEST, declaration, judge, require_fresh, staleness
from slipway.errors import SlipwayError
from slipway.platform.runner_classes import RunnerClassSettings, RunnerImage
from slipway.platform.settings import Settings
from tests.components import recording
from tests.platform.conftest import parse, stack_values

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


class Absent(grpc.RpcError):
    """What the engine answers where the AWS provider finds no such parameter."""

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return "reading SSM Parameter (/slipway/automation/runner-classes): couldn't find resource"


@pytest.fixture
def automation() -> dict[str, Any]:
    return stack_values("automation")


def stale_stack(automation: dict[str, Any]) -> Settings:
    """The stack `automation`, with an image of last year in one of its classes."""
    automation["platform"]["runners"]["classes"]["linux"]["image"] = {
        "id": "ami-0123456789abcdef0",
        "built": "2025-11-21",
        "runner_version": "2.330.0",
    }
    return parse("automation", automation)


def bring_up(settings: Settings, answer: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
    """Run the program itself, to which AWS answers no more than what the stack has published."""

    def program() -> None:
        build(settings, Secrets(private_actions_token=pulumi.Output.secret("t"), database_urls={}))

    def repository(asked: dict[str, Any]) -> dict[str, Any]:
        return {"code": 404 if asked["endpoint"].startswith("repositories/") else 204, "body": "{}"}

    invokes = {
        "aws:ssm/getParameter:getParameter": answer,
        "github:index/getRestApi:getRestApi": repository,
    }
    recording.run(program, invokes=invokes)


def test_the_first_up_of_a_fleet_with_a_stale_image_is_refused(automation: dict[str, Any]) -> None:
    def absent(_: dict[str, Any]) -> dict[str, Any]:
        raise Absent

    with pytest.raises(SlipwayError, match=r"class linux: ami-0123456789abcdef0 is stale: .* 2025-11-21"):
        bring_up(stale_stack(automation), absent)


def test_a_changed_class_with_a_stale_image_is_refused_and_one_that_works_is_not(
    automation: dict[str, Any],
) -> None:
    settings = stale_stack(automation)
    assert settings.platform.runners is not None
    held = declaration(settings.platform.runners.classes)
    asked: list[str] = []

    def published(arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(arguments["name"])
        return {"value": json.dumps(held)}

    token = "aws:ssm/getParameter:getParameter"
    recording.run(lambda: require_fresh(settings, aws_provider(settings)), invokes={token: published})
    assert asked == ["/slipway/automation/runner-classes"]
    held["linux"] = held["linux"].replace('"maximum": 50', '"maximum": 49')
    with pytest.raises(SlipwayError, match="class linux"):
        bring_up(settings, published)
