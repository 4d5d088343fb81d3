"""A stack's runner fleet: its names, and clients of the AWS and the GitHub that it lives on."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from slipway.aws import AwsSession, caller_in, connect
from slipway.engine.project import load_stack
from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.platform import reading
from slipway.platform.fleet_names import FleetNames
from slipway.platform.naming import GITHUB_API
from slipway.private_folder import rehearsed

LOCAL = "local"
GITHUB_WEB = "https://github.com"


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """One fleet. Every name is computed from its own, so that nothing has to be looked up to find it."""

    stack: str
    name: str
    region: str
    account: str
    organization: str
    cloud: Cloud | None = None
    """The embedded cloud that `local` and a rehearsal live on; None for a real stack."""
    plays: str = ""
    """The account that this cloud is asked to play; empty for its own."""
    clients: dict[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)

    @property
    def names(self) -> FleetNames:
        """What everything of the fleet is called."""
        return FleetNames(fleet=self.name, account=self.account, region=self.region)

    @property
    def github_api(self) -> str:
        return self.cloud.github if self.cloud else GITHUB_API

    @property
    def github_web(self) -> str:
        return self.cloud.github if self.cloud else GITHUB_WEB

    @cached_property
    def api_id(self) -> str:
        """Id of the HTTP API that webhooks and instances call.

        Raises:
            SlipwayError: the fleet has none, so it is not up.
        """
        pages = self.client("apigatewayv2").get_paginator("get_apis").paginate()
        apis = [api for page in pages for api in page["Items"] if api["Name"] == self.names.api]
        if len(apis) != 1:
            raise SlipwayError(
                f"there {'is no' if not apis else 'are several'} HTTP API {self.names.api!r}",
                where=f"account {self.account}, {self.region}",
                fix=f"slipway up {self.stack}",
            )
        return str(apis[0]["ApiId"])

    @property
    def api(self) -> str:
        """Base URL of the fleet's API."""
        if self.cloud is not None:
            return f"{self.cloud.aws}/slipway/apis/{self.api_id}"
        return f"https://{self.api_id}.execute-api.{self.region}.amazonaws.com"

    def client(self, service: str) -> Any:
        """The boto3 client of a service. boto3 has no types, so this is where `Any` comes in.

        Raises:
            SlipwayError: no credentials, or the environment leads elsewhere than to AWS.
        """
        if service not in self.clients:
            self.clients[service] = self._session.client(service)
        return self.clients[service]

    @cached_property
    def _session(self) -> AwsSession:
        return connect(self.region, endpoint=self.cloud.aws if self.cloud else None, account=self.plays)


def declared(root: Path, stack: str) -> bool:
    """Whether the stack has a fleet, which one of a project that is not the platform never has.

    Raises:
        SlipwayError: unknown stack, or broken files.
    """
    load_stack(root, stack)
    given = reading.sources(root, stack)
    return "organization" in given.values and reading.parse(given).platform.runners is not None


def load(root: Path, stack: str) -> Fleet:
    """The fleet of a stack, from its settings; for a real one, that the caller is in its
    account.

    Raises:
        SlipwayError: no such stack, no embedded cloud for `local`, no credentials, or another account's.
    """
    load_stack(root, stack)
    settings = reading.load(root, stack)
    place = root.resolve() if stack == LOCAL else rehearsed(root)
    fleet = Fleet(
        stack=stack,
        name=stack,
        region=settings.platform.region,
        account=settings.account,
        organization=settings.organization.github.organization,
        cloud=runtime.require(place) if place else None,
        plays="" if stack == LOCAL or place is None else settings.account,
    )
    if fleet.cloud is None:
        caller_in(fleet.client("sts"), fleet.account, names="slipway:organization.accounts")
    return fleet
