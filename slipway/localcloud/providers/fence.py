"""No provider of the embedded cloud speaks to anything off this machine, whatever the environment says."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

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
    """JSON over HTTP to one loopback server.

    Built on http.client, which knows no proxy, no .netrc and no environment variable.
    """

    def __init__(
        self,
        base: str,
        what: str,
        headers: Mapping[str, str] | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.base = loopback(base, what)
        self._what = what
        self._headers = dict(headers or {})
        self._tls = tls

    def request(
        self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Send one request; `path` starts with a slash and is already escaped.

        Raises:
            ProviderError: nobody answers, or the answer is no JSON. A status code is never an error here.
        """
        parts = urlsplit(self.base)
        content = None if body is None else json.dumps(body).encode()
        sent = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            **self._headers,
            **(headers or {}),
        }
        connection = self._connect(parts.scheme, parts.hostname or "", parts.port)
        try:
            connection.request(method, parts.path + path, body=content, headers=sent)
            answer = connection.getresponse()
            raw = answer.read()
            found = {key.lower(): value for key, value in answer.getheaders()}
            is_json = "json" in found.get("content-type", "")
            data = json.loads(raw) if raw.strip() and (is_json or answer.status < 400) else None
            return Reply(answer.status, data, found)
        except (OSError, http.client.HTTPException) as error:
            raise ProviderError(
                f"{self._what} does not answer ({type(error).__name__})",
                where=self.base,
                fix="slipway cloud start",
            ) from error
        except ValueError as error:
            raise ProviderError(
                f"{self._what} answered {method} {path} with no JSON", where=self.base
            ) from error
        finally:
            connection.close()

    def _connect(self, scheme: str, host: str, port: int | None) -> http.client.HTTPConnection:
        if scheme == "https":
            return http.client.HTTPSConnection(host, port, timeout=TIMEOUT_S, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=TIMEOUT_S)
