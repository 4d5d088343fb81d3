"""What ends an instance from outside: signals, spot interruptions, warm pools, and the script's own death."""

import signal

from tests.runners.boot.machine import Machine, alive, stop, until
from tests.runners.boot.services import Services, refused

FOREVER = "/bin/sleep 500 & echo $! >child; wait"


def working(machine: Machine) -> bool:
    path = machine.root / "home/actions-runner/child"
    return path.exists() and bool(path.read_text())


def test_a_signal_while_it_waits_for_work_ends_it(machine: Machine, services: Services) -> None:
    services.claims = [refused(204)]
    machine.prepare()
    process = machine.start()
    until(lambda: services.count("/claim") > 1)
    assert stop(process, signal.SIGTERM) == 143
    assert services.finished()["result"] == "failed"
    assert not machine.ran()


def test_a_signal_during_a_job_ends_the_job_and_the_instance(machine: Machine, services: Services) -> None:
    machine.behaviour = FOREVER
    machine.prepare()
    process = machine.start()
    until(lambda: working(machine))
    assert stop(process, signal.SIGTERM) == 143
    assert services.finished()["result"] == "failed"
    assert services.count("/finish") == 1
    assert not alive(int(machine.at_work("child")))


def test_a_spot_instance_that_is_taken_leaves_by_itself(machine: Machine, services: Services) -> None:
    machine.behaviour = FOREVER
    machine.prepare()
    process = machine.start()
    until(lambda: working(machine))
    services.spot_notice = True
    stop(process, signal.SIGTERM)
    assert services.count("/finish") == 0
    machine.boot("last-resort")
    assert services.count("/finish") == 0
    assert machine.calls("shutdown") == []


def test_a_job_that_ended_well_is_reported_although_the_instance_is_taken(
    machine: Machine, services: Services
) -> None:
    services.spot_notice = True
    machine.prepare()
    machine.boot()
    assert services.finished()["result"] == "ok"


def test_an_instance_of_a_warm_pool_claims_once_it_is_needed(machine: Machine, services: Services) -> None:
    services.lifecycle = ["Warmed:Stopped", "Warmed:Stopped", "InService"]
    machine.prepare()
    assert machine.boot() == 0
    paths = [path for path, _ in services.asked]
    assert paths.count("autoscaling/target-lifecycle-state") == 3
    assert services.finished()["result"] == "ok"


def test_the_stop_of_a_warm_pools_instance_is_not_its_end(machine: Machine, services: Services) -> None:
    services.lifecycle = ["Warmed:Stopped"]
    machine.prepare()
    process = machine.start()
    until(lambda: services.count("autoscaling/target-lifecycle-state") > 1)
    stop(process, signal.SIGTERM)
    machine.boot("last-resort")
    assert services.count("/claim") == services.count("/finish") == 0
    services.lifecycle = ["InService"]
    assert machine.boot() == 0  # it is started again
    assert services.finished()["result"] == "ok"


def test_a_script_that_was_killed_is_followed_by_the_last_resort(
    machine: Machine, services: Services
) -> None:
    machine.behaviour = FOREVER
    machine.prepare()
    process = machine.start()
    until(lambda: working(machine))
    assert stop(process, signal.SIGKILL) == -signal.SIGKILL
    assert services.count("/finish") == 0
    machine.boot("last-resort")
    assert services.finished()["result"] == "failed"
    assert not alive(int(machine.at_work("child")))


def test_the_last_resort_does_nothing_after_a_good_end(machine: Machine, services: Services) -> None:
    machine.prepare()
    machine.boot()
    assert machine.boot("last-resort") == 0
    assert services.count("/finish") == 1
    assert machine.calls("shutdown") == []
