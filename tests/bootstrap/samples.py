"""A small stack as its program would declare it, and a look at what an account holds of it."""

import json
import re
from dataclasses import replace
from typing import Any

from botocore.exceptions import ClientError

from slipway.access.claims import AUDIENCE, ISSUER
from slipway.access.permissions import permission_policy
from slipway.access.trust import trust_policy
from slipway.bootstrap.clients import Clients
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.rendered import plan_from
from slipway.engine.registration import Registration
from slipway.engine.values import UNKNOWN
from slipway.platform.declaration import ApplyStack, Job, ReadState, Repository, RoleDeclaration, UseState

ACCOUNT = "333333333333"
REGION = "eu-west-1"
BUCKET = f"slipway-state-{ACCOUNT}-{REGION}"
ALIAS = "alias/slipway-state-prod"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/slipway/slipway-ci-boundary"
APPLY = f"arn:aws:iam::{ACCOUNT}:role/slipway/infra/infra-prod-apply"
PLAN = f"arn:aws:iam::{ACCOUNT}:role/slipway/ci/infra-prod-plan"
REPOSITORY = Repository(owner="acme", name="platform", owner_id=9001, id=70000)


def outputs() -> dict[str, Any]:
    return {
        "bootstrap": {
            "account": ACCOUNT,
            "region": REGION,
            "stateBucket": BUCKET,
            "stateKeyAlias": ALIAS,
            "applyRole": APPLY,
            "github": {
                "planEnvironment": "infra-prod-plan",
                "branches": ["main"],
                "reviewers": ["team:release-managers", "user:ada"],
                "unprotected": "",
            },
        }
    }


def declaration(kind: str, *, key_arn: str | None = None, path: str = "/slipway/infra/") -> RoleDeclaration:
    key = key_arn or f"arn:aws:kms:{REGION}:{ACCOUNT}:{ALIAS}"
    state = UseState if kind == "apply" else ReadState
    grants: list[Any] = [state(BUCKET, ".pulumi/", key)]
    if kind == "apply":
        grants.append(
            ApplyStack(
                "prod",
                ACCOUNT,
                REGION,
                boundary_arn=BOUNDARY,
                role_path="/slipway/ci/",
                own_role_arn=APPLY,
            )
        )
    job = Job(
        name=f"infra-{kind}",
        repository=REPOSITORY,
        environment=f"infra-prod-{kind}",
        events=("push",),
        branches=("main",),
        grants=tuple(grants),
    )
    name = f"infra-prod-{kind}"
    return RoleDeclaration(
        name=name, account=ACCOUNT, region=REGION, jobs=(job,), boundary_arn=BOUNDARY, path=path
    )


def registration(type_: str, name: str, inputs: dict[str, Any], **more: Any) -> Registration:
    urn = f"urn:pulumi:prod::slipway::{type_}::{name}"
    return Registration(urn=urn, type=type_, name=name, parent="", custom=True, inputs=inputs, **more)


def role(declared: RoleDeclaration) -> Registration:
    inputs = {
        "name": declared.name,
        "path": declared.path,
        "description": f"GitHub environment {declared.jobs[0].environment}",
        "assumeRolePolicy": json.dumps(trust_policy(declared)),
        "permissionsBoundary": declared.boundary_arn,
        "maxSessionDuration": 3600,
    }
    return registration("aws:iam/role:Role", declared.name, inputs)


