"""Whether an address is one of this machine: the one answer that every fence asks for.

Standard library only: the processes of functions import it by its path, without the package.
"""

import ipaddress
import re
from urllib.parse import urlsplit

_HOST_AND_PORT = re.compile(r"(?:\[(?P<v6>[0-9A-Fa-f:.]+(?:%\w+)?)\]|(?P<name>[^\[\]:@]+))(?::[0-9]*)?")


def is_loopback_host(host: str) -> bool:
    """Whether a host is a loopback address, or the name `localhost` itself.

    Any other name may resolve to anything, also tomorrow. An IPv6 address may carry a zone (`::1%lo`), and an
    IPv4 address may be written as an IPv6 one, of which `ipaddress` says so from Python 3.13 on only.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return (mapped or address).is_loopback


def is_loopback(url: str) -> bool:
    """Whether a URL of any scheme leads to this machine. Text that is no URL leads nowhere.

    Never for one that clients read in two ways: with credentials before the host, with anything beside a
    bracketed address, or with a backslash, a space or a control character in it
    (https://url.spec.whatwg.org/#concept-url-parser ends the host at a backslash, RFC 3986 does not).
    """
    if "\\" in url or any(not sign.isprintable() or sign.isspace() for sign in url):
        return False
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises for one that is none
    except ValueError:
        return False
    match = _HOST_AND_PORT.fullmatch(parts.netloc)
    return bool(parts.scheme) and match is not None and is_loopback_host(match["v6"] or match["name"])
