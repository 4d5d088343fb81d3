"""The tools around the code: the type checker's list; the pins and the processes of `make kubernetes`, as far
as they can be held without building it.
"""

import contextlib
import socket
import ssl
import subprocess
import sys
import threading
import tomllib
from itertools import chain
from pathlib import Path

import pytest

from slipway.errors import SlipwayError
from tools import keys, kubernetes


def test_whatever_ships_is_type_checked_strictly() -> None:
    tools = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())["tool"]
    shipped = set(tools["hatch"]["build"]["targets"]["wheel"]["packages"])
    assert shipped >= {"runners", "slipway"}
    assert shipped - set(tools["basedpyright"]["include"]) == set()
    assert tools["basedpyright"]["typeCheckingMode"] == "strict"


def test_the_modules_of_kubernetes_fit_each_other() -> None:
    pinned = kubernetes.versions()
    major, rest = pinned["k8s.io/kubernetes"].removeprefix("v").split(".", 1)
    assert major == "1"
    together = {
        name: version for name, version in pinned.items() if version.startswith("v0.") and _staged(name)
    }
    assert len(together) > 20
    assert set(together.values()) == {f"v0.{rest}"}


def _staged(name: str) -> bool:
    return name.startswith("k8s.io/") and name not in (
        "k8s.io/gengo/v2",
        "k8s.io/kube-openapi",
        "k8s.io/system-validators",
        "k8s.io/utils",
    )


def test_every_program_is_a_tool_of_the_module() -> None:
    lines = (kubernetes.TOOLS / "go.mod").read_text().partition("tool (")[2].partition(")")[0].split()
    built = {line.removesuffix("/v3").rpartition("/")[2] for line in lines}
    assert built == set(kubernetes.PROGRAMS)


def test_without_go_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kubernetes, "BIN", tmp_path / "bin")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SlipwayError, match="needs Go") as raised:
        kubernetes.build(kubernetes.Console(quiet=True))
    assert "make up" in raised.value.fix
    assert not (tmp_path / "bin").exists()


def test_stop_ends_its_own_processes_and_no_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BIN", "RUN"):
        monkeypatch.setattr(kubernetes, name, tmp_path / name)
        (tmp_path / name).mkdir()
    monkeypatch.setattr(kubernetes, "KUBECONFIG", tmp_path / "kubeconfig")
    monkeypatch.setattr(kubernetes, "PROCESSES", tmp_path / "RUN" / "processes.json")
    (tmp_path / "BIN" / "etcd").symlink_to("/bin/sleep")
    stranger = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        kubernetes._spawn("etcd", ["60"])
        own = kubernetes.processes()["etcd"]
        kubernetes.PROCESSES.write_text(f'{{"etcd": {own}, "kwok": {stranger.pid}}}')
        assert kubernetes.alive() == {"etcd": own}
        assert kubernetes.stop()
        assert not Path(f"/proc/{own}/cmdline").exists() or not Path(f"/proc/{own}/cmdline").read_bytes()
        assert stranger.poll() is None
        assert not kubernetes.stop()
    finally:
        stranger.kill()
        stranger.wait()


def test_keys_are_readable_by_their_owner_alone(tmp_path: Path) -> None:
    keys.secret(tmp_path / "key", "it")
    keys.secret(tmp_path / "key", "another")
    assert (tmp_path / "key").read_text() == "another"
    pair = keys.loopback_pair(tmp_path)
    for file in (tmp_path / "key", pair.key, *keys.account_keys(tmp_path)):
        assert file.stat().st_mode & 0o777 == 0o600, file


@pytest.mark.parametrize("shown", ["none", "another's", "ours"])
def test_only_who_has_our_certificate_gets_through(shown: str, tmp_path: Path) -> None:
    pairs = {name: keys.loopback_pair(_folder(tmp_path / name)) for name in ("ours", "another's")}
    ours = pairs["ours"]
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    server.load_cert_chain(ours.certificate, ours.key)
    for context in (server, client):
        context.load_verify_locations(ours.authority)
        context.verify_mode = ssl.CERT_REQUIRED
    if shown in pairs:
        client.load_cert_chain(pairs[shown].certificate, pairs[shown].key)
    if shown == "ours":
        assert _answered(server, client) == b"welcome"
    else:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            _answered(server, client)


def _folder(path: Path) -> Path:
    path.mkdir()
    return path


def _answered(server: ssl.SSLContext, client: ssl.SSLContext) -> bytes:
    """What a client reads at 127.0.0.1, by whose address the server is known."""
    ends = socket.socketpair()

    def serve() -> None:
        with contextlib.suppress(OSError), server.wrap_socket(ends[0], server_side=True) as served:
            served.sendall(b"welcome")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with client.wrap_socket(ends[1], server_hostname="127.0.0.1") as connection:
            return connection.recv(16)
    finally:
        ends[0].close()
        thread.join()


def test_etcd_lets_nobody_in_without_a_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What runs is asked by `tests/program/test_real_kubernetes.py`, where there is one."""
    started: dict[str, list[str]] = {}
    monkeypatch.setattr(kubernetes, "RUN", tmp_path)
    monkeypatch.setattr(kubernetes, "KUBECONFIG", tmp_path / "kubeconfig")
    monkeypatch.setattr(kubernetes, "_wait", lambda name, ready: None)
    monkeypatch.setattr(
        kubernetes, "_spawn", lambda name, *parts: started.update({name: [*chain.from_iterable(parts)]})
    )
    kubernetes.ControlPlane().start()
    assert {"--client-cert-auth", "--peer-client-cert-auth"} <= set(started["etcd"])
    assert not [one for arguments in started.values() for one in arguments if "http://" in one]
