"""moto drops a cluster's accessConfig and upgradePolicy, answers an update without `update`, cannot change
the version.

It takes a node group's desired size whatever its bounds are, and fails to list those of no cluster.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import uuid
from typing import Any

from slipway.localcloud.moto_fixes import eks_access, eks_network

AUTHENTICATION_MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
"""In the only order in which EKS lets a cluster change.
https://docs.aws.amazon.com/eks/latest/userguide/setting-up-access-entries.html"""

_ACCESS_CONFIG = {"authenticationMode": "CONFIG_MAP", "bootstrapClusterCreatorAdminPermissions": True}
"""What EKS takes for a cluster that does not say.
https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html"""


_UPGRADE_POLICY = {"supportType": "EXTENDED"}
"""The same. https://docs.aws.amazon.com/eks/latest/APIReference/API_UpgradePolicyRequest.html"""


def patch() -> None:
    from moto.core.responses import ActionResult
    from moto.eks.exceptions import InvalidParameterException, InvalidRequestException
    from moto.eks.models import EKSBackend
    from moto.eks.responses import EKSResponse
    from moto.eks.urls import url_paths

    create: Any = EKSResponse.create_cluster
    update: Any = EKSResponse.update_cluster_config

    def create_cluster(response: Any) -> Any:
        result = create(response)
        asked: dict[str, Any] = response._get_param("accessConfig") or {}
        result.result["cluster"].access_config = {**_ACCESS_CONFIG, **asked}
        policy: dict[str, Any] = response._get_param("upgradePolicy") or {}
        result.result["cluster"].upgrade_policy = {**_UPGRADE_POLICY, **policy}
        eks_access.admit_creator(result.result["cluster"], response.current_account)
        return result

    def update_cluster_config(response: Any) -> Any:
        asked: dict[str, Any] = response._get_param("accessConfig") or {}
        cluster = response.eks_backend.describe_cluster(response._get_param("name"))
        if asked:
            _change_mode(cluster, asked["authenticationMode"], InvalidRequestException)
        policy: dict[str, Any] = response._get_param("upgradePolicy") or {}
        cluster.upgrade_policy = {**cluster.upgrade_policy, **policy}
        # EKS changes what is given and keeps the rest; moto replaces the whole block.
        given: dict[str, Any] = response._get_param("resourcesVpcConfig") or {}
        vpc_config = {**cluster.resources_vpc_config, **given}
        _keep_zones(response, cluster.resources_vpc_config, vpc_config, InvalidParameterException)
        update(response)
        cluster.resources_vpc_config = vpc_config
        return ActionResult({"update": _finished("AccessConfigUpdate" if asked else "ConfigUpdate")})

    def update_cluster_version(response: Any) -> Any:
        cluster = response.eks_backend.describe_cluster(response._get_param("name"))
        cluster.version = response._get_param("version")
        return ActionResult({"update": _finished("VersionUpdate")})

    def describe_update(response: Any) -> Any:
        return ActionResult({"update": {**_finished("ConfigUpdate"), "id": response._get_param("updateId")}})

    eks_access.patch(EKSResponse, EKSBackend, url_paths)
    eks_network.patch(EKSBackend)
    _keep_bounds(EKSBackend, InvalidParameterException)
    _miss_clusters(EKSBackend)
    _remember_logs(EKSBackend)
    patched: Any = EKSResponse
    patched.create_cluster = create_cluster
    patched.update_cluster_config = update_cluster_config
    patched.update_cluster_version = update_cluster_version
    patched.describe_update = describe_update
    dispatch: Any = EKSResponse.dispatch
    url_paths["{0}/clusters/(?P<name>[^/]+)/updates$"] = dispatch
    url_paths["{0}/clusters/(?P<name>[^/]+)/updates/(?P<updateId>[^/]+)$"] = dispatch


