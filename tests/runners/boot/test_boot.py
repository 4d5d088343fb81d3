"""The boot script, run for real: one job, and the ending whatever happens."""

import os
import pwd

import pytest

from tests.runners.boot.machine import BOOT, Machine, alive
from tests.runners.boot.services import INSTANCE, Services, granted, refused


def test_one_job_runs_and_the_instance_asks_to_be_ended(machine: Machine, services: Services) -> None:
    machine.prepare()
    assert machine.boot() == 0, machine.log()
    assert machine.ran()
    assert machine.had_configuration()
    assert services.count("/claim") == services.count("/finish") == 1
    assert services.finished()["result"] == "ok"
    assert "Job build completed with result: Succeeded" in services.finished()["log"]
    assert INSTANCE in services.finished()["log"]
    assert machine.calls("shutdown") == []


def test_calls_are_signed_as_the_instance(machine: Machine, services: Services) -> None:
    machine.prepare()
    machine.boot()
    assert services.unsigned == []
    assert services.count("iam/security-credentials/") == 2  # read anew for finish: a job may outlive them


def test_a_job_runs_as_the_unprivileged_user_in_a_unit_that_ends_with_it(machine: Machine) -> None:
    machine.prepare()
    machine.boot()
    (call,) = machine.calls("systemd-run")
    properties = {call[at + 1] for at, one in enumerate(call) if one == "--property"}
    user = pwd.getpwuid(os.geteuid()).pw_name  # this machine's RUNNER_USER
    assert {f"User={user}", "RuntimeMaxSec=60", "KillMode=control-group"} <= properties
    assert "[RUNNER_USER]=runner " in (BOOT / "boot.sh").read_text()


def test_metadata_is_closed_before_anything_is_asked(machine: Machine, services: Services) -> None:
    machine.prepare()
    machine.boot()
    assert machine.calls("nft") == [["--file", str(machine.root / "programs/metadata.nft")]]
    names = machine.order()
    assert names.index("nft") < names.index("curl") < names.index("systemd-run")
    assert services.asked


def test_no_job_runs_where_metadata_cannot_be_closed(machine: Machine, services: Services) -> None:
    machine.environment["NFT_STATUS"] = "1"
    machine.prepare()
    assert machine.boot() == 1
    assert not machine.ran()
    assert services.count("/claim") == 0
    assert services.finished()["result"] == "failed"


def test_it_asks_again_while_there_is_no_work(machine: Machine, services: Services) -> None:
    services.claims = [refused(204)] * 6 + [granted()]
    machine.prepare()
    assert machine.boot() == 0
    assert services.count("/claim") == 7
    waits = [float(seconds) for (seconds,) in machine.calls("sleep")][:6]
    assert [int(one) for one in waits] == [1, 2, 4, 8, 10, 10]
    assert len({one % 1 for one in waits}) > 1  # jitter


def test_it_waits_as_long_as_the_fleet_says(machine: Machine, services: Services) -> None:
    odd = (503, "", {"retry-after": "08; reboot"})
    services.claims = [refused(503, 17), refused(503, 3600), odd, granted()]
    machine.prepare()
    assert machine.boot() == 0
    waits = [int(float(seconds)) for (seconds,) in machine.calls("sleep")]
    assert waits[:3] == [17, 60, 4]


def test_it_ends_when_the_fleet_has_no_more_work_for_it(machine: Machine, services: Services) -> None:
    services.claims = [refused(409)]
    machine.prepare()
    assert machine.boot() == 1
    assert not machine.ran()
    assert services.count("/claim") == services.count("/finish") == 1
    assert "409" in services.finished()["log"]


def test_a_role_that_iam_does_not_know_yet_is_tried_again(machine: Machine, services: Services) -> None:
    services.claims = [refused(403), refused(403), granted()]
    machine.prepare()
    assert machine.boot() == 0
    assert services.finished()["result"] == "ok"


def test_it_ends_when_the_fleet_does_not_know_it(machine: Machine, services: Services) -> None:
    services.claims = [refused(403)]
    machine.prepare()
    assert machine.boot() == 1
    assert services.count("/claim") == 6
    assert services.count("/finish") == 1


