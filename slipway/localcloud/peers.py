"""Whose process is at the other end of a connection on loopback.

Loopback is every user's of this machine, and whoever reaches the embedded cloud makes functions that run as
its owner. A password would keep out the ordinary clients that it is for; and a Unix socket, whose peer the
kernel names, they cannot use. So the peer is looked up among the machine's connections.
"""

import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

from slipway.errors import SlipwayError

_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED = f"{0:016X}{int.from_bytes(bytes.fromhex('0000ffff'), sys.byteorder):08X}"
"""How an IPv4 address written as an IPv6 one begins, as the tables have it."""
_LSOF_S = 10


def require() -> None:
    """Raise SlipwayError where it cannot be told who calls."""
    if not _TABLES[0].exists() and shutil.which("lsof") is None:
        raise SlipwayError(
            "it cannot be told whose processes call the embedded cloud on this machine",
            where=str(_TABLES[0]),
            fix="install lsof; Linux needs none where /proc is mounted",
        )


def is_ours(connection: socket.socket) -> bool:
    """Whether a process of this process's own user is at the other end, right now.

    Args:
        connection: accepted on an IPv4 loopback address.
    """
    try:
        theirs, ours = connection.getpeername(), connection.getsockname()
    except OSError:  # gone already
        return False
    found = _by_table(theirs, ours) if _TABLES[0].exists() else _by_lsof(theirs, ours)
    return found == os.geteuid()


def _by_table(theirs: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """The user of the socket from `theirs` to `ours`, by Linux's tables of connections.

    https://www.kernel.org/doc/Documentation/networking/proc_net_tcp.txt. One that no process has open any
    more is shown with user 0 and inode 0, so only the inode tells it from one of root's.
    """
    for table, prefix in zip(_TABLES, ("", _MAPPED), strict=True):
        wanted = f" {prefix}{_hexadecimal(theirs)} {prefix}{_hexadecimal(ours)} "
        try:
            with table.open() as lines:
                line = next((line for line in lines if wanted in line), None)
        except OSError:  # a kernel without IPv6
            continue
        if line is not None:
            fields = line.split()
            return int(fields[7]) if fields[9] != "0" else None
    return None


def _hexadecimal(address: tuple[str, int]) -> str:
    number = int.from_bytes(socket.inet_aton(address[0]), sys.byteorder)
    return f"{number:08X}:{address[1]:04X}"


def _by_lsof(theirs: tuple[str, int], ours: tuple[str, int]) -> int | None:
    """Our own user if one of its processes has that socket open: lsof lists nobody else's here (macOS)."""
    user = os.geteuid()
    address = f"{theirs[0]}:{theirs[1]}"
    asked = ["lsof", "-nP", "-w", "-a", "-u", str(user), f"-iTCP@{address}", "-sTCP:ESTABLISHED", "-Fn"]
    try:
        shown = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_LSOF_S).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    return user if f"n{address}->{ours[0]}:{ours[1]}" in shown.splitlines() else None
