"""The state bucket and its key, which `slipway bootstrap` made: the stack adopts and never deletes them."""

import json
import re
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from slipway.access.state_documents import (
    ABORT_DAYS,
    NONCURRENT_DAYS,
    state_bucket_policy,
    state_key_description,
    state_key_policy,
)
from slipway.errors import SlipwayError
from slipway.platform import aws_names

_KEY = re.compile(r"arn:aws:kms:[a-z0-9-]+:([0-9]{12}):key/[0-9a-zA-Z-]+", re.ASCII)
_TAGS = ("tags", "tagsAll")
"""bootstrap's marks are its own: what carries them is its to change, and nothing else is."""


@dataclass(frozen=True, kw_only=True)
class StateStoreArgs:
    """One stack's state, as `slipway bootstrap` made it."""

    stack: str
    account: str
    region: str
    key_arn: str
    """With the key's id, which an import needs; bootstrap writes it into the stack file."""
    key_alias: str
    bucket: str
    adopts_bucket: bool
    """Stacks that share an account share its bucket, and one of them owns it: the one whose key seals it."""
    users: tuple[str, ...]
    """Roles that use the key directly, for the stack's secrets: the one that applies it."""
    readers: tuple[str, ...]
    """Roles that only decrypt with it: the one that plans it."""
    protect: bool = True

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that AWS would refuse, or another account's key."""
        where = f"state of {self.stack}"
        aws_names.check_account(self.account, where)
        aws_names.check_bucket(self.bucket, where)
        for role in (*self.users, *self.readers):
            aws_names.check_role_arn(role, where)
        found = _KEY.fullmatch(self.key_arn)
        if found is None or found[1] != self.account:
            raise SlipwayError(
                f"{self.key_arn} is not the ARN of a key in account {self.account}",
                where=where,
                fix=f"run `slipway bootstrap {self.stack}`, which writes the key's ARN into the stack file",
            )


class StateStore(pulumi.ComponentResource):
    """What bootstrap made, declared as it made it: an import of anything else is refused.

    No job can change any of it (`slipway.access.state_documents`). A change here shows in the preview and
    fails in the apply until an administrator has run `slipway bootstrap` again, like one of the apply role.
    """

    def __init__(self, name: str, args: StateStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:state:StateStore", name, {}, opts)
        self._name = name
        self._args = args
        key_id = args.key_arn.rpartition("/")[2]
        policy = state_key_policy(
            account=args.account,
            region=args.region,
            bucket=args.bucket,
            users=args.users,
            readers=args.readers,
        )
        aws.kms.Key(
            f"{name}-key",
            description=state_key_description(args.stack),
            policy=json.dumps(policy),
            enable_key_rotation=True,
            # Options of calls, which no read finds.
            opts=self._adopted(key_id, "deletionWindowInDays", "bypassPolicyLockoutSafetyCheck"),
        )
        aws.kms.Alias(
            f"{name}-alias",
            name=args.key_alias,
            target_key_id=key_id,
            opts=self._adopted(args.key_alias),
        )
        if args.adopts_bucket:
            self._bucket()
        self.register_outputs({})

    def _adopted(self, identifier: str, *unread: str) -> pulumi.ResourceOptions:
        return pulumi.ResourceOptions(
            parent=self,
            import_=identifier,
            protect=self._args.protect,
            retain_on_delete=True,
            ignore_changes=[*_TAGS, *unread],
        )

    def _bucket(self) -> None:
        name, bucket = self._name, self._args.bucket
        adopted = self._adopted(bucket)
        aws.s3.Bucket(f"{name}-bucket", bucket=bucket, opts=self._adopted(bucket, "forceDestroy"))
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=adopted,
        )
        aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=adopted,
        )
        aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=adopted,
        )
        self._encryption()
        self._lifecycle()
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket,
            policy=json.dumps(state_bucket_policy(account=self._args.account, bucket=bucket)),
            opts=adopted,
        )

    def _encryption(self) -> None:
        by_default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=self._args.key_arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{self._name}-encryption",
            bucket=self._args.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_default, bucket_key_enabled=True
                )
            ],
            # S3 sets it itself on new buckets (S3 User Guide, "Blocking or unblocking SSE-C").
            opts=self._adopted(self._args.bucket, "rules[0].blockedEncryptionTypes"),
        )

    def _lifecycle(self) -> None:
        rule = aws.s3.BucketLifecycleConfigurationRuleArgs(
            id="noncurrent-versions",
            status="Enabled",
            filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
            noncurrent_version_expiration=(
                aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=NONCURRENT_DAYS
                )
            ),
            expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                expired_object_delete_marker=True
            ),
            abort_incomplete_multipart_upload=(
                aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=ABORT_DAYS
                )
            ),
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{self._name}-lifecycle",
            bucket=self._args.bucket,
            rules=[rule],
            opts=self._adopted(self._args.bucket),
        )