def _keep_zones(response: Any, old: dict[str, Any], new: dict[str, Any], refusal: Any) -> None:
    """A cluster stays in the zones that its first subnets were in.

    https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
    """
    from moto.ec2.models import ec2_backends

    backend: Any = ec2_backends[response.current_account][response.region]

    def zones(config: dict[str, Any]) -> str:
        held = {one.id: one.availability_zone for one in backend.describe_subnets()}
        return ",".join(sorted({held[one] for one in config.get("subnetIds", ()) if one in held}))

    before, after = zones(old), zones(new)
    if before and before != after:
        raise refusal(
            message=f"Provided subnets belong to the AZs '{after}'. But they should belong to the exact set "
            f"of AZs '{before}' in which subnets were provided during cluster creation."
        )


def _keep_bounds(backend: Any, refusal: Any) -> None:
    """EKS's answer to sizes that contradict each other, those that are not given being as they are.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_NodegroupScalingConfig.html
    """
    create, update = backend.create_nodegroup, backend.update_nodegroup_config

    def check(sizes: dict[str, int]) -> None:
        if not {"minSize", "desiredSize", "maxSize"} <= set(sizes):
            return
        low, wanted, high = sizes["minSize"], sizes["desiredSize"], sizes["maxSize"]
        if low > wanted:
            raise refusal(message=f"Minimum capacity {low} can't be greater than desired size {wanted}")
        if wanted > high:
            raise refusal(message=f"desired capacity {wanted} can't be greater than max size {high}")

    def create_nodegroup(held: Any, *arguments: Any, **given: Any) -> Any:
        check(given.get("scaling_config") or {})
        return create(held, *arguments, **given)

    def update_nodegroup_config(held: Any, cluster_name: str, nodegroup_name: str, **given: Any) -> Any:
        if given.get("scaling_config"):
            group = held.describe_nodegroup(cluster_name, nodegroup_name)
            check({**group.scaling_config, **given["scaling_config"]})
        return update(held, cluster_name, nodegroup_name, **given)

    backend.create_nodegroup = create_nodegroup
    backend.update_nodegroup_config = update_nodegroup_config


def _remember_logs(backend: Any) -> None:
    """Which clusters are gone and still have something to log; see `logs`."""
    create, delete = backend.create_cluster, backend.delete_cluster

    def create_cluster(held: Any, name: str, *arguments: Any, **given: Any) -> Any:
        held.deleted_with_logs = {*getattr(held, "deleted_with_logs", ())} - {name}
        return create(held, name, *arguments, **given)

    def delete_cluster(held: Any, name: str) -> Any:
        deleted = delete(held, name)
        logging: dict[str, list[dict[str, Any]]] = deleted.logging or {}
        if any(one.get("enabled") for one in logging.get("clusterLogging", ())):
            held.deleted_with_logs = {name, *getattr(held, "deleted_with_logs", ())}
        return deleted

    backend.create_cluster, backend.delete_cluster = create_cluster, delete_cluster


def _miss_clusters(backend: Any) -> None:
    """ResourceNotFoundException for the node groups of a cluster that is not there, where moto has a 500."""
    listed = backend.list_nodegroups

    def list_nodegroups(held: Any, cluster_name: str, *arguments: Any, **given: Any) -> Any:
        held.describe_cluster(cluster_name)
        return listed(held, cluster_name, *arguments, **given)

    backend.list_nodegroups = list_nodegroups


def _change_mode(cluster: Any, wanted: str, refusal: Any) -> None:
    held = cluster.access_config["authenticationMode"]
    if wanted not in AUTHENTICATION_MODES[AUTHENTICATION_MODES.index(held) + 1 :]:
        raise refusal(message=f"Unsupported authentication mode update from {held} to {wanted}")
    cluster.access_config = {**cluster.access_config, "authenticationMode": wanted}


def _finished(kind: str) -> dict[str, Any]:
    """An update that is over at once, as every change in the embedded cloud is."""
    return {"id": str(uuid.uuid4()), "status": "Successful", "type": kind, "params": [], "errors": []}
