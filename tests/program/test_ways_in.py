"""What each stack declares of the way to its cluster, by what the settings say of it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.access.network_permissions import ACCEPT, ROUTES
from slipway.engine.offline import render_stacks
from slipway.engine.recording import Rendered
from slipway.engine.registration import Registration

from .conftest import Project, clone

GATEWAY = "tgw-0123456789abcdef0"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ATTACHMENT = "aws:ec2transitgateway/vpcAttachment:VpcAttachment"
ROLE = "aws:iam/role:Role"
INGRESS = "slipway:cluster:RunnerIngress$"


def of(stack: Rendered, type_: str) -> Iterator[Registration]:
    return (item for item in stack.registrations if item.type == type_)


def network_roles(stack: Rendered) -> set[str]:
    return {
        str(item.inputs["name"])
        for item in of(stack, ROLE)
        if str(item.inputs["name"]).startswith("network-")
    }


def routes(stack: Rendered) -> set[tuple[str, str]]:
    """Destinations beyond the way out, and what kind of target leads there."""
    return {
        (str(item.inputs["destinationCidrBlock"]), target)
        for item in of(stack, "aws:ec2/route:Route")
        for target in ("transitGatewayId", "vpcPeeringConnectionId")
        if target in item.inputs
    }


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return clone(tmp_path_factory.mktemp("ways") / "clone")


def declared(project: Project, changes: dict[str, tuple[str, str]]) -> dict[str, Rendered]:
    """The stacks `automation` and `staging` after changes of files, which are taken back."""
    before = {name: (project.root / name).read_text() for name in changes}
    try:
        for name, (old, new) in changes.items():
            project.edit(old, new, name)
        return {each.stack: each for each in render_stacks(project.root, ["automation", "staging"], "")}
    finally:
        for name, text in before.items():
            Path(project.root / name).write_text(text)


def test_by_default_the_two_networks_are_peers(rendered: dict[str, Rendered]) -> None:
    automation, staging = rendered["automation"], rendered["staging"]
    assert not list(of(automation, PEERING))
    assert len(list(of(staging, PEERING))) == 1
    assert routes(automation) == set()
    assert routes(staging) == {(cidr, "vpcPeeringConnectionId") for cidr in ("10.10.0.0/16", "10.20.0.0/16")}
    assert network_roles(automation) == {
        f"network-{stack}{end}" for stack in ("staging", "prod") for end in ("", "-read")
    }
    blocks = {
        item.inputs["cidrIpv4"]
        for item in staging.registrations
        if INGRESS in item.urn and "cidrIpv4" in item.inputs
    }
    assert blocks == {"10.10.0.0/19", "10.10.32.0/19"}, "the fleet's private subnets and nobody else"
    # The one cluster of `automation`'s account is none: it has no way to make.
    assert not [item for item in automation.registrations if INGRESS in item.urn]


def test_over_a_transit_gateway_each_stack_makes_its_own_side(
    project: Project, rendered: dict[str, Rendered]
) -> None:
    said = {"Pulumi.yaml": ("      cicd_chain:", f"      transit_gateway: {GATEWAY}\n      cicd_chain:")}
    stacks = declared(project, said)
    automation, staging = stacks["automation"], stacks["staging"]
    assert not list(of(staging, PEERING))
    # They stay: a stack that was a peer takes its side away by them, after this one was applied.
    assert network_roles(automation) == network_roles(rendered["automation"])
    for stack in (automation, staging):
        (attachment,) = of(stack, ATTACHMENT)
        assert attachment.inputs["transitGatewayId"] == GATEWAY
    assert routes(automation) == {(cidr, "transitGatewayId") for cidr in ("10.20.0.0/16", "10.30.0.0/16")}
    assert routes(staging) == {("10.10.0.0/16", "transitGatewayId")}
    assert [item for item in staging.registrations if INGRESS in item.urn], "the door is open all the same"
    applies = json.dumps([item.inputs for item in of(automation, "aws:iam/policy:Policy")], default=str)
    assert f"transit-gateway/{GATEWAY}" in applies


def test_a_public_endpoint_answers_to_the_fleet_and_to_who_is_named(project: Project) -> None:
    said = {
        "Pulumi.staging.yaml": (
            "    cluster:\n",
            "    cluster:\n      reach: addresses\n      addresses: {office: [198.51.100.0/24]}\n",
        )
    }
    stacks = declared(project, said)
    staging = stacks["staging"]
    assert not list(of(staging, PEERING))
    assert routes(staging) == set()
    assert not [item for item in staging.registrations if INGRESS in item.urn]
    (cluster,) = of(staging, "eks:index:Cluster")
    assert cluster.inputs["endpointPublicAccess"] is True
    assert cluster.inputs["endpointPrivateAccess"] is True
    # What the fleet's addresses are is known once its network is there; it is never everybody.
    assert "publicAccessCidrs" in cluster.inputs


def test_who_plans_a_stack_changes_nothing_of_the_other(rendered: dict[str, Rendered]) -> None:
    policies = {
        str(item.inputs["name"]): str(item.inputs["policy"])
        for item in of(rendered["automation"], "aws:iam/rolePolicy:RolePolicy")
        if str(item.inputs.get("name", "")).startswith("network-")
    }
    assert set(policies) == network_roles(rendered["automation"])
    for name, text in policies.items():
        statements = json.loads(text)["Statement"]
        actions = {action for statement in statements for action in listed(statement["Action"])}
        changing = {action for action in actions if not action.startswith("ec2:Describe")}
        wanted = set() if name.endswith("-read") else {ACCEPT, *ROUTES}
        assert changing == wanted, name


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_the_fleets_provider_is_told_alike_by_plans_and_applies(rendered: dict[str, Rendered]) -> None:
    (provider,) = [item for item in of(rendered["staging"], "pulumi:providers:aws") if item.name == "fleet"]
    told = provider.inputs
    assert "assumeRoles" not in told, "it would differ between the two"
    assert told["profile"] == "slipway-fleet"
    assert json.loads(str(told["sharedConfigFiles"])) == [".slipway/aws-profiles-staging"]
    assert json.loads(str(told["allowedAccountIds"])) == ["111111111111"]
    # Without it pulumi-aws would look for the profile in the caller's own file, and stop.
    assert told["skipCredentialsValidation"] in (True, "true")
