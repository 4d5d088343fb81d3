"""Every GitHub type against the stand-in: the whole life of one realistic sample."""

from collections.abc import Iterator

import pytest

from slipway.localcloud.providers.github import HANDLERS
from tests.providers.driver import Driver
from tests.providers.github_samples import SAMPLES, World
from tests.providers.life import live

TOKENS = sorted(SAMPLES)
WITHOUT = {"etag", "keyId"}


@pytest.fixture
def world(github: Driver) -> Iterator[World]:
    made = World(github)
    yield made
    made.clear()


def test_every_type_has_a_sample() -> None:
    assert set(SAMPLES) == set(HANDLERS)


@pytest.mark.parametrize("token", TOKENS)
def test_life(token: str, github: Driver, world: World) -> None:
    sometimes = WITHOUT & HANDLERS[token].type.computed - github.provider.schema(token).inputs
    live(github, token, SAMPLES[token], world, set(sometimes))


@pytest.mark.parametrize("token", [one for one in TOKENS if SAMPLES[one].imports])
def test_import_describes_the_object(token: str, github: Driver, world: World) -> None:
    made = github.create(token, SAMPLES[token].inputs(world))
    found = github.imported(token, made.id)
    assert found is not None
    for name in github.provider.schema(token).required:
        assert found.inputs.get(name) is not None
    github.delete(made)
