"""CloudWatch log groups."""

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.handler import AutoName, Handler, changed, one_of, pattern, pick
from slipway.localcloud.providers.values import Props

RETENTION_DAYS = (
    0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922,
    3288, 3653,
)  # fmt: skip
"""https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html;
0, in the AWS provider's terms, is for ever."""


def _create(call: AwsCall, inputs: Props) -> None:
    given = pick(inputs, {"logGroupName": "name", "kmsKeyId": "kmsKeyId", "logGroupClass": "logGroupClass"})
    call.client("logs").create_log_group(**given, **tags.create_mapped(inputs, "tags"))


def described(call: AwsCall, id_: str) -> Props | None:
    """The state of a group by its name; None where there is none."""
    logs = call.client("logs")
    for page in logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=id_):
        for one in page["logGroups"]:
            if one["logGroupName"] == id_:
                arn = str(one["arn"]).removesuffix(":*")
                return {
                    "name": id_,
                    "arn": arn,
                    "retentionInDays": one.get("retentionInDays"),
                    "kmsKeyId": one.get("kmsKeyId"),
                    "tagsAll": tags.mapped(logs.list_tags_for_resource(resourceArn=arn)["tags"]),
                }
    return None


def _read(call: AwsCall, id_: str, old: Props) -> Props | None:
    return described(call, id_)


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    logs = call.client("logs")
    if changed(old, new, "retentionInDays"):
        if new.get("retentionInDays"):
            logs.put_retention_policy(logGroupName=id_, retentionInDays=new["retentionInDays"])
        elif old.get("retentionInDays"):
            logs.delete_retention_policy(logGroupName=id_)
    if old and changed(old, new, "kmsKeyId"):
        if new.get("kmsKeyId"):
            logs.associate_kms_key(logGroupName=id_, kmsKeyId=new["kmsKeyId"])
        else:
            logs.disassociate_kms_key(logGroupName=id_)


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    if not state.get("skipDestroy"):
        call.client("logs").delete_log_group(logGroupName=id_)


HANDLERS = (
    Handler[AwsCall](
        token="aws:cloudwatch/logGroup:LogGroup",
        source=f"{DOCS}/cloudwatch_log_group",
        key="{name}",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        tagger=tags.by_arn("logs", "resourceArn", form=dict, tags="tags", keys="tagKeys"),
        name=AutoName(longest=512, unless="namePrefix"),
        natural=("name",),
        defaults={"skipDestroy": False},
        rules=(
            pattern("name", r"[\w./#-]{1,512}", "must be 1 to 512 letters, digits or any of .-_/#"),
            one_of("retentionInDays", *RETENTION_DAYS),
        ),
    ),
)
