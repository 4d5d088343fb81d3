"""Opens the store of plans by its address, with the keys that plans in it are sealed by."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from slipway.errors import SlipwayError
from slipway.platform.naming import alias_arn, plan_key_alias
from slipway.platform.plan_store import Area
from slipway.platform.reading import PREFIX, PROJECT, sources
from slipway.platform.stack import Stack
from slipway.stacks.plans.keys import FileKeys, Keys, KmsKeys
from slipway.store import FolderStore, S3Store, Store

if TYPE_CHECKING:
    from slipway.aws import AwsSession

    Connect = Callable[[str], AwsSession]
    """A session for a region."""

_KEY_FILE = "plans.key"
_S3, _FILE = "s3://", "file://"
_AUTOMATION = "{automation}"


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


def keys_by_stack(store: Store, area: Area) -> dict[str, list[str]]:
    """What an area of a store has of each stack: the rest of its keys, by project/stack."""
    found: dict[str, list[str]] = {}
    for key in store.list(f"{area.name}/"):
        _, *stack, rest = key.split("/", 3)
        if len(stack) == 2:
            found.setdefault("/".join(stack), []).append(rest)
    return found


def open_store(
    address: str,
    top: Path,
    *,
    environment: Mapping[str, str] = os.environ,
    connect: Connect | None = None,
) -> PlanStore:
    """Open a store.

    A bucket is taken for the account's own that calls, or where its address has {automation} for that one's;
    whoever else took its name is refused. Its plans are sealed by the key of its account with the alias
    `naming.plan_key_alias`, which other accounts reach by its ARN
    (https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html).

    Args:
        address: `s3://<bucket>[/<prefix>]`, where {account} and {region} are those of the caller, and
            {automation} is the account that `slipway:organization` of `top`'s Pulumi.yaml says; or
            `file://<folder>`, from `top` unless it is absolute.
        top: of the repository.
        environment: names the region: `AWS_REGION`.
        connect: a session for a region; one with the real AWS if None.

    Raises:
        SlipwayError: no address of a store, no region, no credentials, or no Automation account.
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
    owner = _automation(top) if _AUTOMATION in address else account
    filled = address.replace("{account}", account).replace("{region}", region).replace(_AUTOMATION, owner)
    bucket, _, prefix = filled.removeprefix(_S3).partition("/")
    key = alias_arn(owner, region, plan_key_alias())
    store = S3Store(session, bucket, account=owner, prefix=prefix.strip("/"))
    return PlanStore(store, KmsKeys(session, key), filled)


def _automation(top: Path) -> str:
    """The Automation account, as the platform's own Pulumi.yaml has it. Raises SlipwayError."""
    found: Any = sources(top, Stack.AUTOMATION).values.get("organization")
    for key in ("accounts", Stack.AUTOMATION.value):
        found = cast("Mapping[str, Any]", found).get(key) if isinstance(found, Mapping) else None
    if not isinstance(found, str) or not re.fullmatch(r"[0-9]{12}", found):
        raise SlipwayError(
            f"{_AUTOMATION} stands in the address of the store, and no such account is named",
            where=f"{top / PROJECT}: {PREFIX}organization.accounts.automation",
            fix="name it there, or write the number of the bucket's account into slipway.yaml",
        )
    return found
