"""Clients of the real AWS with the caller's own credentials, or of a stand-in with none; never mixed."""

from dataclasses import dataclass
from typing import Any

from slipway.aws import caller_in
from slipway.aws import connect as session_with

SERVICES = ("sts", "kms", "s3", "iam")


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
    session = session_with(region, endpoint=endpoint, account=account)
    return Clients(**{name: session.client(name) for name in SERVICES})


def caller(clients: Clients, account: str) -> str:
    """The ARN of whoever runs this, once it is certain that they are in the stack's account.

    Raises:
        SlipwayError: no credentials, or those of another account.
    """
    return caller_in(clients.sts, account, names="slipway:organization.accounts")
