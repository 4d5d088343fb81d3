"""Sessions with AWS: region, address, credentials, waits and retries are said here and nowhere else.

boto3 takes each of these from some twenty variables and two files if it is let. Here the real AWS gets the
caller's own credentials (environment, profile, single sign-on or role, as boto3 looks for them) and the way
out of their network (proxy, certificates); a region, retries or an address from there do not count or are
refused. A stand-in gets nothing at all.
"""

import os
import threading
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore import configprovider
from botocore.config import Config
from botocore.configprovider import ConstantProvider

from slipway.aws.errors import AWS_ERRORS, AwsError, BotoCoreError
from slipway.errors import SlipwayError
from slipway.platform.loopback import is_loopback

_REAL = (".amazonaws.com", ".api.aws")
"""https://docs.aws.amazon.com/general/latest/gr/rande.html"""
_WAITS: dict[str, Any] = {"connect_timeout": 10, "read_timeout": 60}
_ATTEMPTS = 5
_STAND_IN_ATTEMPTS = 3
_VARIABLES: dict[str, Any] = vars(configprovider)["BOTOCORE_DEFAUT_SESSION_VARIABLES"]
"""botocore's settings and where it would look for them; fetched by name, since its stubs do not type it."""


class AwsSession:
    """boto3 clients for one region of one AWS, each made once. Safe to share between threads."""

    def __init__(self, session: Any, region: str, *, endpoint: str | None, account: str) -> None:
        """Made by `connect`."""
        self.region = region
        self.endpoint = endpoint
        """Address of the stand-in; None on the real AWS."""
        self._session = session
        self._account = account
        self._clients: dict[str, Any] = {}
        # Making a client is not safe in threads; using one is:
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/clients.html#multithreading-or-multiprocessing-with-clients
        self._lock = threading.Lock()

    def client(self, service: str) -> Any:
        """The client of a service. boto3 has no types, so this is where `Any` comes in.

        Raises:
            SlipwayError: the profile is of no use, or the environment leads elsewhere than to AWS.
        """
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._stand_in(service) if self.endpoint else self._real(service)
            return self._clients[service]

    def _real(self, service: str) -> Any:
        config = Config(
            **_WAITS,
            retries={"mode": "standard", "total_max_attempts": _ATTEMPTS},
            user_agent_extra="slipway",
        )
        try:
            client: Any = self._session.client(service, config=config)
        except BotoCoreError as error:
            raise AwsError(
                "no client for AWS", error, fix="set up a profile of the stack's account"
            ) from error
        address = urlsplit(str(client.meta.endpoint_url))
        if address.scheme != "https" or not (address.hostname or "").endswith(_REAL):
            raise SlipwayError(
                f"the environment sends {service} to {address.geturl()}, which is not AWS",
                where="AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_<SERVICE> or endpoint_url in ~/.aws/config",
                fix="unset it; the stack `local` and --endpoint URL are for stand-ins",
            )
        return client

    def _stand_in(self, service: str) -> Any:
        client: Any = self._session.client(service, endpoint_url=self.endpoint, config=stand_in_config())
        if self._account:
            client.meta.events.register("before-sign.*.*", self._play)
        return client

    def _play(self, request: Any, **_: Any) -> None:
        # moto takes the account that it plays from this header, and is one account without it.
        request.headers["x-moto-account-id"] = self._account


def connect(region: str, *, endpoint: str | None = None, account: str = "") -> AwsSession:
    """A session with the real AWS as the caller, or with a stand-in as nobody.

    Args:
        region: the stack's; whatever region the environment names does not count.
        endpoint: a stand-in's address on loopback.
        account: with `endpoint`, the account that the stand-in is asked to play; its own where empty.

    Raises:
        SlipwayError: the endpoint is not on loopback, or the profile is of no use.
    """
    if endpoint is not None:
        if not is_loopback(endpoint):
            raise SlipwayError(
                f"{endpoint} is not on this machine",
                where="--endpoint",
                fix="it is for rehearsals on loopback; for the real AWS leave it out",
            )
        session = stand_in_session(region, "stand-in", "stand-in")
        return AwsSession(session, region, endpoint=endpoint, account=account)
    try:
        return AwsSession(boto3.Session(region_name=region), region, endpoint=None, account="")
    except BotoCoreError as error:
        raise AwsError("no client for AWS", error, fix="set up a profile of the stack's account") from error


def caller_in(sts: Any, account: str, *, names: str) -> str:
    """The ARN of whoever calls, once it is certain that they are in this account.

    Args:
        sts: a session's client of STS.
        account: the account that they must be in.
        names: the setting that names it, for the message.

    Raises:
        SlipwayError: no credentials, or those of another account.
    """
    hint = f"sign in to account {account}; for the embedded cloud name the stack `local`"
    identity = _identity(sts, f"account {account}", hint)
    if identity["Account"] != account:
        raise SlipwayError(
            f"you are in account {identity['Account']}, and the stack is in {account}",
            where=str(identity["Arn"]),
            fix=f"sign in to account {account}, or correct {names}",
        )
    return str(identity["Arn"])


def caller_account(sts: Any) -> str:
    """The account that whoever calls is in.

    Args:
        sts: a session's client of STS.

    Raises:
        AwsError: no credentials.
    """
    return str(_identity(sts, "", "sign in to the account that the stack is in")["Account"])


def _identity(sts: Any, where: str, fix: str) -> dict[str, Any]:
    try:
        identity: dict[str, Any] = sts.get_caller_identity()
    except AWS_ERRORS as error:
        raise AwsError("AWS does not say who you are", error, where=where, fix=fix) from error
    return identity


def stand_in_session(region: str, access_key: str, secret_key: str) -> Any:
    """A boto3 session that reads no file, no profile and no environment variable."""
    core: Any = botocore.session.Session()
    store: Any = core.get_component("config_store")
    for name, (_, _, default, _) in _VARIABLES.items():
        store.set_config_provider(name, ConstantProvider(default))
    for name in ("config_file", "credentials_file"):
        store.set_config_provider(name, ConstantProvider(os.devnull))
    store.set_config_provider("region", ConstantProvider(region))
    core.set_credentials(access_key, secret_key)
    return boto3.Session(botocore_session=core, region_name=region)


def stand_in_config() -> Config:
    """How a client speaks to a stand-in: through no proxy, with buckets in the path."""
    return Config(
        # An empty mapping, not None: with None botocore asks the environment for proxies.
        proxies={},
        s3={"addressing_style": "path"},
        retries={"mode": "standard", "total_max_attempts": _STAND_IN_ATTEMPTS},
    )
