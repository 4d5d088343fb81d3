"""No process of the embedded cloud speaks to anything off this machine, whatever is asked of it.

Standard library only: the program that runs functions imports it by its path, without the package.
"""

import ipaddress
import socket
import sys
from typing import Any

_ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


class OffLoopback(OSError):
    """A connection, a datagram or a look-up that would leave this machine."""


def raise_fence() -> None:
    """From here on, refuse in this process every address that is neither loopback nor a local socket.

    An audit hook cannot be taken away again, and it sees every use of a socket, whichever library makes it:
    https://docs.python.org/3/library/audit_events.html. A program started from here is not under it.
    """
    sys.addaudithook(_check)


def _check(event: str, arguments: tuple[Any, ...]) -> None:
    if event in _ADDRESSED:
        # (socket, address); the address is None for a message on a socket that is connected already.
        connection, address = arguments[0], arguments[1]
        if connection.family in (socket.AF_INET, socket.AF_INET6) and address is not None:
            _require_loopback(event, address[0])
    elif event in _LOOKED_UP:
        _require_loopback(event, arguments[0])


def _require_loopback(event: str, host: object) -> None:
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        if ipaddress.ip_address(str(name).partition("%")[0]).is_loopback:
            return
    except ValueError:
        pass
    refusal = f"the embedded cloud never leaves this machine: {event} to {name} is refused"
    # Who asked may swallow the error or answer 500 for it; the log says why.
    print(refusal, file=sys.stderr, flush=True)
    raise OffLoopback(refusal)
