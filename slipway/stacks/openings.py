"""What a resource lets anybody in by: networks that it opens to the world, policies that allow anyone or all.

Told from inputs alone, for any repository: `slipway.access` says far more of a platform that it knows.
"""

from __future__ import annotations

import ipaddress
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final, cast

_Inputs = Mapping[str, Any]

_WORLD_BITS: Final = {4: 8, 6: 16}
"""A network with a shorter prefix is nobody's own: 10.0.0.0/8 is the widest private one (RFC 1918), and a
registry is given a /23 or less of IPv6 (RFC 7020); `0.0.0.0/1` and its twin are the world as well."""
_ADMINISTRATOR: Final = ":policy/AdministratorAccess"
_ALL: Final = frozenset({"*", "*:*", "iam:*"})
"""Actions that are everything, or lead to everything."""
_ANY_SOURCE: Final = frozenset({"*", "any", "internet"})


def networks(type_: str, inputs: _Inputs) -> frozenset[str]:
    """What a resource of a type lets in from all of the internet: `tcp 22 from 0.0.0.0/0`."""
    find = _NETWORKS.get(type_)
    return frozenset(find(inputs)) if find is not None else frozenset()


def policies(inputs: _Inputs) -> frozenset[str]:
    """What policy documents among the inputs allow to anyone, or of everything: `anyone: s3:GetObject`."""
    found = {text for value in inputs.values() for text in _of_document(value)}
    attached = [item for value in inputs.values() for item in _items(value) if isinstance(item, str)]
    return frozenset(found | {"everything" for arn in attached if arn.endswith(_ADMINISTRATOR)})


def _items(value: Any) -> list[Any]:
    return cast(list[Any], value) if isinstance(value, list) else [] if value is None else [value]


def _maps(value: Any) -> list[dict[str, Any]]:
    return [cast(dict[str, Any], item) for item in _items(value) if isinstance(item, dict)]


def _is_world(source: Any) -> bool:
    if not isinstance(source, str):
        return False
    try:
        network = ipaddress.ip_network(source.strip(), strict=False)
    except ValueError:
        return source.strip().lower() in _ANY_SOURCE
    return network.prefixlen < _WORLD_BITS[network.version]


def _said(rule: _Inputs, sources: Iterable[Any], protocol: str, first: str, last: str) -> Iterator[str]:
    ports = [str(rule[key]) for key in (first, last) if rule.get(key) is not None]
    through = "-".join(dict.fromkeys(ports)) or "all ports"
    name = str(rule.get(protocol, "-1"))
    for source in sources:
        if _is_world(source):
            yield f"{'all protocols' if name == '-1' else f'{name} {through}'} from {source}"


def _group_rules(inputs: _Inputs) -> Iterator[str]:
    for rule in _maps(inputs.get("ingress")):
        yield from _group_rule({**rule, "type": "ingress"})


def _group_rule(rule: _Inputs) -> Iterator[str]:
    if rule.get("type") == "ingress":
        sources = [*_items(rule.get("cidrBlocks")), *_items(rule.get("ipv6CidrBlocks"))]
        yield from _said(rule, sources, "protocol", "fromPort", "toPort")


def _ingress_rule(rule: _Inputs) -> Iterator[str]:
    yield from _said(rule, (rule.get("cidrIpv4"), rule.get("cidrIpv6")), "ipProtocol", "fromPort", "toPort")


def _eks_cluster(inputs: _Inputs) -> Iterator[str]:
    for vpc in _maps(inputs.get("vpcConfig")):
        yield from _eks_endpoint(vpc)


def _eks_endpoint(inputs: _Inputs) -> Iterator[str]:
    """It is public, and to all, unless it is said otherwise (EKS's API reference, VpcConfigRequest)."""
    if inputs.get("endpointPublicAccess", True) is not False:
        sources = _items(inputs.get("publicAccessCidrs")) or ["0.0.0.0/0"]
        yield from (f"the cluster's endpoint from {source}" for source in sources if _is_world(source))


def _gcp_firewall(inputs: _Inputs) -> Iterator[str]:
    if inputs.get("direction", "INGRESS") == "INGRESS" and not inputs.get("disabled"):
        for rule in _maps(inputs.get("allows")):
            ports = ",".join(map(str, _items(rule.get("ports"))))
            yield from _said(
                {"protocol": rule.get("protocol", "all"), "ports": ports or None},
                _items(inputs.get("sourceRanges")),
                "protocol",
                "ports",
                "ports",
            )


def _azure_rule(rule: _Inputs) -> Iterator[str]:
    if rule.get("access") == "Allow" and rule.get("direction") == "Inbound":
        sources = [*_items(rule.get("sourceAddressPrefix")), *_items(rule.get("sourceAddressPrefixes"))]
        yield from _said(rule, sources, "protocol", "destinationPortRange", "destinationPortRange")


def _azure_rules(inputs: _Inputs) -> Iterator[str]:
    for rule in _maps(inputs.get("securityRules")):
        yield from _azure_rule(rule)


_NETWORKS: Final[Mapping[str, Callable[[_Inputs], Iterable[str]]]] = {
    "aws:ec2/securityGroup:SecurityGroup": _group_rules,
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": _group_rules,
    "aws:ec2/securityGroupRule:SecurityGroupRule": _group_rule,
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": _ingress_rule,
    "aws:eks/cluster:Cluster": _eks_cluster,
    "eks:index:Cluster": _eks_endpoint,
    "gcp:compute/firewall:Firewall": _gcp_firewall,
    "azure-native:network:NetworkSecurityGroup": _azure_rules,
    "azure-native:network:SecurityRule": _azure_rule,
}


def _of_document(value: Any) -> Iterator[str]:
    if not isinstance(value, str) or '"Statement"' not in value:
        return
    try:
        document = json.loads(value)
    except ValueError:
        return
    for statement in _maps(document.get("Statement") if isinstance(document, dict) else None):  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]
        if statement.get("Effect") == "Allow":
            yield from _of_statement(statement)


def _of_statement(statement: _Inputs) -> Iterator[str]:
    actions = [str(each) for each in _items(statement.get("Action"))]
    if "NotAction" in statement:
        actions.append(f"all but {', '.join(map(str, _items(statement['NotAction'])))}")
    if _is_anyone(statement.get("Principal")) or "NotPrincipal" in statement:
        limit = " on conditions" if statement.get("Condition") else ""
        yield from (f"anyone{limit}: {action}" for action in actions)
    if "*" in map(str, _items(statement.get("Resource"))):
        yield from (
            f"{action} on everything" for action in actions if action in _ALL or action.startswith("all but")
        )


def _is_anyone(principal: Any) -> bool:
    named = _items(cast(dict[str, Any], principal).get("AWS")) if isinstance(principal, dict) else [principal]
    return "*" in named
