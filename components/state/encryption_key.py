"""A KMS key and its alias, for named roles only: release state, plans, image layers, cluster secrets."""

import json
import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.state.key_policy import key_policy
from slipway.errors import SlipwayError
from slipway.platform import aws_names

_ALIAS = re.compile(r"alias/(?!aws/)[A-Za-z0-9/_-]{1,250}")  # KMS API Reference, CreateAlias
_WINDOW_DAYS = 30  # the longest that KMS waits (API Reference, ScheduleKeyDeletion)


@dataclass(frozen=True, kw_only=True)
class EncryptionKeyArgs:
    """A key; the roles are exact ARNs, which need not exist yet. See `key_policy` for who may do what."""

    alias: str
    description: str
    account: str
    users: tuple[str, ...] = ()
    writers: tuple[str, ...] = ()
    readers: tuple[str, ...] = ()
    granting_services: tuple[str, ...] = ()
    protect: bool = False
    """Whether Pulumi refuses to delete the key."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for what KMS would refuse, and for a key that nobody could use."""
        where = f"key {self.alias}"
        if not _ALIAS.fullmatch(self.alias):
            raise SlipwayError(
                f"{self.alias!r} cannot be a KMS alias", where=where, fix="give alias/<A-Z a-z 0-9 / _ ->"
            )
        aws_names.check_account(self.account, where)
        for role in (*self.users, *self.writers, *self.readers):
            aws_names.check_role_arn(role, where)
        if not (self.users or (self.writers and self.readers) or self.granting_services):
            raise SlipwayError("nobody could use this key", where=where, fix="name users or services")


class EncryptionKey(pulumi.ComponentResource):
    """The key, by `arn`; rotated every year."""

    arn: pulumi.Output[str]
    alias_name: pulumi.Output[str]

    def __init__(
        self, name: str, args: EncryptionKeyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:state:EncryptionKey", name, {}, opts)
        child = pulumi.ResourceOptions(parent=self)
        policy = key_policy(
            args.account,
            users=args.users,
            writers=args.writers,
            readers=args.readers,
            granting_services=args.granting_services,
        )
        key = aws.kms.Key(
            f"{name}-key",
            description=args.description,
            policy=json.dumps(policy),
            enable_key_rotation=True,
            deletion_window_in_days=_WINDOW_DAYS,
            opts=pulumi.ResourceOptions(parent=self, protect=args.protect),
        )
        alias = aws.kms.Alias(f"{name}-alias", name=args.alias, target_key_id=key.key_id, opts=child)
        self.arn = key.arn
        self.alias_name = alias.name
        self.register_outputs({"arn": self.arn, "aliasName": self.alias_name})
