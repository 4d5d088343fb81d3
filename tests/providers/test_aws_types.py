"""Every AWS type against moto: the whole life of one realistic sample."""

from collections.abc import Iterator

import pytest
from pulumi.provider.experimental.provider import PropertyDiffKind

from slipway.localcloud.providers.aws import HANDLERS
from slipway.localcloud.providers.values import UNKNOWN
from tests.providers.aws_samples import NEW_TAGS, SAMPLES, World
from tests.providers.driver import Driver

TOKENS = sorted(SAMPLES)
REPLACING = {PropertyDiffKind.ADD_REPLACE, PropertyDiffKind.UPDATE_REPLACE, PropertyDiffKind.DELETE_REPLACE}


@pytest.fixture
def world(aws: Driver) -> Iterator[World]:
    made = World(aws)
    yield made
    made.clear()


def test_every_type_has_a_sample() -> None:
    assert set(SAMPLES) == set(HANDLERS)


@pytest.mark.parametrize("token", TOKENS)
def test_life(token: str, aws: Driver, world: World) -> None:
    sample = SAMPLES[token]
    inputs = sample.inputs(world)

    previewed = aws.preview(token, inputs)
    for name in HANDLERS[token].computed:
        assert "." in name or name in inputs or name in previewed
    assert UNKNOWN in previewed.values() or not HANDLERS[token].computed - set(inputs)

    made = aws.create(token, inputs)
    assert not aws.diff(made, inputs).detailed_diff, "an unchanged program changes nothing"
    promised = {name for name in previewed if previewed[name] is UNKNOWN} - aws.provider.schema(token).inputs
    assert promised - set(made.state) == _sometimes(token), "every computed output has a value"
    assert (aws.find(made) == made.id) or token == "aws:secretsmanager/secretVersion:SecretVersion"

    read = aws.read(made)
    assert read is not None
    assert read.state == made.state, "a read of what was just made finds no drift"
    assert read.inputs == made.inputs
    if HANDLERS[token].tagger:
        assert made.state["tagsAll"] == {**inputs["tags"], "managed-by": "slipway"}
        assert made.state["tags"] == inputs["tags"]

    if sample.changed:
        news = {**inputs, **sample.changed(world)}
        found = aws.diff(made, news)
        assert found.changes
        assert not found.replaces
        assert not REPLACING & {one.kind for one in found.detailed_diff.values()}
        made = aws.update(made, news)
        assert not aws.diff(made, news).detailed_diff, "an update does all that it says"
        again = aws.read(made)
        assert again is not None
        assert again.state == made.state
        if HANDLERS[token].tagger:
            assert again.state["tagsAll"] == {**NEW_TAGS, "managed-by": "slipway"}
        inputs = news

    if sample.replaced:
        found = aws.diff(made, {**inputs, **sample.replaced(world)})
        assert found.replaces
        assert REPLACING & {one.kind for one in found.detailed_diff.values()}

    aws.delete(made)
    if not sample.stays:
        assert aws.read(made) is None, "what is deleted is gone"
        assert aws.find(made) is None
    aws.delete(made)


def _sometimes(token: str) -> set[str]:
    """Computed outputs that have a value only under circumstances that the sample does not have."""
    return {
        "aws:ec2/eip:Eip": {"privateIp", "privateDns"},
    }.get(token, set())


@pytest.mark.parametrize("token", [one for one in TOKENS if SAMPLES[one].imports])
def test_import_describes_the_object(token: str, aws: Driver, world: World) -> None:
    made = aws.create(token, SAMPLES[token].inputs(world))
    found = aws.imported(token, made.id)
    assert found is not None
    assert set(found.inputs) - {"__defaults"} <= aws.provider.schema(token).inputs
    for name in aws.provider.schema(token).required:
        assert found.inputs.get(name) is not None
    aws.delete(made)
