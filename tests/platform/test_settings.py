"""A stack file is read whole or not at all, and says everything that is wrong with it at once."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.platform.mistakes import SettingsError
from slipway.platform.settings import Settings
from slipway.platform.stack import Stack

from .conftest import ROOT, SERVICE, STACKS, parse, stack_values
from .conftest import mistakes as by_place


def mistakes(stack: str, values: dict[str, Any]) -> list[str]:
    return list(by_place(stack, values).values())


@pytest.mark.parametrize("stack", STACKS)
def test_every_committed_stack_file_is_valid(stack: str) -> None:
    assert isinstance(parse(stack, stack_values(stack)), Settings)


def test_a_service_comes_aboard_with_one_file_of_at_most_twelve_lines() -> None:
    for path in (ROOT / "services").glob("*.yaml"):
        lines = [line for line in path.read_text().splitlines() if line.strip()]
        assert len(lines) <= 12, f"{path.name}: {len(lines)} lines"


def test_all_mistakes_are_told_at_once(prod: dict[str, Any]) -> None:
    prod["platform"]["netwrk"] = {}
    prod["organization"]["accounts"]["prod"] = 333333333333
    prod["organization"]["github"]["plan"] = "platinum"
    prod["services"][SERVICE]["images"] = "server"
    prod["services"][SERVICE]["environments"] = {"prod": {"reviwers": []}, "blue": {}, "productoin": {}}
    found = "\n".join(mistakes("prod", prod))
    assert "slipway:platform.netwrk: found an unknown key" in found
    assert "did you mean 'network'?" in found
    assert "slipway:organization.accounts.prod: found 333333333333; expected text: put it in quotes" in found
    assert "slipway:organization.github.plan: found 'platinum'" in found
    assert "images: found 'server'" in found
    assert "services.skill-pool.environments.prod.reviwers" in found
    assert "did you mean 'reviewers'?" in found
    assert "services.skill-pool.environments.blue" in found
    assert "found a name that says nothing" in found
    assert "did you mean 'production'?" in found


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
    assert any(f"services.other.{key}" in line and SERVICE in line for line in found), found


def test_two_environments_cannot_own_one_release(local: dict[str, Any]) -> None:
    environments = {name: {} for name in local["services"][SERVICE]["environments"]}
    environments["staging"] = {"namespace": SERVICE}
    local["services"][SERVICE]["environments"] = environments
    assert any("one environment owns one release" in line for line in mistakes("local", local))


def test_prod_cannot_be_unprotected(prod: dict[str, Any]) -> None:
    prod["platform"]["protect"] = False
    prod["platform"]["cluster"]["deletion_protection"] = False
    del prod["organization"]["github"]["reviewers"]
    found = "\n".join(mistakes("prod", prod))
    assert "slipway:platform.protect" in found
    assert "slipway:platform.cluster.deletion_protection" in found
    assert "somebody who approves" in found


def test_a_zone_of_another_region_is_refused(prod: dict[str, Any]) -> None:
    prod["platform"]["network"]["zones"] = ["eu-west-1a", "us-east-1a"]
    assert any("us-east-1a" in line for line in mistakes("prod", prod))


@pytest.mark.parametrize(("stack", "who"), [("automation", "no runner"), ("prod", "nodes would never join")])
def test_a_network_without_a_way_out_has_nobody_in_it_who_needs_one(stack: str, who: str) -> None:
    values = stack_values(stack)
    values["platform"]["network"]["nat"] = "none"
    assert who in by_place(stack, values)["slipway:platform.network.nat"]
    values["platform"].pop("runners", None)
    values["organization"]["cicd_chain"] = {}
    if stack == "automation":
        parse(stack, values)


def test_a_release_belongs_to_local_only(prod: dict[str, Any], local: dict[str, Any]) -> None:
    prod["local"] = local["local"]
    assert any("slipway:local: " in line and "it is for the stack" in line for line in mistakes("prod", prod))


def test_an_unknown_stack_names_the_known_ones(prod: dict[str, Any]) -> None:
    with pytest.raises(SettingsError) as caught:
        parse("pord", prod)
    (mistake,) = caught.value.mistakes
    assert str(mistake) == "stack: found 'pord'; expected one of automation, staging, prod, local"


@pytest.mark.parametrize(
    ("key", "suggestion"),
    [
        ("platfrom", "platform"),
        ("network", ""),
        ("databaseUrl-skil-pool-production", "databaseUrl-skill-pool-production"),
        ("databaseUrl-skill-pool-staging", "databaseUrl-skill-pool-production"),
    ],
)
def test_a_key_that_nothing_reads_is_named_with_the_nearest(
    prod: dict[str, Any], key: str, suggestion: str
) -> None:
    right = ["databaseUrl-skill-pool-production"]
    parse("prod", prod, right)
    with pytest.raises(SettingsError) as caught:
        parse("prod", prod, [*right, key])
    (mistake,) = caught.value.mistakes
    assert (mistake.place.path, mistake.suggestion) == (f"slipway:{key}", suggestion)


def test_the_token_of_private_actions_is_read_where_images_are_built_and_it_is_asked_for(
    automation: dict[str, Any], staging: dict[str, Any]
) -> None:
    token = ["privateActionsToken"]
    for stack, values in (("automation", automation), ("staging", staging)):
        with pytest.raises(SettingsError, match="a key that this stack does not read"):
            parse(stack, values, token)
        values["organization"]["github"]["private_actions"] = True
    parse("automation", automation, token)
    with pytest.raises(SettingsError, match="a key that this stack does not read"):
        parse("staging", staging, token)


IMAGE = {"id": "ami-0123456789abcdef0", "built": "2026-11-20", "runner_version": "2.330.0"}
LINUX = {"labels": ["linux"], "instance_types": ["m7i.large"], "repositories": ["acme/skill-pool"]}


@pytest.mark.parametrize(
    ("stack", "path", "value"),
    [
        ("staging", "network.image_build_ssh_cidr", "203.0.113.0/24"),
        ("prod", "registry", {"max_images": 50}),
        ("staging", "runners", {"app_id": 1, "installation_id": 2, "classes": {"linux": LINUX}}),
        ("automation", "cluster", {"name": "a", "version": "1.33"}),
        ("local", "state_key", f"arn:aws:kms:eu-west-1:123456789012:key/{'1' * 8}-1111-1111-1111-{'1' * 12}"),
    ],
)
def test_a_key_that_only_another_stack_reads_is_a_mistake(stack: str, path: str, value: object) -> None:
    values = stack_values(stack)
    if path == "cluster":
        value = stack_values("staging")["platform"]["cluster"]
    node = values["platform"]
    *parts, last = path.split(".")
    for part in parts:
        node = node[part]
    node[last] = value
    assert list(by_place(stack, values)) == [f"slipway:platform.{path}"]


@pytest.mark.parametrize("key", ["enforce", "qa_environments"])
def test_what_a_service_says_is_read_by_the_stack_that_acts_on_it(key: str) -> None:
    """Where each stack had its own copy, `enforce: true` in the wrong one did nothing, without a word."""
    for stack in STACKS:
        values = stack_values(stack)
        values["services"][SERVICE][key] = {"enforce": True, "qa_environments": 5}[key]
        assert getattr(parse(stack, values).services[SERVICE], key)


@pytest.mark.parametrize("missing", ["platform", "organization"])
def test_a_missing_block_is_named(prod: dict[str, Any], missing: str) -> None:
    prod[missing] = None
    assert "found nothing; expected a block" in by_place("prod", prod)[f"slipway:{missing}"]


def test_local_works_in_the_automation_account(local: dict[str, Any]) -> None:
    settings = parse("local", local)
    assert settings.stack is Stack.LOCAL
    assert settings.account == settings.organization.accounts.prod == "123456789012"


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)


@given(
    platform=_JSON,
    organization=_JSON,
    services=st.dictionaries(st.text(max_size=8), st.dictionaries(st.text(max_size=8), _JSON, max_size=3)),
)
def test_whatever_stands_in_the_files_the_answer_is_a_list_of_mistakes(
    platform: object, organization: object, services: dict[str, object]
) -> None:
    with pytest.raises(SettingsError) as caught:
        parse("prod", {"platform": platform, "organization": organization, "services": services})
    assert caught.value.mistakes


@given(data=st.data(), junk=_JSON)
def test_any_single_value_replaced_by_junk_is_read_or_refused_but_never_crashes(
    data: st.DataObject, junk: object
) -> None:
    values = stack_values("prod")
    node: Any = values
    depth = 0
    while True:
        keys = list(node) if isinstance(node, dict) else list(range(len(node)))
        key = data.draw(st.sampled_from(keys))
        depth += 1
        # A service's file is a map at its top, whatever is in it: `documents.read` refuses any other.
        is_file = values["services"] is node or (depth == 1 and key == "services")
        if not is_file and (
            not isinstance(node[key], dict | list) or not node[key] or data.draw(st.booleans())
        ):
            node[key] = junk
            break
        node = node[key]
    with contextlib.suppress(SettingsError):
        assert isinstance(parse("prod", values), Settings)
