"""Tags in the forms that AWS's services want them."""

from collections.abc import Callable
from typing import Any, cast

from slipway.localcloud.providers.aws.cloud import STAMP, AwsCall
from slipway.localcloud.providers.handler import Tagger
from slipway.localcloud.providers.values import Props, block

Tags = dict[str, str]
AwsTagger = Tagger[AwsCall]


def pairs(tags: Tags, key: str = "Key", value: str = "Value") -> list[Tags]:
    return [{key: name, value: text} for name, text in sorted(tags.items())]


def unpaired(found: Any, key: str = "Key", value: str = "Value") -> Tags:
    """A service's list of pairs as a mapping, without tags of AWS's own and without the stamp."""
    listed = cast("list[Tags]", found or [])
    return {one[key]: one[value] for one in listed if one[key] != STAMP and not one[key].startswith("aws:")}


def mapped(found: Any) -> Tags:
    """A service's mapping of tags without the stamp."""
    return {key: value for key, value in cast("Tags", found or {}).items() if key != STAMP}


def wanted(inputs: Props) -> Tags:
    """The tags an object gets: its own and the default tags, as the provider put them in tagsAll."""
    return dict(block(inputs.get("tagsAll")))


def create_pairs(inputs: Props, key: str = "Key", value: str = "Value") -> dict[str, list[Tags]]:
    """`{"Tags": [...]}` for a create call, nothing where there are none: an empty list is refused by some."""
    tags = wanted(inputs)
    return {"Tags": pairs(tags, key, value)} if tags else {}


def specification(call: AwsCall, kind: str, inputs: Props) -> list[Props]:
    """EC2's TagSpecifications with the stamp, so that the object can be found again by its URN."""
    return [{"ResourceType": kind, "Tags": pairs({**wanted(inputs), STAMP: call.stamp})}]


def stamped(call: AwsCall) -> list[Props]:
    """EC2's Filters for what was made for this URN."""
    return [{"Name": f"tag:{STAMP}", "Values": [call.stamp]}]


def _ec2_put(call: AwsCall, id_: str, state: Props, tags: Tags) -> None:
    del state
    call.client("ec2").create_tags(Resources=[id_], Tags=pairs(tags))


def _ec2_drop(call: AwsCall, id_: str, state: Props, names: list[str]) -> None:
    del state
    call.client("ec2").delete_tags(Resources=[id_], Tags=[{"Key": name} for name in names])


EC2 = AwsTagger(put=_ec2_put, drop=_ec2_drop)


def by_arn(
    service: str, argument: str, *, paired: bool, keys: str = "tagKeys", tags: str = "tags"
) -> AwsTagger:
    """Tagging by `tag_resource` and `untag_resource` with the object's ARN, as newer services have it."""

    def put(call: AwsCall, id_: str, state: Props, given: Tags) -> None:
        del id_
        call.client(service).tag_resource(**{argument: state["arn"], tags: pairs(given) if paired else given})

    def drop(call: AwsCall, id_: str, state: Props, names: list[str]) -> None:
        del id_
        call.client(service).untag_resource(**{argument: state["arn"], keys: names})

    return AwsTagger(put=put, drop=drop)


def iam(kind: str, argument: str, reference: Callable[[str, Props], str]) -> AwsTagger:
    """IAM's tagging, which has one pair of calls for each kind of object."""

    def put(call: AwsCall, id_: str, state: Props, given: Tags) -> None:
        getattr(call.client("iam"), f"tag_{kind}")(**{argument: reference(id_, state), "Tags": pairs(given)})

    def drop(call: AwsCall, id_: str, state: Props, names: list[str]) -> None:
        getattr(call.client("iam"), f"untag_{kind}")(**{argument: reference(id_, state), "TagKeys": names})

    return AwsTagger(put=put, drop=drop)
