"""Who may enter a cluster, and its add-ons. moto has none of these, so the cloud's process records them.

A record's id is the resource's id. What EKS checks when it is called is checked here: the cluster's existence
and authentication mode, the principal, and that nothing of the same name exists.
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import Handler, Rule, names, one_of, pattern
from slipway.localcloud.providers.values import Props, block

ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
ADDON = "aws:eks/addon:Addon"
CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
HIDDEN = "createdByCluster"
"""Marks the entry that EKS makes for the principal that creates a cluster; no program declares it."""

_API_MODES = ("API", "API_AND_CONFIG_MAP")


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _require_api_mode(call: AwsCall, cluster: str) -> None:
    """https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html"""
    found: Props = call.client("eks").describe_cluster(name=cluster)["cluster"]
    mode = block(found.get("accessConfig")).get("authenticationMode", "CONFIG_MAP")
    if mode not in _API_MODES:
        raise ProviderError(
            f"CreateAccessEntry: InvalidRequestException: cluster {cluster} has authentication mode {mode}",
            fix="set the cluster's authenticationMode to API or API_AND_CONFIG_MAP",
        )


def _put_new(call: AwsCall, type_: str, id_: str, value: Props) -> None:
    if not call.cloud.records.create(type_, id_, value):
        raise ProviderError(f"ResourceInUseException: {type_} {id_} exists already")


def admit_creator(call: AwsCall, cluster: str, inputs: Props) -> None:
    """Record what EKS does on creation: the creating principal becomes an administrator, unless told not.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
    """
    access = block(inputs.get("accessConfig"))
    if not access.get("bootstrapClusterCreatorAdminPermissions", True):
        return
    if access.get("authenticationMode", "CONFIG_MAP") not in _API_MODES:
        return
    principal = call.cloud.caller
    entry = _entry(call, {"clusterName": cluster, "principalArn": principal, "type": "STANDARD"})
    call.cloud.records.put(ENTRY, f"{cluster}:{principal}", {**entry, HIDDEN: True})
    association = {
        "clusterName": cluster,
        "principalArn": principal,
        "policyArn": CLUSTER_ADMIN,
        "accessScope": {"type": "cluster"},
        "associatedAt": _now(),
        "modifiedAt": _now(),
        HIDDEN: True,
    }
    call.cloud.records.put(ASSOCIATION, f"{cluster}#{principal}#{CLUSTER_ADMIN}", association)


def entry(call: AwsCall, cluster: str, principal: str) -> Props:
    """What `aws_eks_access_entry` says of an entry. Raises ProviderError where there is none."""
    found = call.cloud.records.get(ENTRY, f"{cluster}:{principal}")
    if found is None:
        raise ProviderError(
            f"DescribeAccessEntry: ResourceNotFoundException: {cluster} has no access entry for {principal}"
        )
    shown = ("clusterName", "principalArn", "accessEntryArn", "kubernetesGroups", "type", "userName")
    return {"id": f"{cluster}:{principal}", **{name: found.get(name) for name in shown}}


def forget(call: AwsCall, cluster: str) -> None:
    """Remove what belonged to a cluster that was deleted."""
    for type_ in (ENTRY, ASSOCIATION, ADDON):
        for id_, record in call.cloud.records.list(type_).items():
            if record.get("clusterName") == cluster:
                call.cloud.records.delete(type_, id_)


def _entry(call: AwsCall, inputs: Props) -> Props:
    cluster, principal = inputs["clusterName"], inputs["principalArn"]
    kind, _, name = str(principal).split(":")[5].partition("/")
    made = _now()
    return {
        "clusterName": cluster,
        "principalArn": principal,
        "kubernetesGroups": inputs.get("kubernetesGroups"),
        "type": inputs.get("type", "STANDARD"),
        "userName": inputs.get("userName") or principal,
        "accessEntryArn": call.arn(
            "eks", f"access-entry/{cluster}/{kind}/{call.account}/{name}/{uuid.uuid4()}"
        ),
        "createdAt": made,
        "modifiedAt": made,
        "tagsAll": tags.wanted(inputs),
    }


def _entry_create(call: AwsCall, inputs: Props) -> None:
    _require_api_mode(call, inputs["clusterName"])
    id_ = f"{inputs['clusterName']}:{inputs['principalArn']}"
    _put_new(call, ENTRY, id_, _entry(call, inputs))


def _entry_delete(call: AwsCall, id_: str, state: Props) -> None:
    """Deleting an entry deletes its policy associations with it, as EKS does."""
    found = call.cloud.records.get(ENTRY, id_)
    if found is None:
        return
    for other, record in call.cloud.records.list(ASSOCIATION).items():
        same = (record["clusterName"], record["principalArn"]) == (
            found["clusterName"],
            found["principalArn"],
        )
        if same:
            call.cloud.records.delete(ASSOCIATION, other)
    call.cloud.records.delete(ENTRY, id_)


def _association_create(call: AwsCall, inputs: Props) -> None:
    cluster, principal = inputs["clusterName"], inputs["principalArn"]
    if call.cloud.records.get(ENTRY, f"{cluster}:{principal}") is None:
        raise ProviderError(
            f"AssociateAccessPolicy: ResourceNotFoundException: {cluster} has no access entry for {principal}"
        )
    id_ = f"{cluster}#{principal}#{inputs['policyArn']}"
    value = {
        **{name: inputs[name] for name in ("clusterName", "principalArn", "policyArn", "accessScope")},
        "associatedAt": _now(),
        "modifiedAt": _now(),
    }
    _put_new(call, ASSOCIATION, id_, value)


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


_RECORDED = names("kubernetesGroups userName configurationValues serviceAccountRoleArn")


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
        read=_read(ENTRY),
        update=_update(ENTRY, names("kubernetesGroups userName tagsAll")),
        delete=_entry_delete,
        key="{clusterName}:{principalArn}",
        tagger=tags.WHOLE,
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
        read=_read(ASSOCIATION),
        delete=_delete(ASSOCIATION),
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
