"""Start, find, ask and stop the embedded cloud of a folder. Its process outlives the command."""

import fcntl
import json
import os
import select
import subprocess
import sys
import time
import uuid
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from urllib.parse import urlsplit

from slipway.errors import SlipwayError
from slipway.localcloud import process
from slipway.localcloud.cloud import (
    SERVICES,
    Cloud,
    folder,
    log_file,
    read_runtime_file,
    remove_runtime_file,
)
from slipway.localcloud.kubeconfig import loopback_server
from slipway.localcloud.loopback_http import fetch
from slipway.private_folder import private_folder

_STOP_S = 3.0
_ANSWER_S = 30.0
START_S = 90.0


class CloudNotRunning(SlipwayError):
    """No embedded cloud runs for this folder."""

    def __init__(self, root: Path) -> None:
        super().__init__(
            "the embedded cloud is not running",
            where=str(root),
            fix="run `slipway cloud start`, or `make up`",
        )


@dataclass(frozen=True, kw_only=True)
class Status:
    """Whether a cloud runs, and then what it says of itself (see `Console.status`)."""

    cloud: Cloud | None
    detail: dict[str, Any]

    @property
    def running(self) -> bool:
        return self.cloud is not None

    def to_json(self) -> dict[str, Any]:
        """`{"running": false}`, or running, id, pid, endpoints, counts, recorded and the rest."""
        if self.cloud is None:
            return {"running": False}
        rest = {key: value for key, value in self.detail.items() if key not in SERVICES}
        endpoints = {service: getattr(self.cloud, service) for service in SERVICES}
        return {"running": True, "endpoints": endpoints, **rest}


def running(root: Path) -> Cloud | None:
    """The cloud of this folder, or None: its process must live and answer with the id in the runtime file."""
    recorded = read_runtime_file(root)
    if recorded is None or not process.is_ours(recorded.pid, recorded.id):
        return None
    try:  # a busy one may take its time, and is not to be taken for a dead one and started anew
        return recorded if _get_json(recorded.console, "/healthz").get("id") == recorded.id else None
    except (OSError, ValueError):
        return None


def require(root: Path) -> Cloud:
    """The cloud of this folder. Raises CloudNotRunning, which says how to start it."""
    cloud = running(root)
    if cloud is None:
        raise CloudNotRunning(root)
    return cloud


def status(root: Path) -> Status:
    """What runs for this folder, with counts of what it holds."""
    cloud = running(root)
    return Status(cloud=cloud, detail=_get_json(cloud.console, "/status.json") if cloud else {})


def seed(cloud: Cloud, body: Mapping[str, Any]) -> dict[str, int]:
    """Tell the GitHub stand-in what exists (see `slipway.localcloud.github.world`); counts of what it holds.

    Raises SlipwayError where the stand-in refuses the seed.
    """
    headers = {"Content-Type": "application/json"}
    url = f"{cloud.github}/slipway/seed"
    response = fetch("POST", url, json.dumps(dict(body)), headers, timeout_s=_ANSWER_S)
    answer = response.json()
    if response.status >= 400:
        raise SlipwayError(f"the GitHub stand-in refuses the seed: {answer['message']}", where=cloud.github)
    return cast("dict[str, int]", answer)


def start(
    root: Path,
    ports: Mapping[str, int] | None = None,
    timeout_s: float = START_S,
    *,
    kubeconfig: Path | None = None,
    allow_remote_kubernetes: bool = False,
) -> Cloud:
    """The cloud of this folder, started unless it already runs.

    Args:
        root: the folder whose `.slipway/` holds the runtime file and the log.
        ports: port by service name; a service left out gets a free one.
        timeout_s: how long to wait until every endpoint answers.
        kubeconfig: of a real control plane to use instead of the stand-in. The ambient one is never read.
        allow_remote_kubernetes: accept a server in `kubeconfig` that is not on loopback.

    Raises SlipwayError where a port is taken, a cloud already runs with other settings, the kubeconfig is of
    no use, the folder or the log is not ours alone, or the endpoints do not answer in time; nothing keeps
    running and nothing is left behind then.
    """
    root = root.resolve()
    asked = dict(ports or {})
    _check_ports(asked)
    server = ""
    if kubeconfig is not None:
        server = loopback_server(kubeconfig, allow_remote=allow_remote_kubernetes)
    private_folder(root, make=True)
    with _lock(root):
        cloud = running(root)
        if cloud is not None:
            _check_same(cloud, asked, server)
            return cloud
        _end_leftover(root)
        return _spawn(root, asked, timeout_s, server=server, kubeconfig=kubeconfig)


def stop(root: Path) -> bool:
    """Stop the cloud of this folder and remove its runtime file; whether one was running."""
    if not folder(root).exists():
        return False
    with _lock(root):
        was_running = running(root) is not None
        _end_leftover(root)
        return was_running


