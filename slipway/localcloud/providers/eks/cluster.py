"""eks:index:Cluster as pulumi-eks builds it: the same children by the same names, without what needs AWS."""

import json
from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as kubernetes
from ruamel.yaml import YAML

from slipway.localcloud.providers.eks.inputs import Inputs
from slipway.localcloud.providers.values import Props

NODE_USERNAME = "system:node:{{EC2PrivateDNSName}}"
NODE_GROUPS = ("system:bootstrappers", "system:nodes")
_OVERWRITE = "OVERWRITE"


class VpcCniAddon(pulumi.ComponentResource):
    """The network plug-in's add-on; its version is EKS's own choice, as nobody here can look one up."""

    def __init__(
        self,
        name: str,
        options: Props,
        cluster_name: pulumi.Input[str],
        tags: Any,
        opts: pulumi.ResourceOptions,
    ) -> None:
        super().__init__("eks:index:VpcCniAddon", name, {}, opts)
        values: Props = dict(options.get("configurationValues") or {})
        if options.get("enableNetworkPolicy") is not None:
            values.setdefault("enableNetworkPolicy", str(bool(options["enableNetworkPolicy"])).lower())
        aws.eks.Addon(
            name,
            cluster_name=cluster_name,
            addon_name="vpc-cni",
            addon_version=options.get("addonVersion"),
            configuration_values=json.dumps(values, sort_keys=True) if values else None,
            preserve=True,
            resolve_conflicts_on_create=options.get("resolveConflictsOnCreate") or _OVERWRITE,
            resolve_conflicts_on_update=options.get("resolveConflictsOnUpdate") or _OVERWRITE,
            service_account_role_arn=options.get("serviceAccountRoleArn"),
            tags=tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


class Cluster(pulumi.ComponentResource):
    """The control plane, its add-ons and, in the modes that have it, aws-auth.

    Args:
        kubeconfig: the text of one for a control plane that wants a real credential; without one the
            cluster's endpoint is the recording stand-in, which takes any.
    """

    results: dict[str, Any]
    """The outputs by Pulumi name; `eksCluster` is the resource itself."""

    def __init__(
        self, name: str, inputs: Inputs, opts: pulumi.ResourceOptions, kubeconfig: str | None = None
    ) -> None:
        super().__init__("eks:index:Cluster", name, {}, opts)
        self._name = name
        self._inputs = inputs
        self._child = pulumi.ResourceOptions(parent=self)
        cluster = self._control_plane()
        text = _kubeconfig(cluster) if kubeconfig is None else _given(cluster, kubeconfig)
        access = [self._aws_auth(text)] if inputs.has_config_map else []
        self._addons(cluster, access)
        issuer = cluster.identities.apply(_issuer)
        own_group = cluster.vpc_config.apply(lambda found: found.cluster_security_group_id or "")
        self.results = {
            "eksCluster": cluster,
            "kubeconfig": text.apply(_loaded),
            "kubeconfigJson": text,
            # Without security groups of pulumi-eks's own both are the one that EKS made.
            "clusterSecurityGroupId": own_group,
            "nodeSecurityGroupId": own_group,
            "clusterIngressRuleId": "",
            "defaultNodeGroupAsgName": "",
            "fargateProfileId": "",
            "fargateProfileStatus": "",
            "autoModeNodeRoleName": "",
            "oidcProviderArn": self._oidc_provider(issuer),
            "oidcProviderUrl": issuer,
            "oidcIssuer": issuer.apply(lambda url: url.removeprefix("https://")),
            "core": {"endpoint": cluster.endpoint, "vpcId": inputs.get("vpcId")},
        }
        self.register_outputs({key: value for key, value in self.results.items() if key != "core"})

    def _control_plane(self) -> aws.eks.Cluster:
        given = self._inputs
        key = given.get("encryptionConfigKeyArn")
        network = {
            key: value
            for key, value in (
                ("service_ipv4_cidr", given.get("kubernetesServiceIpAddressRange")),
                ("ip_family", given.get("ipFamily")),
            )
            if value is not None
        }
        return aws.eks.Cluster(
            f"{self._name}-eksCluster",
            name=given.get("name"),
            role_arn=given.role("serviceRole").arn,
            version=given.get("version"),
            bootstrap_self_managed_addons=given.flag("bootstrapSelfManagedAddons", default=True),
            vpc_config=aws.eks.ClusterVpcConfigArgs(
                subnet_ids=self._subnets(),
                endpoint_private_access=given.get("endpointPrivateAccess"),
                endpoint_public_access=given.get("endpointPublicAccess"),
                public_access_cidrs=given.get("publicAccessCidrs"),
            ),
            kubernetes_network_config=aws.eks.ClusterKubernetesNetworkConfigArgs(**network)
            if network
            else None,
            enabled_cluster_log_types=given.get("enabledClusterLogTypes"),
            encryption_config=None
            if key is None
            else aws.eks.ClusterEncryptionConfigArgs(
                provider=aws.eks.ClusterEncryptionConfigProviderArgs(key_arn=key), resources=["secrets"]
            ),
            access_config=aws.eks.ClusterAccessConfigArgs(
                authentication_mode=given.get("authenticationMode"),
                # Always, in pulumi-eks: it goes on to deploy into the cluster as who made it.
                bootstrap_cluster_creator_admin_permissions=True,
            ),
            upgrade_policy=given.get("upgradePolicy"),
            deletion_protection=given.get("deletionProtection"),
            tags=self._tags({"Name": f"{self._name}-eksCluster"}, "clusterTags", "tags"),
            opts=pulumi.ResourceOptions(
                parent=self,
                ignore_changes=[
                    "accessConfig.bootstrapClusterCreatorAdminPermissions",
                    "bootstrapSelfManagedAddons",
                ],
            ),
        )

    def _subnets(self) -> pulumi.Output[list[str]]:
        given = self._inputs
        parts = [given.get(name) for name in ("subnetIds", "publicSubnetIds", "privateSubnetIds")]
        return pulumi.Output.all(*[part for part in parts if part is not None]).apply(
            lambda lists: [one for ids in lists for one in ids]
        )

    def _tags(self, first: Mapping[str, str], *more: str) -> pulumi.Output[dict[str, str]]:
        given: list[Any] = [self._inputs.get(name) or {} for name in more]
        return pulumi.Output.all(*given).apply(
            lambda maps: {**first, **{key: value for one in maps for key, value in one.items()}}
        )

    def _aws_auth(self, kubeconfig: pulumi.Output[str]) -> pulumi.Resource:
        given = self._inputs
        provider = kubernetes.Provider(
            f"{self._name}-eks-k8s",
            kubeconfig=kubeconfig,
            enable_config_map_mutable=given.flag("enableConfigMapMutable"),
            opts=self._child,
        )
        nodes = pulumi.Output.all(*[role.arn for role in given.instance_roles()])
        data: dict[str, pulumi.Input[str]] = {
            "mapRoles": pulumi.Output.all(given.get("roleMappings") or [], nodes).apply(
                lambda both: mapping(both[0], both[1])
            )
        }
        users = given.get("userMappings")
        if users is not None:
            data["mapUsers"] = pulumi.Output.from_input(users).apply(user_mapping)
        return kubernetes.core.v1.ConfigMap(
            f"{self._name}-nodeAccess",
            immutable=False,
            metadata=kubernetes.meta.v1.ObjectMetaArgs(
                name="aws-auth",
                namespace="kube-system",
                annotations={"pulumi.com/patchForce": "true"},
            ),
            data=data,
            opts=pulumi.ResourceOptions(parent=self, provider=provider),
        )

    def _addons(self, cluster: aws.eks.Cluster, access: Sequence[pulumi.Resource]) -> None:
        given = self._inputs
        tags = given.get("tags")
        proxy: Props = given.plain.get("kubeProxyAddonOptions") or {}
        if proxy.get("enabled") is not False:
            values: Props = proxy.get("configurationValues") or {}
            aws.eks.Addon(
                f"{self._name}-kube-proxy",
                cluster_name=cluster.name,
                addon_name="kube-proxy",
                addon_version=proxy.get("version"),
                configuration_values=json.dumps(values, sort_keys=True) if values else None,
                preserve=True,
                resolve_conflicts_on_create=proxy.get("resolveConflictsOnCreate") or _OVERWRITE,
                resolve_conflicts_on_update=proxy.get("resolveConflictsOnUpdate") or _OVERWRITE,
                tags=tags,
                opts=self._child,
            )
        if given.flag("useDefaultVpcCni") is not True:
            VpcCniAddon(
                f"{self._name}-vpc-cni",
                given.plain.get("vpcCniOptions") or {},
                cluster.name,
                tags,
                pulumi.ResourceOptions(parent=self, depends_on=[*access]),
            )

    def _oidc_provider(self, issuer: pulumi.Output[str]) -> pulumi.Input[str]:
        if self._inputs.flag("createOidcProvider") is not True:
            return ""
        provider = aws.iam.OpenIdConnectProvider(
            f"{self._name}-oidcProvider",
            client_id_lists=["sts.amazonaws.com"],
            url=issuer,
            opts=self._child,
        )
        return provider.arn


def mapping(roles: Sequence[Mapping[str, Any]], node_arns: Sequence[str]) -> str:
    """`mapRoles` of aws-auth in YAML: the given roles, then the nodes' as pulumi-eks adds them."""
    nodes = [{"roleArn": arn, "username": NODE_USERNAME, "groups": list(NODE_GROUPS)} for arn in node_arns]
    return _yaml(
        [
            {"rolearn": one["roleArn"], "username": one["username"], "groups": list(one["groups"])}
            for one in [*roles, *nodes]
        ]
    )


def user_mapping(users: Sequence[Mapping[str, Any]]) -> str:
    """`mapUsers` of aws-auth in YAML."""
    return _yaml(
        [
            {"userarn": one["userArn"], "username": one["username"], "groups": list(one["groups"])}
            for one in users
        ]
    )


def _yaml(items: list[dict[str, Any]]) -> str:
    text = StringIO()
    yaml: Any = YAML()
    yaml.width = 4096
    yaml.dump(items, text)
    return text.getvalue()


def _kubeconfig(cluster: aws.eks.Cluster) -> pulumi.Output[str]:
    """pulumi-eks's kubeconfig, with a token in place of `aws eks get-token`: nothing is run for one here."""
    return cluster.endpoint.apply(
        lambda server: json.dumps(
            {
                "apiVersion": "v1",
                "clusters": [{"cluster": {"server": server}, "name": "kubernetes"}],
                "contexts": [{"context": {"cluster": "kubernetes", "user": "aws"}, "name": "aws"}],
                "current-context": "aws",
                "kind": "Config",
                "users": [{"name": "aws", "user": {"token": "stand-in"}}],
            }
        )
    )


def _given(cluster: aws.eks.Cluster, kubeconfig: str) -> pulumi.Output[str]:
    """`kubeconfig`, but not before there is a cluster."""
    return pulumi.Output.secret(cluster.endpoint.apply(lambda _: kubeconfig))


def _loaded(text: str) -> Any:
    loaded: Any = YAML(typ="safe").load(text)  # pyright: ignore[reportUnknownMemberType]
    return loaded


def _issuer(identities: Sequence[Any]) -> str:
    return str(identities[0].oidcs[0].issuer) if identities and identities[0].oidcs else ""
