"""What the fleet's functions know by themselves, because they ship alone, is what the components declare."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from components.runners.store import settings
from runners.control import items, services
from runners.control.config import Fleet, parse_fleet
from slipway.platform.runner_classes import RunnerClassSettings
from tests.components.recording import Recording, run
from tests.components.samples_runners import IMAGE, declare, fleet_args, runner_class


class ReadVariables(Mapping[str, str]):
    """A function's environment that notes which of its variables were read."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> str:
        self.read.add(name)
        return self.variables[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.variables)

    def __len__(self) -> int:
        return len(self.variables)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return run(lambda: declare() and None)


def environment(recording: Recording, area: str) -> dict[str, str]:
    function = recording.one("aws:lambda/function:Function", f"fleet-{area}")
    return function.inputs["environment"]["variables"]


def deployed_settings() -> Fleet:
    args = fleet_args()
    numbers = {name: number for number, name in enumerate(args.classes, 1)}
    return parse_fleet(json.dumps(settings(args, numbers)))


@pytest.mark.parametrize("area", ["planner", "claim", "finish"])
def test_a_function_reads_the_variables_that_it_is_given_and_no_other(
    recording: Recording, area: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "client", lambda _: None)
    variables = ReadVariables(environment(recording, area))
    built = services.build(variables)
    if area != "finish":  # it ends instances, and asks GitHub nothing
        built.connect(deployed_settings())
    assert variables.read == set(variables.variables)


def test_the_functions_send_to_the_queue_that_is_declared(
    recording: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    class Sqs:
        def get_queue_url(self, **request: str) -> dict[str, str]:
            asked.append(request["QueueName"])
            return {"QueueUrl": "https://sqs.example/queue"}

        def send_message(self, **_: str) -> None:
            pass

    monkeypatch.setattr(services, "client", lambda _: Sqs())
    services.build(environment(recording, "claim")).queue.send("{}")
    assert asked == [recording.one("aws:sqs/queue:Queue", "fleet-events").inputs["name"]]


def test_the_table_has_the_keys_and_indexes_that_the_functions_use(recording: Recording) -> None:
    table = recording.one("aws:dynamodb/table:Table").inputs
    indexes = {index["name"]: index["hashKey"] for index in table["globalSecondaryIndexes"]}
    assert indexes == {name: name for name in (items.WAITING, items.OPEN, items.LIVE)}
    item = json.loads(recording.one("aws:dynamodb/tableItem:TableItem").inputs["item"])
    assert item[table["hashKey"]] == {"S": items.CONFIG}


def test_a_class_that_says_little_means_the_same_to_the_functions() -> None:
    """Defaults stand twice: in the settings, and in what the functions take for granted."""
    required = {
        "group": "g",
        "runner_group_id": 1,
        "labels": ["linux"],
        "repositories": ["acme/web"],
        "maximum": 1,
        "role": "r",
        "log_group": "l",
    }
    body = {"fleet": "f", "organization": "acme", "app_id": 1, "installation_id": 1}
    read = parse_fleet(json.dumps({**body, "classes": {"standard": required}})).classes["standard"]
    declared: dict[str, Any] = {
        name: field.default
        for name, field in RunnerClassSettings.model_fields.items()
        if not field.is_required()
    }
    same = {field.name for field in dataclasses.fields(read)} & set(declared) - {"maximum", "repositories"}
    assert {name: getattr(read, name) for name in same} == {name: declared[name] for name in same}
    assert {"minimum", "spares", "max_minutes", "idle_minutes", "boot_minutes", "public", "forks"} <= same
    assert read.spot is (declared["capacity"] == "spot")


def test_every_number_of_a_class_reaches_the_functions() -> None:
    """Each differs from its default, so that a key that is spelt differently on one side is seen."""
    numbers = {
        "minimum": 1,
        "maximum": 7,
        "spares": 2,
        "max_minutes": 61,
        "idle_minutes": 11,
        "boot_minutes": 16,
    }
    switches = {"public": True, "forks": True, "rerun_interrupted": True}
    args = fleet_args(classes=runner_class("small", **numbers, **switches))
    read = parse_fleet(json.dumps(settings(args, {"small": 3}))).classes["small"]
    assert {name: getattr(read, name) for name in (*numbers, *switches)} == {**numbers, **switches}
    assert read.runner_version == IMAGE.runner_version
    assert read.image_created.startswith("2026-11-01")