def _spawn(
    root: Path, ports: dict[str, int], timeout_s: float, *, server: str, kubeconfig: Path | None
) -> Cloud:
    identity = str(uuid.uuid4())
    command = [sys.executable, "-P", "-m", "slipway.localcloud.server", "--detach"]
    command += ["--root", str(root), "--id", identity]
    for service, port in ports.items():
        command += [f"--{service}", str(port)]
    if kubeconfig is not None:
        command += ["--kubernetes-server", server, "--kubeconfig", str(kubeconfig.resolve())]
    report = _run_until_report(root, command, timeout_s)
    if report.get("ok"):
        cloud = running(root)
        if cloud is not None:
            return cloud
    process.end(int(report.get("pid", 0)), identity, _STOP_S)
    remove_runtime_file(root)
    _remove_if_empty(root)
    raise SlipwayError(
        str(report.get("what") or f"the embedded cloud did not answer within {timeout_s:.0f} s"),
        where=str(report.get("where") or log_file(root)),
        fix=str(report.get("fix") or f"read {log_file(root)}"),
    )


def _remove_if_empty(root: Path) -> None:
    """Leave nothing behind of a start that failed before it had anything to say."""
    if log_file(root).exists() and not log_file(root).stat().st_size:
        log_file(root).unlink()
    with suppress(OSError):  # it holds something of somebody else's
        folder(root).rmdir()


def _run_until_report(root: Path, command: list[str], timeout_s: float) -> dict[str, Any]:
    """Run the server; all that it reported of itself until it was ready, failed, or time was up."""
    deadline = time.monotonic() + timeout_s
    read_end, write_end = os.pipe()
    log = os.open(log_file(root), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    # The command's first process ends as soon as all is loaded, and leaves the server to init.
    with suppress(subprocess.TimeoutExpired):
        subprocess.run(
            [*command, "--report-fd", str(write_end)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder(root),
            env=process.environment(folder(root), os.environ),
            pass_fds=[write_end],
            start_new_session=True,
            timeout=timeout_s,
            check=False,
        )
    os.close(log)
    os.close(write_end)
    try:
        return _read_report(read_end, deadline)
    finally:
        os.close(read_end)


def _read_report(fd: int, deadline: float) -> dict[str, Any]:
    """The lines on `fd`, merged, until it is closed at the other end or the deadline passes."""
    received = b""
    waiting = select.poll()  # select() takes no descriptor above 1,023, and a caller may hold many
    waiting.register(fd, select.POLLIN)
    while True:
        ready = waiting.poll(max(0.0, deadline - time.monotonic()) * 1000)
        part = os.read(fd, 65_536) if ready else b""
        received += part
        if not part:
            break
    report: dict[str, Any] = {}
    for line in received.splitlines():
        with suppress(ValueError):
            report |= json.loads(line)
    return report


def _end_leftover(root: Path) -> None:
    """End the process that the runtime file names, if it is still that one, and remove the file."""
    recorded = read_runtime_file(root)
    if recorded is not None:
        process.end(recorded.pid, recorded.id, _STOP_S)
    remove_runtime_file(root)


def _check_ports(ports: Mapping[str, int]) -> None:
    for service, port in ports.items():
        if service not in SERVICES:
            raise SlipwayError(f"there is no service {service!r}", fix=f"one of {', '.join(SERVICES)}")
        if not 0 <= port <= 65_535:
            raise SlipwayError(f"{port} is no port for {service}", fix="a number from 0 to 65535")
    taken = [port for port in ports.values() if port]
    if len(set(taken)) != len(taken):
        raise SlipwayError("two services cannot share a port", where=str(dict(ports)))


def _check_same(cloud: Cloud, ports: Mapping[str, int], server: str) -> None:
    """Refuse to hand out a running cloud that is not what was asked for."""
    for service, port in ports.items():
        url = str(getattr(cloud, service))
        if port and urlsplit(url).port != port:
            raise SlipwayError(
                f"the embedded cloud already runs, with {service} at {url}",
                fix="run `slipway cloud stop` first, which forgets everything in it",
            )
    if server and (cloud.kubernetes_kind, cloud.kubernetes) != ("real", server):
        raise SlipwayError(
            f"the embedded cloud already runs, with {cloud.kubernetes_label} at {cloud.kubernetes}",
            fix="run `slipway cloud stop` first, which forgets everything in it",
        )


@contextmanager
def _lock(root: Path) -> Generator[None]:
    """One start or stop of a folder at a time; the folder itself is the lock: no file stays behind."""
    fd = os.open(folder(root), os.O_RDONLY)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        yield
    finally:
        os.close(fd)


def _get_json(base: str, path: str) -> dict[str, Any]:
    return cast("dict[str, Any]", fetch("GET", base + path, timeout_s=_ANSWER_S).json())
