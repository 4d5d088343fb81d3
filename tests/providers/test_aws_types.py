"""Every AWS type against moto: the whole life of one realistic sample."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from slipway.localcloud.providers.aws import HANDLERS
from slipway.localcloud.providers.aws.families import Ec2Kind
from tests.providers.aws_samples import SAMPLES
from tests.providers.aws_world import World
from tests.providers.driver import Driver
from tests.providers.life import live

TOKENS = sorted(SAMPLES)

SOMETIMES = {
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": {"namePrefix"},
    "aws:ec2/eip:Eip": {"privateIp", "privateDns"},
    "aws:ec2/natGateway:NatGateway": {"associationId"},
    "aws:ec2/route:Route": {"instanceId", "instanceOwnerId"},
    "aws:ec2/vpcEndpoint:VpcEndpoint": {"cidrBlocks", "prefixListId"},
    "aws:eks/cluster:Cluster": {"clusterId"},
}
"""Computed outputs that have a value only under circumstances that the sample does not have."""


@pytest.fixture
def world(aws: Driver) -> Iterator[World]:
    made = World(aws)
    yield made
    made.clear()


def test_every_type_has_a_sample() -> None:
    assert set(SAMPLES) == set(HANDLERS)


@pytest.mark.parametrize("token", TOKENS)
def test_life(token: str, aws: Driver, world: World) -> None:
    live(aws, token, SAMPLES[token], world, SOMETIMES.get(token, set()))


def by_their_stamp() -> list[str]:
    """The types whose objects are found again by a tag alone: nothing else names them."""
    return [one for one in TOKENS if isinstance(getattr(HANDLERS[one].find, "__self__", None), Ec2Kind)]


@pytest.mark.parametrize("token", by_their_stamp())
def test_an_object_of_another_is_not_found_for_this_one(token: str, aws: Driver, world: World) -> None:
    made = aws.create(token, SAMPLES[token].inputs(world))
    assert aws.find(made) == made.id
    assert aws.find(replace(made, urn=f"{made.urn}-of-somebody-else")) is None
    aws.delete(made)


@pytest.mark.parametrize("token", [one for one in TOKENS if SAMPLES[one].imports])
def test_import_describes_the_object(token: str, aws: Driver, world: World) -> None:
    made = aws.create(token, SAMPLES[token].inputs(world))
    found = aws.imported(token, made.id)
    assert found is not None
    assert set(found.inputs) - {"__defaults"} <= aws.provider.schema(token).inputs
    for name in aws.provider.schema(token).required:
        assert found.inputs.get(name) is not None
    aws.delete(made)
