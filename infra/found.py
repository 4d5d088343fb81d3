"""Reads what AWS has of a network or a cluster that a stack's file names, before anything is registered."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

import pulumi_aws as aws

from infra.in_force import only_block, read
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.standing import FoundNetwork, FoundSubnet, Route
from slipway.platform.standing_cluster import FoundCluster

_TARGETS = (
    *("gatewayId", "natGatewayId", "transitGatewayId", "vpcPeeringConnectionId"),
    *("networkInterfaceId", "vpcEndpointId", "localGatewayId", "coreNetworkArn"),
)
"""Where a route may lead to, as `getRouteTable` tells it. It leaves out local routes, and those that a
virtual private gateway propagates (terraform-provider-aws, vpc_route_table_data_source.go)."""


def found_network(vpc: str, subnets: Iterable[str], provider: aws.Provider) -> FoundNetwork | None:
    """A VPC and those of the subnets that there are; None where there is no such VPC.

    Args:
        vpc: its id.
        subnets: ids, of whichever VPC.
        provider: of the account and region.
    """
    found = read("aws:ec2/getVpc:getVpc", {"id": vpc}, provider)
    if not found:
        return None
    blocks = cast("list[dict[str, str]]", found.get("cidrBlockAssociations") or [])
    return FoundNetwork(
        owner=str(found.get("ownerId", "")),
        blocks=tuple(block["cidrBlock"] for block in blocks if block.get("state") == "associated"),
        names=bool(found.get("enableDnsHostnames")) and bool(found.get("enableDnsSupport")),
        stack=_stack(found),
        subnets={one: there for one in subnets if (there := found_subnet(one, provider))},
    )


def found_subnet(subnet: str, provider: aws.Provider) -> FoundSubnet | None:
    """A subnet by its id, with its routes; None where there is no such."""
    found = read("aws:ec2/getSubnet:getSubnet", {"id": subnet}, provider)
    if not found:
        return None
    vpc = str(found["vpcId"])
    table, routes = routes_of(subnet, vpc, provider)
    return FoundSubnet(
        id=subnet,
        vpc=vpc,
        zone=str(found["availabilityZone"]),
        cidr=str(found["cidrBlock"]),
        tags=cast("dict[str, str]", found.get("tags") or {}),
        table=table,
        routes=routes,
    )


def routes_of(subnet: str, vpc: str, provider: aws.Provider) -> tuple[str, tuple[Route, ...]]:
    """The table that a subnet uses, its VPC's main one where it has none of its own, and its routes."""
    main = {"vpc-id": vpc, "association.main": "true"}
    return _table({"association.subnet-id": subnet}, provider) or _table(main, provider) or ("", ())


def named_routes(name: str, stack: str, provider: aws.Provider) -> tuple[str, tuple[Route, ...]]:
    """The same of a table that another stack has made, by its name."""
    return _table({"tag:Name": name, "tag:slipway:stack": stack}, provider) or ("", ())


def _table(filters: Mapping[str, str], provider: aws.Provider) -> tuple[str, tuple[Route, ...]] | None:
    arguments = {"filters": [{"name": name, "values": [value]} for name, value in filters.items()]}
    found = read("aws:ec2/getRouteTable:getRouteTable", arguments, provider)
    if not found:
        return None
    routes = [
        Route(destination, target)
        for one in cast("list[dict[str, str]]", found.get("routes") or [])
        if (destination := one.get("cidrBlock") or one.get("destinationPrefixListId"))
        and (target := next((one[key] for key in _TARGETS if one.get(key)), ""))
    ]
    return str(found["id"]), tuple(routes)


def found_cluster(name: str, provider: aws.Provider) -> FoundCluster | None:
    """A cluster by its name; None where there is no such."""
    found = read("aws:eks/getCluster:getCluster", {"name": name}, provider)
    if not found:
        return None
    network = cast("dict[str, Any]", found.get("vpcConfig") or {})
    identity = cast("list[dict[str, Any]]", found.get("identities") or [])
    return FoundCluster(
        name=name,
        status=str(found.get("status", "")),
        version=str(found.get("version", "")),
        extended=only_block(found.get("upgradePolicies")).get("supportType", "EXTENDED") == "EXTENDED",
        # EKS User Guide: clusters from before access entries are in this mode.
        mode=AuthenticationMode(
            only_block(found.get("accessConfigs")).get("authenticationMode", "CONFIG_MAP")
        ),
        vpc=str(network.get("vpcId", "")),
        subnets=tuple(sorted(network.get("subnetIds") or ())),
        security_group=str(network.get("clusterSecurityGroupId", "")),
        private=bool(network.get("endpointPrivateAccess")),
        public=bool(network.get("endpointPublicAccess")),
        public_blocks=tuple(sorted(network.get("publicAccessCidrs") or ())),
        endpoint=str(found.get("endpoint", "")),
        authority=only_block(found.get("certificateAuthorities")).get("data", ""),
        issuer=next((only_block(one.get("oidcs")).get("issuer", "") for one in identity), ""),
        stack=_stack(found),
    )


def _stack(found: Mapping[str, Any]) -> str:
    return cast("dict[str, str]", found.get("tags") or {}).get("slipway:stack", "")
