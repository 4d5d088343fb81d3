"""The connection to moto: boto3 clients that see nothing of the machine's own AWS configuration."""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from slipway.aws import stand_in_config, stand_in_session
from slipway.localcloud.providers.errors import FenceError, ProviderError
from slipway.localcloud.providers.fence import Rest, loopback
from slipway.localcloud.providers.values import Props

STAMP = "slipway:made-for"
"""The tag by which an object without a natural key is found again after a kill: a digest of the URN.

It is part of the create call itself, so there is no moment in which the object exists without it.
"""

ENDPOINT_NAMES: Mapping[str, tuple[str, ...]] = {"logs": ("logs", "cloudwatchlogs", "cloudwatchlog")}
"""The keys of the provider's `endpoints` for a boto3 service, where they differ from its name."""


class AwsCloud:
    """One moto server under one region and one pair of dummy keys. Thread safe."""

    def __init__(
        self,
        *,
        region: str,
        endpoints: Mapping[str, str],
        access_key: str,
        secret_key: str,
        account: str = "",
    ) -> None:
        if not endpoints:
            raise FenceError(
                "the AWS provider was given no endpoints",
                fix="set `endpoints` to the AWS address that `slipway cloud status` prints",
            )
        self.region = region
        self._endpoints = {
            name: loopback(url, f"the AWS endpoint for {name}") for name, url in endpoints.items()
        }
        self._session = stand_in_session(region, access_key, secret_key)
        self.plays = account
        """The account that the stand-in is asked to play; empty for the one that it always plays."""
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()
        self._account = ""
        self.records = Records(next(iter(self._endpoints.values())))

    def client(self, service: str) -> Any:
        with self._lock:
            if service not in self._clients:
                client = self._session.client(
                    service,
                    endpoint_url=self._endpoint(service),
                    config=stand_in_config(),
                )
                if self.plays:
                    client.meta.events.register("before-sign.*.*", self._say_account)
                self._clients[service] = client
            return self._clients[service]

    def _say_account(self, request: Any, **_: Any) -> None:
        # moto takes the account that it plays from this header.
        request.headers["x-moto-account-id"] = self.plays

    def _endpoint(self, service: str) -> str:
        for name in ENDPOINT_NAMES.get(service, (service,)):
            if name in self._endpoints:
                return self._endpoints[name]
        raise FenceError(
            f"the AWS provider was given no endpoint for {service}",
            fix=f"add {service} to the provider's `endpoints`",
        )

    @property
    def address(self) -> str:
        """The base URL of the embedded AWS, without a slash at its end."""
        return next(iter(self._endpoints.values())).rstrip("/")

    @property
    def account(self) -> str:
        if not self._account:
            self._account = str(self.client("sts").get_caller_identity()["Account"])
        return self._account

    @property
    def caller(self) -> str:
        """The ARN of the principal that these keys belong to."""
        return str(self.client("sts").get_caller_identity()["Arn"])


@dataclass(frozen=True)
class AwsCall:
    """What a handler gets: the cloud, and the URN of the resource that it works on."""

    cloud: AwsCloud
    urn: str = ""

    def client(self, service: str) -> Any:
        return self.cloud.client(service)

    @property
    def region(self) -> str:
        return self.cloud.region

    @property
    def account(self) -> str:
        return self.cloud.account

    @property
    def stamp(self) -> str:
        return hashlib.sha256(self.urn.encode()).hexdigest()[:32]

    def arn(self, service: str, resource: str) -> str:
        return f"arn:aws:{service}:{self.region}:{self.account}:{resource}"


class Records:
    """What moto lacks, kept by the cloud's process: `/slipway/records/<type>/<id>` on the AWS endpoint."""

    def __init__(self, endpoint: str) -> None:
        self._rest = Rest(endpoint, "the embedded cloud's records")

    def get(self, type_: str, id_: str) -> Props | None:
        reply = self._rest.request("GET", self._path(type_, id_))
        return None if reply.status == 404 else self._data(reply.status, reply.data)

    def list(self, type_: str) -> dict[str, Props]:
        reply = self._rest.request("GET", self._path(type_))
        return self._data(reply.status, reply.data)

    def create(self, type_: str, id_: str, value: Props) -> bool:
        """Whether it was recorded; False where a record with that id exists."""
        reply = self._rest.request("PUT", self._path(type_, id_), value, {"If-None-Match": "*"})
        if reply.status == 412:
            return False
        self._data(reply.status, reply.data)
        return True

    def put(self, type_: str, id_: str, value: Props) -> None:
        reply = self._rest.request("PUT", self._path(type_, id_), value)
        self._data(reply.status, reply.data)

    def delete(self, type_: str, id_: str) -> None:
        reply = self._rest.request("DELETE", self._path(type_, id_))
        if reply.status != 404:
            self._data(reply.status, reply.data)

    def info(self) -> Props:
        """`GET /slipway/info`: addresses of the cloud's other parts; empty where there is no such page."""
        reply = self._rest.request("GET", "/slipway/info")
        return dict(reply.data or {}) if reply.status == 200 else {}

    @staticmethod
    def _path(type_: str, id_: str = "") -> str:
        path = f"/slipway/records/{quote(type_, safe='')}"
        return f"{path}/{quote(id_, safe='')}" if id_ else path

    def _data(self, status: int, data: Any) -> Any:
        if status >= 400:
            raise ProviderError(f"the embedded cloud's records answered {status}", where=self._rest.base)
        return data or {}
