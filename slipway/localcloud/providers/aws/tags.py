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
    own = (pair for pair in listed if pair[key] != STAMP and not pair[key].startswith("aws:"))
    return {pair[key]: pair[value] for pair in own}


def mapped(found: Any) -> Tags:
    """A service's mapping of tags without the stamp."""
    return {key: value for key, value in cast("Tags", found or {}).items() if key != STAMP}


def wanted(inputs: Props) -> Tags:
    """The tags an object gets: its own and the default tags, as the provider put them in tagsAll."""
    return dict(block(inputs.get("tagsAll")))


def create_pairs(inputs: Props, argument: str = "Tags") -> Props:
    """`{"Tags": [...]}` for a create call, nothing where there are none: an empty list is refused by some."""
    tags = wanted(inputs)
    return {argument: pairs(tags)} if tags else {}


def create_mapped(inputs: Props, argument: str = "Tags") -> Props:
    """`{"Tags": {...}}` for a create call of a service that takes a mapping; nothing where there are none."""
    tags = wanted(inputs)
    return {argument: tags} if tags else {}


def specification(call: AwsCall, kind: str, inputs: Props) -> list[Props]:
    """EC2's TagSpecifications with the stamp, so that the object can be found again by its URN."""
    return [{"ResourceType": kind, "Tags": pairs({**wanted(inputs), STAMP: call.stamp})}]


def stamped(call: AwsCall) -> list[Props]:
    """EC2's Filters for what was made for this URN."""
    return [{"Name": f"tag:{STAMP}", "Values": [call.stamp]}]


def is_stamped(call: AwsCall, pairs: list[Props] | None) -> bool:
    """Whether EC2's tags of an object say that it was made for this URN."""
    return {"Key": STAMP, "Value": call.stamp} in (pairs or ())


def calls(
    service: str,
    which: Callable[[str, Props], Props],
    *,
    put: str = "tag_resource",
    drop: str = "untag_resource",
    form: Callable[[Tags], Any] = pairs,
    tags: str = "Tags",
    keys: str = "TagKeys",
) -> AwsTagger:
    """Tagging by a pair of a service's calls.

    Args:
        which: the arguments that name the object, from its id and its state.
        form: how the service takes tags: a list of pairs, or a mapping (`dict`).
        tags, keys: the arguments for tags to set and for names of tags to remove.
    """

    def put_tags(call: AwsCall, id_: str, state: Props, given: Tags) -> None:
        getattr(call.client(service), put)(**which(id_, state), **{tags: form(given)})

    def drop_tags(call: AwsCall, id_: str, state: Props, names: list[str]) -> None:
        getattr(call.client(service), drop)(**which(id_, state), **{keys: names})

    return AwsTagger(put=put_tags, drop=drop_tags)


def by_arn(service: str, argument: str, **more: Any) -> AwsTagger:
    """Tagging of what `argument` names by its ARN, as newer services have it."""
    return calls(service, lambda id_, state: {argument: state["arn"]}, **more)


def by_id(service: str, argument: str, **more: Any) -> AwsTagger:
    """Tagging of what `argument` names by its id."""
    return calls(service, lambda id_, state: {argument: id_}, **more)


def _ec2_put(call: AwsCall, id_: str, state: Props, tags: Tags) -> None:
    call.client("ec2").create_tags(Resources=[id_], Tags=pairs(tags))


def _ec2_drop(call: AwsCall, id_: str, state: Props, names: list[str]) -> None:
    call.client("ec2").delete_tags(Resources=[id_], Tags=[{"Key": name} for name in names])


def _written(call: AwsCall, id_: str, state: Props, given: Any) -> None:
    """Nothing left to do."""


EC2 = AwsTagger(put=_ec2_put, drop=_ec2_drop)
WHOLE = AwsTagger(put=_written, drop=_written)
"""For types whose `configure` or `update` writes all tags as one document."""
