"""The printed policy allows every call that bootstrap makes, and nothing that it does not make."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from slipway.access.evaluate import evaluate
from slipway.access.permissions import MANAGED_POLICY_LIMIT
from slipway.bootstrap import run as running
from slipway.bootstrap.clients import Clients
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.rights import administrator_policy
from slipway.bootstrap.run import Watcher, bootstrap
from slipway.bootstrap.stack_file import StackFile
from tests.bootstrap import samples

AGREES = Watcher(agree=lambda _: True, done=lambda _: None)
BUCKET = f"arn:aws:s3:::{samples.BUCKET}"
REGION = {"aws:RequestedRegion": samples.REGION}
OWN = {"slipway:owner": "bootstrap", "slipway:stack": "prod"}
BOUNDED = {"iam:PermissionsBoundary": samples.BOUNDARY}

# API operations whose IAM action has another name, and those that need a second one
# (Service Authorization Reference, the pages of S3, KMS and IAM).
ACTIONS = {
    "s3:HeadBucket": ["s3:ListBucket"],
    "s3:CreateBucket": ["s3:CreateBucket", "s3:TagResource"],
    "s3:GetBucketEncryption": ["s3:GetEncryptionConfiguration"],
    "s3:PutBucketEncryption": ["s3:PutEncryptionConfiguration"],
    "s3:GetBucketLifecycleConfiguration": ["s3:GetLifecycleConfiguration"],
    "s3:PutBucketLifecycleConfiguration": ["s3:PutLifecycleConfiguration"],
    "s3:GetPublicAccessBlock": ["s3:GetBucketPublicAccessBlock"],
    "s3:PutPublicAccessBlock": ["s3:PutBucketPublicAccessBlock"],
    "kms:CreateKey": ["kms:CreateKey", "kms:TagResource"],
    "iam:CreateRole": ["iam:CreateRole", "iam:TagRole"],
    "iam:CreatePolicy": ["iam:CreatePolicy", "iam:TagPolicy"],
    "iam:CreateOpenIDConnectProvider": [
        "iam:CreateOpenIDConnectProvider",
        "iam:TagOpenIDConnectProvider",
    ],
}
UNDER_BOUNDARY = {
    "iam:AttachRolePolicy",
    "iam:CreateRole",
    "iam:DeleteRolePolicy",
    "iam:DetachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:PutRolePolicy",
}


@dataclass(frozen=True)
class Call:
    """One request: its action, the ARN that it is for, and what IAM knows of it."""

    action: str
    resource: str
    context: tuple[tuple[str, str], ...]


def calls_of(service: str, operation: str, params: dict[str, Any], key: str) -> list[Call]:
    name = f"{service}:{operation}"
    if name == "sts:GetCallerIdentity":
        return []
    actions = ACTIONS.get(name, [name])
    return [
        Call(action, resource, tuple(_context(action, params).items()))
        for action in actions
        for resource in _for(action, params, key)
    ]


def _for(action: str, params: dict[str, Any], key: str) -> list[str]:
    if action.startswith("s3:"):
        return [f"arn:aws:s3:::{params['Bucket']}"]
    if action.startswith("kms:"):
        alias = f"arn:aws:kms:{samples.REGION}:{samples.ACCOUNT}:{params.get('AliasName')}"
        on_key = [key, alias] if action == "kms:CreateAlias" else [key]
        return ["*"] if action in {"kms:CreateKey", "kms:ListKeys"} else on_key
    iam = f"arn:aws:iam::{samples.ACCOUNT}"
    if "OpenIDConnect" in action:
        return [f"{iam}:oidc-provider/token.actions.githubusercontent.com"]
    if "RoleName" in params:
        return [samples.APPLY]
    if "PolicyName" in params:
        return [f"{iam}:policy{params['Path']}{params['PolicyName']}"]
    return [params["PolicyArn"]]


def _context(action: str, params: dict[str, Any]) -> dict[str, str]:
    context = dict(REGION)
    if action in {"kms:CreateKey", "kms:TagResource"}:
        context |= {f"aws:RequestTag/{tag['TagKey']}": tag["TagValue"] for tag in params["Tags"]}
    elif action.startswith("kms:"):
        context |= {f"aws:ResourceTag/{name}": value for name, value in OWN.items()}
    if action in {"iam:CreateRole", "iam:PutRolePermissionsBoundary"}:
        context["iam:PermissionsBoundary"] = params["PermissionsBoundary"]
    elif action in UNDER_BOUNDARY:
        context |= BOUNDED
    if action in {"iam:AttachRolePolicy", "iam:DetachRolePolicy"}:
        context["iam:PolicyARN"] = params["PolicyArn"]
    return context


@pytest.fixture
def recorded(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    monkeypatch.setattr(running, "connect", lambda *_: clients)
    calls: list[Call] = []

    def record(params: dict[str, Any], model: Any, **_: Any) -> None:
        service = model.service_model.service_name
        calls.extend(calls_of(service, model.name, params, samples.KEY))

    for client in vars(clients).values():
        client.meta.events.register("before-parameter-build.*.*", record)
    return calls


def run(folder: Path) -> None:
    def load() -> BootstrapPlan:
        return samples.plan(StackFile(folder, "prod").read().state_key)

    assert bootstrap(folder, load, AGREES) is not None


def break_everything(clients: Clients) -> None:
    """Whatever bootstrap can put right, made wrong."""
    iam, name = clients.iam, "infra-prod-apply"
    trust = json.loads(json.dumps(samples.plan().role.trust).replace("infra-prod-apply", "elsewhere"))
    wide = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    )
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trust))
    iam.update_role(RoleName=name, MaxSessionDuration=7200)
    iam.delete_role_permissions_boundary(RoleName=name)
    iam.put_role_policy(RoleName=name, PolicyName="more", PolicyDocument=wide)
    iam.attach_role_policy(RoleName=name, PolicyArn=samples.BOUNDARY)
    for _ in range(4):
        iam.create_policy_version(PolicyArn=samples.BOUNDARY, PolicyDocument=wide, SetAsDefault=True)
    key = clients.kms.list_keys()["Keys"][0]["KeyArn"]
    clients.kms.put_key_policy(KeyId=key, PolicyName="default", Policy=wide)


@pytest.fixture
def calls(folder: Path, clients: Clients, recorded: list[Call]) -> list[Call]:
    """Those of a run from nothing, of one that goes on after a key without its alias, and of a repair."""
    run(folder)
    clients.kms.delete_alias(AliasName=samples.ALIAS)
    recorded.pop()
    run(folder)
    until = len(recorded)
    break_everything(clients)
    del recorded[until:]
    run(folder)
    return list(dict.fromkeys(recorded))


def allowed(policy: dict[str, Any], call: Call) -> bool:
    return evaluate([policy], call.action, call.resource, dict(call.context)).allowed


def test_every_call_is_allowed(calls: list[Call]) -> None:
    policy = administrator_policy(samples.plan())
    refused = [call for call in calls if not allowed(policy, call)]
    assert not refused
    assert len(calls) > 40


def test_nothing_that_is_allowed_goes_unused(calls: list[Call]) -> None:
    for statement in administrator_policy(samples.plan())["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for action in actions:
            assert "*" not in action
            alone = {"Version": "2012-10-17", "Statement": [{**statement, "Action": action}]}
            assert any(allowed(alone, call) for call in calls), f"{statement['Sid']}: {action}"


def test_no_resource_that_is_allowed_goes_unused(calls: list[Call]) -> None:
    for statement in administrator_policy(samples.plan())["Statement"]:
        resources = statement["Resource"]
        for resource in resources if isinstance(resources, list) else [resources]:
            alone = {"Version": "2012-10-17", "Statement": [{**statement, "Resource": resource}]}
            assert any(allowed(alone, call) for call in calls), f"{statement['Sid']}: {resource}"


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("iam:CreateRole", samples.APPLY, {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/Any"}),
        ("iam:CreateRole", samples.APPLY, {}),
        ("iam:PutRolePolicy", samples.PLAN, BOUNDED),
        ("iam:AttachRolePolicy", samples.APPLY, {**BOUNDED, "iam:PolicyARN": "arn:aws:iam::aws:policy/Any"}),
        ("iam:PassRole", samples.APPLY, {}),
        ("kms:PutKeyPolicy", samples.KEY, {"aws:ResourceTag/team": "someone"}),
        ("kms:Decrypt", samples.KEY, {"aws:ResourceTag/slipway:owner": "bootstrap"}),
        ("s3:GetObject", f"{BUCKET}/.pulumi/stacks/slipway/prod.json", {}),
        ("s3:PutBucketPolicy", "arn:aws:s3:::another", {}),
    ],
)
def test_it_is_no_more_than_that(action: str, resource: str, context: dict[str, str]) -> None:
    policy = administrator_policy(samples.plan())
    assert not evaluate([policy], action, resource, {**REGION, **context}).allowed


def test_it_fits_a_managed_policy() -> None:
    text = json.dumps(administrator_policy(samples.plan()), separators=(",", ":"))
    assert len(text) <= MANAGED_POLICY_LIMIT


def test_who_adopts_a_provider_needs_no_right_to_make_one() -> None:
    plan = samples.plan()
    policy = administrator_policy(replace(plan, provider=replace(plan.provider, adopted=True)))
    assert "iam:CreateOpenIDConnectProvider" not in json.dumps(policy)
    assert "iam:GetOpenIDConnectProvider" in json.dumps(policy)
