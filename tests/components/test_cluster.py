"""The cluster: what is asked of EKS, under which roles and keys, and what is refused before asking."""

import dataclasses
import json
from typing import Any

import pulumi
import pytest
from pydantic import ValidationError

from components.cluster.cluster import Cluster
from slipway.errors import SlipwayError
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import NODE_GROUPS, RoleMapping, mapped_arn
from slipway.platform.cluster import NodeCount, NodeGroup, Reach
from tests.components.computed import computed_outputs
from tests.components.recording import Recorded, Recording
from tests.components.samples import ACCOUNT, BOUNDARY, REGION
from tests.components.samples_cluster import (
    NAME,
    NODES,
    cluster_args,
    cluster_settings,
    declare_cluster,
    mappings,
    run,
)

CONFIG_MAP, BOTH, API = AuthenticationMode


def declared(mode: AuthenticationMode = API, **changes: Any) -> Recording:
    args = cluster_args(mode, **changes)

    def program() -> None:
        cluster = Cluster("cluster", args)
        pulumi.export("name", cluster.name)
        pulumi.export("kubeconfig", cluster.kubeconfig)
        pulumi.export("nodes", cluster.node_role_arn)
        pulumi.export("group", cluster.cluster_security_group_id)
        pulumi.export("issuer", cluster.oidc_issuer)

    return run(program)


def eks(recording: Recording) -> Recorded:
    return recording.one("eks:index:Cluster")


def output(recording: Recording, type_: str, name: str, key: str) -> Any:
    return computed_outputs(recording.one(type_, name))[1][key]


def test_the_endpoint_is_private_unless_blocks_are_given() -> None:
    inputs = eks(declared()).inputs
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is False
    assert "publicAccessCidrs" not in inputs
    inputs = eks(declared(public_blocks=["198.51.100.0/24"])).inputs
    assert inputs["endpointPrivateAccess"] is True
    assert inputs["endpointPublicAccess"] is True
    assert inputs["publicAccessCidrs"] == ["198.51.100.0/24"]


@pytest.mark.parametrize("mode", AuthenticationMode)
def test_the_authentication_mode_is_always_said(mode: AuthenticationMode) -> None:
    assert eks(declared(mode)).inputs["authenticationMode"] == mode.value


def test_versions_of_add_ons_and_the_upgrade_policy_are_always_said() -> None:
    inputs = eks(declared()).inputs
    assert inputs["kubeProxyAddonOptions"]["version"].startswith(f"v{inputs['version']}.")
    assert inputs["vpcCniOptions"]["addonVersion"]
    assert inputs["upgradePolicy"] == {"supportType": "EXTENDED"}
    assert eks(declared(upgrade_policy="STANDARD")).inputs["upgradePolicy"] == {"supportType": "STANDARD"}


def test_secrets_are_encrypted_by_a_key_of_their_own_that_rotates() -> None:
    recording = declared()
    key, alias = recording.one("aws:kms/key:Key"), recording.one("aws:kms/alias:Alias")
    assert "policy" not in key.inputs, "it must let the creator's IAM policy grant its use to EKS"
    assert key.inputs["enableKeyRotation"] is True
    assert key.inputs["deletionWindowInDays"] == 30
    assert alias.inputs["name"] == f"alias/slipway-cluster-{NAME}"
    assert eks(recording).inputs["encryptionConfigKeyArn"] == computed_outputs(key)[1]["arn"]


def test_all_control_plane_logs_are_kept_from_the_first_on() -> None:
    recording = declared()
    logs = recording.one("LogGroup")
    assert sorted(eks(recording).inputs["enabledClusterLogTypes"]) == [
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    ]
    assert logs.inputs["name"] == f"/aws/eks/{NAME}/cluster"
    assert logs.inputs["retentionInDays"] == 90
    assert logs.urn in eks(recording).dependencies


def test_version_and_deletion_protection_are_said() -> None:
    recording = declared()
    assert eks(recording).inputs["version"] == "1.33"
    assert eks(recording).inputs["deletionProtection"] is True
    assert {one.inputs["version"] for one in recording.of("NodeGroup")} == {"1.33"}
    assert eks(declared(deletion_protection=False)).inputs["deletionProtection"] is False


