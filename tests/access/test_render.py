"""The matrix and its differences as a person, a pull request and a program read them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from slipway.access.capabilities import Capability
from slipway.access.matrix import Matrix, diff, matrix
from slipway.access.render import (
    diff_to_json,
    diff_to_markdown,
    diff_to_text,
    to_json,
    to_markdown,
    to_text,
)
from slipway.access.selection import Question, answer
from slipway.access.world import World


@pytest.fixture(scope="module")
def base(platform: Any) -> Matrix:
    return matrix(World.from_stacks(platform.stacks(), repositories=platform.repositories))


def test_the_same_world_differs_in_nothing(platform: Any, base: Matrix) -> None:
    found = diff(base, matrix(World.from_stacks(platform.stacks(), repositories=platform.repositories)))
    assert found.newly_allowed == found.no_longer_allowed == ()
    assert diff_to_text(found) == "Nothing is newly allowed.\n"
    assert "Nothing is newly allowed." in diff_to_markdown(found)


def test_renderings_name_everything(platform: Any, base: Matrix) -> None:
    text, markdown, data = to_text(base), to_markdown(base), json.loads(to_json(base))
    for row in base.rows:
        name = row.role.rpartition("/")[2]
        assert name in text
        assert row.who in text
    assert "| environment | from | on | role | can |" in markdown
    assert "\\*" in markdown
    assert len(data["rows"]) == len(base.rows)
    empty = Matrix(rows=(), unreached=(), problems=("x",))
    found = diff(empty, base)
    assert "\n+ acme/app in build from branch main: app-build in 111111111111\n" in diff_to_text(found)
    assert len(json.loads(diff_to_json(found))["newly_allowed"]) == len(found.newly_allowed)
    newly, no_longer = diff_to_markdown(found).split("### No longer allowed")
    assert "\n| acme/app | build | branch main | app-build in 111111111111 | assume it" in newly
    assert no_longer.strip() == "Nothing is taken away."
    back = diff(base, empty)
    assert back.newly_allowed == ()
    assert back.no_longer_allowed == found.newly_allowed
    assert diff_to_text(back).startswith("- ")


def test_a_mark_of_doubt_is_explained_where_there_is_one(base: Matrix) -> None:
    (row, *_), nothing = base.rows, Matrix(rows=(), unreached=(), problems=())
    for certain in (True, False):
        one = Matrix(rows=(replace(row, certain=certain, capabilities=()),), unreached=(), problems=())
        for text in (to_text(one), to_markdown(one), diff_to_text(diff(nothing, one))):
            assert ("(possibly): it hangs on a condition" in text) is not certain


@pytest.mark.parametrize("width", [80, 120])
def test_two_environments_of_a_service_fit_a_terminal_and_a_screen(platform: Any, width: int) -> None:
    world = World.from_stacks(platform.stacks(), repositories=platform.repositories)
    names = {"app-staging", "app-production"}
    text = to_text(answer(world, Question(names=names)), width)
    assert names <= set(text.split())
    assert max(map(len, text.splitlines())) <= width
    assert len(text.splitlines()) <= 50


def test_what_goes_to_the_same_resources_is_one_line_and_nothing_is_said_that_explains_nothing(
    base: Matrix,
) -> None:
    row = replace(
        base.rows[0],
        capabilities=(
            Capability("decrypt", ("kms key/1",), when=("a:b is x",), conditional=True),
            Capability("encrypt", ("kms key/1",), when=("a:b is x",), conditional=True),
        ),
        environment="",
        refs=(),
        events=(),
    )
    lines = to_text(Matrix(rows=(row,), unreached=(), problems=()), 100).splitlines()
    assert "  decrypt, encrypt: kms key/1 if a:b is x" in lines
    assert not any("none" in line or line.split()[:1] == ["environment"] for line in lines)
