"""What guards main of the platform's own repository, where its settings say so."""

from typing import Any, cast

import pulumi
import pytest

from components.github.rulesets import GITHUB_ACTIONS_APP_ID
from infra.github import platform_repository
from slipway.platform import naming
from slipway.platform.platform_roles import platform_roles
from tests.components import recording
from tests.platform.conftest import parse, stack_values


@pytest.mark.parametrize("enforce", [True, False])
def test_main_waits_for_the_jobs_and_for_the_gate_where_it_is_enforced(enforce: bool) -> None:
    values = stack_values("automation")
    values["organization"]["github"]["enforce"] = enforce
    settings = parse("automation", values)

    def program() -> None:
        nothing = cast("Any", None)
        platform_repository(settings, platform_roles(settings), nothing, None, pulumi.ResourceOptions())

    github = settings.organization.github
    found = {"github:index/getRepository:getRepository": lambda _: {"repoId": github.repository_id}}
    rules = recording.run(program, invokes=found).of("RepositoryRuleset")
    assert bool(rules) is enforce
    for rule in rules:
        if rule.name.endswith("default-branch"):
            required = rule.inputs["rules"]["requiredStatusChecks"]["requiredChecks"]
            assert required == [
                *({"context": name, "integrationId": GITHUB_ACTIONS_APP_ID} for name in naming.CHECKS),
                {"context": naming.GATE_STATUS, "integrationId": github.app_id},
            ]
