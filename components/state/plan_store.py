"""The bucket of sealed plans: the plan role can put and never read, the apply role read and never put."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.state.plan_bucket_policy import plan_bucket_policy
from slipway.errors import SlipwayError
from slipway.platform import aws_names

KEEP_DAYS = 30
"""Days after which a plan is gone; an older one would be stale anyway."""


@dataclass(frozen=True, kw_only=True)
class PlanStoreArgs:
    """A bucket by its physical name, its key's alias, and the roles on either side of it."""

    bucket: str
    key_alias: str
    account: str
    put_roles: tuple[str, ...]
    """ARNs of the plan roles, which only encrypt with the key."""
    read_roles: tuple[str, ...]
    """ARNs of the apply roles, which only decrypt with it."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that AWS would refuse, or a role that could both put and read."""
        where = f"plan store {self.bucket}"
        aws_names.check_bucket(self.bucket, where)
        aws_names.check_account(self.account, where)
        for role in (*self.put_roles, *self.read_roles):
            aws_names.check_role_arn(role, where)
        if not (self.put_roles and self.read_roles):
            raise SlipwayError("plans that nobody puts or nobody reads", where=where, fix="name both roles")
        both = sorted(set(self.put_roles) & set(self.read_roles))
        if both:
            raise SlipwayError(
                f"{both[0]} could put plans and read them: it could approve its own",
                where=where,
                fix="give planning and applying a role each",
            )


class PlanStore(pulumi.ComponentResource):
    """The bucket and its key."""

    bucket: pulumi.Output[str]
    key_arn: pulumi.Output[str]

    def __init__(self, name: str, args: PlanStoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:state:PlanStore", name, {}, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        key = EncryptionKey(
            f"{name}-key",
            EncryptionKeyArgs(
                alias=args.key_alias,
                description=f"Sealed plans in {args.bucket}",
                account=args.account,
                writers=args.put_roles,
                readers=args.read_roles,
            ),
            opts=self._child,
        )
        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=args.bucket, opts=self._child)
        self._close(name, bucket)
        self._encrypt(name, args, bucket, key)
        self._expire(name, bucket)
        self.bucket = bucket.bucket
        self.key_arn = key.arn
        self.register_outputs({"bucket": self.bucket, "keyArn": self.key_arn})

    def _close(self, name: str, bucket: aws.s3.Bucket) -> None:
        aws.s3.BucketPublicAccessBlock(
            f"{name}-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=self._child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=self._child,
        )

    def _encrypt(self, name: str, args: PlanStoreArgs, bucket: aws.s3.Bucket, key: EncryptionKey) -> None:
        by_default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="aws:kms", kms_master_key_id=key.arn
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_default, bucket_key_enabled=True
                )
            ],
            opts=self._child,
        )
        document = pulumi.Output.all(bucket.bucket, key.arn).apply(
            lambda known: json.dumps(
                plan_bucket_policy(known[0], known[1], put_roles=args.put_roles, read_roles=args.read_roles)
            )
        )
        aws.s3.BucketPolicy(f"{name}-policy", bucket=bucket.bucket, policy=document, opts=self._child)

    def _expire(self, name: str, bucket: aws.s3.Bucket) -> None:
        versioning = aws.s3.BucketVersioning(
            f"{name}-versions",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(status="Enabled"),
            opts=self._child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire-plans",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=""),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(days=KEEP_DAYS),
                    noncurrent_version_expiration=(
                        aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                            noncurrent_days=KEEP_DAYS
                        )
                    ),
                    abort_incomplete_multipart_upload=(
                        aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                            days_after_initiation=7
                        )
                    ),
                )
            ],
            # A rule about noncurrent versions set before versioning matches nothing for a while
            # (S3 User Guide, "Using versioning": allow it to take effect first).
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )
