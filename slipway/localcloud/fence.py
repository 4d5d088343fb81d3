"""No process of the embedded cloud speaks to anything off this machine, whatever is asked of it.

Standard library only: the program that runs functions imports it by its path, without the package, and
`slipway.platform.loopback` likewise, which says what is of this machine.
"""

import socket
import sys
from collections.abc import Callable
from typing import Any

_ADDRESSED = ("socket.connect", "socket.sendto", "socket.sendmsg")
_LOOKED_UP = ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


class OffLoopback(OSError):
    """A connection, a datagram or a look-up that would leave this machine."""


def raise_fence(is_loopback_host: Callable[[str], bool]) -> None:
    """From here on, refuse in this process every address that is neither loopback nor a local socket.

    An audit hook cannot be taken away again, and it sees every use of a socket, whichever library makes it:
    https://docs.python.org/3/library/audit_events.html. A program started from here is not under it.

    Args:
        is_loopback_host: that of `slipway.platform.loopback`.
    """

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        for host in _hosts(event, arguments):
            name = host.decode("ascii", "replace") if isinstance(host, bytes) else str(host or "")
            if name and not is_loopback_host(name):
                _refuse(event, name)

    sys.addaudithook(check)


def _hosts(event: str, arguments: tuple[Any, ...]) -> tuple[object, ...]:
    """What a use of a socket leads to; nothing for any other event."""
    if event in _LOOKED_UP:
        return (arguments[0],)
    if event not in _ADDRESSED:
        return ()
    # (socket, address); the address is None for a message on a socket that is connected already.
    connection, address = arguments[0], arguments[1]
    leads_out = connection.family in (socket.AF_INET, socket.AF_INET6) and address is not None
    return arguments[1][:1] if leads_out else ()


def _refuse(event: str, name: str) -> None:
    refusal = f"the embedded cloud never leaves this machine: {event} to {name} is refused"
    # Who asked may swallow the error or answer 500 for it; the log says why.
    print(refusal, file=sys.stderr, flush=True)
    raise OffLoopback(refusal)
