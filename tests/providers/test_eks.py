"""pulumi_eks.Cluster through the embedded engine, against a whole embedded cloud."""

import dataclasses
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pulumi
import pulumi_aws as aws
import pulumi_eks as eks
import pulumi_kubernetes as k8s
import pytest
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue, ResourceReference
from ruamel.yaml import YAML

from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.localcloud import runtime
from slipway.localcloud.aws import Aws
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.kubeconfig import kubeconfig
from slipway.localcloud.providers import FenceError, ProviderError, UnknownTypeError, providers
from slipway.localcloud.providers.eks import EksProvider
from slipway.localcloud.providers.eks.cluster import mapping, user_mapping
from slipway.localcloud.providers.eks.inputs import Inputs
from slipway.localcloud.providers.values import UNKNOWN, wrap
from slipway.localcloud.records import Records, RecordsApi
from tests.localcloud.conftest import Client
from tests.providers.conftest import REGION, SERVICES, serve
from tests.providers.driver import finish
from tests.providers.kubernetes_world import kubeconfig as other_kubeconfig

PYTHON_NAMES = ["lambda_" if one == "lambda" else one for one in SERVICES]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": "eks.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
NODES = "arn:aws:iam::123456789012:role/nodes"
MAPPING = eks.RoleMappingArgs(role_arn=NODES, username="system:node:{{EC2PrivateDNSName}}", groups=["a:b"])


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    root = tmp_path_factory.mktemp("cloud")
    yield runtime.start(root)
    runtime.stop(root)


Make = Callable[..., EmbeddedEngine]


@pytest.fixture
def engine(cloud: Cloud, tmp_path: Path) -> Make:
    def make(program: Callable[[], None], **config: str) -> EmbeddedEngine:
        return EmbeddedEngine(
            program,
            "demo",
            "local",
            {"eks:kubeconfig": kubeconfig(cloud), **config},
            tmp_path / "state",
            providers(),
            passphrase="correct horse",
            fence=Fence(),
        )

    return make


def program(cloud: Cloud, mode: str = "API_AND_CONFIG_MAP", **more: Any) -> Callable[[], None]:
    def run() -> None:
        provider = aws.Provider(
            "aws",
            region=REGION,
            access_key="test",
            secret_key="test",
            skip_credentials_validation=True,
            skip_requesting_account_id=True,
            endpoints=[aws.ProviderEndpointArgs(**dict.fromkeys(PYTHON_NAMES, cloud.aws))],
        )
        opts = pulumi.ResourceOptions(provider=provider)
        role = aws.iam.Role("service", assume_role_policy=TRUST, opts=opts)
        vpc = aws.ec2.Vpc("vpc", cidr_block="10.40.0.0/16", opts=opts)
        subnets = [
            aws.ec2.Subnet(
                f"subnet-{zone}",
                vpc_id=vpc.id,
                cidr_block=f"10.40.{index}.0/24",
                availability_zone=f"{REGION}{zone}",
                opts=opts,
            )
            for index, zone in enumerate("ab")
        ]
        arguments: dict[str, Any] = {
            "name": "demo",
            "version": "1.33",
            "vpc_id": vpc.id,
            "private_subnet_ids": [one.id for one in subnets],
            "endpoint_private_access": True,
            "endpoint_public_access": False,
            "authentication_mode": eks.AuthenticationMode(mode),
            "role_mappings": None if mode == "API" else [MAPPING],
            "enabled_cluster_log_types": ["api", "audit"],
            "service_role": role,
            "skip_default_node_group": True,
            "skip_default_security_groups": True,
            "create_instance_role": False,
            "vpc_cni_options": eks.VpcCniOptionsArgs(enable_network_policy=True),
            **more,
        }
        cluster = eks.Cluster(
            "cluster", **arguments, opts=pulumi.ResourceOptions(providers=[provider], depends_on=[role])
        )
        inside = k8s.Provider("inside", kubeconfig=cluster.kubeconfig_json)
        k8s.core.v1.Namespace(
            "apps",
            metadata=k8s.meta.v1.ObjectMetaArgs(name="apps"),
            opts=pulumi.ResourceOptions(provider=inside),
        )
        pulumi.export("group", cluster.cluster_security_group_id)
        pulumi.export("issuer", cluster.oidc_issuer)
        pulumi.export("server", cluster.kubeconfig.apply(lambda found: found["clusters"][0]["cluster"]))
        pulumi.export("cluster", cluster.eks_cluster.arn)

    return run


def ops(result: Result) -> set[str]:
    assert result.ok, result.diagnostics
    return {step.op for step in result.steps}


def client(cloud: Cloud, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=cloud.aws,
        region_name=REGION,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )


