"""What a GitHub plan lets us protect, and what an unprotected environment loses."""

import pytest

from slipway.errors import SlipwayError
from slipway.platform.protection import (
    EnvironmentRules,
    GithubPlan,
    Reviewers,
    allowances,
    plan_protection,
)

PRODUCTION = EnvironmentRules(
    name="production", tags=("v*",), reviewers=Reviewers(teams=("release",)), wait_minutes=5
)


@pytest.mark.parametrize(
    ("plan", "visibility", "protectable", "approvals"),
    [
        ("free", "public", True, True),
        ("free", "private", False, False),
        ("free", "internal", False, False),
        ("team", "public", True, True),
        ("team", "private", True, False),
        ("enterprise", "public", True, True),
        ("enterprise", "private", True, True),
        ("enterprise", "internal", True, True),
    ],
)
def test_each_plan_and_visibility(plan: str, visibility: str, protectable: bool, approvals: bool) -> None:
    found = plan_protection(PRODUCTION, GithubPlan(plan), visibility)
    assert (found.protectable, found.approvals) == (protectable, approvals)


def test_what_cannot_be_protected_says_why_and_is_not_made() -> None:
    found = plan_protection(PRODUCTION, GithubPlan.FREE, "private")
    assert not found.create
    assert "'production' to branches or tags, so it gets no deploy role" in found.reason
    assert "a private repository on the GitHub plan 'free'" in found.reason


def test_rules_that_a_plan_lacks_are_named() -> None:
    found = plan_protection(PRODUCTION, GithubPlan.TEAM, "private")
    assert found.dropped == ("required reviewers", "wait timer", "no bypass by administrators")
    plain = EnvironmentRules(name="build", branches=("main",))
    assert plan_protection(plain, GithubPlan.TEAM, "private").dropped == ()


def test_an_environment_that_any_ref_may_use_gets_no_role_on_any_plan() -> None:
    found = plan_protection(EnvironmentRules(name="dev"), GithubPlan.ENTERPRISE, "private")
    assert found.create
    assert not found.protectable
    assert "names no branch and no tag" in found.reason


@pytest.mark.parametrize("pattern", ["*", "**", "**/*", "*/*", "?*", "[?]"])
def test_a_pattern_that_matches_every_name_protects_nothing(pattern: str) -> None:
    for rules in (
        EnvironmentRules(name="dev", branches=("main", pattern)),
        EnvironmentRules(name="dev", tags=(pattern,)),
    ):
        assert not plan_protection(rules, GithubPlan.ENTERPRISE, "private").protectable


@pytest.mark.parametrize("pattern", ["main", "release/*", "v*", "refs/pull/*/merge"])
def test_a_pattern_with_a_fixed_part_protects(pattern: str) -> None:
    rules = EnvironmentRules(name="dev", branches=(pattern,))
    assert plan_protection(rules, GithubPlan.TEAM, "private").protectable


def test_evaluating_rulesets_is_for_enterprise() -> None:
    assert [plan for plan in GithubPlan if allowances(plan, "public").evaluate] == [GithubPlan.ENTERPRISE]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "Production"}, "lower case"),
        ({"name": ""}, "1 to 255"),
        ({"name": "x" * 256}, "1 to 255"),
        ({"reviewers": Reviewers(users=("a", "b", "c"), team_ids=(1, 2, 3, 4))}, "at most 6"),
        ({"wait_minutes": -1}, "0 to 43200"),
        ({"wait_minutes": 43_201}, "0 to 43200"),
        ({"branches": ("",)}, "branch pattern"),
        ({"tags": ("v*", "v*")}, "given twice"),
    ],
)
def test_what_github_would_refuse_is_refused_first(change: dict[str, object], message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        EnvironmentRules(**{"name": "production", **change})  # type: ignore[arg-type]
