"""Who reaches a cluster's API server: the Kubernetes stand-in answers only where routes and rules lead.

Whoever calls from 127.0.0.1 is the machine itself, and is answered. Any other loopback address is a place,
whose own address is in the record `place/<loopback address>`: `{"address": "10.10.3.7"}`, a host of some VPC
or of the internet. A call from a place without a path to a cluster gets no answer, as a packet without a
route gets none.
"""

import ipaddress
import time
from collections.abc import Iterable, Iterator
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from slipway.localcloud.records import Records
from slipway.localcloud.web import raw_segments

PLACE = "place"
HTTPS = 443
SILENCE_S = 60
"""How long such a call is held: longer than the embedded providers wait for an answer."""

Address = ipaddress.IPv4Address


class Reach:
    """WSGI middleware before the Kubernetes stand-in."""

    def __init__(self, app: WSGIApplication, records: Records) -> None:
        self._app = app
        self._records = records

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        caller = str(environ.get("REMOTE_ADDR", ""))
        if caller == "127.0.0.1":
            return self._app(environ, start_response)
        place = self._records.get(PLACE, caller)
        if place is not None and any(
            reaches(Address(place["address"]), cluster) for cluster in _meant(environ)
        ):
            return self._app(environ, start_response)
        time.sleep(SILENCE_S)
        start_response("504 Gateway Timeout", [])
        return []


def _meant(environ: WSGIEnvironment) -> Iterator[Any]:
    """The cluster whose control plane a path is of: `/clusters/<account>-<name>/...` in a rehearsal, which
    has several; any of them elsewhere, where there is one."""
    path = raw_segments(environ)
    named = path[1] if path[:1] == ["clusters"] and len(path) > 1 else ""
    for cluster in clusters():
        account = cluster.arn.split(":")[4]
        if not named or named == f"{account}-{cluster.name}":
            yield cluster


def clusters() -> Iterator[Any]:
    """Every cluster of every account and region."""
    from moto.eks.models import eks_backends  # noqa: PLC0415 - a service of moto is imported when it is used

    for regions in eks_backends.values():
        for backend in regions.values():
            yield from backend.clusters.values()


def networks() -> Iterator[Any]:
    """EC2 of every account and region."""
    from moto.ec2.models import ec2_backends  # noqa: PLC0415

    for regions in ec2_backends.values():
        yield from regions.values()


def reaches(source: Address, cluster: Any) -> bool:
    """Whether a host gets an answer of a cluster's API server.

    From outside of the VPC the name leads to the public endpoint, if there is one, and else to the private
    one (EKS User Guide, "Cluster API server endpoint").
    """
    config = cluster.resources_vpc_config
    home = _subnet_of(source)
    inside = home is not None and home.vpc_id == config.get("vpcId")
    if config.get("endpointPublicAccess", True) and not (inside and config.get("endpointPrivateAccess")):
        seen = source if home is None else _seen_outside(home)
        blocks = config.get("publicAccessCidrs") or ["0.0.0.0/0"]
        return seen is not None and any(seen in ipaddress.IPv4Network(block) for block in blocks)
    return home is not None and _privately(source, home, config)


def _privately(source: Address, home: Any, config: dict[str, Any]) -> bool:
    """There and back again, to one of the subnets that the API server has an interface in, past its group."""
    if not _lets_in(config["clusterSecurityGroupId"], source):
        return False
    # A name leads to any of the interfaces: all of them must be there.
    ends = [_subnet(name) for name in config["subnetIds"]]
    return all(
        end is not None
        and _leads(home, next(ipaddress.IPv4Network(end.cidr_block).hosts()), end.vpc_id)
        and _leads(end, source, home.vpc_id)
        for end in ends
    )


def _leads(subnet: Any, target: Address, vpc: str) -> bool:
    """Whether a subnet's routes lead to an address of a VPC."""
    route = _route(subnet, target)
    if route is None:
        return False
    if route.local:
        return bool(subnet.vpc_id == vpc)
    peering = route.vpc_pcx
    if peering is None or peering.status["Code"] != "active":
        return False
    return {subnet.vpc_id, vpc} == {peering.vpc.id, peering.peer_vpc.id}


def _seen_outside(subnet: Any) -> Address | None:
    """The public address that a subnet's hosts are seen with; None without a way out by NAT."""
    route = _route(subnet, Address("198.51.100.1"))
    gateway = route.nat_gateway if route else None
    if gateway is None:
        return None
    public = next((one["publicIp"] for one in gateway.address_set if one.get("publicIp")), None)
    return Address(public) if public else None


def _route(subnet: Any, target: Address) -> Any:
    """The most exact of the routes of a subnet's table that has the address (Amazon VPC User Guide, "Route
    priority")."""
    tables = [
        table for ec2 in networks() for table in ec2.route_tables.values() if table.vpc_id == subnet.vpc_id
    ]
    table = next((one for one in tables if subnet.id in _subnets_of(one)), None)
    table = table or next((one for one in tables if one.main_association_id), None)
    fitting = [
        (ipaddress.IPv4Network(route.destination_cidr_block).prefixlen, index, route)
        for index, route in enumerate(table.routes if table else ())
        if route.destination_cidr_block and target in ipaddress.IPv4Network(route.destination_cidr_block)
    ]
    return max(fitting)[2] if fitting else None


def _subnets_of(table: Any) -> set[str]:
    return {one.get("SubnetId", "") for one in table.associations}


def _lets_in(group_id: str, source: Address) -> bool:
    for ec2 in networks():
        for groups in ec2.groups.values():
            for rule in groups[group_id].ingress_rules if group_id in groups else ():
                block = rule.ip_range.get("CidrIp")
                opens = rule.ip_protocol == "-1" or (
                    rule.ip_protocol == "tcp" and rule.from_port <= HTTPS <= rule.to_port
                )
                if block and opens and source in ipaddress.IPv4Network(block):
                    return True
    return False


def _all_subnets() -> Iterator[Any]:
    for ec2 in networks():
        for zone in ec2.subnets.values():
            yield from zone.values()


def _subnet(id_: str) -> Any:
    return next((subnet for subnet in _all_subnets() if subnet.id == id_), None)


def _subnet_of(source: Address) -> Any:
    """The subnet that a host is in; moto's own default networks are no place of anybody's."""
    for subnet in _all_subnets():
        if str(subnet.default_for_az).lower() != "true" and source in ipaddress.IPv4Network(
            subnet.cidr_block
        ):
            return subnet
    return None
