"""A stack file is read whole or not at all, and says everything that is wrong with it at once."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.settings import Settings, Stack, parse
from slipway.platform.mistakes import SettingsError

from .conftest import ROOT, STACKS, stack_values

SERVICE = "skill-pool"


def mistakes(stack: str, values: dict[str, Any]) -> list[str]:
    with pytest.raises(SettingsError) as caught:
        parse(stack, values)
    return [str(mistake) for mistake in caught.value.mistakes]


@pytest.mark.parametrize("stack", STACKS)
def test_every_committed_stack_file_is_valid(stack: str) -> None:
    assert isinstance(parse(stack, stack_values(stack)), Settings)


def test_a_service_comes_aboard_with_at_most_fourteen_lines() -> None:
    for stack in ("automation", "staging", "prod"):
        lines = (ROOT / f"Pulumi.{stack}.yaml").read_text().splitlines()
        start = lines.index("    skill-pool:")
        block = [line for line in lines[start:] if line.strip()]
        assert len(block) <= 14, f"{stack}: {len(block)} lines"


def test_all_mistakes_are_told_at_once(prod: dict[str, Any]) -> None:
    prod["platform"]["netwrk"] = {}
    prod["platform"]["accounts"]["prod"] = 333333333333
    prod["platform"]["github"]["plan"] = "platinum"
    prod["services"][SERVICE]["images"] = "server"
    prod["services"][SERVICE]["environments"] = {"prod": {"reviwers": []}, "blue": {}}
    found = "\n".join(mistakes("prod", prod))
    assert "slipway:platform.netwrk: found an unknown key" in found
    assert "did you mean 'network'?" in found
    assert "slipway:platform.accounts.prod: found 333333333333; expected text; quote it" in found
    assert "slipway:platform.github.plan: found 'platinum'" in found
    assert "slipway:services.skill-pool.images: found 'server'" in found
    assert "slipway:services.skill-pool.environments.prod.reviwers" in found
    assert "did you mean 'reviewers'?" in found
    assert "slipway:services.skill-pool.environments.blue: found a name that says nothing" in found


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Skill-Pool", "a capital letter (Kubernetes)"),
        ("skill_pool", "an underscore (Kubernetes)"),
        ("-pool", "a leading dash (Kubernetes)"),
        ("a" * 41, "too long for role names (IAM)"),
        ("a--b", "two dashes"),
        ("9pool", "a leading digit"),
    ],
)
def test_a_service_name_that_somebody_would_refuse_is_refused(
    prod: dict[str, Any], name: str, value: str
) -> None:
    prod["services"][name] = prod["services"].pop(SERVICE)
    assert any(name in mistake for mistake in mistakes("prod", prod)), value


@pytest.mark.parametrize("name", ["Production", "pro duction", "prod/eu", "prod:eu", "a" * 23])
def test_an_environment_name_that_could_match_two_ways_is_refused(prod: dict[str, Any], name: str) -> None:
    block = {"jobs": ["deploy"], "branches": ["main"]}
    prod["services"][SERVICE]["environments"] = {name: block}
    assert mistakes("prod", prod)


@pytest.mark.parametrize("key", ["repository", "repository_id", "hostname"])
def test_two_services_cannot_claim_one_thing(prod: dict[str, Any], key: str) -> None:
    first = prod["services"][SERVICE]
    other = {**first, "repository": "acme/other", "repository_id": 70002, "hostname": "other.example.com"}
    value = first[key]
    other[key] = value.upper() if key == "repository" else value
    prod["services"]["other"] = other
    found = mistakes("prod", prod)
    assert any(f"slipway:services.other.{key}" in line and SERVICE in line for line in found), found


def test_two_environments_cannot_own_one_release(local: dict[str, Any]) -> None:
    local["services"][SERVICE]["environments"]["staging"] = {}
    assert any("one environment owns one release" in line for line in mistakes("local", local))


def test_prod_cannot_be_unprotected(prod: dict[str, Any]) -> None:
    prod["platform"]["protect"] = False
    prod["platform"]["cluster"]["deletion_protection"] = False
    del prod["platform"]["github"]["reviewers"]
    found = "\n".join(mistakes("prod", prod))
    assert "slipway:platform.protect" in found
    assert "slipway:platform.cluster.deletion_protection" in found
    assert "somebody who approves" in found


def test_a_zone_of_another_region_is_refused(prod: dict[str, Any]) -> None:
    prod["platform"]["network"]["zones"] = ["eu-west-1a", "us-east-1a"]
    assert any("us-east-1a" in line for line in mistakes("prod", prod))


def test_a_release_belongs_to_local_only(prod: dict[str, Any]) -> None:
    release = {"images": {"server": "sha256:" + "0" * 64}}
    prod["services"][SERVICE]["environments"] = {"production": {"release": release}}
    assert any("only 'local' releases" in line for line in mistakes("prod", prod))


def test_an_unknown_stack_names_the_known_ones(prod: dict[str, Any]) -> None:
    found = mistakes("pord", prod)
    assert found == ["stack: found 'pord'; expected one of automation, staging, prod, local"]


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("platfrom", "platform"),
        ("network", ""),
        ("databaseUrl-skil-pool-production", "databaseUrl-skill-pool-production"),
        ("privateActionToken", "privateActionsToken"),
    ],
)
def test_a_key_that_nothing_reads_is_named_with_the_nearest(
    prod: dict[str, Any], key: str, suggestion: str
) -> None:
    given = ["platform", "services", "privateActionsToken", "databaseUrl-skill-pool-production"]
    parse("prod", prod, given)
    with pytest.raises(SettingsError) as caught:
        parse("prod", prod, [*given, key])
    (mistake,) = caught.value.mistakes
    assert (mistake.path, mistake.suggestion) == (f"slipway:{key}", suggestion)


@pytest.mark.parametrize("missing", ["platform", "services"])
def test_a_missing_block_is_named(prod: dict[str, Any], missing: str) -> None:
    prod[missing] = None
    assert any(line.startswith(f"slipway:{missing}: found nothing") for line in mistakes("prod", prod))


def test_local_works_in_the_automation_account(local: dict[str, Any]) -> None:
    settings = parse("local", local)
    assert settings.stack is Stack.LOCAL
    assert settings.account == settings.platform.accounts.automation


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(platform=_JSON, services=_JSON)
def test_whatever_stands_in_a_stack_file_the_answer_is_a_list_of_mistakes(
    platform: object, services: object
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse("prod", {"platform": platform, "services": services})
    assert caught.value.mistakes


@given(data=st.data(), junk=_JSON)
def test_any_single_value_replaced_by_junk_is_read_or_refused_but_never_crashes(
    data: st.DataObject, junk: object
) -> None:
    values = stack_values("prod")
    node: Any = values
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans()):
            node[key] = junk
            break
        node = node[key]
    with contextlib.suppress(SettingsError):
        assert isinstance(parse("prod", values), Settings)
