"""Whose process is at the other end: by Linux's tables of connections, and by lsof where there are none."""

import os
import shutil
import socket
import threading
from collections.abc import Generator
from pathlib import Path

import pytest

from slipway.errors import SlipwayError
from slipway.localcloud import peers
from tests.localcloud.strangers import run_as_another_user

NONE = (Path("/nowhere/tcp"), Path("/nowhere/tcp6"))
CONNECT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), timeout=60) as one:
    print(one.recv(9).decode())
"""


@pytest.fixture
def listener() -> Generator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


@pytest.fixture(params=["tables", "lsof"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "tables" and not Path("/proc/net/tcp").exists():
        pytest.skip("not Linux")
    if request.param == "lsof":
        if shutil.which("lsof") is None:
            pytest.skip("no lsof")
        monkeypatch.setattr(peers, "_TABLES", NONE)
    return str(request.param)


@pytest.mark.usefixtures("way")
def test_our_own_process_is_ours_as_long_as_it_has_the_connection_open(listener: socket.socket) -> None:
    client = socket.create_connection(listener.getsockname())
    accepted, _ = listener.accept()
    with accepted:
        assert peers.is_ours(accepted)
        client.close()
        # Nobody's any more: the kernel shows such a one with user 0, which is root's.
        assert not peers.is_ours(accepted)


def test_a_client_that_speaks_ipv6_to_our_ipv4_is_ours_too(listener: socket.socket) -> None:
    if not Path("/proc/net/tcp6").exists():
        pytest.skip("no IPv6")
    with socket.socket(socket.AF_INET6) as client:
        client.connect(("::ffff:127.0.0.1", listener.getsockname()[1]))
        accepted, _ = listener.accept()
        with accepted:
            assert peers.is_ours(accepted)


def test_another_users_process_is_not(listener: socket.socket) -> None:
    told: list[bool] = []

    def answer() -> None:
        accepted, _ = listener.accept()
        with accepted:
            told.append(peers.is_ours(accepted))
            accepted.sendall(b"seen")

    thread = threading.Thread(target=answer, daemon=True)
    thread.start()
    assert run_as_another_user(CONNECT, str(listener.getsockname()[1])).strip() == "seen"
    thread.join(60)
    assert told == [False]


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("{theirs} {ours} 01 0:0 0:0 0 {us} 0 12345", True),
        ("{theirs} {ours} 01 0:0 0:0 0 {other} 0 12345", False),
        ("{theirs} {ours} 05 0:0 0:0 0 {us} 0 0", False),  # closed by whoever had it
        ("{ours} {theirs} 01 0:0 0:0 0 {us} 0 12345", False),  # our own end
        ("", False),
    ],
)
def test_only_the_other_end_of_this_very_connection_counts(
    row: str, expected: bool, listener: socket.socket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_connection(listener.getsockname()) as client:
        accepted, _ = listener.accept()
        with accepted:
            addresses = {
                name: peers._hexadecimal(one.getsockname())
                for name, one in (("theirs", client), ("ours", accepted))
            }
            line = row.format(us=os.geteuid(), other=os.geteuid() + 1, **addresses)
            (tmp_path / "tcp").write_text(f"  sl  local_address rem_address\n   0: {line} \n")
            monkeypatch.setattr(peers, "_TABLES", (tmp_path / "tcp", tmp_path / "none"))
            assert peers.is_ours(accepted) is expected


def test_where_it_cannot_be_told_nothing_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peers, "_TABLES", NONE)
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(SlipwayError, match="cannot be told") as raised:
        peers.require()
    assert "lsof" in raised.value.fix
    with (
        socket.create_server(("127.0.0.1", 0)) as listening,
        socket.create_connection(listening.getsockname()),
    ):
        accepted, _ = listening.accept()
        with accepted:
            assert not peers.is_ours(accepted)