def test_both_roles_are_ours_under_the_boundary() -> None:
    recording = declared()
    roles = {one.inputs["name"]: one for one in recording.of("aws:iam/role:Role")}
    assert set(roles) == {f"{NAME}-service", f"{NAME}-nodes"}
    for one in roles.values():
        assert one.inputs["permissionsBoundary"] == BOUNDARY
        assert one.inputs["path"] == "/slipway/ci/"
    service = roles[f"{NAME}-service"]
    assert eks(recording).inputs["serviceRole"] == {"urn": service.urn}
    assert eks(recording).inputs["createInstanceRole"] is False
    assert eks(recording).inputs["skipDefaultNodeGroup"] is True
    assert "instanceRoles" not in eks(recording).inputs


def test_only_eks_for_this_cluster_and_only_ec2_may_assume_them() -> None:
    recording = declared()
    trust = {
        one.inputs["name"]: json.loads(one.inputs["assumeRolePolicy"])["Statement"]
        for one in recording.of("aws:iam/role:Role")
    }
    (service,), (nodes,) = trust[f"{NAME}-service"], trust[f"{NAME}-nodes"]
    assert service["Principal"] == {"Service": "eks.amazonaws.com"}
    assert service["Condition"] == {
        "StringEquals": {"aws:SourceAccount": ACCOUNT},
        "ArnEquals": {"aws:SourceArn": f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{NAME}"},
    }
    assert nodes["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert {service["Action"], nodes["Action"]} == {"sts:AssumeRole"}


def test_the_roles_have_their_policies_before_eks_uses_them() -> None:
    recording = declared()
    attached: dict[str, set[str]] = {}
    for one in recording.of("RolePolicyAttachment"):
        attached.setdefault(one.inputs["role"], set()).add(one.inputs["policyArn"].rpartition("/")[2])
        user = eks(recording) if one.inputs["role"].endswith("-service") else recording.of("NodeGroup")[0]
        assert one.urn in user.dependencies
    assert attached == {
        f"{NAME}-service": {"AmazonEKSClusterPolicy"},
        f"{NAME}-nodes": {
            "AmazonEKSWorkerNodePolicy",
            "AmazonEKS_CNI_Policy",
            "AmazonEC2ContainerRegistryPullOnly",
        },
    }


def test_node_groups_are_as_declared_and_the_autoscaler_moves_them() -> None:
    recording = declared()
    groups = {one.name: one for one in recording.of("aws:eks/nodeGroup:NodeGroup")}
    assert set(groups) == {"cluster-default", "cluster-batch"}
    default, batch = groups["cluster-default"].inputs, groups["cluster-batch"].inputs
    assert default["scalingConfig"] == {"minSize": 2, "maxSize": 6, "desiredSize": 2}
    assert default["instanceTypes"] == ["m7i.xlarge", "m7a.xlarge"]
    assert (default["capacityType"], default["diskSize"]) == ("ON_DEMAND", 50)
    assert default["amiType"] == "AL2023_x86_64_STANDARD"
    assert batch["scalingConfig"] == {"minSize": 0, "maxSize": 3, "desiredSize": 1}
    assert (batch["capacityType"], batch["diskSize"]) == ("SPOT", 80)
    assert batch["amiType"] == "AL2023_ARM_64_STANDARD"
    for one in groups.values():
        assert one.ignore_changes == ("scalingConfig.desiredSize",)
        assert one.inputs["nodeRoleArn"] == NODES == recording.outputs["nodes"]
        assert one.inputs["subnetIds"] == ["subnet-a", "subnet-b"]
        assert eks(recording).urn in one.dependencies
        # Types and disk replace a group: with a name of its own the new one could not stand beside the old.
        assert "nodeGroupName" not in one.inputs


@pytest.mark.parametrize(
    ("held", "sent", "ignored"),
    [
        (None, (2, 6, 2), True),
        ((2, 6, 4), (2, 6, 4), True),
        ((2, 5, 4), (2, 6, 4), False),
        ((1, 6, 1), (2, 6, 2), False),
        ((2, 9, 8), (2, 6, 6), False),
    ],
    ids=["new", "bounds as they are", "maximum raised", "minimum raised", "maximum lowered"],
)
def test_with_its_bounds_a_group_is_sent_the_size_that_it_has(
    held: tuple[int, int, int] | None, sent: tuple[int, int, int], *, ignored: bool
) -> None:
    standing = (
        {"default": NodeCount(minimum=held[0], maximum=held[1], desired=held[2])} if held is not None else {}
    )
    args = dataclasses.replace(cluster_args(API), standing_groups=standing)
    one = run(lambda: pulumi.export("name", Cluster("cluster", args).name)).one(
        "NodeGroup", "cluster-default"
    )
    config = one.inputs["scalingConfig"]
    assert (config["minSize"], config["maxSize"], config["desiredSize"]) == sent
    assert one.ignore_changes == (("scalingConfig.desiredSize",) if ignored else ())


@pytest.mark.parametrize("mode", AuthenticationMode)
def test_a_changed_mapping_never_takes_aws_auth_away(mode: AuthenticationMode) -> None:
    assert eks(declared(mode)).inputs["enableConfigMapMutable"] is True


@pytest.mark.parametrize("mode", [CONFIG_MAP, BOTH])
def test_aws_auth_is_whole_in_modes_that_have_it(mode: AuthenticationMode) -> None:
    lines = eks(declared(mode)).inputs["roleMappings"]
    assert [line["roleArn"] for line in lines] == [one.role_arn for one in mappings(mode)]
    (nodes,) = [line for line in lines if line["roleArn"] == mapped_arn(NODES)]
    assert set(nodes["groups"]) == set(NODE_GROUPS)
    assert nodes["username"] == "system:node:{{EC2PrivateDNSName}}"


def test_there_is_no_aws_auth_in_mode_api() -> None:
    assert "roleMappings" not in eks(declared(API)).inputs


def test_network_policies_are_enforced_and_no_group_is_open_to_the_outside() -> None:
    inputs = eks(declared()).inputs
    assert inputs["vpcCniOptions"]["enableNetworkPolicy"] is True
    assert inputs["skipDefaultSecurityGroups"] is True


def test_outputs_are_few_and_the_kubeconfig_is_a_secret() -> None:
    found: list[bool] = []

    def program() -> None:
        cluster = Cluster("cluster", cluster_args())
        pulumi.Output.from_input(cluster.kubeconfig.is_secret()).apply(found.append)

    run(program)
    assert found == [True]
    recording = declared()
    component = recording.one("slipway:cluster:Cluster")
    assert component.outputs is not None
    assert set(component.outputs) == {
        "name",
        "kubeconfig",
        "clusterSecurityGroupId",
        "nodeRoleArn",
        "oidcIssuer",
    }
    assert recording.outputs["name"] == NAME
    assert "clusters" in json.loads(recording.outputs["kubeconfig"])
    assert recording.outputs["group"].startswith("sg-")
    assert recording.outputs["issuer"].startswith("oidc.eks.")


def test_everything_belongs_to_the_component_and_what_cannot_be_made_again_is_protected() -> None:
    recording = run(lambda: void(Cluster("cluster", cluster_args(protect=True))))
    component = recording.one("slipway:cluster:Cluster")
    assert recording.children(component) == [one for one in recording if one is not component]
    protected = {resource.type for resource in recording if resource.protect}
    assert protected == {"eks:index:Cluster", "aws:kms/key:Key"}


def test_a_cluster_comes_up_in_a_network() -> None:
    recording = run(lambda: void(declare_cluster()))
    network = recording.one("Vpc")
    assert eks(recording).inputs["vpcId"] == computed_outputs(network)[0]
    private = [computed_outputs(one)[0] for one in recording.of("Subnet") if "-private-" in one.name]
    assert eks(recording).inputs["privateSubnetIds"] == private
    assert run(lambda: void(declare_cluster()), preview=True).of("NodeGroup")


def void(_: object) -> None:
    return None


NO_NODES = tuple(one for one in mappings(BOTH) if not one.of_nodes)
HALF_NODES = RoleMapping(
    role_arn=mapped_arn(NODES), username="system:node:{{EC2PrivateDNSName}}", groups=("system:nodes",)
)


@pytest.mark.parametrize(
    ("mode", "changes", "message"),
    [
        (API, {"account": "1"}, "AWS account"),
        (API, {"region": "Ireland"}, "AWS region"),
        (API, {"boundary_arn": ""}, "permissions boundary"),
        (API, {"role_mappings": mappings(BOTH)}, "has no aws-auth"),
        (BOTH, {"role_mappings": ()}, "lets the nodes"),
        (CONFIG_MAP, {"role_mappings": NO_NODES}, "lets the nodes"),
        (CONFIG_MAP, {"role_mappings": (*NO_NODES, HALF_NODES)}, "lets the nodes"),
    ],
)
def test_what_would_fail_or_lock_out_is_refused_at_once(
    mode: AuthenticationMode, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(SlipwayError, match=message) as raised:
        cluster_args(mode, **changes)
    assert raised.value.fix
    assert raised.value.where


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"reach": "private", "addresses": {"a": ("198.51.100.0/24",)}}, "'reach: addresses' beside it"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("0.0.0.0/0",)}}, "4,294,967,296 addresses"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("0.0.0.0/1", "128.0.0.0/1")}}, "addresses"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("198.50.0.0/15",)}}, "131,072 addresses"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("10.20.0.0/16",)}}, "is private"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("100.64.1.0/24",)}}, "is private"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("198.51.100.7/24",)}}, "host bits"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("2001:db8::/32",)}}, "IPv4 network"),
        ({"reach": Reach.ADDRESSES, "addresses": {"a": ("198.51.100.0/24",) * 2}}, "of which 1 differ"),
        (
            {"reach": Reach.ADDRESSES, "addresses": {"a": tuple(f"198.51.{n}.0/24" for n in range(41))}},
            "41 blocks",
        ),
        ({"name": "a" * 57}, "name"),
        ({"name": "-a"}, "name"),
        ({"version": "latest"}, "version"),
        ({"version": "1.33.1"}, "version"),
        ({"node_groups": {}}, "node_groups"),
    ],
)
def test_a_cluster_that_eks_would_refuse_or_nobody_would_reach_is_refused(
    changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValidationError, match=message):
        cluster_settings(API, **changes)


