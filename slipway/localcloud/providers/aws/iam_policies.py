"""IAM policies: managed, inline, and what attaches them to roles."""

# ruff: noqa: S106 - a `token` is a Pulumi type token here

import json
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.iam import DOCS, PATH, PATH_REASON, by_name, is_json_text
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import AutoName, Handler, Rule, changed, names, pattern, pick
from slipway.localcloud.providers.values import Props

NAME = r"[\w+=,.@-]{1,128}"
NAME_REASON = "must be 1 to 128 letters, digits or any of +=,.@_-"
MANAGED_POLICY_CHARACTERS = 6144
"""White space not counted. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
VERSIONS_KEPT = 5
"""IAM keeps at most five versions of a managed policy (the same page)."""


def _text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _policy_create(call: AwsCall, inputs: Props) -> str:
    given = pick(
        inputs,
        {"PolicyName": "name", "Path": "path", "PolicyDocument": "policy", "Description": "description"},
    )
    made = call.client("iam").create_policy(**given, **tags.create_pairs(inputs))
    return str(made["Policy"]["Arn"])


def _policy_read(call: AwsCall, id_: str, old: Props) -> Props:
    iam = call.client("iam")
    found = iam.get_policy(PolicyArn=id_)["Policy"]
    version = iam.get_policy_version(PolicyArn=id_, VersionId=found["DefaultVersionId"])["PolicyVersion"]
    return {
        "arn": found["Arn"],
        "name": found["PolicyName"],
        "path": found["Path"],
        "policyId": found["PolicyId"],
        # Others change it by attaching the policy, which is no drift of the policy itself.
        "attachmentCount": old.get("attachmentCount", found.get("AttachmentCount", 0)),
        "description": found.get("Description"),
        "policy": _text(version["Document"]),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _versions(iam: Any, arn: str) -> list[Props]:
    """The versions that are not the default one, oldest first."""
    listed: list[Props] = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    others = [one for one in listed if not one["IsDefaultVersion"]]
    return sorted(others, key=lambda one: int(str(one["VersionId"]).removeprefix("v")))


def _policy_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if not old or not changed(old, new, "policy"):
        return
    iam = call.client("iam")
    others = _versions(iam, id_)
    if len(others) >= VERSIONS_KEPT - 1:
        iam.delete_policy_version(PolicyArn=id_, VersionId=others[0]["VersionId"])
    iam.create_policy_version(PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)


def _policy_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    iam = call.client("iam")
    if iam.get_policy(PolicyArn=id_)["Policy"]["AttachmentCount"]:
        # moto 5.2 deletes it all the same; AWS does not.
        raise ProviderError("DeletePolicy: DeleteConflict: Cannot delete a policy attached to entities.")
    for one in _versions(iam, id_):
        iam.delete_policy_version(PolicyArn=id_, VersionId=one["VersionId"])
    iam.delete_policy(PolicyArn=id_)


def _policy_find(call: AwsCall, inputs: Props) -> str:
    path = inputs.get("path") or "/"
    arn = f"arn:aws:iam::{call.account}:policy{path}{inputs['name']}"
    return str(call.client("iam").get_policy(PolicyArn=arn)["Policy"]["Arn"])


def _inline_create(call: AwsCall, inputs: Props) -> str:
    call.client("iam").put_role_policy(
        RoleName=inputs["role"], PolicyName=inputs["name"], PolicyDocument=inputs["policy"]
    )
    return f"{inputs['role']}:{inputs['name']}"


def _inline_read(call: AwsCall, id_: str, old: Props) -> Props:
    del old
    role, _, name = id_.partition(":")
    found = call.client("iam").get_role_policy(RoleName=role, PolicyName=name)
    return {"role": role, "name": name, "policy": _text(found["PolicyDocument"])}


def _inline_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    del id_
    if old:
        _inline_create(call, new)


def _inline_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    role, _, name = id_.partition(":")
    call.client("iam").delete_role_policy(RoleName=role, PolicyName=name)


def _inline_find(call: AwsCall, inputs: Props) -> str:
    id_ = f"{inputs['role']}:{inputs['name']}"
    _inline_read(call, id_, {})
    return id_


def _attachment_create(call: AwsCall, inputs: Props) -> str:
    call.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])
    return f"{inputs['role']}/{inputs['policyArn']}"


def _attachment_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    del old
    role, _, arn = id_.partition("/")
    pages = call.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]}
    return {"role": role, "policyArn": arn} if arn in attached else None


def _attachment_delete(call: AwsCall, id_: str, state: Props) -> None:
    del state
    role, _, arn = id_.partition("/")
    call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


def _attachment_find(call: AwsCall, inputs: Props) -> str | None:
    id_ = f"{inputs['role']}/{inputs['policyArn']}"
    return id_ if _attachment_read(call, id_, {}) else None


def _fits(value: Any) -> bool:
    return len("".join(str(value).split())) <= MANAGED_POLICY_CHARACTERS


_DOCUMENT = Rule(name="policy", reason="must be a JSON policy document", accepts=is_json_text)

HANDLERS = (
    Handler[AwsCall](
        token="aws:iam/policy:Policy",
        source=f"{DOCS}/iam_policy",
        create=_policy_create,
        read=_policy_read,
        configure=_policy_configure,
        delete=_policy_delete,
        find=_policy_find,
        tagger=tags.iam("policy", "PolicyArn", by_name),
        name=AutoName(longest=128, unless="namePrefix"),
        natural=("name", "path"),
        documents=names("policy"),
        defaults={"path": "/"},
        rules=(
            pattern("name", NAME, NAME_REASON),
            pattern("path", PATH, PATH_REASON),
            _DOCUMENT,
            Rule(
                name="policy",
                reason=f"must be at most {MANAGED_POLICY_CHARACTERS} characters without white space",
                accepts=_fits,
            ),
        ),
    ),
    Handler[AwsCall](
        token="aws:iam/rolePolicy:RolePolicy",
        source=f"{DOCS}/iam_role_policy",
        create=_inline_create,
        read=_inline_read,
        configure=_inline_configure,
        delete=_inline_delete,
        find=_inline_find,
        name=AutoName(longest=128, unless="namePrefix"),
        natural=("name", "role"),
        documents=names("policy"),
        rules=(pattern("name", NAME, NAME_REASON), _DOCUMENT),
    ),
    Handler[AwsCall](
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        source=f"{DOCS}/iam_role_policy_attachment",
        create=_attachment_create,
        read=_attachment_read,
        delete=_attachment_delete,
        find=_attachment_find,
        natural=("role", "policyArn"),
        rules=(pattern("policyArn", r"arn:[\w-]+:iam::(\d{12}|aws):policy/.+", "must be a policy's ARN"),),
    ),
)
