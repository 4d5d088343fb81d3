"""The process: it starts once, is found by its nonce, sees no credential, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from slipway.errors import SlipwayError
from slipway.localcloud import process, runtime
from slipway.localcloud.cloud import SERVICES, Cloud, read_runtime_file
from tests.localcloud.conftest import Client

linux = pytest.mark.skipif(not Path("/proc/self").exists(), reason="reads /proc")


def port(url: str) -> int:
    found = urlsplit(url).port
    assert found is not None
    return found


def gone(pid: int, identity: str) -> bool:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if not process.is_ours(pid, identity):
            return True
        time.sleep(0.05)
    return False


def test_a_second_start_finds_the_first(root: Path) -> None:
    first = runtime.start(root)
    assert runtime.start(root) == first
    assert runtime.running(root) == first


def test_every_start_is_a_new_world(root: Path) -> None:
    first = runtime.start(root)
    assert runtime.stop(root)
    assert runtime.start(root).id != first.id


@linux
def test_a_busy_one_is_not_taken_for_a_dead_one(root: Path) -> None:
    cloud = runtime.start(root)
    os.kill(cloud.pid, signal.SIGSTOP)
    threading.Timer(4, os.kill, (cloud.pid, signal.SIGCONT)).start()
    assert runtime.start(root) == cloud


def test_the_runtime_file_says_where_everything_is_and_only_its_owner_may_read_it(root: Path) -> None:
    cloud = runtime.start(root)
    file = root / ".slipway" / "cloud.json"
    assert file.stat().st_mode & 0o777 == 0o600
    held = json.loads(file.read_text())
    assert {key: held[key] for key in ("id", "pid", "account")} == {
        "id": cloud.id,
        "pid": cloud.pid,
        "account": "123456789012",
    }
    assert held["endpoints"] == {service: getattr(cloud, service) for service in SERVICES}


def test_stop_leaves_no_process_no_listener_and_no_runtime_file(root: Path) -> None:
    cloud = runtime.start(root)
    assert runtime.stop(root)
    assert not process.is_ours(cloud.pid, cloud.id)
    assert [path.name for path in (root / ".slipway").iterdir()] == ["cloud.log"]
    for service in SERVICES:
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port(getattr(cloud, service))), timeout=2)
    assert not runtime.stop(root)


def test_stop_where_nothing_ever_ran_creates_nothing(root: Path) -> None:
    assert not runtime.stop(root)
    assert list(root.iterdir()) == []


def test_require_says_how_to_start_it(root: Path) -> None:
    with pytest.raises(runtime.CloudNotRunning, match="slipway cloud start"):
        runtime.require(root)


@pytest.mark.parametrize("service", SERVICES)
def test_a_port_that_is_taken_is_named_and_nothing_is_left(root: Path, service: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        with pytest.raises(SlipwayError) as caught:
            runtime.start(root, {service: taken})
    assert str(taken) in caught.value.what
    assert service in caught.value.what
    assert f"--port {service}={taken}" in caught.value.fix
    assert list(root.iterdir()) == []


def test_a_port_is_used_as_asked_and_refused_when_another_is_in_use(root: Path) -> None:
    free = port(runtime.start(root).github)
    assert runtime.stop(root)
    cloud = runtime.start(root, {"github": free})
    assert port(cloud.github) == free
    assert runtime.start(root, {"github": free}) == cloud
    with pytest.raises(SlipwayError, match="already runs"):
        runtime.start(root, {"github": free + 1})


@pytest.mark.parametrize(
    ("ports", "message"),
    [
        ({"azure": 1}, "no service 'azure'"),
        ({"aws": 70_000}, "70000"),
        ({"aws": 9, "github": 9}, "share a port"),
    ],
)
def test_ports_that_make_no_sense_are_refused_before_anything_starts(
    root: Path, ports: dict[str, int], message: str
) -> None:
    with pytest.raises(SlipwayError, match=message):
        runtime.start(root, ports)
    assert list(root.iterdir()) == []


def test_after_a_kill_it_is_seen_as_stopped_and_starts_again(root: Path) -> None:
    first = runtime.start(root)
    os.kill(first.pid, signal.SIGKILL)
    assert gone(first.pid, first.id)
    assert runtime.running(root) is None
    second = runtime.start(root)
    assert (second.id, second.pid) != (first.id, first.pid)
    assert runtime.running(root) == second


def test_a_pid_that_another_program_took_over_is_neither_trusted_nor_killed(root: Path) -> None:
    first = runtime.start(root)
    os.kill(first.pid, signal.SIGKILL)
    assert gone(first.pid, first.id)
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        file = root / ".slipway" / "cloud.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "pid": bystander.pid}))
        assert runtime.running(root) is None
        runtime.stop(root)
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()


def test_another_cloud_on_the_recorded_ports_is_not_taken_for_this_one(root: Path, cloud: Cloud) -> None:
    own = runtime.start(root)
    file = root / ".slipway" / "cloud.json"
    held = json.loads(file.read_text())
    held["endpoints"]["console"] = cloud.console
    file.write_text(json.dumps(held))
    assert runtime.running(root) is None
    runtime.stop(root)
    assert gone(own.pid, own.id)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"id": 1}', "\x00"])
def test_a_broken_runtime_file_counts_as_not_running(root: Path, text: str) -> None:
    (root / ".slipway").mkdir()
    (root / ".slipway" / "cloud.json").write_text(text)
    assert runtime.running(root) is None
    assert runtime.start(root).id


def test_the_process_ends_when_its_runtime_file_is_removed(root: Path) -> None:
    cloud = runtime.start(root)
    (root / ".slipway" / "cloud.json").unlink()
    assert gone(cloud.pid, cloud.id)


def test_a_hung_process_is_replaced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = runtime.start(root)
    os.kill(first.pid, signal.SIGSTOP)
    monkeypatch.setattr(runtime, "_ANSWER_S", 10.0)
    try:
        second = runtime.start(root)
    finally:
        if process.is_ours(first.pid, first.id):
            os.kill(first.pid, signal.SIGCONT)
    assert second.id != first.id
    assert gone(first.pid, first.id)


def test_two_starts_at_once_make_one_cloud(root: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "import sys; from pathlib import Path; from slipway.localcloud import runtime\n",
    ]
    command[2] += "print(runtime.start(Path(sys.argv[1])).id)"
    starts = [subprocess.Popen([*command, str(root)], stdout=subprocess.PIPE, text=True) for _ in range(3)]
    printed = {start.communicate(timeout=120)[0].strip() for start in starts}
    assert printed == {runtime.require(root).id}


@linux
def test_no_credential_of_the_caller_reaches_the_process(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_PROFILE",
        "GITHUB_TOKEN",
        "GH_TOKEN",
        "KUBECONFIG",
        "SLIPWAY_KUBECONFIG",
        "PULUMI_ACCESS_TOKEN",
        "PULUMI_CONFIG_PASSPHRASE",
        "SOME_VENDOR_API_KEY",
    ):
        monkeypatch.setenv(name, "real-credential")
    cloud = runtime.start(root)
    environ = Path(f"/proc/{cloud.pid}/environ").read_bytes()
    assert b"real-credential" not in environ
    assert b"AWS_ACCESS_KEY_ID=test\0" in environ
    assert f"HOME={root.resolve()}/.slipway\0".encode() in environ


@linux
def test_it_listens_on_loopback_only(root: Path) -> None:
    cloud = runtime.start(root)
    inodes: set[str] = set()
    for link in Path(f"/proc/{cloud.pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # a connection that was closed meanwhile
            inodes.add(str(link.readlink())[8:-1])
    listening: list[str] = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in inodes:
                listening.append(fields[1].split(":")[0])
    assert listening == ["0100007F"] * len(SERVICES)


def test_the_log_is_private(root: Path) -> None:
    runtime.start(root)
    assert (root / ".slipway" / "cloud.log").stat().st_mode & 0o777 == 0o600
    assert (root / ".slipway").stat().st_mode & 0o777 == 0o700


def test_a_start_that_takes_too_long_leaves_no_process(root: Path) -> None:
    with pytest.raises(SlipwayError, match="did not answer within"):
        runtime.start(root, timeout_s=0.01)
    assert read_runtime_file(root) is None
    ours = subprocess.run(["ps", "-eo", "command"], capture_output=True, text=True, check=True).stdout
    assert str(root.resolve()) not in ours


def test_status_of_nothing_is_not_running(root: Path) -> None:
    assert runtime.status(root).to_json() == {"running": False}


def test_a_seed_that_makes_no_sense_is_refused_whole(cloud: Cloud) -> None:
    with pytest.raises(SlipwayError, match="no organization 'nobody'"):
        runtime.seed(cloud, {"repositories": [{"owner": "nobody", "name": "x", "id": 1}]})
    with pytest.raises(SlipwayError, match="lacks id"):
        runtime.seed(cloud, {"organizations": [{"login": "half"}]})
    with pytest.raises(SlipwayError, match="cannot be seeded"):
        runtime.seed(cloud, {"planets": []})
    github = Client(cloud.github, {"Authorization": "Bearer stand-in"})
    assert github("GET", "/orgs/half").status == 404
