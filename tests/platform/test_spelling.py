"""Repositories are named as GitHub names them, by id, whatever the case in the file; a rename is told."""

import pytest

from slipway.errors import SlipwayError
from slipway.platform.environments import environments
from slipway.platform.settings import Settings
from slipway.platform.spelling import respelling, spelled, written

from .conftest import parse, stack_values

OWN, SERVICE = 70000, 70001


def settings(slug: str = "acme/skill-pool", stack: str = "automation") -> Settings:
    values = stack_values(stack)
    values["services"]["skill-pool"]["repository"] = slug
    return parse(stack, values)


def subjects(found: Settings) -> set[str]:
    return {job.repository.slug for environment in environments(found) for job in environment.role.jobs}


def test_a_repository_is_named_as_github_spells_it_wherever_it_is_used() -> None:
    found, said = spelled(settings("acme/Skill-Pool"), {SERVICE: "Acme/skill-pool", OWN: "Acme/platform"})
    assert {item.slug for item in written(found)} == {"Acme/skill-pool", "Acme/platform"}
    assert found.organization.github.organization == "Acme"
    assert subjects(found) == {"Acme/skill-pool"}
    runners = found.platform.runners
    assert runners is not None
    assert {slug for block in runners.classes.values() for slug in block.repositories} == {
        "Acme/skill-pool",
        "Acme/platform",
    }
    assert said == (
        "github.repository in Pulumi.yaml: GitHub spells acme/platform as Acme/platform, and so do tokens: "
        "write it so",
        "services/skill-pool.yaml: GitHub spells acme/Skill-Pool as Acme/skill-pool, and so do tokens: "
        "write it so",
    )


def test_what_is_written_as_github_spells_it_is_as_it_was() -> None:
    found = settings()
    names = {SERVICE: "acme/skill-pool", OWN: "acme/platform"}
    assert spelled(found, names) == (found, ())
    assert spelled(found, {}) == (found, ())


def test_a_runner_class_may_write_its_repository_in_another_case() -> None:
    """Offline nobody is asked, and all names of one repository are as its own file has it."""
    found, said = spelled(settings("acme/Skill-Pool"), {})
    runners = found.platform.runners
    assert runners is not None
    assert {slug for block in runners.classes.values() for slug in block.repositories} == {
        "acme/Skill-Pool",
        "acme/platform",
    }
    assert said == ()


@pytest.mark.parametrize(
    ("now", "what"),
    [
        ("acme/skills", "write repository: acme/skills there"),
        ("evil/skill-pool", "remove it: repositories of others get no role"),
    ],
)
def test_a_rename_is_one_message_with_its_consequences(now: str, what: str) -> None:
    with pytest.raises(SlipwayError) as raised:
        spelled(settings(), {SERVICE: now})
    text = str(raised.value)
    assert f"the repository 70001 is {now} now, and no longer acme/skill-pool" in text
    assert "none of its roles can be assumed until their trust policies say" in text
    assert "where: services/skill-pool.yaml" in text
    assert what in text


def test_a_change_of_case_in_a_file_is_no_change() -> None:
    same, said = respelling(settings(), settings("acme/Skill-Pool"))
    assert same == {"acme/Skill-Pool": "acme/skill-pool"}
    assert said == (
        "services/skill-pool.yaml: acme/Skill-Pool is acme/skill-pool in another case, which changes "
        "nothing: what is applied has the spelling of GitHub",
    )
    assert respelling(settings(), settings()) == ({}, ())


def test_a_rename_in_a_file_is_told() -> None:
    same, (said,) = respelling(settings(stack="prod"), settings("acme/skills", stack="prod"))
    assert not same
    assert said.startswith("services/skill-pool.yaml: the repository 70001 is acme/skills now")
