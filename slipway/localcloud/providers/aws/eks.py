"""EKS clusters and managed node groups."""

from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.eks_access import forget
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    changed,
    names,
    one_of,
    pattern,
    pick,
)
from slipway.localcloud.providers.values import Props, block, items

MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
NODE_TAGS = "aws:eks/nodeGroup:NodeGroup tags"
"""Records of tags that were changed: moto 5.2 tags no node group after its creation."""
LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
_NETWORK = (
    "subnetIds",
    "securityGroupIds",
    "endpointPublicAccess",
    "endpointPrivateAccess",
    "publicAccessCidrs",
)
_NODES = {
    "clusterName": "clusterName",
    "nodegroupName": "nodeGroupName",
    "scalingConfig": "scalingConfig",
    "subnets": "subnetIds",
    "nodeRole": "nodeRoleArn",
    "amiType": "amiType",
    "capacityType": "capacityType",
    "diskSize": "diskSize",
    "instanceTypes": "instanceTypes",
    "labels": "labels",
    "taints": "taints",
    "version": "version",
    "releaseVersion": "releaseVersion",
    "updateConfig": "updateConfig",
    "launchTemplate": "launchTemplate",
}


def _logging(inputs: Props) -> Props:
    on = sorted(items(inputs.get("enabledClusterLogTypes")))
    off = sorted(set(LOG_TYPES) - set(on))
    blocks = [{"types": on, "enabled": True}, {"types": off, "enabled": False}]
    return {"clusterLogging": [one for one in blocks if one["types"]]}


def _create(call: AwsCall, inputs: Props) -> None:
    network = inputs["vpcConfig"]
    given: Props = {
        "name": inputs["name"],
        "roleArn": inputs["roleArn"],
        "resourcesVpcConfig": {key: network[key] for key in _NETWORK if network.get(key) is not None},
        "logging": _logging(inputs),
        **pick(
            inputs,
            {
                "version": "version",
                "kubernetesNetworkConfig": "kubernetesNetworkConfig",
                "accessConfig": "accessConfig",
                "upgradePolicy": "upgradePolicy",
            },
        ),
    }
    if inputs.get("encryptionConfig"):
        block = inputs["encryptionConfig"]
        given["encryptionConfig"] = [{"resources": block["resources"], "provider": block["provider"]}]
    call.client("eks").create_cluster(**given, **tags.create_mapped(inputs, "tags"))


def described(call: AwsCall, name: str) -> Props:
    """What EKS says of a cluster. Raises botocore's ClientError where there is none."""
    return call.client("eks").describe_cluster(name=name)["cluster"]


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    found = described(call, id_)
    config: Props = found["resourcesVpcConfig"]
    access: Props = found.get("accessConfig") or block(old.get("accessConfig"))
    state: Props = {
        "name": id_,
        "arn": found["arn"],
        "roleArn": found["roleArn"],
        "version": found["version"],
        "status": found["status"],
        "platformVersion": found.get("platformVersion"),
        "createdAt": str(found.get("createdAt", "")),
        "endpoint": server(call, found),
        "certificateAuthority": {"data": block(found.get("certificateAuthority")).get("data")},
        "identities": [{"oidcs": [{"issuer": found["identity"]["oidc"]["issuer"]}]}],
        "vpcConfig": network(call, config, old),
        "enabledClusterLogTypes": _enabled_logs(found),
        "tagsAll": tags.mapped(found.get("tags")),
    }
    if access:
        state["accessConfig"] = access
    if found.get("upgradePolicy"):
        state["upgradePolicy"] = found["upgradePolicy"]
    encryption: list[Props] = items(found.get("encryptionConfig"))
    if encryption:
        state["encryptionConfig"] = encryption[0]
    return state


def server(call: AwsCall, found: Props) -> str:
    """Where the embedded cloud's Kubernetes really answers, not the address that moto makes up.

    In a rehearsal there are several clusters, each with a control plane of its own.
    """
    server = str(call.cloud.records.info().get("kubernetes") or found["endpoint"])
    return f"{server}/clusters/{call.cloud.plays}-{found['name']}" if call.cloud.plays else server


