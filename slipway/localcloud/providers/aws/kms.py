"""KMS keys and their aliases."""

from functools import partial
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import STAMP, AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.handler import AutoName, Handler, between, changed, names, pattern, pick
from slipway.localcloud.providers.values import Props

TAG_KEYS = ("TagKey", "TagValue")
DELETION_DAYS = 30
"""KMS's own waiting time where none is given.
https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html"""


def _create(call: AwsCall, inputs: Props) -> str:
    given = pick(
        inputs,
        {
            "Policy": "policy",
            "Description": "description",
            "KeyUsage": "keyUsage",
            "KeySpec": "customerMasterKeySpec",
            "MultiRegion": "multiRegion",
            "BypassPolicyLockoutSafetyCheck": "bypassPolicyLockoutSafetyCheck",
        },
    )
    own = {**tags.wanted(inputs), STAMP: call.stamp}
    made = call.client("kms").create_key(**given, Tags=tags.pairs(own, *TAG_KEYS))
    return str(made["KeyMetadata"]["KeyId"])


def _read(call: AwsCall, id_: str, old: Props) -> Props | None:
    kms = call.client("kms")
    found: Props = kms.describe_key(KeyId=id_)["KeyMetadata"]
    if found["KeyState"] == "PendingDeletion":
        return None
    state: Props = {
        "keyId": found["KeyId"],
        "arn": found["Arn"],
        "description": found.get("Description"),
        # moto says nothing of a usage that CreateKey was not given; KMS always does.
        "keyUsage": found.get("KeyUsage") or "ENCRYPT_DECRYPT",
        "customerMasterKeySpec": found.get("KeySpec") or found.get("CustomerMasterKeySpec"),
        "multiRegion": bool(found.get("MultiRegion")),
        "isEnabled": found["Enabled"],
        "enableKeyRotation": kms.get_key_rotation_status(KeyId=id_)["KeyRotationEnabled"],
        "policy": kms.get_key_policy(KeyId=id_, PolicyName="default")["Policy"],
        "tagsAll": tags.unpaired(kms.list_resource_tags(KeyId=id_)["Tags"], *TAG_KEYS),
    }
    return state


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    kms = call.client("kms")
    if bool(new.get("enableKeyRotation")) != bool(old.get("enableKeyRotation")) or (
        new.get("enableKeyRotation") and changed(old, new, "rotationPeriodInDays")
    ):
        _set_rotation(kms, id_, new)
    if new.get("isEnabled", True) != old.get("isEnabled", True):
        (kms.enable_key if new.get("isEnabled", True) else kms.disable_key)(KeyId=id_)
    if not old:
        return
    if changed(old, new, "description"):
        kms.update_key_description(KeyId=id_, Description=new.get("description") or "")
    if new.get("policy") and changed(old, new, "policy"):
        kms.put_key_policy(KeyId=id_, PolicyName="default", Policy=new["policy"])


def _set_rotation(kms: Any, id_: str, new: Props) -> None:
    if not new.get("enableKeyRotation"):
        kms.disable_key_rotation(KeyId=id_)
        return
    kms.enable_key_rotation(KeyId=id_, **pick(new, {"RotationPeriodInDays": "rotationPeriodInDays"}))


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    if _read(call, id_, state) is not None:
        days = state.get("deletionWindowInDays") or DELETION_DAYS
        call.client("kms").schedule_key_deletion(KeyId=id_, PendingWindowInDays=days)


def _find(call: AwsCall, inputs: Props) -> str | None:
    kms = call.client("kms")
    for page in kms.get_paginator("list_keys").paginate():
        for key in page["Keys"]:
            own = kms.list_resource_tags(KeyId=key["KeyId"])["Tags"]
            stamped = {"TagKey": STAMP, "TagValue": call.stamp} in own
            if stamped and _read(call, key["KeyId"], {}) is not None:
                return str(key["KeyId"])
    return None


def _alias_create(call: AwsCall, inputs: Props) -> None:
    call.client("kms").create_alias(AliasName=inputs["name"], TargetKeyId=inputs["targetKeyId"])


def _alias_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    for page in call.client("kms").get_paginator("list_aliases").paginate():
        for one in page["Aliases"]:
            if one["AliasName"] != id_ or "TargetKeyId" not in one:
                continue
            arn = call.arn("kms", f"key/{one['TargetKeyId']}")
            # The input may name the key by its ARN; the service always answers with its id.
            same = old.get("targetKeyId") in (arn, one["TargetKeyId"])
            return {
                "name": id_,
                "arn": one["AliasArn"],
                "targetKeyArn": arn,
                "targetKeyId": old["targetKeyId"] if same else one["TargetKeyId"],
            }
    return None


def _alias_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if changed(old, new, "targetKeyId"):
        call.client("kms").update_alias(AliasName=id_, TargetKeyId=new["targetKeyId"])


def _alias_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("kms").delete_alias(AliasName=id_)


HANDLERS = (
    Handler[AwsCall](
        token="aws:kms/key:Key",
        source=f"{DOCS}/kms_key",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        find=_find,
        tagger=tags.by_id("kms", "KeyId", form=partial(tags.pairs, key="TagKey", value="TagValue")),
        documents=names("policy"),
        defaults={
            "bypassPolicyLockoutSafetyCheck": False,
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "enableKeyRotation": False,
            "isEnabled": True,
            "keyUsage": "ENCRYPT_DECRYPT",
        },
        rules=(
            between("deletionWindowInDays", 7, 30, "days"),
            between("rotationPeriodInDays", 90, 2560, "days"),
        ),
    ),
    Handler[AwsCall](
        token="aws:kms/alias:Alias",
        source=f"{DOCS}/kms_alias",
        key="{name}",
        create=_alias_create,
        read=_alias_read,
        update=_alias_update,
        delete=_alias_delete,
        name=AutoName(longest=256, prefix="alias/", unless="namePrefix"),
        natural=("name",),
        rules=(
            pattern(
                "name",
                r"alias/(?!aws/)[a-zA-Z0-9/_-]{1,250}",
                "must begin with alias/, not with alias/aws/, and go on with letters, digits or any of /_-",
            ),
        ),
    ),
)
