"""EC2 launch templates: every change of what they say is a new version."""

from collections.abc import Callable
from typing import Any, cast

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    changed,
    lower_first,
    names,
    not_emulated,
    one_of,
    pattern,
    renamed,
    upper_first,
)
from slipway.localcloud.providers.values import Props, items

_DATA = (
    "blockDeviceMappings",
    "creditSpecification",
    "ebsOptimized",
    "iamInstanceProfile",
    "imageId",
    "instanceInitiatedShutdownBehavior",
    "instanceMarketOptions",
    "instanceType",
    "keyName",
    "metadataOptions",
    "monitoring",
    "networkInterfaces",
    "tagSpecifications",
    "userData",
    "vpcSecurityGroupIds",
)
"""The properties that are a version's data; each is named as in the API, but for `_RENAMED`."""
_RENAMED = {"vpcSecurityGroupIds": "SecurityGroupIds"}
_FLAGS = frozenset({"associatePublicIpAddress", "deleteOnTermination", "ebsOptimized", "encrypted"})
"""Booleans that the AWS provider keeps as texts, so that it can tell `false` from nothing."""
_KIND = "launch-template"


def _walk(value: Any, change: Callable[[str, Any], Any]) -> Any:
    """`value` with each field of each object in it as `change` gives it."""
    if isinstance(value, dict):
        found = cast("Props", value)
        return {key: _walk(change(key, one), change) for key, one in found.items() if one is not None}
    if isinstance(value, list):
        listed = cast("list[Any]", value)
        return [_walk(one, change) for one in listed]
    return value


def _flag(key: str, value: Any) -> Any:
    return value in (True, "true") if key in _FLAGS and value != "" else value


def _spoken(key: str, value: Any) -> Any:
    return str(value).lower() if key in _FLAGS and isinstance(value, bool) else value


def _data(inputs: Props) -> Props:
    given = {name: _flag(name, inputs[name]) for name in _DATA if inputs.get(name) not in (None, "", [], {})}
    specifications: list[Props] = items(given.pop("tagSpecifications", None))
    data: Props = {_RENAMED.get(name, upper_first(name)): value for name, value in given.items()}
    data = renamed(_walk(data, _flag), rename=upper_first)
    for interface in items(data.get("NetworkInterfaces")):
        if "SecurityGroups" in interface:
            interface["Groups"] = interface.pop("SecurityGroups")
    if specifications:
        data["TagSpecifications"] = [
            {"ResourceType": one["resourceType"], "Tags": tags.pairs(one.get("tags") or {})}
            for one in specifications
        ]
    return data


def _read_data(data: Props) -> Props:
    """A version's data as properties; a property that it lacks is None."""
    specifications = [one for one in items(data.get("TagSpecifications")) if one["ResourceType"] != _KIND]
    found: Props = _walk(renamed({**data, "TagSpecifications": None}, rename=lower_first), _spoken)
    found = {key: _spoken(key, value) for key, value in found.items()}
    for interface in items(found.get("networkInterfaces")):
        if "groups" in interface:
            interface["securityGroups"] = interface.pop("groups")
    found["vpcSecurityGroupIds"] = found.pop("securityGroupIds", None)
    found["tagSpecifications"] = [
        {"resourceType": one["ResourceType"], "tags": {tag["Key"]: tag["Value"] for tag in one["Tags"]}}
        for one in specifications
    ] or None
    return {name: found.get(name) for name in _DATA}


def _create(call: AwsCall, inputs: Props) -> str:
    made = call.client("ec2").create_launch_template(
        LaunchTemplateName=inputs["name"],
        LaunchTemplateData=_data(inputs),
        TagSpecifications=tags.specification(call, _KIND, inputs),
        **({"VersionDescription": inputs["description"]} if inputs.get("description") else {}),
    )
    return str(made["LaunchTemplate"]["LaunchTemplateId"])


def _read(call: AwsCall, id_: str, old: Props) -> Props | None:
    ec2 = call.client("ec2")
    listed = ec2.describe_launch_templates(LaunchTemplateIds=[id_])["LaunchTemplates"]
    if not listed:
        return None
    found: Props = listed[0]
    latest: Props = ec2.describe_launch_template_versions(LaunchTemplateId=id_, Versions=["$Latest"])[
        "LaunchTemplateVersions"
    ][0]
    own = ec2.describe_tags(Filters=[{"Name": "resource-id", "Values": [id_]}])["Tags"]
    return {
        "name": found["LaunchTemplateName"],
        "arn": call.arn("ec2", f"launch-template/{id_}"),
        "latestVersion": found["LatestVersionNumber"],
        "defaultVersion": found["DefaultVersionNumber"],
        "description": latest.get("VersionDescription"),
        **_read_data(latest["LaunchTemplateData"]),
        "tagsAll": tags.unpaired(own),
    }


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    ec2 = call.client("ec2")
    if _data(old) != _data(new) or changed(old, new, "description"):
        ec2.create_launch_template_version(
            LaunchTemplateId=id_,
            LaunchTemplateData=_data(new),
            **({"VersionDescription": new["description"]} if new.get("description") else {}),
        )
    found: Props = ec2.describe_launch_templates(LaunchTemplateIds=[id_])["LaunchTemplates"][0]
    wanted = found["LatestVersionNumber"] if new.get("updateDefaultVersion") else new.get("defaultVersion")
    if wanted and wanted != found["DefaultVersionNumber"]:
        ec2.modify_launch_template(LaunchTemplateId=id_, DefaultVersion=str(wanted))


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    if _read(call, id_, state) is not None:
        call.client("ec2").delete_launch_template(LaunchTemplateId=id_)


def _find(call: AwsCall, inputs: Props) -> str:
    listed = call.client("ec2").describe_launch_templates(LaunchTemplateNames=[inputs["name"]])
    return str(listed["LaunchTemplates"][0]["LaunchTemplateId"])


HANDLERS = (
    Handler[AwsCall](
        token="aws:ec2/launchTemplate:LaunchTemplate",
        source=f"{DOCS}/launch_template",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        find=_find,
        tagger=tags.EC2,
        name=AutoName(longest=125, unless="namePrefix"),
        natural=("name",),
        renewed=names("latestVersion defaultVersion"),
        rules=(
            pattern("name", r"[\w()./-]{3,125}", "must be 3 to 125 letters, digits or any of ()./-_"),
            pattern("imageId", r"ami-[0-9a-f]+|resolve:ssm:.+", "must be an image's id or resolve:ssm:…"),
            one_of("instanceInitiatedShutdownBehavior", "stop", "terminate"),
            *not_emulated("securityGroupNames instanceRequirements placement cpuOptions hibernationOptions"),
        ),
    ),
)
