"""Who may enter a cluster, and its add-ons. moto has no add-ons, so the cloud's process records them."""

import uuid
from datetime import UTC, datetime
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import Handler, Rule, changed, names, one_of, pattern, pick
from slipway.localcloud.providers.values import Props, items

ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ADDON = "aws:eks/addon:Addon"
_ENTRY = {
    "clusterName": "clusterName",
    "principalArn": "principalArn",
    "kubernetesGroups": "kubernetesGroups",
    "type": "type",
    "username": "userName",
}


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _put_new(call: AwsCall, type_: str, id_: str, value: Props) -> None:
    if not call.cloud.records.create(type_, id_, value):
        raise ProviderError(f"ResourceInUseException: {type_} {id_} exists already")


def entry(call: AwsCall, cluster: str, principal: str) -> Props:
    """What `aws_eks_access_entry` says of an entry. Raises botocore's ClientError where there is none."""
    found = _entry_read(call, f"{cluster}:{principal}", {})
    return {"id": f"{cluster}:{principal}", **found, "tags": found["tagsAll"]}


def forget(call: AwsCall, cluster: str) -> None:
    """Remove the add-ons of a cluster that was deleted; its entries go with it."""
    for id_, record in call.cloud.records.list(ADDON).items():
        if record.get("clusterName") == cluster:
            call.cloud.records.delete(ADDON, id_)


def _entry_create(call: AwsCall, inputs: Props) -> None:
    given = pick(inputs, _ENTRY)
    call.client("eks").create_access_entry(**given, **tags.create_mapped(inputs, "tags"))


def _entry_named(id_: str) -> Props:
    cluster, _, principal = id_.partition(":")
    return {"clusterName": cluster, "principalArn": principal}


def _entry_read(call: AwsCall, id_: str, old: Props) -> Props:
    found: Props = call.client("eks").describe_access_entry(**_entry_named(id_))["accessEntry"]
    return {
        **{name: found.get(parameter) for parameter, name in _ENTRY.items()},
        "accessEntryArn": found["accessEntryArn"],
        "createdAt": str(found["createdAt"]),
        "modifiedAt": str(found["modifiedAt"]),
        "tagsAll": tags.mapped(found.get("tags")),
    }


def _entry_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    given: Props = {}
    if changed(old, new, "kubernetesGroups"):
        given["kubernetesGroups"] = items(new.get("kubernetesGroups"))
    if changed(old, new, "userName") and new.get("userName"):
        given["username"] = new["userName"]
    if given:
        call.client("eks").update_access_entry(**_entry_named(id_), **given)


def _entry_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("eks").delete_access_entry(**_entry_named(id_))


def _association_named(id_: str) -> Props:
    cluster, principal, policy = id_.split("#")
    return {"clusterName": cluster, "principalArn": principal, "policyArn": policy}


def _association_create(call: AwsCall, inputs: Props) -> None:
    named = {name: inputs[name] for name in ("clusterName", "principalArn", "policyArn")}
    call.client("eks").associate_access_policy(**named, accessScope=inputs["accessScope"])


def _association_read(call: AwsCall, id_: str, old: Props) -> Props | None:
    named = _association_named(id_)
    policy = named.pop("policyArn")
    listed = call.client("eks").list_associated_access_policies(**named)["associatedAccessPolicies"]
    for found in listed:
        if found["policyArn"] == policy:
            scope = {key: value for key, value in found["accessScope"].items() if value}
            seen = {name: str(found[name]) for name in ("associatedAt", "modifiedAt")}
            return {**named, "policyArn": policy, "accessScope": scope, **seen}
    return None


def _association_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("eks").disassociate_access_policy(**_association_named(id_))


def _addon_create(call: AwsCall, inputs: Props) -> None:
    cluster, name = inputs["clusterName"], inputs["addonName"]
    call.client("eks").describe_cluster(name=cluster)
    value: Props = {key: value for key, value in inputs.items() if key not in ("tags", "preserve")}
    value.update(
        arn=call.arn("eks", f"addon/{cluster}/{name}/{uuid.uuid4()}"),
        createdAt=_now(),
        modifiedAt=_now(),
        addonVersion=inputs.get("addonVersion") or "v1.0.0-eksbuild.1",
        tagsAll=tags.wanted(inputs),
    )
    _put_new(call, ADDON, f"{cluster}:{name}", value)


def _read(type_: str) -> Any:
    def read(call: AwsCall, id_: str, old: Props) -> Props | None:
        found = call.cloud.records.get(type_, id_)
        if found is None:
            return None
        # A property that the record lost is a difference too, so it is named with no value.
        return {**{key: None for key in old if key in _RECORDED}, **found}

    return read


_RECORDED = names("configurationValues serviceAccountRoleArn")


def _update(type_: str, changeable: frozenset[str]) -> Any:
    def update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
        found = call.cloud.records.get(type_, id_)
        if found is None:
            return
        given = {name: new.get(name) for name in changeable if name in new or name in found}
        call.cloud.records.put(type_, id_, {**found, **given, "modifiedAt": _now()})

    return update


def _delete(type_: str) -> Any:
    def delete(call: AwsCall, id_: str, state: Props) -> None:
        call.cloud.records.delete(type_, id_)

    return delete


_PRINCIPAL = pattern(
    "principalArn", r"arn:[\w-]+:iam::\d{12}:(role|user)/.+", "must be an IAM role's or user's ARN"
)


def _groups(value: Any) -> bool:
    return not any(str(one).startswith(("system:", "eks:", "aws:", "amazon:", "iam:")) for one in value)


HANDLERS = (
    Handler[AwsCall](
        token=ENTRY,
        source=f"{DOCS}/eks_access_entry",
        create=_entry_create,
        read=_entry_read,
        update=_entry_update,
        delete=_entry_delete,
        key="{clusterName}:{principalArn}",
        tagger=tags.calls(
            "eks",
            lambda id_, state: {"resourceArn": state["accessEntryArn"]},
            form=dict,
            tags="tags",
            keys="tagKeys",
        ),
        natural=("clusterName", "principalArn"),
        defaults={"type": "STANDARD"},
        rules=(
            _PRINCIPAL,
            one_of("type", "STANDARD", "EC2_LINUX", "EC2_WINDOWS", "FARGATE_LINUX", "HYBRID_LINUX", "EC2"),
            Rule(
                name="kubernetesGroups",
                # https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
                reason="must not begin with system:, eks:, aws:, amazon: or iam:",
                accepts=_groups,
            ),
        ),
    ),
    Handler[AwsCall](
        token=ASSOCIATION,
        source=f"{DOCS}/eks_access_policy_association",
        create=_association_create,
        read=_association_read,
        delete=_association_delete,
        key="{clusterName}#{principalArn}#{policyArn}",
        natural=("clusterName", "principalArn", "policyArn"),
        rules=(
            _PRINCIPAL,
            pattern(
                "policyArn",
                r"arn:[\w-]+:eks::aws:cluster-access-policy/\w+",
                "must be a cluster access policy's ARN",
            ),
        ),
    ),
    Handler[AwsCall](
        token=ADDON,
        source=f"{DOCS}/eks_addon",
        create=_addon_create,
        read=_read(ADDON),
        update=_update(
            ADDON,
            names(
                "addonVersion configurationValues serviceAccountRoleArn resolveConflictsOnUpdate "
                "podIdentityAssociations tagsAll"
            ),
        ),
        delete=_delete(ADDON),
        key="{clusterName}:{addonName}",
        tagger=tags.WHOLE,
        natural=("clusterName", "addonName"),
        documents=names("configurationValues"),
    ),
)
