"""The store of infrastructure delivery: a bucket, and the key that seals plans in it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.state.encryption_key import EncryptionKey, EncryptionKeyArgs
from components.state.plan_bucket_policy import plan_bucket_policy
from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.plan_store import AREAS, PLANS, Actor, Area

_OLD_DAYS = 7
"""Days for which what was replaced or has expired can be brought back."""


@dataclass(frozen=True, kw_only=True)
class PlanStoreArgs:
    """A bucket by its physical name, its key's alias, and the roles on either side of it."""

    bucket: str
    key_alias: str
    account: str
    roles: Mapping[Actor, tuple[str, ...]]
    """ARNs of roles by what they do. Who plans only encrypts with the key, and who applies only decrypts."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that AWS would refuse, or a role that could both put and read."""
        where = f"plan store {self.bucket}"
        aws_names.check_bucket(self.bucket, where)
        aws_names.check_account(self.account, where)
        for role in (role for roles in self.roles.values() for role in roles):
            aws_names.check_role_arn(role, where)
        puts, reads = self.sealing, self.opening
        if not (puts and reads):
            raise SlipwayError("plans that nobody puts or nobody reads", where=where, fix="name both roles")
        both = sorted(set(puts) & set(reads))
        if both:
            raise SlipwayError(
                f"{both[0]} could put plans and read them: it could approve its own",
                where=where,
                fix="give planning and applying a role each",
            )

    @property
    def sealing(self) -> tuple[str, ...]:
        """Who puts sealed plans."""
        return self._of(PLANS.puts)

    @property
    def opening(self) -> tuple[str, ...]:
        """Who reads them."""
        return self._of(PLANS.reads)

    def _of(self, actors: frozenset[Actor]) -> tuple[str, ...]:
        return tuple(sorted({role for actor in actors for role in self.roles.get(actor, ())}))


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
                writers=args.sealing,
                readers=args.opening,
            ),
            opts=self._child,
        )
        bucket = aws.s3.Bucket(f"{name}-bucket", bucket=args.bucket, opts=self._child)
        self._close(name, bucket)
        self._encrypt(name, args, bucket)
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

    def _encrypt(self, name: str, args: PlanStoreArgs, bucket: aws.s3.Bucket) -> None:
        """By S3's own keys: what is secret is sealed before it comes here, with a key that says for whom."""
        by_default = aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
            sse_algorithm="AES256"
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=by_default
                )
            ],
            opts=self._child,
        )
        document = bucket.bucket.apply(lambda known: json.dumps(plan_bucket_policy(known, args.roles)))
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
            # By their ids, as nobody says in which order S3 gives them back.
            rules=[_kept(area) for area in sorted(AREAS, key=_rule_id) if area.keep_days or not area.once],
            # A rule about noncurrent versions set before versioning matches nothing for a while
            # (S3 User Guide, "Using versioning": allow it to take effect first).
            opts=pulumi.ResourceOptions(parent=self, depends_on=[versioning]),
        )


def _rule_id(area: Area) -> str:
    return f"expire-{area.name}"


def _kept(area: Area) -> aws.s3.BucketLifecycleConfigurationRuleArgs:
    """What expires, and the former versions of that and of what is replaced; never a record."""
    expiration = aws.s3.BucketLifecycleConfigurationRuleExpirationArgs
    former = aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs
    return aws.s3.BucketLifecycleConfigurationRuleArgs(
        id=_rule_id(area),
        status="Enabled",
        filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(prefix=f"{area.name}/"),
        expiration=expiration(days=area.keep_days) if area.keep_days else None,
        noncurrent_version_expiration=former(noncurrent_days=_OLD_DAYS),
    )
