"""S3 buckets."""

from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import AutoName, Handler, pattern
from slipway.localcloud.providers.values import Props, items

_CLASSIC_REGION = "us-east-1"
"""The one region that CreateBucket wants unnamed.
https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucketConfiguration.html"""

_ELSEWHERE = (
    "acl", "corsRules", "grants", "lifecycleRules", "logging", "policy", "replicationConfiguration",
    "serverSideEncryptionConfiguration", "versioning", "website",
)  # fmt: skip
"""Deprecated properties of Bucket that have a resource type of their own."""


def _create(call: AwsCall, inputs: Props) -> str:
    old_style = [name for name in _ELSEWHERE if inputs.get(name)]
    if old_style:
        raise ProviderError(
            f"aws:s3/bucket:Bucket takes no {', '.join(old_style)} in the embedded cloud",
            fix="use the resource type for it (aws:s3/bucketVersioning, bucketPolicy, …)",
        )
    given: Props = {"Bucket": inputs["bucket"]}
    if call.region != _CLASSIC_REGION:
        given["CreateBucketConfiguration"] = {"LocationConstraint": call.region}
    if inputs.get("objectLockEnabled"):
        given["ObjectLockEnabledForBucket"] = True
    if call.region == _CLASSIC_REGION and _find(call, inputs):
        # S3 answers 200 there for a bucket of one's own; the AWS provider refuses to take it over.
        raise ProviderError(f"CreateBucket: BucketAlreadyOwnedByYou: {inputs['bucket']}")
    call.client("s3").create_bucket(**given)
    return str(inputs["bucket"])


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    s3 = call.client("s3")
    location = s3.get_bucket_location(Bucket=id_).get("LocationConstraint") or _CLASSIC_REGION
    return {
        "bucket": id_,
        "arn": f"arn:aws:s3:::{id_}",
        "bucketDomainName": f"{id_}.s3.amazonaws.com",
        "bucketRegionalDomainName": f"{id_}.s3.{location}.amazonaws.com",
        "bucketRegion": location,
        "objectLockEnabled": bool(old.get("objectLockEnabled")),
        "tagsAll": _tags(s3, id_),
    }


def _tags(s3: Any, bucket: str) -> dict[str, str]:
    try:
        return tags.unpaired(s3.get_bucket_tagging(Bucket=bucket)["TagSet"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] == "NoSuchTagSet":
            return {}
        raise


def _set_tags(call: AwsCall, id_: str, wanted: dict[str, str]) -> None:
    s3 = call.client("s3")
    if wanted:
        s3.put_bucket_tagging(Bucket=id_, Tagging={"TagSet": tags.pairs(wanted)})
    else:
        s3.delete_bucket_tagging(Bucket=id_)


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    # A bucket's tags are one document, so they are written whole here and not tag by tag.
    if tags.wanted(old) != tags.wanted(new):
        _set_tags(call, id_, tags.wanted(new))


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    s3 = call.client("s3")
    if state.get("forceDestroy"):
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=id_):
            for one in [*items(page.get("Versions")), *items(page.get("DeleteMarkers"))]:
                s3.delete_object(Bucket=id_, Key=one["Key"], VersionId=one["VersionId"])
    s3.delete_bucket(Bucket=id_)


def _find(call: AwsCall, inputs: Props) -> str | None:
    s3 = call.client("s3")
    try:
        s3.head_bucket(Bucket=inputs["bucket"])
    except s3.exceptions.ClientError as error:
        if error.response["Error"]["Code"] in ("404", "NoSuchBucket"):
            return None
        raise
    return str(inputs["bucket"])


HANDLERS = (
    Handler[AwsCall](
        token="aws:s3/bucket:Bucket",
        source=f"{DOCS}/s3_bucket",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        find=_find,
        tagger=tags.WHOLE,
        name=AutoName(name="bucket", longest=63, lower=True, unless="bucketPrefix"),
        natural=("bucket",),
        defaults={"forceDestroy": False},
        rules=(
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
            pattern(
                "bucket",
                r"(?!xn--|sthree-|.*(-s3alias|--ol-s3|--x-s3)$)(?!\d+\.\d+\.\d+\.\d+$)(?!.*\.\.)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
                "must be 3 to 63 lower-case letters, digits, dots and hyphens, and no IP address",
            ),
        ),
    ),
)
