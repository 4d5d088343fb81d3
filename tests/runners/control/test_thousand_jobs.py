"""A thousand jobs through the functions' own GitHub client; a fifth of the webhooks lost, a fifth doubled."""

import json
from pathlib import Path

import pytest

import runners.control
from runners.control.observe import Observer
from tests.runners.control.model import Odds
from tests.runners.control.wire import JIT, TOKEN, Wired

LOSSES = Odds(crash=0, fault=0, interleave=0, death=0, dud=0.002, impatience=0, cancelled=0, spare=0)


@pytest.fixture(scope="module")
def world() -> Wired:
    """All jobs have run; the boot logs carried the configuration, as a careless script's would."""
    played = Wired(1, 1_000, LOSSES, maximum=200)
    played.groups.maximum = 200
    for one in played.containers:
        one.observer = Observer("test", lambda: played.now, played.kept.lines.append)
    played.log = lambda machine: f"starting {JIT}{machine.id} with {TOKEN}1\nready"
    played.play(limit=12_000)
    return played


def test_all_jobs_start_although_webhooks_are_lost_doubled_and_reordered(world: Wired) -> None:
    assert all(job.state == "done" for job in world.jobs.values())
    assert sum(one.failed for one in world.deliveries) > 0.15 * len(world.deliveries)
    assert world.count.launched <= 1.05 * world.count.jobs + world.count.replaced


def test_no_credential_lies_anywhere(world: Wired) -> None:
    assert len(world.handed) >= 1_000
    places = {
        "items": "\n".join(repr(item) for item in world.table.items.values()),
        "log lines": "\n".join(world.kept.lines),
        "boot logs": "\n".join(world.kept.logs),
        "queue": "\n".join(world.kept.messages),
        "runner names": "\n".join(world.github.registered.values()),
    }
    assert "ciphertext" in places["items"]
    assert "[removed]" in places["boot logs"]
    for place, text in places.items():
        assert JIT not in text, place
        assert TOKEN not in text, place
    assert len(world.kept.lines) > 3_000


def test_a_configuration_costs_one_call_and_the_token_none_worth_counting(world: Wired) -> None:
    mints = sum(one.endswith("/generate-jitconfig") for one in world.asked)
    tokens = sum(one.endswith("/access_tokens") for one in world.asked)
    assert mints <= 1.02 * len(world.handed)
    assert tokens == 1


def test_nobody_looks_at_busy() -> None:
    for file in Path(runners.control.__path__[0]).glob("*.py"):
        code = "\n".join(line.partition("#")[0] for line in file.read_text().splitlines())
        for quoted in ('"busy"', "'busy'", ".busy"):
            assert quoted not in code, file


def test_every_metric_line_is_one_json_object(world: Wired) -> None:
    assert all("\n" not in line and isinstance(json.loads(line), dict) for line in world.kept.lines)
