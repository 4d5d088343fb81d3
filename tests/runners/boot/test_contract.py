"""The boot script and the fleet's own claim and finish understand each other."""

from typing import Any

import pytest

from runners.control import claim_handler, finish_handler
from runners.control.services import Services as Deployed
from tests.runners.boot.machine import Machine
from tests.runners.boot.services import Answer, Services
from tests.runners.control.test_flow import ready, told
from tests.runners.control.world import World, call, job_message


class Fleet:
    """The functions over stores in memory, called by one instance."""

    def __init__(self, services: Services) -> None:
        self.world = World()
        self.instance = services.instance = ready(self.world)
        services.function = self.answer

    def answer(self, path: str, body: dict[str, Any]) -> Answer:
        handlers = {"/claim": claim_handler.respond, "/finish": finish_handler.respond}
        deployed: Deployed = self.world.services
        given = handlers[path](deployed, call(self.instance, body=body))
        return given["statusCode"], given["body"], given["headers"]


@pytest.fixture
def fleet(services: Services) -> Fleet:
    return Fleet(services)


def test_a_machine_takes_its_job_and_is_ended(machine: Machine, fleet: Fleet) -> None:
    world = fleet.world
    machine.behaviour = "true"
    machine.prepare()
    assert machine.boot() == 0
    assert machine.ran()
    assert "RuntimeMaxSec=21600" in machine.calls("systemd-run")[0]  # the class's 360 minutes, no grace
    assert world.groups.ended == [fleet.instance]
    assert world.instance(fleet.instance)["result"] == "ok"
    assert world.github.registered
    assert len(world.kept.logs) == 1
    assert f"claimed as test-linux-{fleet.instance}-1" in world.kept.logs[0]


def test_a_job_that_never_started_goes_back(machine: Machine, fleet: Fleet) -> None:
    machine.behaviour = "exit 1"
    machine.prepare()
    machine.boot()
    assert fleet.world.instance(fleet.instance)["result"] == "failed"
    assert fleet.world.job()["state"] == "queued"


def test_a_machine_that_is_started_again_gets_no_second_job(machine: Machine, fleet: Fleet) -> None:
    machine.prepare()
    machine.boot()
    told(fleet.world, job_message(2))
    assert machine.boot() == 1
    assert "409" in machine.log()
    assert len(fleet.world.github.registered) == 1


def test_a_machine_of_a_broken_image_puts_no_job_at_risk(machine: Machine, fleet: Fleet) -> None:
    machine.settings["RUNNER_SHA256"] = "0" * 64
    machine.prepare()
    machine.boot()
    assert fleet.world.groups.ended == [fleet.instance]
    assert fleet.world.job()["state"] == "queued"
    assert "checksum" in fleet.world.kept.logs[0]