def registrations(key_arn: str | None = None) -> list[Registration]:
    """Provider, boundary, plan role, and an apply role with one policy inside and one attached."""
    apply = declaration("apply", key_arn=key_arn)
    plan = declaration("plan", key_arn=key_arn, path="/slipway/ci/")
    statements = permission_policy(apply)["Statement"]
    boundary = {
        "Version": "2012-10-17",
        "Statement": [{"Sid": "Most", "Effect": "Allow", "Action": "*", "Resource": "*"}],
    }
    attached = {
        "name": "infra-prod-apply-policy-1",
        "path": "/slipway/infra/",
        "policy": json.dumps({"Version": "2012-10-17", "Statement": statements[3:]}),
    }
    policy = registration("aws:iam/policy:Policy", "apply-policy", attached)
    inside = {
        "name": "state",
        "role": apply.name,
        "policy": json.dumps({"Version": "2012-10-17", "Statement": statements[:3]}),
    }
    reads = {"name": "state", "role": plan.name, "policy": json.dumps(permission_policy(plan))}
    return [
        registration(
            "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
            "github",
            {"url": f"https://{ISSUER}", "clientIdLists": [AUDIENCE]},
        ),
        registration(
            "aws:iam/policy:Policy",
            "boundary",
            {
                "name": "slipway-ci-boundary",
                "path": "/slipway/",
                "description": "the most",
                "policy": json.dumps(boundary),
            },
        ),
        role(apply),
        role(plan),
        policy,
        registration(
            "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
            "attachment",
            {"role": apply.name, "policyArn": UNKNOWN},
            property_dependencies={"policyArn": (policy.urn,)},
        ),
        registration("aws:iam/rolePolicy:RolePolicy", "inside", inside),
        registration("aws:iam/rolePolicy:RolePolicy", "reads", reads),
    ]


def plan(key_arn: str | None = None, **changes: Any) -> BootstrapPlan:
    return replace(plan_from("prod", registrations(key_arn), outputs(), key_arn=key_arn), **changes)


def _or_none(call: Any, *path: str, **arguments: Any) -> Any:
    try:
        answer = call(**arguments)
    except ClientError:
        return None
    for key in path:
        answer = answer.get(key)
    return answer


def held(clients: Clients, wanted: BootstrapPlan) -> dict[str, Any]:
    """What the account holds, with the key's id taken out, so that two accounts or runs compare."""
    s3, iam, kms, bucket = clients.s3, clients.iam, clients.kms, {"Bucket": wanted.bucket}
    name = {"RoleName": wanted.role.name}
    keys = [item["KeyArn"] for item in kms.list_keys()["Keys"]]
    found = {
        "keys": [
            {
                "policy": json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"]),
                "rotation": kms.get_key_rotation_status(KeyId=key)["KeyRotationEnabled"],
                "tags": kms.list_resource_tags(KeyId=key)["Tags"],
                "alias": [item["AliasName"] for item in kms.list_aliases(KeyId=key)["Aliases"]],
            }
            for key in keys
        ],
        "bucket": {
            "tags": _or_none(s3.get_bucket_tagging, "TagSet", **bucket),
            "ownership": _or_none(s3.get_bucket_ownership_controls, "OwnershipControls", **bucket),
            "public": _or_none(s3.get_public_access_block, "PublicAccessBlockConfiguration", **bucket),
            "versioning": _or_none(s3.get_bucket_versioning, "Status", **bucket),
            "encryption": _or_none(s3.get_bucket_encryption, "ServerSideEncryptionConfiguration", **bucket),
            "lifecycle": _or_none(s3.get_bucket_lifecycle_configuration, "Rules", **bucket),
            "policy": json.loads(_or_none(s3.get_bucket_policy, "Policy", **bucket) or "null"),
        },
        "provider": _or_none(
            iam.get_open_id_connect_provider, "ClientIDList", OpenIDConnectProviderArn=wanted.provider.arn
        ),
        "policies": sorted(
            (item["PolicyName"], _default_version(iam, item["Arn"]))
            for item in iam.list_policies(Scope="Local")["Policies"]
        ),
        "trust": _or_none(iam.get_role, "Role", "AssumeRolePolicyDocument", **name),
        "inside": {
            policy: iam.get_role_policy(PolicyName=policy, **name)["PolicyDocument"]
            for policy in _or_none(iam.list_role_policies, "PolicyNames", **name) or []
        },
        "attached": _or_none(iam.list_attached_role_policies, "AttachedPolicies", **name),
    }
    return json.loads(re.sub(r"key/[0-9a-f-]{36}", "key/ID", json.dumps(found)))


def _default_version(iam: Any, arn: str) -> str:
    version = iam.get_policy(PolicyArn=arn)["Policy"]["DefaultVersionId"]
    return json.dumps(iam.get_policy_version(PolicyArn=arn, VersionId=version)["PolicyVersion"]["Document"])
