"""A stack's runner fleet: its names, and clients of the AWS and the GitHub that it lives on."""

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from slipway.engine.project import load_stack
from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.platform import reading
from slipway.platform.fleet_names import FleetNames

LOCAL = "local"
GITHUB_API = "https://api.github.com"
GITHUB_WEB = "https://github.com"
_REAL = (".amazonaws.com", ".api.aws")


@dataclass(frozen=True, kw_only=True)
class Fleet:
    """One fleet. Every name is computed from its own, so that nothing has to be looked up to find it."""

    stack: str
    name: str
    region: str
    account: str
    organization: str
    cloud: Cloud | None = None
    """The embedded cloud that `local` lives on; None for a real stack."""
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
        found = [api for page in pages for api in page["Items"] if api["Name"] == self.names.api]
        if len(found) != 1:
            raise SlipwayError(
                f"there {'is no' if not found else 'are several'} HTTP API {self.names.api!r}",
                where=f"account {self.account}, {self.region}",
                fix=f"slipway up {self.stack}",
            )
        return str(found[0]["ApiId"])

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
            self.clients[service] = (
                _local(self.cloud, self.region, service) if self.cloud else _real(self, service)
            )
        return self.clients[service]


def declared(root: Path, stack: str) -> bool:
    """Whether the stack has a fleet. Raises SlipwayError for an unknown stack or broken files."""
    load_stack(root, stack)
    return reading.load(root, stack).platform.runners is not None


def load(root: Path, stack: str) -> Fleet:
    """The fleet of a stack, from its settings; for a real one, that the caller is in its
    account.

    Raises:
        SlipwayError: no such stack, no embedded cloud for `local`, no credentials, or another account's.
    """
    load_stack(root, stack)
    settings = reading.load(root, stack)
    fleet = Fleet(
        stack=stack,
        name=stack,
        region=settings.platform.region,
        account=settings.account,
        organization=settings.organization.github.organization,
        cloud=runtime.require(root.resolve()) if stack == LOCAL else None,
    )
    if fleet.cloud is None:
        _check_account(fleet)
    return fleet


def _check_account(fleet: Fleet) -> None:
    try:
        identity: dict[str, Any] = fleet.client("sts").get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise SlipwayError(
            f"AWS does not say who you are: {error}",
            where=f"stack {fleet.stack}, account {fleet.account}",
            fix=f"sign in to that account; for the embedded cloud name the stack `{LOCAL}`",
        ) from error
    if identity["Account"] != fleet.account:
        raise SlipwayError(
            f"you are in account {identity['Account']}, and the stack is in {fleet.account}",
            where=str(identity["Arn"]),
            fix=f"sign in to account {fleet.account}",
        )


def _real(fleet: Fleet, service: str) -> Any:
    try:
        session: Any = boto3.Session(region_name=fleet.region)
        client: Any = session.client(service)
    except BotoCoreError as error:
        raise SlipwayError(f"no client for AWS: {error}", fix="set up a profile of its account") from error
    address = urlsplit(str(client.meta.endpoint_url))
    if address.scheme != "https" or not (address.hostname or "").endswith(_REAL):
        raise SlipwayError(
            f"the environment sends {service} to {address.geturl()}, which is not AWS",
            where="AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> or endpoint_url in ~/.aws/config",
            fix=f"unset it; for the embedded cloud name the stack `{LOCAL}`",
        )
    return client


def _local(cloud: Cloud, region: str, service: str) -> Any:
    """A client of the embedded cloud that reads no profile, credential or proxy of the environment."""
    core: Any = botocore.session.Session()
    for variable in ("config_file", "credentials_file"):
        core.set_config_variable(variable, os.devnull)
    # An ambient profile would be looked up in the files that were just shut out.
    core.set_config_variable("profile", None)
    core.session_var_map["profile"] = (None, None, None, None)
    session: Any = boto3.Session(
        botocore_session=core,
        aws_access_key_id="stand-in",
        aws_secret_access_key="stand-in",  # noqa: S106 - the embedded cloud checks none
        region_name=region,
    )
    config = Config(proxies={}, s3={"addressing_style": "path"}, retries={"max_attempts": 2})
    return session.client(service, endpoint_url=cloud.aws, config=config)
