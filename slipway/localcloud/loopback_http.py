"""The one HTTP client for servers of this machine: no proxy, no redirect, nothing of the environment.

For what is no API of AWS or GitHub: the embedded cloud's own routes, its stand-ins and pages, and Kubernetes
on loopback. Built on http.client, which knows no proxy, no .netrc and no environment variable.
"""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from slipway.errors import SlipwayError
from slipway.platform.loopback import is_loopback

CALLS_FROM = "SLIPWAY_CALLS_FROM"
"""The variable that names the address of this machine from which the embedded Kubernetes provider calls: a
place of `slipway.localcloud.reach`."""


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An HTTP answer; names of headers are in lower case."""

    status: int
    reason: str
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """The JSON in it; None for an empty one. Raises ValueError for anything else."""
        return json.loads(self.content) if self.content.strip() else None


def fetch(
    method: str,
    url: str,
    content: str | bytes | None = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout_s: float,
    tls: ssl.SSLContext | None = None,
    source: str = "",
) -> Reply:
    """One request and its answer, whatever its status.

    Args:
        method: of HTTP.
        url: on loopback, http or https, with its query.
        content: the body, as it is.
        headers: the only ones beside those that HTTP itself needs.
        timeout_s: to connect, and between two bytes of the answer.
        tls: for https.
        source: the address of this machine to call from; any that the kernel takes unless given.

    Raises:
        SlipwayError: the address is not on this machine.
        OSError: nobody answers, or not by HTTP.
    """
    if not is_loopback(url):
        raise SlipwayError(
            "an address of the embedded cloud is not on this machine", where=url.partition("?")[0]
        )
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    if parts.scheme == "https":
        connection: http.client.HTTPConnection = http.client.HTTPSConnection(
            host, port, timeout=timeout_s, context=tls
        )
    else:
        place_of_call = (source, 0) if source else None
        connection = http.client.HTTPConnection(host, port, timeout=timeout_s, source_address=place_of_call)
    place = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        connection.request(method, place, content, dict(headers or {}))
        answer = connection.getresponse()
        got = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(status=answer.status, reason=answer.reason, headers=got, content=answer.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{type(error).__name__}: {error}") from error
    finally:
        connection.close()
