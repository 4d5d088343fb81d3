"""A client for plain HTTP routes."""

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True)
class Client:
    """Calls one base URL; `headers` go with every call."""

    base: str
    headers: dict[str, str] = field(default_factory=dict[str, str])

    def __call__(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(self.base).netloc, timeout=300)
        sent = {"Content-Type": "application/json", **self.headers, **(headers or {})}
        data = body if isinstance(body, str | None) else json.dumps(body)
        try:
            connection.request(method, path, data, sent)
            response = connection.getresponse()
            return Answer(response.status, dict(response.getheaders()), response.read().decode())
        finally:
            connection.close()
