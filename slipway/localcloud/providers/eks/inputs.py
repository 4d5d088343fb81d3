"""The inputs of eks:index:Cluster: which are carried out, which refused, and their way into outputs.

The rules are those of pulumi-eks 4 (nodejs/eks/cluster/cluster.ts and authenticationMode.ts of
https://github.com/pulumi/pulumi-eks), and a few of this platform, which wants no role or group that it did
not declare itself.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pulumi
import pulumi_aws as aws
from pulumi.provider.experimental.property_value import PropertyValue, ResourceReference
from pulumi.resource import DependencyResource

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import names
from slipway.localcloud.providers.values import Props, is_unknown, plain, plain_map

MODES = ("CONFIG_MAP", "API_AND_CONFIG_MAP", "API")
SUPPORTED = names(
    "authenticationMode bootstrapSelfManagedAddons clusterTags corednsAddonOptions createInstanceRole "
    "createOidcProvider deletionProtection enableConfigMapMutable enabledClusterLogTypes "
    "encryptionConfigKeyArn endpointPrivateAccess endpointPublicAccess instanceRole instanceRoles ipFamily "
    "kubeProxyAddonOptions kubernetesServiceIpAddressRange name privateSubnetIds publicAccessCidrs "
    "publicSubnetIds roleMappings serviceRole skipDefaultNodeGroup skipDefaultSecurityGroups subnetIds tags "
    "upgradePolicy useDefaultVpcCni userMappings version vpcCniOptions vpcId"
)
CNI_OPTIONS = names(
    "addonVersion configurationValues enableNetworkPolicy resolveConflictsOnCreate resolveConflictsOnUpdate "
    "serviceAccountRoleArn"
)


class Inputs:
    """A cluster's inputs as an engine sent them: plain for decisions, and as outputs for children.

    Raises:
        ProviderError: everything that is wrong with them, at once.
    """

    def __init__(self, name: str, values: Mapping[str, PropertyValue]) -> None:
        self._values = {key: value for key, value in values.items() if value.value is not None}
        self.plain: Props = plain_map(self._values)
        wrong = list(_wrong(self.plain))
        if wrong:
            raise ProviderError("; ".join(wrong), where=f"eks:index:Cluster {name}")

    def get(self, name: str) -> Any:
        """An input for a child: plain data where that is all there is to it, an output otherwise."""
        value = self._values.get(name)
        return None if value is None else as_input(value)

    def flag(self, name: str, default: bool | None = None) -> bool | None:
        """A switch that decides which children there are; it must be known."""
        value = self.plain.get(name, default)
        return value if isinstance(value, bool) else default

    def role(self, name: str) -> aws.iam.Role:
        return _role(self._values[name], name)

    def instance_roles(self) -> list[aws.iam.Role]:
        """The roles of nodes that pulumi-eks was given to map."""
        if "instanceRole" in self._values:
            return [self.role("instanceRole")]
        held: Any = self._values["instanceRoles"].value if "instanceRoles" in self._values else ()
        return [_role(one, "instanceRoles") for one in held]

    @property
    def has_config_map(self) -> bool:
        return self.plain["authenticationMode"] != "API"


def as_input(value: PropertyValue) -> Any:
    """Plain data, or an output that is as unknown, as secret and as dependent as `value` is."""
    data = plain(value)
    unknown, secret, urns = is_unknown(data), value.contains_secret(), value.all_dependencies()
    if not (unknown or secret or urns):
        return data
    resources: set[pulumi.Resource] = {DependencyResource(urn) for urn in urns}
    return pulumi.Output(resources, _done(None if unknown else data), _done(not unknown), _done(secret))


async def _done(value: Any) -> Any:
    return value


def _role(value: PropertyValue, name: str) -> aws.iam.Role:
    reference = value.value
    if not isinstance(reference, ResourceReference):
        raise ProviderError(f"{name} is no aws.iam.Role", fix="pass the role itself, not its name or ARN")
    # By its URN: the SDK asks the engine for the state of a role that is declared already.
    return aws.iam.Role(reference.urn.rpartition("::")[2], opts=pulumi.ResourceOptions(urn=reference.urn))


def _wrong(given: Props) -> Iterator[str]:
    for name in sorted(set(given) - SUPPORTED):
        yield f"the embedded cloud does not carry out {name!r}"
    yield from _wrong_access(given)
    yield from _wrong_network(given)
    if "serviceRole" not in given:
        yield "serviceRole is missing: pulumi-eks would make a role without a permissions boundary"
    if given.get("skipDefaultNodeGroup") is not True:
        yield "skipDefaultNodeGroup must be true: the nodes are declared beside the cluster"
    if given.get("createInstanceRole"):
        yield "createInstanceRole must not be true: pulumi-eks would make a role of its own"
    if "instanceRole" in given and "instanceRoles" in given:
        yield "instanceRole and instanceRoles are mutually exclusive"
    if given.get("skipDefaultSecurityGroups") is not True:
        yield "skipDefaultSecurityGroups must be true: those of pulumi-eks are not carried out"
    dns: Props = given.get("corednsAddonOptions") or {}
    if dns.get("enabled") or dns.get("configurationValues"):
        yield "the coredns add-on of pulumi-eks is not carried out: declare an aws.eks.Addon"
    cni: Props = given.get("vpcCniOptions") or {}
    for name in sorted(set(cni) - CNI_OPTIONS):
        yield f"the embedded cloud does not carry out vpcCniOptions.{name}"


def _wrong_access(given: Props) -> Iterator[str]:
    mode = given.get("authenticationMode")
    if mode is None:
        yield f"authenticationMode is missing: say one of {', '.join(MODES)}"
        return
    if mode not in MODES:
        yield f"invalid value for authenticationMode: {mode}; allowed are {', '.join(MODES)}"
        return
    if mode == "API":
        for name in ("roleMappings", "userMappings", "instanceRoles"):
            if given.get(name):
                yield f"{name!r} does not support non-empty values when authenticationMode is 'API'"
    if mode == "CONFIG_MAP" and given.get("accessEntries"):
        yield "'accessEntries' is not supported when authenticationMode is 'CONFIG_MAP'"


def _wrong_network(given: Props) -> Iterator[str]:
    split = "publicSubnetIds" in given or "privateSubnetIds" in given
    if "subnetIds" in given and split:
        yield "subnetIds and publicSubnetIds or privateSubnetIds are mutually exclusive"
    if "vpcId" not in given or not (split or "subnetIds" in given):
        yield "vpcId and subnets are missing: the default VPC is not looked up"
    if given.get("publicAccessCidrs") and given.get("endpointPublicAccess") is False:
        yield "publicAccessCidrs can only be set when endpointPublicAccess is true"
