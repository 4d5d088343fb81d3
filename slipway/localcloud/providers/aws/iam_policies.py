"""IAM policies: managed, inline, and what attaches them to roles."""

from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, json_policy, part
from slipway.localcloud.providers.aws.iam import (
    PATH,
    PATH_REASON,
    POLICY_ARN,
    POLICY_ARN_REASON,
    document_text,
)
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import AutoName, Handler, Rule, changed, names, pattern, pick
from slipway.localcloud.providers.values import Props

NAME = r"[\w+=,.@-]{1,128}"
NAME_REASON = "must be 1 to 128 letters, digits or any of +=,.@_-"
MANAGED_POLICY_CHARACTERS = 6144
"""White space not counted. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
VERSIONS_KEPT = 5
"""IAM keeps at most five versions of a managed policy (the same page)."""


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
        "policy": document_text(version["Document"]),
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _versions(iam: Any, arn: str) -> list[Props]:
    """The versions that are not the default one, oldest first."""
    listed: list[Props] = iam.list_policy_versions(PolicyArn=arn)["Versions"]
    others = [one for one in listed if not one["IsDefaultVersion"]]
    return sorted(others, key=lambda one: int(str(one["VersionId"]).removeprefix("v")))


def _policy_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if not changed(old, new, "policy"):
        return
    iam = call.client("iam")
    others = _versions(iam, id_)
    if len(others) >= VERSIONS_KEPT - 1:
        iam.delete_policy_version(PolicyArn=id_, VersionId=others[0]["VersionId"])
    iam.create_policy_version(PolicyArn=id_, PolicyDocument=new["policy"], SetAsDefault=True)


def _policy_delete(call: AwsCall, id_: str, state: Props) -> None:
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


def _attachment_create(call: AwsCall, inputs: Props) -> None:
    call.client("iam").attach_role_policy(RoleName=inputs["role"], PolicyArn=inputs["policyArn"])


def _attachment_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    role, _, arn = id_.partition("/")
    pages = call.client("iam").get_paginator("list_attached_role_policies").paginate(RoleName=role)
    attached = {one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]}
    return {"role": role, "policyArn": arn} if arn in attached else None


def _attachment_delete(call: AwsCall, id_: str, state: Props) -> None:
    role, _, arn = id_.partition("/")
    call.client("iam").detach_role_policy(RoleName=role, PolicyArn=arn)


def _fits(value: Any) -> bool:
    return len("".join(str(value).split())) <= MANAGED_POLICY_CHARACTERS


HANDLERS = (
    Handler[AwsCall](
        token="aws:iam/policy:Policy",
        source=f"{DOCS}/iam_policy",
        create=_policy_create,
        read=_policy_read,
        update=_policy_update,
        delete=_policy_delete,
        find=_policy_find,
        tagger=tags.by_id("iam", "PolicyArn", put="tag_policy", drop="untag_policy"),
        name=AutoName(longest=128, unless="namePrefix"),
        natural=("name", "path"),
        documents=names("policy"),
        defaults={"path": "/"},
        rules=(
            pattern("name", NAME, NAME_REASON),
            pattern("path", PATH, PATH_REASON),
            json_policy(),
            Rule(
                name="policy",
                reason=f"must be at most {MANAGED_POLICY_CHARACTERS} characters without white space",
                accepts=_fits,
            ),
        ),
    ),
    part(
        token="aws:iam/rolePolicy:RolePolicy",
        page="iam_role_policy",
        service="iam",
        where={"RoleName": "role", "PolicyName": "name"},
        given=lambda inputs: {"PolicyDocument": inputs["policy"]},
        state=lambda call, answer: {"policy": document_text(answer["PolicyDocument"])},
        put="put_role_policy",
        get="get_role_policy",
        drop="delete_role_policy",
        name=AutoName(longest=128, unless="namePrefix"),
        documents=names("policy"),
        rules=(pattern("name", NAME, NAME_REASON), json_policy()),
    ),
    Handler[AwsCall](
        token="aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        source=f"{DOCS}/iam_role_policy_attachment",
        key="{role}/{policyArn}",
        create=_attachment_create,
        read=_attachment_read,
        delete=_attachment_delete,
        natural=("role", "policyArn"),
        rules=(pattern("policyArn", POLICY_ARN, POLICY_ARN_REASON),),
    ),
)
