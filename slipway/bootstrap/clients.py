"""Clients of the real AWS with the caller's own credentials, or of a stand-in with none; never mixed."""

import ipaddress
import os
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from slipway.errors import SlipwayError

SERVICES = ("sts", "kms", "s3", "iam")
_REAL = (".amazonaws.com", ".api.aws")


@dataclass(frozen=True, kw_only=True)
class Clients:
    """One boto3 client per service. boto3 has no types, so this is where `Any` comes in."""

    sts: Any
    kms: Any
    s3: Any
    iam: Any


def connect(account: str, region: str, endpoint: str | None) -> Clients:
    """Clients for one region.

    Args:
        account: with `endpoint`, the account that the stand-in is asked to play.
        region: the stack's.
        endpoint: a stand-in's address on loopback. Then no credential, profile, proxy or endpoint of the
            environment is read. Without it, an endpoint in the environment that is not AWS's is refused.

    Raises:
        SlipwayError: the endpoint is not on loopback, or the environment leads elsewhere than to AWS.
    """
    return _stand_in(account, region, endpoint) if endpoint else _real(region)


def _real(region: str) -> Clients:
    try:
        session: Any = boto3.Session(region_name=region)
        clients: dict[str, Any] = {name: session.client(name) for name in SERVICES}
    except BotoCoreError as error:
        raise SlipwayError(f"no client for AWS: {error}", fix="set up the administrator's profile") from error
    for name, client in clients.items():
        address = urlsplit(str(client.meta.endpoint_url))
        if address.scheme != "https" or not (address.hostname or "").endswith(_REAL):
            raise SlipwayError(
                f"the environment sends {name} to {address.geturl()}, which is not AWS",
                where="AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> or endpoint_url in ~/.aws/config",
                fix="unset it, or rehearse with --endpoint URL",
            )
    return Clients(**clients)


def _stand_in(account: str, region: str, endpoint: str) -> Clients:
    if not is_loopback(endpoint):
        raise SlipwayError(
            f"{endpoint} is not on this machine",
            where="--endpoint",
            fix="it is for rehearsals on loopback; for the real AWS leave it out",
        )
    core: Any = botocore.session.Session()
    for variable in ("config_file", "credentials_file"):
        core.set_config_variable(variable, os.devnull)
    # An ambient profile would be looked up in the files that were just shut out.
    core.set_config_variable("profile", None)
    core.session_var_map["profile"] = (None, None, None, None)
    session: Any = boto3.Session(
        botocore_session=core,
        aws_access_key_id="stand-in",
        aws_secret_access_key="stand-in",  # noqa: S106 - a stand-in checks none, and no real one must be used
        region_name=region,
    )
    config = Config(proxies={}, s3={"addressing_style": "path"}, retries={"max_attempts": 1})

    def play(request: Any, **_: Any) -> None:
        # moto takes the account that it plays from this header, and is one account without it.
        request.headers["x-moto-account-id"] = account

    clients: dict[str, Any] = {}
    for name in SERVICES:
        client: Any = session.client(name, endpoint_url=endpoint, config=config)
        client.meta.events.register("before-sign.*.*", play)
        clients[name] = client
    return Clients(**clients)


def is_loopback(url: str) -> bool:
    """Whether a URL is one of this machine."""
    host = urlsplit(url).hostname or ""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def code(error: ClientError) -> str:
    """AWS's error code; for calls without a body, the HTTP status as text."""
    response: Any = error.response
    return str(response.get("Error", {}).get("Code", ""))


def caller(clients: Clients, account: str) -> str:
    """The ARN of whoever runs this, once it is certain that they are in the stack's account.

    Raises:
        SlipwayError: no credentials, or those of another account.
    """
    try:
        identity: dict[str, Any] = clients.sts.get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        raise SlipwayError(
            f"AWS does not say who you are: {error}",
            fix=f"sign in as an administrator of account {account}",
        ) from error
    if identity["Account"] != account:
        raise SlipwayError(
            f"you are in account {identity['Account']}, and the stack is in {account}",
            where=str(identity["Arn"]),
            fix=f"sign in to account {account}, or correct slipway:platform.accounts",
        )
    return str(identity["Arn"])
