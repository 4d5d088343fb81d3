"""The plan is what the program declares, and nothing that is not known offline gets into it."""

import json
from dataclasses import replace
from typing import Any

import pytest

from slipway.access.permissions import permission_policy
from slipway.bootstrap.rendered import plan_from
from slipway.engine.registration import Registration
from slipway.engine.values import UNKNOWN
from slipway.errors import SlipwayError
from tests.bootstrap import samples


def changed(name: str, **inputs: Any) -> list[Registration]:
    return [
        replace(item, inputs={**item.inputs, **inputs}) if item.name == name else item
        for item in samples.registrations()
    ]


def test_the_apply_role_comes_with_its_own_policies_only() -> None:
    role = samples.plan().role
    assert role.arn == samples.APPLY
    assert set(role.inline) == {"state"}
    assert [policy.name for policy in role.managed] == ["infra-prod-apply-policy-1"]
    declared = permission_policy(samples.declaration("apply"))["Statement"]
    rendered = [*role.inline["state"]["Statement"], *role.managed[0].document["Statement"]]
    assert rendered == declared


def test_the_door_is_read_off_the_trust_policy() -> None:
    role = samples.plan().role
    assert (role.repository, role.environment) == ("acme/platform", "infra-prod-apply")


@pytest.mark.parametrize("key_arn", [None, samples.KEY])
def test_who_may_use_the_key_is_computed_from_the_roles_own_policies(key_arn: str | None) -> None:
    plan = samples.plan(key_arn)
    assert plan.key_users == (samples.APPLY,)
    assert plan.key_readers == (samples.PLAN,)


def test_a_role_that_may_use_another_key_only_is_none_of_the_keys_roles() -> None:
    elsewhere = permission_policy(samples.declaration("plan", key_arn=f"{samples.KEY[:-1]}0"))
    plan = plan_from(
        "prod", changed("reads", policy=json.dumps(elsewhere)), samples.outputs(), key_arn=samples.KEY
    )
    assert plan.key_readers == ()


def test_a_provider_that_is_only_read_is_adopted() -> None:
    registrations = [
        replace(item, inputs={}) if item.name == "github" else item for item in samples.registrations()
    ]
    provider = plan_from("prod", registrations, samples.outputs()).provider
    assert provider.adopted
    assert provider.audiences == ("sts.amazonaws.com",)


@pytest.mark.parametrize(
    ("name", "inputs", "message"),
    [
        ("infra-prod-apply", {"assumeRolePolicy": UNKNOWN}, "`assumeRolePolicy` is not known"),
        ("infra-prod-apply", {"permissionsBoundary": UNKNOWN}, "`permissionsBoundary` is not known"),
        ("infra-prod-apply", {"permissionsBoundary": "arn:aws:iam::1:policy/x"}, "declares no boundary"),
        ("infra-prod-apply", {"path": "/"}, "declares no role"),
        ("boundary", {"policy": UNKNOWN}, "`policy` is not known"),
        ("inside", {"policy": "[]"}, "no policy document"),
        (
            "attachment",
            {"policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            "not declared in this stack",
        ),
        ("infra-prod-apply", {"assumeRolePolicy": '{"Statement": []}'}, "no job of GitHub"),
    ],
)
def test_what_cannot_be_made_as_declared_is_refused(name: str, inputs: dict[str, Any], message: str) -> None:
    with pytest.raises(SlipwayError, match=message):
        plan_from("prod", changed(name, **inputs), samples.outputs())


@pytest.mark.parametrize("key", ["account", "stateBucket", "applyRole"])
def test_a_contract_that_lacks_a_name_is_refused(key: str) -> None:
    contract = {name: value for name, value in samples.outputs()["bootstrap"].items() if name != key}
    with pytest.raises(SlipwayError, match=f"lacks {key}"):
        plan_from("prod", samples.registrations(), {"bootstrap": contract})
