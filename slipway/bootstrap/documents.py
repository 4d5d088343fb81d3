"""What the state bucket and its key are set to.

The stack declares the same when it adopts them (components/state/state_store.py): a difference is refused.
"""

from typing import Any, Final

from slipway.access.state_documents import (
    ABORT_DAYS,
    NONCURRENT_DAYS,
    state_bucket_policy,
    state_key_policy,
)
from slipway.access.statements import Document
from slipway.bootstrap.plan import BootstrapPlan


def key_policy(plan: BootstrapPlan) -> Document:
    """The state key's policy."""
    return state_key_policy(
        account=plan.account,
        region=plan.region,
        bucket=plan.bucket,
        users=plan.key_users,
        readers=plan.key_readers,
    )


def bucket_policy(plan: BootstrapPlan) -> Document:
    """The state bucket's policy."""
    return state_bucket_policy(account=plan.account, bucket=plan.bucket)


def lifecycle_rules() -> list[dict[str, Any]]:
    """Versions that were overwritten or deleted stay for `NONCURRENT_DAYS`; the current ones for ever."""
    return [
        {
            "ID": "noncurrent-versions",
            "Status": "Enabled",
            "Filter": {"Prefix": ""},
            "NoncurrentVersionExpiration": {"NoncurrentDays": NONCURRENT_DAYS},
            "Expiration": {"ExpiredObjectDeleteMarker": True},
            "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": ABORT_DAYS},
        }
    ]


def encryption_rules(key_arn: str) -> list[dict[str, Any]]:
    """Objects are sealed with the state key, through a bucket key."""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key_arn}
    return [{"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": True}]


PUBLIC_ACCESS: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
OWNERSHIP: Final = [{"ObjectOwnership": "BucketOwnerEnforced"}]