def test_sixteen_bits_of_prefix_are_the_widest_block() -> None:
    cluster_args(reach=Reach.ADDRESSES, addresses={"office": ("198.51.0.0/16",)})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"instance_types": ()}, "instance_types"),
        ({"instance_types": ("m7i",)}, "instance_types"),
        ({"instance_types": ("m7i.large", "m7g.large")}, "different images"),
        ({"minimum": 4}, "at least minimum"),
        ({"minimum": -1}, "minimum"),
        ({"minimum": 0, "maximum": 0}, "maximum"),
        ({"maximum": 451}, "maximum"),
        ({"capacity": "CHEAP"}, "capacity"),
        ({"disk_gib": 19}, "disk_gib"),
        ({"disk_gib": 16_385}, "disk_gib"),
    ],
)
def test_a_node_group_that_eks_would_refuse_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        NodeGroup(**{"instance_types": ("m7i.large",), **changes})


@pytest.mark.parametrize(
    ("instance_type", "arm"),
    [
        ("t3.medium", False),
        ("t4g.medium", True),
        ("c6gn.large", True),
        ("im4gn.large", True),
        ("a1.large", True),
        ("g5.xlarge", False),
        ("g5g.xlarge", True),
        ("m7i-flex.large", False),
        ("u7i-12tb.224xlarge", False),
    ],
)
def test_the_image_fits_the_architecture(instance_type: str, arm: bool) -> None:
    assert ("ARM" in NodeGroup(instance_types=(instance_type,)).ami_type) is arm
