"""IAM roles, OIDC providers and instance profiles."""

import json
from typing import Any, cast

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS, json_policy
from slipway.localcloud.providers.handler import AutoName, Handler, between, changed, names, pattern, pick
from slipway.localcloud.providers.values import Props, block, items

NAME = r"[\w+=,.@-]{1,64}"
NAME_REASON = "must be 1 to 64 letters, digits or any of +=,.@_-"
PATH = r"(/)|(/[!-~]{1,510}/)"
PATH_REASON = "must begin and end with a slash"
POLICY_ARN = r"arn:[\w-]+:iam::(\d{12}|aws):policy/.+"
POLICY_ARN_REASON = "must be a policy's ARN"


def _role_create(call: AwsCall, inputs: Props) -> None:
    given = pick(
        inputs,
        {
            "RoleName": "name",
            "AssumeRolePolicyDocument": "assumeRolePolicy",
            "Path": "path",
            "Description": "description",
            "MaxSessionDuration": "maxSessionDuration",
            "PermissionsBoundary": "permissionsBoundary",
        },
    )
    call.client("iam").create_role(**given, **tags.create_pairs(inputs))


def _role_read(call: AwsCall, id_: str, old: Props) -> Props:
    iam = call.client("iam")
    role = iam.get_role(RoleName=id_)["Role"]
    state: Props = {
        "name": role["RoleName"],
        "path": role["Path"],
        "arn": role["Arn"],
        "uniqueId": role["RoleId"],
        "createDate": role["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        # boto3 hands the document over parsed.
        "assumeRolePolicy": document_text(role["AssumeRolePolicyDocument"]),
        "description": role.get("Description"),
        "maxSessionDuration": role.get("MaxSessionDuration", 3600),
        "permissionsBoundary": block(role.get("PermissionsBoundary")).get("PermissionsBoundaryArn"),
        "tagsAll": tags.unpaired(iam.list_role_tags(RoleName=id_)["Tags"]),
    }
    # Only where the program manages them here: attachments of their own would show as drift otherwise.
    if old.get("managedPolicyArns"):
        state["managedPolicyArns"] = _attached(iam, id_)
    if old.get("inlinePolicies"):
        state["inlinePolicies"] = _inline(iam, id_)
    return state


def document_text(document: Any) -> str:
    return document if isinstance(document, str) else json.dumps(document)


def _attached(iam: Any, role: str) -> list[str]:
    pages = iam.get_paginator("list_attached_role_policies").paginate(RoleName=role)
    return [one["PolicyArn"] for page in pages for one in page["AttachedPolicies"]]


def _inline(iam: Any, role: str) -> list[Props]:
    pages = iam.get_paginator("list_role_policies").paginate(RoleName=role)
    listed = [name for page in pages for name in page["PolicyNames"]]
    read = (iam.get_role_policy(RoleName=role, PolicyName=name) for name in listed)
    return [{"name": one["PolicyName"], "policy": document_text(one["PolicyDocument"])} for one in read]


def _role_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    iam = call.client("iam")
    if old:
        if changed(old, new, "assumeRolePolicy"):
            iam.update_assume_role_policy(RoleName=id_, PolicyDocument=new["assumeRolePolicy"])
        if changed(old, new, "description") or changed(old, new, "maxSessionDuration"):
            iam.update_role(
                RoleName=id_,
                Description=new.get("description") or "",
                MaxSessionDuration=new.get("maxSessionDuration") or 3600,
            )
        _set_boundary(iam, id_, old, new)
    for arn in sorted(set(items(new.get("managedPolicyArns"))) - set(items(old.get("managedPolicyArns")))):
        iam.attach_role_policy(RoleName=id_, PolicyArn=arn)
    for arn in sorted(set(items(old.get("managedPolicyArns"))) - set(items(new.get("managedPolicyArns")))):
        iam.detach_role_policy(RoleName=id_, PolicyArn=arn)
    kept = {one["name"] for one in items(new.get("inlinePolicies"))}
    for one in items(new.get("inlinePolicies")):
        iam.put_role_policy(RoleName=id_, PolicyName=one["name"], PolicyDocument=one["policy"])
    for one in items(old.get("inlinePolicies")):
        if one["name"] not in kept:
            iam.delete_role_policy(RoleName=id_, PolicyName=one["name"])


def _set_boundary(iam: Any, role: str, old: Props, new: Props) -> None:
    if not changed(old, new, "permissionsBoundary"):
        return
    if new.get("permissionsBoundary"):
        iam.put_role_permissions_boundary(RoleName=role, PermissionsBoundary=new["permissionsBoundary"])
    else:
        iam.delete_role_permissions_boundary(RoleName=role)


def _role_delete(call: AwsCall, id_: str, state: Props) -> None:
    """As the AWS provider does it: what the role itself declared goes with it, the rest only with `force`."""
    iam = call.client("iam")
    forced = bool(state.get("forceDetachPolicies"))
    for profile in iam.list_instance_profiles_for_role(RoleName=id_)["InstanceProfiles"]:
        iam.remove_role_from_instance_profile(
            InstanceProfileName=profile["InstanceProfileName"], RoleName=id_
        )
    own = items(state.get("managedPolicyArns"))
    for arn in _attached(iam, id_):
        if forced or arn in own:
            iam.detach_role_policy(RoleName=id_, PolicyArn=arn)
    own_inline = {one["name"] for one in items(state.get("inlinePolicies"))}
    for one in _inline(iam, id_):
        if forced or one["name"] in own_inline:
            iam.delete_role_policy(RoleName=id_, PolicyName=one["name"])
    iam.delete_role(RoleName=id_)


def _oidc_create(call: AwsCall, inputs: Props) -> str:
    made = call.client("iam").create_open_id_connect_provider(
        Url=inputs["url"],
        ClientIDList=inputs["clientIdLists"],
        ThumbprintList=items(inputs.get("thumbprintLists")),
        **tags.create_pairs(inputs),
    )
    return str(made["OpenIDConnectProviderArn"])


def _oidc_read(call: AwsCall, id_: str, old: Props) -> Props:
    found = call.client("iam").get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
    url = str(found["Url"])
    if not url.startswith("https://") and str(old.get("url", "https://")).startswith("https://"):
        # IAM keeps the address without its scheme, and takes it with one.
        url = f"https://{url}"
    return {
        "arn": id_,
        "url": url,
        "clientIdLists": found["ClientIDList"],
        "thumbprintLists": found["ThumbprintList"],
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _oidc_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    iam = call.client("iam")
    if set(old["clientIdLists"]) != set(new["clientIdLists"]):
        # moto 5.2 has no AddClientIDToOpenIDConnectProvider nor Remove…; the ARN follows from the URL.
        iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)
        _oidc_create(
            call, {**new, "thumbprintLists": new.get("thumbprintLists") or old.get("thumbprintLists")}
        )
        return
    thumbprints = new.get("thumbprintLists")
    if thumbprints is not None and thumbprints != old.get("thumbprintLists"):
        iam.update_open_id_connect_provider_thumbprint(
            OpenIDConnectProviderArn=id_, ThumbprintList=thumbprints
        )


def _oidc_delete(call: AwsCall, id_: str, state: Props) -> None:
    iam = call.client("iam")
    iam.get_open_id_connect_provider(OpenIDConnectProviderArn=id_)
    iam.delete_open_id_connect_provider(OpenIDConnectProviderArn=id_)


def _oidc_find(call: AwsCall, inputs: Props) -> str | None:
    host = str(inputs["url"]).removeprefix("https://")
    listed = call.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    arns = [str(one["Arn"]) for one in cast("list[Props]", listed)]
    return next((arn for arn in arns if arn.endswith(f":oidc-provider/{host}")), None)


def _profile_create(call: AwsCall, inputs: Props) -> None:
    given = pick(inputs, {"InstanceProfileName": "name", "Path": "path"})
    call.client("iam").create_instance_profile(**given, **tags.create_pairs(inputs))


def _profile_read(call: AwsCall, id_: str, old: Props) -> Props:
    found = call.client("iam").get_instance_profile(InstanceProfileName=id_)["InstanceProfile"]
    roles = items(found.get("Roles"))
    return {
        "name": found["InstanceProfileName"],
        "path": found["Path"],
        "arn": found["Arn"],
        "uniqueId": found["InstanceProfileId"],
        "createDate": found["CreateDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
        "role": roles[0]["RoleName"] if roles else None,
        "tagsAll": tags.unpaired(found.get("Tags")),
    }


def _profile_configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    iam = call.client("iam")
    if changed(old, new, "role"):
        if old.get("role"):
            iam.remove_role_from_instance_profile(InstanceProfileName=id_, RoleName=old["role"])
        if new.get("role"):
            iam.add_role_to_instance_profile(InstanceProfileName=id_, RoleName=new["role"])


def _profile_delete(call: AwsCall, id_: str, state: Props) -> None:
    found = _profile_read(call, id_, state)
    _profile_configure(call, id_, found, {})
    call.client("iam").delete_instance_profile(InstanceProfileName=id_)


HANDLERS = (
    Handler[AwsCall](
        token="aws:iam/role:Role",
        source=f"{DOCS}/iam_role",
        key="{name}",
        create=_role_create,
        read=_role_read,
        configure=_role_configure,
        delete=_role_delete,
        tagger=tags.by_id("iam", "RoleName", put="tag_role", drop="untag_role"),
        name=AutoName(longest=64, unless="namePrefix"),
        natural=("name",),
        documents=names("assumeRolePolicy inlinePolicies.policy"),
        defaults={"forceDetachPolicies": False, "maxSessionDuration": 3600, "path": "/"},
        rules=(
            pattern("name", NAME, NAME_REASON),
            pattern("path", PATH, PATH_REASON),
            json_policy("assumeRolePolicy"),
            between("maxSessionDuration", 3600, 43200, "seconds"),
            pattern("permissionsBoundary", POLICY_ARN, POLICY_ARN_REASON),
        ),
    ),
    Handler[AwsCall](
        token="aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        source=f"{DOCS}/iam_openid_connect_provider",
        create=_oidc_create,
        read=_oidc_read,
        update=_oidc_update,
        delete=_oidc_delete,
        find=_oidc_find,
        tagger=tags.by_id(
            "iam",
            "OpenIDConnectProviderArn",
            put="tag_open_id_connect_provider",
            drop="untag_open_id_connect_provider",
        ),
        natural=("url",),
        rules=(
            pattern("url", r"https://\S{1,247}", "must begin with https:// and be at most 255 characters"),
        ),
    ),
    Handler[AwsCall](
        token="aws:iam/instanceProfile:InstanceProfile",
        source=f"{DOCS}/iam_instance_profile",
        key="{name}",
        create=_profile_create,
        read=_profile_read,
        configure=_profile_configure,
        delete=_profile_delete,
        tagger=tags.by_id(
            "iam", "InstanceProfileName", put="tag_instance_profile", drop="untag_instance_profile"
        ),
        name=AutoName(longest=128, unless="namePrefix"),
        natural=("name",),
        defaults={"path": "/"},
        rules=(
            pattern("name", NAME.replace("64", "128"), NAME_REASON.replace("64", "128")),
            pattern("path", PATH, PATH_REASON),
        ),
    ),
)
