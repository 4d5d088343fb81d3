"""No provider of the embedded cloud speaks to anything off this machine, whatever the environment says."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.localcloud.loopback_http import fetch
from slipway.localcloud.providers.errors import FenceError, ProviderError
from slipway.platform.loopback import is_loopback

TIMEOUT_S = 30.0


def loopback(url: str, what: str) -> str:
    """`url` without a trailing slash, if its host is a loopback address or `localhost`.

    Raises:
        FenceError: any other host, none, credentials before it, or another scheme than http and https.
    """
    if not url.startswith(("http://", "https://")) or not is_loopback(url):
        # Only what stands for the host: an address may carry credentials.
        host = url.partition("://")[2].partition("/")[0].rpartition("@")[2]
        raise FenceError(
            f"{what} is not on this machine",
            where=host or "?",
            fix="use an address that `slipway cloud status` prints; these providers use no other",
        )
    return url.rstrip("/")


@dataclass(frozen=True)
class Reply:
    """An HTTP answer; `data` is the parsed JSON body, or None where there is none."""

    status: int
    data: Any
    headers: Mapping[str, str]


class Rest:
    """JSON over HTTP to one loopback server."""

    def __init__(
        self,
        base: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
        source: str = "",
    ) -> None:
        self.base = loopback(base, what)
        self._what = what
        self._headers = dict(headers or {})
        self._tls = tls
        self._source = source

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request; `path` starts with a slash and is already escaped.

        Raises:
            ProviderError: nobody answers, or the answer is no JSON. A status code is never an error here.
        """
        content = None if body is None else json.dumps(body)
        sent = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **self._headers,
            **(headers or {}),
        }
        try:
            reply = fetch(
                method,
                self.base + path,
                content,
                sent,
                timeout_s=TIMEOUT_S,
                tls=self._tls,
                source=self._source,
            )
            is_json = "json" in reply.headers.get("content-type", "")
            return Reply(reply.status, reply.json() if is_json or reply.status < 400 else None, reply.headers)
        except OSError as error:
            raise ProviderError(
                f"{self._what} does not answer ({type(error).__name__})",
                where=self.base,
                fix="slipway cloud start",
            ) from error
        except ValueError as error:
            raise ProviderError(
                f"{self._what} answered {method} {path} with no JSON", where=self.base
            ) from error
