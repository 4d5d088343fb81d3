"""Opens the store of plans by its address, with the keys that plans in it are sealed by."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from slipway.errors import SlipwayError
from slipway.platform.naming import plan_key_alias
from slipway.stacks.plans.keys import FileKeys, Keys, KmsKeys
from slipway.store import FolderStore, S3Store, Store

if TYPE_CHECKING:
    from slipway.aws import AwsSession

_KEY_FILE = "plans.key"
_S3, _FILE = "s3://", "file://"


@dataclass(frozen=True)
class PlanStore:
    """A store of plans that is open.

    Attributes:
        store: its objects.
        keys: what plans in it are sealed by.
        address: where it is, for people.
    """

    store: Store
    keys: Keys
    address: str


def open_store(
    address: str,
    top: Path,
    *,
    environment: Mapping[str, str] = os.environ,
    connect: Callable[[str], AwsSession] | None = None,
) -> PlanStore:
    """Open a store.

    A bucket is taken for the account's own that calls, and its plans are sealed by the key of that account
    with the alias `naming.plan_key_alias`.

    Args:
        address: `s3://<bucket>[/<prefix>]`, where {account} and {region} are those of the caller; or
            `file://<folder>`, from `top` unless it is absolute.
        top: of the repository.
        environment: names the region: `AWS_REGION`.
        connect: a session for a region; one with the real AWS if None.

    Raises:
        SlipwayError: no address of a store, no region, or no credentials.
    """
    if address.startswith(_FILE) and len(address) > len(_FILE):
        folder = top / Path(address.removeprefix(_FILE)).expanduser()
        return PlanStore(FolderStore(folder), FileKeys(folder / _KEY_FILE), str(folder))
    if not address.startswith(_S3):
        raise SlipwayError(
            f"{address!r} is no store", fix="give s3://<bucket>, s3://<bucket>/<prefix> or file://<folder>"
        )
    region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION") or ""
    if not region:
        raise SlipwayError(
            "the region of the store is not known", where=address, fix="export AWS_REGION=<region>"
        )
    from slipway import aws  # noqa: PLC0415 - slow, and not for a folder

    session = (connect or aws.connect)(region)
    account = aws.caller_account(session.client("sts"))
    filled = address.replace("{account}", account).replace("{region}", region)
    bucket, _, prefix = filled.removeprefix(_S3).partition("/")
    key = f"arn:aws:kms:{region}:{account}:{plan_key_alias()}"
    store = S3Store(session, bucket, account=account, prefix=prefix.strip("/"))
    return PlanStore(store, KmsKeys(session, key), filled)
