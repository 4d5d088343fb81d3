"""What a bucket is set to: versioning, lifecycle, policy, public access, encryption, ownership.

Each is a document of its bucket, so its id is the bucket's name, and to create it is to write it.
"""

from collections.abc import Callable
from typing import Any

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, json_policy
from slipway.localcloud.providers.handler import Handler, lower_first, names, renamed, upper_first, written
from slipway.localcloud.providers.values import Props

_SPELLED = {"id": "ID", "kmsMasterKeyId": "KMSMasterKeyID", "sseAlgorithm": "SSEAlgorithm"}
"""What S3 writes otherwise than with a capital: `Id` alone is `ID`, and KMS is a word of three capitals."""
_READ = {theirs: ours for ours, theirs in _SPELLED.items()}
_PUBLIC = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _pascal(value: Any) -> Any:
    return renamed(value, rename=lambda key: _SPELLED.get(key) or upper_first(key))


def _camel(value: Any) -> Any:
    return renamed(value, rename=lambda key: _READ.get(key) or lower_first(key))


def _setting(
    token: str,
    page: str,
    noun: str,
    *,
    parameter: str,
    given: Callable[[Props], Any],
    state: Callable[[Props], Props],
    drop: str = "",
    **more: Any,
) -> Handler[AwsCall]:
    """A setting by `put_<noun>`, `get_<noun>` and `delete_<noun>`.

    Args:
        parameter: the one that takes what `given` makes of the inputs; None writes nothing.
        state: the state from what `get_<noun>` answers.
        drop: the word for it in `delete_<noun>`, where that is another one.
    """

    def write(call: AwsCall, inputs: Props) -> None:
        wanted = given(inputs)
        if wanted is not None:
            getattr(call.client("s3"), f"put_{noun}")(Bucket=inputs["bucket"], **{parameter: wanted})

    def read(call: AwsCall, id_: str, old: Props) -> Props:
        s3 = call.client("s3")
        # Some of these answers exist without a bucket; a bucket that is gone must take its settings with it.
        s3.head_bucket(Bucket=id_)
        return {"bucket": id_, **state(getattr(s3, f"get_{noun}")(Bucket=id_))}

    def delete(call: AwsCall, id_: str, old: Props) -> None:
        s3 = call.client("s3")
        getattr(s3, f"delete_{drop or noun}")(Bucket=id_)

    functions: Props = {"write": write, "read": read, "delete": delete}
    return written(
        token=token, source=f"{DOCS}/{page}", key="{bucket}", natural=("bucket",), **{**functions, **more}
    )


def _versioning(inputs: Props) -> Props | None:
    status = inputs["versioningConfiguration"]["status"]
    # `Disabled` is S3's word for 'never switched on', which nothing can set.
    return None if status == "Disabled" else {"Status": status}


def _suspend(call: AwsCall, id_: str, state: Props) -> None:
    if state["versioningConfiguration"]["status"] == "Enabled":
        call.client("s3").put_bucket_versioning(Bucket=id_, VersioningConfiguration={"Status": "Suspended"})


def _public(answer: Props) -> Props:
    block = answer["PublicAccessBlockConfiguration"]
    return {name: bool(block.get(upper_first(name))) for name in _PUBLIC}


HANDLERS = (
    _setting(
        "aws:s3/bucketVersioning:BucketVersioning",
        "s3_bucket_versioning",
        "bucket_versioning",
        parameter="VersioningConfiguration",
        given=_versioning,
        state=lambda answer: {"versioningConfiguration": {"status": answer.get("Status", "Disabled")}},
        delete=_suspend,
    ),
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3_bucket_lifecycle_configuration",
        "bucket_lifecycle_configuration",
        parameter="LifecycleConfiguration",
        given=lambda inputs: {
            "Rules": [_pascal({"filter": {"prefix": ""}, **rule}) for rule in inputs["rules"]]
        },
        state=lambda answer: {"rules": _camel(answer["Rules"])},
        drop="bucket_lifecycle",
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        "s3_bucket_policy",
        "bucket_policy",
        parameter="Policy",
        given=lambda inputs: inputs["policy"],
        state=lambda answer: {"policy": answer["Policy"]},
        documents=names("policy"),
        rules=(json_policy(),),
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3_bucket_public_access_block",
        "public_access_block",
        parameter="PublicAccessBlockConfiguration",
        given=lambda inputs: {upper_first(name): bool(inputs.get(name)) for name in _PUBLIC},
        state=_public,
        defaults=dict.fromkeys(_PUBLIC, False),
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3_bucket_server_side_encryption_configuration",
        "bucket_encryption",
        parameter="ServerSideEncryptionConfiguration",
        given=lambda inputs: {"Rules": _pascal(inputs["rules"])},
        state=lambda answer: {"rules": _camel(answer["ServerSideEncryptionConfiguration"]["Rules"])},
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "s3_bucket_ownership_controls",
        "bucket_ownership_controls",
        parameter="OwnershipControls",
        given=lambda inputs: {"Rules": [_pascal(inputs["rule"])]},
        state=lambda answer: {"rule": _camel(answer["OwnershipControls"]["Rules"][0])},
    ),
)
