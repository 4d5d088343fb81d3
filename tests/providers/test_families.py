"""What families of handlers share, without a service: ids that follow from inputs, writing, EC2's names."""

from typing import Any

import pytest

from slipway.localcloud.providers.aws.families import Ec2Kind
from slipway.localcloud.providers.handler import Handler, between, written
from slipway.localcloud.providers.values import Props

Documents = dict[str, str]


def write(cloud: Documents, inputs: Props) -> None:
    cloud[f"{inputs['parent']}:{inputs['name']}"] = inputs["text"]


def read(cloud: Documents, id_: str, old: Props) -> Props | None:
    return {"text": cloud[id_]} if id_ in cloud else None


def document() -> Handler[Documents]:
    return written(
        token="test:index/document:Document",
        source="a test",
        key="{parent}:{name}",
        write=write,
        read=read,
        delete=lambda cloud, id_, state: cloud.__delitem__(id_),
    )


def test_an_id_that_follows_from_the_inputs_is_made_and_found_without_asking_the_handler() -> None:
    handler, cloud, inputs = document(), Documents(), {"parent": "queue", "name": "{odd}", "text": "one"}
    assert handler.existing(cloud, inputs) is None
    assert handler.made(cloud, inputs) == "queue:{odd}"
    assert handler.existing(cloud, inputs) == "queue:{odd}"


def test_what_one_call_writes_is_changed_by_the_same_call() -> None:
    handler, cloud, inputs = document(), Documents(), {"parent": "queue", "name": "own", "text": "one"}
    id_ = handler.made(cloud, inputs)
    handler.configure(cloud, id_, {}, inputs)
    handler.update(cloud, id_, inputs, {**inputs, "text": "other"})
    assert cloud == {"queue:own": "other"}
    handler.delete(cloud, id_, {})
    assert cloud == {}


def test_a_handler_says_how_an_object_is_found_again() -> None:
    nothing: Any = lambda *arguments: None  # noqa: E731
    with pytest.raises(TypeError, match=r"test:index/document:Document: say by `key` or by `find`"):
        Handler[Documents](
            token="test:index/document:Document", source="a test", create=write, read=read, delete=nothing
        )


@pytest.mark.parametrize(
    ("kind", "words"),
    [
        (Ec2Kind("Vpc"), ("vpc", "VpcId", "Vpcs")),
        (Ec2Kind("RouteTable"), ("route-table", "RouteTableId", "RouteTables")),
        (Ec2Kind("NatGateway", tag="natgateway"), ("natgateway", "NatGatewayId", "NatGateways")),
        (
            Ec2Kind("Address", tag="elastic-ip", id="AllocationId", plural="Addresses"),
            ("elastic-ip", "AllocationId", "Addresses"),
        ),
    ],
)
def test_a_kind_of_ec2_object_is_told_by_its_name(kind: Ec2Kind, words: tuple[str, str, str]) -> None:
    assert (kind.kind, kind.id_key, kind.all_key) == words


def test_a_range_has_both_its_ends() -> None:
    rule = between("days", 7, 30, "days")
    assert [rule.accepts(value) for value in (6, 7, 30, 31)] == [False, True, True, False]
    assert rule.reason == "must be 7 to 30 days"
    assert between("count", 0, 2).reason == "must be 0 to 2"