def config_maps(cloud: Cloud) -> dict[str, Any]:
    found = Client(cloud.kubernetes)("GET", "/api/v1/configmaps").json
    return {one["metadata"]["name"]: one for one in found.get("items", [])}


@pytest.mark.parametrize("mode", ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"])
def test_a_cluster_lives(mode: str, engine: Make, cloud: Cloud) -> None:
    declared = program(cloud, mode)
    preview = engine(declared).preview()
    assert ops(preview) == {"create"}
    assert client(cloud, "eks").list_clusters()["clusters"] == []

    up = engine(declared).up()
    assert ops(up) == {"create"}
    order = [step.name for step in up.steps]
    assert order.index("cluster-eksCluster") < order.index("apps")
    if mode != "API":
        assert order.index("cluster-eksCluster") < order.index("cluster-nodeAccess")
    found = client(cloud, "eks").describe_cluster(name="demo")["cluster"]
    assert found["accessConfig"]["authenticationMode"] == mode
    assert up.outputs["group"] == found["resourcesVpcConfig"].get("clusterSecurityGroupId", "")
    assert f"https://{up.outputs['issuer']}" == found["identity"]["oidc"]["issuer"]
    assert up.outputs["cluster"] == found["arn"]
    names = {step.name for step in up.steps}
    assert {"cluster-eksCluster", "cluster-kube-proxy", "cluster-vpc-cni"} <= names
    maps = config_maps(cloud)
    assert ("aws-auth" in maps) == (mode != "API") == ("cluster-nodeAccess" in names)
    if mode != "API":
        assert YAML(typ="safe").load(maps["aws-auth"]["data"]["mapRoles"]) == [
            {"rolearn": NODES, "username": "system:node:{{EC2PrivateDNSName}}", "groups": ["a:b"]}
        ]

    assert ops(engine(declared).preview()) == {"same"}
    assert ops(engine(declared).up()) == {"same"}
    assert engine(declared).drift().changed is False

    down = engine(declared).destroy()
    assert ops(down) == {"delete"}
    assert client(cloud, "eks").list_clusters()["clusters"] == []
    assert "aws-auth" not in config_maps(cloud)
    roles = client(cloud, "iam").list_roles()["Roles"]
    assert not [one for one in roles if one["RoleName"].startswith("service")]


def test_without_a_kubeconfig_the_clusters_endpoint_is_used(cloud: Cloud, tmp_path: Path) -> None:
    aws_app = RecordsApi(Records(), Aws())

    def app(environ: Any, start_response: Any) -> Any:
        if environ["PATH_INFO"] != "/slipway/info":
            return aws_app(environ, start_response)
        start_response("200 OK", [("Content-Type", "application/json")])
        return [json.dumps({"kubernetes": cloud.kubernetes}).encode()]

    server = next(serving := serve(app))
    declared = program(dataclasses.replace(cloud, aws=server.url))
    made = EmbeddedEngine(
        declared, "demo", "local", {}, tmp_path / "state", providers(), passphrase="x", fence=Fence()
    )
    up = made.up()
    assert ops(up) == {"create"}
    assert up.outputs["server"] == {"server": cloud.kubernetes}
    assert "aws-auth" in config_maps(cloud)
    assert ops(made.destroy()) == {"delete"}
    next(serving, None)


def test_a_change_of_the_mapping_shows_and_is_made(engine: Make, cloud: Cloud) -> None:
    assert ops(engine(program(cloud)).up()) == {"create"}
    other = eks.RoleMappingArgs(role_arn=NODES, username="x", groups=["c:d"])
    changed = program(cloud, role_mappings=[other], enable_config_map_mutable=True)
    step = next(one for one in engine(changed).preview().steps if one.name == "cluster-nodeAccess")
    assert step.op == "update"
    assert [one.path for one in step.diff] == ["data.mapRoles"]
    assert "update" in ops(engine(changed).up())
    assert "c:d" in config_maps(cloud)["aws-auth"]["data"]["mapRoles"]
    replaced = next(one for one in engine(program(cloud)).preview().steps if one.name == "cluster-nodeAccess")
    assert replaced.op == "replace", "pulumi-kubernetes replaces a ConfigMap that was not said to be mutable"
    assert ops(engine(changed).destroy()) == {"delete"}


def test_a_cluster_is_upgraded_by_one_minor_version_at_a_time(engine: Make, cloud: Cloud) -> None:
    assert ops(engine(program(cloud, version="1.33")).up()) == {"create"}
    for refused in ("1.35", "1.32"):
        result = engine(program(cloud, version=refused)).up()
        assert not result.ok
        assert any(f"from 1.33 to {refused}" in diagnostic.message for diagnostic in result.diagnostics)
    assert "update" in ops(engine(program(cloud, version="1.34")).up())
    assert client(cloud, "eks").describe_cluster(name="demo")["cluster"]["version"] == "1.34"
    assert ops(engine(program(cloud, version="1.34")).destroy()) == {"delete"}


def test_bad_inputs_stop_at_the_preview_and_are_all_named(engine: Make, cloud: Cloud) -> None:
    result = engine(
        program(cloud, "API", role_mappings=[MAPPING], skip_default_node_group=False, gpu=True)
    ).preview()
    assert not result.ok
    text = "\n".join(one.message for one in result.diagnostics)
    for part in ("roleMappings", "skipDefaultNodeGroup", "'gpu'"):
        assert part in text


def test_a_failed_cluster_stops_what_needs_it(engine: Make, cloud: Cloud) -> None:
    result = engine(program(cloud, skip_default_security_groups=False)).up()
    assert not result.ok
    assert not [one for one in result.steps if one.name == "apps"]
    assert ops(engine(program(cloud)).destroy()) == {"delete"}


GOOD: dict[str, Any] = {
    "authenticationMode": "API",
    "vpcId": "vpc-1",
    "privateSubnetIds": ["a"],
    "skipDefaultNodeGroup": True,
    "skipDefaultSecurityGroups": True,
}
ROLE = PropertyValue(ResourceReference("urn:pulumi:local::demo::aws:iam/role:Role::service"))


def inputs(**more: Any) -> Inputs:
    values = {key: wrap(value) for key, value in {**GOOD, **more}.items()}
    return Inputs("it", {"serviceRole": ROLE, **values})


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"authenticationMode": None}, "authenticationMode is missing"),
        ({"authenticationMode": "BOTH"}, "invalid value for authenticationMode: BOTH"),
        ({"roleMappings": [{"roleArn": "x"}]}, "'roleMappings' does not support"),
        ({"userMappings": [{"userArn": "x"}]}, "'userMappings' does not support"),
        (
            {"authenticationMode": "CONFIG_MAP", "accessEntries": {"a": {}}},
            "'accessEntries' is not supported",
        ),
        ({"serviceRole": None}, "serviceRole is missing"),
        ({"skipDefaultNodeGroup": False}, "skipDefaultNodeGroup must be true"),
        ({"skipDefaultSecurityGroups": None}, "skipDefaultSecurityGroups must be true"),
        ({"createInstanceRole": True}, "createInstanceRole"),
        ({"subnetIds": ["b"]}, "mutually exclusive"),
        ({"vpcId": None}, "vpcId and subnets are missing"),
        ({"publicAccessCidrs": ["0.0.0.0/0"], "endpointPublicAccess": False}, "publicAccessCidrs"),
        ({"corednsAddonOptions": {"enabled": True}}, "coredns"),
        ({"vpcCniOptions": {"warmIpTarget": 2.0}}, "vpcCniOptions.warmIpTarget"),
        ({"fargate": True}, "'fargate'"),
    ],
)
def test_each_rule_of_the_inputs(more: dict[str, Any], message: str) -> None:
    inputs()
    with pytest.raises(ProviderError, match=message):
        inputs(**more)


