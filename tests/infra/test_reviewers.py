"""A reviewer whom GitHub would leave out is refused before anything is registered."""

import json
from typing import Any

import pytest

from infra.providers import github_provider
from infra.reviewers import require_reviewers
from slipway.errors import SlipwayError
from slipway.platform.environments import environments
from tests.components import recording
from tests.platform.conftest import parse, stack_values


def bring_up(code: int, plan: str = "enterprise", reviewer: str = "", may: str = "") -> list[str]:
    """What GitHub was asked, where it answers this to whether a reviewer can read a repository."""
    values = stack_values("prod")
    values["organization"]["github"]["plan"] = plan
    if reviewer:
        values["organization"]["github"]["reviewers"] = [reviewer]
    settings, asked = parse("prod", values), list[str]()

    def answer(arguments: dict[str, Any]) -> dict[str, Any]:
        asked.append(arguments["endpoint"])
        return {"code": code, "body": json.dumps({"permission": may}) if may else ""}

    def program() -> None:
        require_reviewers(settings, environments(settings), github_provider(settings))

    recording.run(program, invokes={"github:index/getRestApi:getRestApi": answer})
    return asked


def test_a_team_that_cannot_read_the_repository_is_refused_with_what_to_do() -> None:
    with pytest.raises(SlipwayError, match="cannot read acme/skill-pool") as refused:
        bring_up(404)
    assert "production" in refused.value.what
    place = "orgs/acme/teams/release-managers/repos/acme/skill-pool"
    assert refused.value.fix == f"gh api --method PUT {place} -f permission=pull"


@pytest.mark.parametrize("code", [200, 204])
def test_one_that_can_is_asked_for_once(code: int) -> None:
    assert bring_up(code) == ["orgs/acme/teams/release-managers/repos/acme/skill-pool"]


@pytest.mark.parametrize(("code", "may"), [(200, "none"), (404, "")])
def test_a_person_who_cannot_read_the_repository_is_refused_with_what_to_do(code: int, may: str) -> None:
    with pytest.raises(SlipwayError, match="the user ada cannot read acme/skill-pool") as refused:
        bring_up(code, reviewer="user:ada", may=may)
    assert "production" in refused.value.what
    place = "repos/acme/skill-pool/collaborators/ada"
    assert refused.value.fix == f"gh api --method PUT {place} -f permission=pull"


@pytest.mark.parametrize("may", ["read", "write", "admin"])
def test_a_person_who_can_is_asked_for_once(may: str) -> None:
    asked = bring_up(200, reviewer="user:ada", may=may)
    assert asked == ["repos/acme/skill-pool/collaborators/ada/permission"]


def test_nobody_is_asked_where_the_plan_has_no_reviewers() -> None:
    assert bring_up(404, plan="team") == []