def network(call: AwsCall, found: Props, old: Props) -> Props:
    """A cluster's network as the provider tells it, with what moto does not say of it.

    Args:
        call: to EC2.
        found: what EKS says.
        old: the state that is known already.
    """
    state = {key: found[key] for key in _NETWORK if found.get(key) not in (None, [])}
    subnets = items(state.get("subnetIds"))
    known = block(old.get("vpcConfig"))
    return {
        **state,
        "vpcId": known.get("vpcId") or found.get("vpcId") or _vpc_of(call, subnets),
        "clusterSecurityGroupId": found.get("clusterSecurityGroupId"),
    }


def _vpc_of(call: AwsCall, subnets: list[str]) -> str | None:
    if not subnets:
        return None
    return str(call.client("ec2").describe_subnets(SubnetIds=subnets[:1])["Subnets"][0]["VpcId"])


def _enabled_logs(found: Props) -> list[str] | None:
    blocks: list[Props] = block(found.get("logging")).get("clusterLogging") or []
    return [name for one in blocks if one.get("enabled") for name in one["types"]] or None


def _configure(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    eks = call.client("eks")
    if not old:
        return
    if changed(old, new, "version") and new.get("version"):
        _require_next(id_, old["version"], new["version"])
        eks.update_cluster_version(name=id_, version=new["version"])
    mode = block(new.get("accessConfig")).get("authenticationMode")
    if mode and mode != block(old.get("accessConfig")).get("authenticationMode"):
        eks.update_cluster_config(name=id_, accessConfig={"authenticationMode": mode})
    # EKS takes one kind of change a call.
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
    network = {key: new["vpcConfig"].get(key) for key in _NETWORK}
    if network != {key: old["vpcConfig"].get(key) for key in _NETWORK}:
        given = {key: value for key, value in network.items() if value is not None}
        eks.update_cluster_config(name=id_, resourcesVpcConfig=given)
    if new.get("upgradePolicy") and changed(old, new, "upgradePolicy"):
        eks.update_cluster_config(name=id_, upgradePolicy=new["upgradePolicy"])
    if changed(old, new, "enabledClusterLogTypes"):
        eks.update_cluster_config(name=id_, logging=_logging(new))


def _require_next(cluster: str, old: str, new: str) -> None:
    """EKS upgrades by one minor version at a time, and never back, which moto forgets.

    https://docs.aws.amazon.com/eks/latest/userguide/update-cluster.html
    """
    if int(new.split(".")[1]) - int(old.split(".")[1]) != 1:
        raise ProviderError(
            f"EKS does not update Kubernetes from {old} to {new}",
            where=f"cluster {cluster}",
            fix="raise `version` by one minor version at a time; there is no way back",
        )


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("eks").delete_cluster(name=id_)
    forget(call, id_)


def _nodes_create(call: AwsCall, inputs: Props) -> None:
    call.client("eks").create_nodegroup(**pick(inputs, _NODES), **tags.create_mapped(inputs, "tags"))


def _nodes_read(call: AwsCall, id_: str, old: Props) -> Props:
    cluster, _, name = id_.partition(":")
    found: Props = call.client("eks").describe_nodegroup(clusterName=cluster, nodegroupName=name)["nodegroup"]
    state: Props = {
        **{name: found.get(parameter) for parameter, name in _NODES.items() if name != "launchTemplate"},
        "arn": found["nodegroupArn"],
        "status": found["status"],
        "labels": found.get("labels") or None,
        "taints": found.get("taints") or None,
        "resources": [_node_resources(found)],
        "tagsAll": _node_tags(call, id_, found),
    }
    # With a launch template moto answers without some; what was asked for stands.
    return {key: value for key, value in state.items() if value is not None or key in ("labels", "taints")}


def _node_tags(call: AwsCall, id_: str, found: Props) -> dict[str, str]:
    kept = call.cloud.records.get(NODE_TAGS, id_)
    return dict(kept["tags"]) if kept else tags.mapped(found.get("tags"))


def _write_node_tags(call: AwsCall, id_: str, state: Props, given: Any) -> None:
    call.cloud.records.put(NODE_TAGS, id_, {"tags": tags.wanted(state)})


def _node_resources(found: Props) -> Props:
    resources: Any = block(found.get("resources"))
    groups = [{"name": one["name"]} for one in items(resources.get("autoScalingGroups"))]
    return {"autoscalingGroups": groups, "remoteAccessSecurityGroupId": ""}


def _nodes_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    eks = call.client("eks")
    cluster, _, name = id_.partition(":")
    where = {"clusterName": cluster, "nodegroupName": name}
    given: Props = {}
    if changed(old, new, "labels"):
        before, after = block(old.get("labels")), block(new.get("labels"))
        given["labels"] = {"addOrUpdateLabels": after, "removeLabels": sorted(set(before) - set(after))}
    if changed(old, new, "taints"):
        before_t, after_t = items(old.get("taints")), items(new.get("taints"))
        gone = [one for one in before_t if one not in after_t]
        given["taints"] = {"addOrUpdateTaints": after_t, "removeTaints": gone}
    if changed(old, new, "scalingConfig"):
        given["scalingConfig"] = new["scalingConfig"]
    if changed(old, new, "updateConfig") and new.get("updateConfig"):
        given["updateConfig"] = new["updateConfig"]
    if given:
        eks.update_nodegroup_config(**where, **given)
    if changed(old, new, "version") and new.get("version"):
        eks.update_nodegroup_version(**where, version=new["version"])


def _nodes_delete(call: AwsCall, id_: str, state: Props) -> None:
    cluster, _, name = id_.partition(":")
    call.client("eks").delete_nodegroup(clusterName=cluster, nodegroupName=name)
    call.cloud.records.delete(NODE_TAGS, id_)


def _never_back(value: Any) -> bool:
    return value.get("authenticationMode") in (*MODES, None)


HANDLERS = (
    Handler[AwsCall](
        token="aws:eks/cluster:Cluster",
        source=f"{DOCS}/eks_cluster",
        key="{name}",
        create=_create,
        read=_read,
        configure=_configure,
        delete=_delete,
        # moto has no AssociateEncryptionConfig, so a key comes with a new cluster only.
        replaces_here=names("encryptionConfig"),
        tagger=tags.by_arn("eks", "resourceArn", form=dict, tags="tags", keys="tagKeys"),
        name=AutoName(longest=100),
        natural=("name",),
        rules=(
            pattern("name", r"[0-9A-Za-z][A-Za-z0-9_-]{0,99}", "must be 1 to 100 letters, digits, - or _"),
            Rule(
                name="accessConfig",
                reason=f"authenticationMode must be one of {', '.join(MODES)}",
                accepts=_never_back,
            ),
            Rule(
                name="enabledClusterLogTypes",
                reason=f"must be of {', '.join(LOG_TYPES)}",
                accepts=lambda value: set(value) <= set(LOG_TYPES),
            ),
        ),
    ),
    Handler[AwsCall](
        token="aws:eks/nodeGroup:NodeGroup",
        source=f"{DOCS}/eks_node_group",
        key="{clusterName}:{nodeGroupName}",
        create=_nodes_create,
        read=_nodes_read,
        update=_nodes_update,
        delete=_nodes_delete,
        tagger=tags.AwsTagger(put=_write_node_tags, drop=_write_node_tags),
        name=AutoName(name="nodeGroupName", longest=63, unless="nodeGroupNamePrefix"),
        natural=("clusterName", "nodeGroupName"),
        rules=(
            one_of("capacityType", "ON_DEMAND", "SPOT", "CAPACITY_BLOCK"),
            pattern(
                "nodeGroupName", r"[0-9A-Za-z][A-Za-z0-9_-]{0,62}", "must be 1 to 63 letters, digits, - or _"
            ),
        ),
    ),
)
