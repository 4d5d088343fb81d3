"""Where jobs go that were refused, or whose class is gone, once the settings have changed."""

from typing import Any

import pytest

from tests.runners.control.steps import desired, tick, told
from tests.runners.control.world import (
    SLUG,
    World,
    class_settings,
    job_message,
    run_message,
    settings,
)


def test_a_refused_job_starts_once_the_settings_allow_its_repository() -> None:
    world = World()
    told(world, run_message(101), job_message(slug="acme/other"), job_message(2, slug="acme/third"))
    tick(world)
    assert [world.job(one)["state"] for one in (1, 2)] == ["refused", "refused"]
    allowed = settings(linux=class_settings(repositories=[SLUG, "Acme/Other"]))
    world.table.items["config"] = {"pk": "config", "body": allowed}
    tick(world, 3)
    assert [world.job(one)["state"] for one in (1, 2)] == ["queued", "refused"]
    assert desired(world) == 1


def configure(world: World, **classes: dict[str, Any]) -> None:
    world.table.items["config"] = {"pk": "config", "body": settings(**classes)}
    for one in classes.values():
        world.groups.desired.setdefault(one["group"], 0)


def test_a_job_without_a_class_starts_once_there_is_one() -> None:
    world = World()
    told(world, run_message(101), job_message(labels=["gpu"]))
    tick(world)
    assert world.job()["open"] == "-"
    configure(world, linux=class_settings(), gpu=class_settings("gpu", labels=["gpu"]))
    tick(world, 3)
    assert (world.job()["state"], world.job()["waiting"]) == ("queued", "gpu")
    assert world.groups.desired["slipway-test-gpu"] == 1


@pytest.mark.parametrize("slug", [SLUG, "acme/other"])
def test_the_jobs_of_a_class_that_is_gone_go_to_another(slug: str) -> None:
    world = World()
    told(world, run_message(101), job_message(slug=slug))
    tick(world)
    configure(world, new=class_settings("new", repositories=[SLUG, "acme/other"]))
    tick(world, 3)
    assert (world.job()["open"], world.job()["waiting"]) == ("new", "new")
    assert world.groups.desired["slipway-test-new"] == 1


def test_a_refused_job_goes_to_another_class_that_allows_it() -> None:
    world = World()
    told(world, run_message(101), job_message(slug="acme/other"))
    tick(world)
    configure(world, linux=class_settings(), new=class_settings("new", repositories=["acme/other"]))
    tick(world, 3)
    assert world.job()["waiting"] == "new"


def test_a_job_of_no_class_is_closed_when_its_run_is_over() -> None:
    world = World()
    told(world, run_message(101), job_message(labels=["gpu"]))
    world.github.runs[101] = {"status": "completed", "run_attempt": 1}
    tick(world, 40)
    assert world.job()["state"] == "completed"


CHAINED = class_settings("deploy", labels=["self-hosted", "deploy"], cicd=True)


@pytest.mark.parametrize(
    ("labels", "linux", "expected"),
    [
        (["self-hosted"], {}, "linux"),
        (["self-hosted"], {"name": "zoo"}, "zoo"),
        (["self-hosted"], {"labels": ["self-hosted", *"abcdefgh"]}, "linux"),
        (["self-hosted", "deploy"], {}, "deploy"),
        # The ordinary class may not serve it: then its only one is the other.
        (["self-hosted"], {"repositories": ["acme/other"]}, "deploy"),
    ],
)
def test_a_class_with_the_cicd_role_is_every_jobs_last(
    labels: list[str], linux: dict[str, Any], expected: str
) -> None:
    plain = class_settings(**linux)
    world = World(**{linux.get("name", "linux"): plain, "deploy": CHAINED})
    told(world, run_message(101), job_message(labels=labels))
    assert world.job()["waiting"] == expected


def test_a_job_whose_origin_is_not_known_yet_waits_for_its_ordinary_class() -> None:
    world = World(linux=class_settings(), deploy={**CHAINED, "forks": True})
    told(world, job_message(labels=["self-hosted"]))
    assert (world.job()["class"], world.job()["reason"]) == ("linux", "origin_unknown")
    told(world, run_message(101))
    assert world.job()["waiting"] == "linux"


def test_a_run_of_another_organization_changes_nothing() -> None:
    world = World()
    told(world, {**run_message(101), "organization": "evil"}, {**job_message(), "organization": "evil"})
    assert not [key for key in world.table.items if key.startswith(("job", "run"))]
