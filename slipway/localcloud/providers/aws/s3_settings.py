"""What a bucket is set to: versioning, lifecycle, policy, public access, encryption, ownership.

Each is a document of its bucket, so its id is the bucket's name, and to create it is to write it.
"""

from collections.abc import Callable
from typing import Any

from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.iam import DOCS, is_json_text
from slipway.localcloud.providers.handler import (
    Handler,
    Rule,
    lower_first,
    names,
    renamed,
    upper_first,
)
from slipway.localcloud.providers.values import Props

Write = Callable[[Any, str, Props], None]
Read = Callable[[Any, str], Props | None]
Remove = Callable[[Any, str, Props], None]


def _pascal(value: Any) -> Any:
    """S3's spelling: `Id` alone is written `ID`, and KMS is a word of three capitals."""
    return renamed(
        value,
        rename=lambda key: {
            "id": "ID",
            "kmsMasterKeyId": "KMSMasterKeyID",
            "sseAlgorithm": "SSEAlgorithm",
        }.get(key, upper_first(key)),
    )


def _camel(value: Any) -> Any:
    return renamed(
        value,
        rename=lambda key: {
            "ID": "id",
            "KMSMasterKeyID": "kmsMasterKeyId",
            "SSEAlgorithm": "sseAlgorithm",
        }.get(key, lower_first(key)),
    )


def _put_versioning(s3: Any, bucket: str, inputs: Props) -> None:
    wanted = inputs["versioningConfiguration"]
    if wanted["status"] == "Disabled":
        return  # S3's word for 'never switched on', which nothing can set
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": wanted["status"]})


def _get_versioning(s3: Any, bucket: str) -> Props:
    status = s3.get_bucket_versioning(Bucket=bucket).get("Status", "Disabled")
    return {"versioningConfiguration": {"status": status}}


def _drop_versioning(s3: Any, bucket: str, state: Props) -> None:
    if state["versioningConfiguration"]["status"] == "Enabled":
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})


def _put_lifecycle(s3: Any, bucket: str, inputs: Props) -> None:
    rules = [_pascal({"filter": {"prefix": ""}, **rule}) for rule in inputs["rules"]]
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": rules})


def _get_lifecycle(s3: Any, bucket: str) -> Props:
    found: list[Props] = s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"]
    return {"rules": [_camel(one) for one in found]}


def _drop_lifecycle(s3: Any, bucket: str, state: Props) -> None:
    del state
    s3.delete_bucket_lifecycle(Bucket=bucket)


def _put_policy(s3: Any, bucket: str, inputs: Props) -> None:
    s3.put_bucket_policy(Bucket=bucket, Policy=inputs["policy"])


def _get_policy(s3: Any, bucket: str) -> Props:
    return {"policy": s3.get_bucket_policy(Bucket=bucket)["Policy"]}


def _drop_policy(s3: Any, bucket: str, state: Props) -> None:
    del state
    s3.delete_bucket_policy(Bucket=bucket)


_PUBLIC = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def _put_public(s3: Any, bucket: str, inputs: Props) -> None:
    wanted = {upper_first(name): bool(inputs.get(name)) for name in _PUBLIC}
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=wanted)


def _get_public(s3: Any, bucket: str) -> Props:
    found: Props = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    return {name: bool(found.get(upper_first(name))) for name in _PUBLIC}


def _drop_public(s3: Any, bucket: str, state: Props) -> None:
    del state
    s3.get_public_access_block(Bucket=bucket)
    s3.delete_public_access_block(Bucket=bucket)


def _put_encryption(s3: Any, bucket: str, inputs: Props) -> None:
    rules = [_pascal(rule) for rule in inputs["rules"]]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": rules})


def _get_encryption(s3: Any, bucket: str) -> Props:
    found: Props = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]
    return {"rules": [_camel(one) for one in found["Rules"]]}


def _drop_encryption(s3: Any, bucket: str, state: Props) -> None:
    del state
    s3.delete_bucket_encryption(Bucket=bucket)


def _put_ownership(s3: Any, bucket: str, inputs: Props) -> None:
    rules = [_pascal(inputs["rule"])]
    s3.put_bucket_ownership_controls(Bucket=bucket, OwnershipControls={"Rules": rules})


def _get_ownership(s3: Any, bucket: str) -> Props:
    found: Props = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]
    return {"rule": _camel(found["Rules"][0])}


def _drop_ownership(s3: Any, bucket: str, state: Props) -> None:
    del state
    s3.delete_bucket_ownership_controls(Bucket=bucket)


def _setting(token: str, page: str, put: Write, get: Read, drop: Remove, **more: Any) -> Handler[AwsCall]:
    def create(call: AwsCall, inputs: Props) -> str:
        put(call.client("s3"), inputs["bucket"], inputs)
        return str(inputs["bucket"])

    def read(call: AwsCall, id_: str, old: Props) -> Props | None:
        del old
        s3 = call.client("s3")
        # Some of these answers exist without a bucket; a bucket that is gone must take its settings with it.
        s3.head_bucket(Bucket=id_)
        found = get(s3, id_)
        return None if found is None else {"bucket": id_, **found}

    def configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
        if old:
            put(call.client("s3"), id_, new)

    def delete(call: AwsCall, id_: str, state: Props) -> None:
        drop(call.client("s3"), id_, state)

    def find(call: AwsCall, inputs: Props) -> str | None:
        return inputs["bucket"] if read(call, inputs["bucket"], {}) else None

    return Handler[AwsCall](
        token=token,
        source=f"{DOCS}/{page}",
        create=create,
        read=read,
        configure=configure,
        delete=delete,
        find=find,
        natural=("bucket",),
        **more,
    )


HANDLERS = (
    _setting(
        "aws:s3/bucketVersioning:BucketVersioning",
        "s3_bucket_versioning",
        _put_versioning,
        _get_versioning,
        _drop_versioning,
    ),
    _setting(
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "s3_bucket_lifecycle_configuration",
        _put_lifecycle,
        _get_lifecycle,
        _drop_lifecycle,
    ),
    _setting(
        "aws:s3/bucketPolicy:BucketPolicy",
        "s3_bucket_policy",
        _put_policy,
        _get_policy,
        _drop_policy,
        documents=names("policy"),
        rules=(Rule(name="policy", reason="must be a JSON policy document", accepts=is_json_text),),
    ),
    _setting(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "s3_bucket_public_access_block",
        _put_public,
        _get_public,
        _drop_public,
        defaults=dict.fromkeys(_PUBLIC, False),
    ),
    _setting(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        "s3_bucket_server_side_encryption_configuration",
        _put_encryption,
        _get_encryption,
        _drop_encryption,
    ),
    _setting(
        "aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        "s3_bucket_ownership_controls",
        _put_ownership,
        _get_ownership,
        _drop_ownership,
    ),
)