def test_roles_users_and_nodes_are_mapped_as_pulumi_eks_does() -> None:
    load = YAML(typ="safe").load
    roles = load(mapping([{"roleArn": "a", "username": "u", "groups": ["g"]}], ["nodes"]))
    assert roles == [
        {"rolearn": "a", "username": "u", "groups": ["g"]},
        {
            "rolearn": "nodes",
            "username": "system:node:{{EC2PrivateDNSName}}",
            "groups": ["system:bootstrappers", "system:nodes"],
        },
    ]
    users = load(user_mapping([{"userArn": "a", "username": "u", "groups": ["g"]}]))
    assert users == [{"userarn": "a", "username": "u", "groups": ["g"]}]


def test_unknown_inputs_are_no_mistake() -> None:
    inputs(vpcId=UNKNOWN, privateSubnetIds=UNKNOWN, authenticationMode="CONFIG_MAP", roleMappings=UNKNOWN)


def test_no_other_component_and_no_cluster_off_this_machine() -> None:
    provider = EksProvider()
    request = sdk.ConstructRequest("eks:index:ManagedNodeGroup", "x", {}, pulumi.ResourceOptions())
    with pytest.raises(UnknownTypeError, match="eks:index:ManagedNodeGroup"):
        finish(provider.construct(request))
    arguments = {"kubeconfig": wrap(other_kubeconfig("https://example.com"))}
    with pytest.raises(FenceError):
        finish(provider.configure(sdk.ConfigureRequest({}, arguments, True, True)))
