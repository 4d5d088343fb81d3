"""A question picks the rows of the matrix that answer it, and no others."""

from dataclasses import replace
from typing import Any

import pytest

from slipway.access.matrix import Matrix, diff, matrix
from slipway.access.render import diff_to_text, to_text
from slipway.access.selection import Question, answer
from slipway.access.world import RunnerClass, World

from .test_matrix import CICD, PROD_DEPLOY, RUNNER, _runner_registrations, changed, world_of

APP = "arn:aws:iam::{}:role/slipway/ci/app-{}"


@pytest.fixture(scope="module")
def world(platform: Any) -> World:
    reviewed = changed(
        "github:index/repositoryEnvironment:RepositoryEnvironment",
        "app-production",
        reviewers=[{"teams": [1]}],
    )
    world = world_of(platform, reviewed, automation=_runner_registrations(platform))
    world.runner_classes = (RunnerClass(name="large", role_arn=RUNNER, repositories=("acme/app",)),)
    return world


@pytest.fixture(scope="module")
def whole(world: World) -> Matrix:
    return matrix(world)


def roles(found: Matrix) -> set[str]:
    return {row.role.rpartition("/")[2] for row in found.rows}


def test_no_question_is_answered_by_everything(whole: Matrix, world: World) -> None:
    assert answer(world, Question()) == whole


def test_who_can_assume_a_role(world: World) -> None:
    found = answer(world, Question(role="app-production"))
    assert roles(found) == {"app-production"}
    assert {(row.who, row.environment) for row in found.rows} >= {("acme/app", "production")}
    assert roles(answer(world, Question(role=PROD_DEPLOY))) == {"app-production"}
    assert roles(answer(world, Question(role="*-preview"))) >= {"app-preview", "old-app-preview"}
    assert not answer(world, Question(role="app-prod")).rows


def test_what_a_repository_reaches_includes_its_runners(world: World) -> None:
    found = answer(world, Question(repository="ACME/app"))
    assert {row.who.split(" ")[0] for row in found.rows} == {"acme/app", "runner"}
    assert not any("old-app" in role for role in roles(found))


def test_who_can_do_something_and_on_what(world: World) -> None:
    found = answer(world, Question(action="ecr:PutImage"))
    assert "app-build" in roles(found)
    assert not any("infra" in role for role in roles(found))
    for row in found.rows:
        assert {capability.label for capability in row.capabilities} == {"ecr:PutImage"}
    (build,) = [row for row in found.rows if row.role.endswith("/app-build")]
    assert build.capabilities[0].resources == ("ecr repository/app", "ecr repository/app-web")
    assert not answer(world, Question(action="ecr:PutImagee")).rows


def test_a_pattern_of_actions_finds_what_any_of_them_does(world: World) -> None:
    assert roles(answer(world, Question(action="iam:Create*"))) == {
        f"infra-{stack}-apply" for stack in ("automation", "staging", "prod")
    }


def test_questions_are_asked_together(world: World) -> None:
    found = answer(world, Question(names={"app-build", "app-preview"}, action="ecr:PutImage"))
    assert roles(found) == {"app-build", "app-preview"}


def test_a_way_past_reviewers_says_so(whole: Matrix) -> None:
    past = {(row.who.split(" ")[0], row.role) for row in whole.rows if row.past_review}
    assert past == {("runner", PROD_DEPLOY), ("from", PROD_DEPLOY)}
    assert f"{CICD.rpartition('/')[2]} in 111111111111 -> app-production in 333333333333" in to_text(whole)
    assert to_text(whole).count("past its reviewers") == len([row for row in whole.rows if row.past_review])
    without = Matrix(
        rows=tuple(replace(row, past_review=False) for row in whole.rows), unreached=(), problems=()
    )
    assert "assume it past its reviewers" in diff_to_text(diff(without, whole))


def test_a_table_fits_the_terminal_and_loses_no_word(whole: Matrix) -> None:
    wide, narrow = to_text(whole), to_text(whole, 90)
    assert all(len(line) <= 90 or " " not in line.strip() for line in narrow.splitlines())
    assert sorted(wide.split()) == sorted(narrow.split())


def test_nobody_is_said_in_so_many_words(world: World) -> None:
    assert "Nobody here." in to_text(answer(world, Question(role="nope")))