def test_it_ends_when_the_fleet_cannot_be_reached(machine: Machine, services: Services) -> None:
    services.claims = [refused(500)]
    machine.settings["UNREACHABLE_S"] = "10"
    machine.prepare()
    assert machine.boot() == 1
    assert services.count("/claim") > 1
    assert "the fleet could not be reached" in services.finished()["log"]


def test_a_runner_of_another_checksum_is_never_unpacked(machine: Machine, services: Services) -> None:
    machine.settings["RUNNER_SHA256"] = "0" * 64
    machine.prepare()
    assert machine.boot() == 1
    assert services.count("/claim") == 0
    assert list((machine.root / "home/actions-runner").iterdir()) == []
    assert services.finished()["result"] == "failed"
    assert "checksum" in services.finished()["log"]


def test_an_answer_that_cannot_be_read_ends_it(machine: Machine, services: Services) -> None:
    for told in ("{", "[]", '{"jitconfig": "a\\nuser = x", "runner_name": "r", "job_timeout_minutes": 5}'):
        services.claims = [(200, told, {})]
        machine.root = machine.root / "again"
        machine.prepare()
        assert machine.boot() == 1
        assert not machine.ran()
        assert services.finished()["result"] == "failed"


def test_a_runner_that_crashes_is_reported(machine: Machine, services: Services) -> None:
    machine.behaviour = "echo 'Unhandled exception'; exit 3"
    machine.prepare()
    assert machine.boot() == 0
    assert services.finished()["result"] == "failed"
    assert "Unhandled exception" in services.finished()["log"]


def test_everything_of_a_job_is_killed_at_its_limit(machine: Machine, services: Services) -> None:
    machine.behaviour = "/bin/sleep 500 & echo $! >child; wait"
    machine.settings["GRACE_S"] = "-58"
    machine.prepare()
    assert machine.boot() == 0
    assert services.finished()["result"] == "timeout"
    assert not alive(int(machine.at_work("child")))


def test_finish_is_tried_until_it_is_heard(machine: Machine, services: Services) -> None:
    services.finishes = [refused(503, 2), refused(500), refused(403), (200, {"ended": INSTANCE}, {})]
    machine.prepare()
    assert machine.boot() == 0
    assert services.count("/finish") == 4
    assert machine.calls("shutdown") == []


def test_an_instance_that_is_not_heard_shuts_itself_down(machine: Machine, services: Services) -> None:
    services.finishes = [refused(500)]
    machine.settings["FINISH_TRIES"] = "3"
    machine.prepare()
    machine.boot()
    assert services.count("/finish") == 3
    assert machine.calls("shutdown") == [["-h", "now"]]


def test_an_instance_without_a_network_shuts_itself_down(machine: Machine) -> None:
    machine.settings |= {"METADATA_URL": "http://127.0.0.1:9", "FINISH_TRIES": "2"}
    machine.prepare()
    assert machine.boot() == 1
    assert machine.calls("shutdown") == [["-h", "now"]]


def test_settings_that_others_may_write_are_refused(machine: Machine, services: Services) -> None:
    machine.prepare()
    (machine.root / "runner.conf").chmod(0o666)
    assert machine.boot() == 1
    assert services.asked == []
    assert machine.calls("shutdown") == [["-h", "now"]]


@pytest.mark.parametrize("key", ["PATH", "x[$(touch done)]", "$(touch done)"])
def test_a_setting_that_nothing_reads_is_refused(machine: Machine, services: Services, key: str) -> None:
    machine.settings[key] = "/elsewhere"
    machine.prepare()
    assert machine.boot() == 1
    assert services.count("/claim") == 0
    assert b"unknown key " + key.encode() in (machine.root / "console").read_bytes()
    assert not (machine.root / "done").exists()


def test_the_limit_is_the_classs_and_a_grace(machine: Machine, services: Services) -> None:
    services.claims = [granted(minutes=360)]
    machine.settings["GRACE_S"] = "300"
    machine.prepare()
    machine.boot()
    assert "RuntimeMaxSec=21900" in machine.calls("systemd-run")[0]
