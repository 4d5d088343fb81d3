"""An EKS cluster whose endpoint, keys, logs, roles and nodes are all said here and none left to a default."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from components.cluster.logs import control_plane_logs
from components.cluster.node_groups import node_groups
from components.cluster.service_roles import (
    NODE_POLICIES,
    SERVICE_POLICIES,
    managed_policy_arn,
    node_trust,
    service_trust,
)
from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming
from slipway.platform.aws_auth import RoleMapping, mapped_arn
from slipway.platform.cluster import ClusterSettings, NodeCount

LOG_TYPES = ("api", "audit", "authenticator", "controllerManager", "scheduler")
"""All that there are (EKS User Guide, "Send control plane logs to CloudWatch Logs")."""

KEY_WINDOW_DAYS = 30
"""The longest wait that KMS offers: without this key no secret of the cluster can ever be read again."""


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """A cluster. `role_mappings` are the lines of aws-auth, complete, in modes that have it."""

    settings: ClusterSettings
    """The cluster as a stack file describes it. The name of a node group is part of its URN: never rename
    one, add another and remove the first."""
    account: str
    region: str
    vpc_id: pulumi.Input[str]
    private_subnet_ids: pulumi.Input[Sequence[str]]
    boundary_arn: str
    public_blocks: pulumi.Input[Sequence[str]] | None = None
    """IPv4 blocks that the public endpoint answers to; None for a private one alone."""
    role_mappings: tuple[RoleMapping, ...] = ()
    protect: bool = True
    """Whether Pulumi deletes neither the cluster nor the key of its secrets. Node groups come and go."""
    standing_groups: Mapping[str, NodeCount] = field(default_factory=dict[str, NodeCount])
    """The node groups that there are already, by their names in the settings."""
    remade_logs: bool = False
    """Whether EKS has made the log group of a former cluster of this name again."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for what EKS would refuse, or what would lock somebody out."""
        where = f"cluster {self.settings.name}"
        aws_names.check_account(self.account, where)
        aws_names.check_region(self.region, where)
        aws_names.check_boundary(self.boundary_arn, where)
        self._check_mappings(where)

    def _check_mappings(self, where: str) -> None:
        if not self.settings.authentication_mode.has_config_map:
            if self.role_mappings:
                raise SlipwayError(
                    f"role mappings in mode {self.settings.authentication_mode}, which has no aws-auth",
                    where=where,
                    fix="leave them out: access entries say it all",
                )
            return
        nodes = [role_mapping for role_mapping in self.role_mappings if role_mapping.of_nodes]
        if mapped_arn(self.node_role_arn) not in [node.role_arn for node in nodes]:
            raise SlipwayError(
                f"no role mapping lets the nodes of {self.node_role_arn} join",
                where=where,
                fix="make the mappings with aws_auth.role_mappings(node_roles=...)",
            )

    @property
    def node_role_arn(self) -> str:
        """ARN of the role that all managed nodes run as."""
        return naming.node_role_arn(self.account, self.settings.name)


class Cluster(pulumi.ComponentResource):
    """The cluster and its managed node groups.

    pulumi_eks.Cluster is a remote component that has EKS make the principal that creates the cluster an
    administrator, and this cannot be switched off (pulumi-eks issue 2373). So it must be created by the
    stack's apply role and no other: that role stays an administrator for the life of the cluster, without
    any resource here that shows it.
    """

    name: str
    kubeconfig: pulumi.Output[str]
    """JSON, a secret although it holds no credential: it runs `aws eks get-token`."""
    cluster_security_group_id: pulumi.Output[str]
    """EKS's own group, which the API server and every managed node carry."""
    node_role_arn: str
    oidc_issuer: pulumi.Output[str]
    """Host and path of the cluster's token issuer, without https://."""

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:cluster:Cluster", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=args.protect)
        service, service_policies = self._role(
            "service",
            naming.service_role(args.settings.name),
            json.dumps(service_trust(args.account, args.region, args.settings.name)),
            SERVICE_POLICIES,
        )
        nodes, node_policies = self._role(
            "nodes", naming.node_role(args.settings.name), json.dumps(node_trust()), NODE_POLICIES
        )
        logs = control_plane_logs(name, args.settings.name, remade=args.remade_logs, opts=self._child)
        cluster = self._cluster(service, self._key(), [*service_policies, logs])
        node_groups(
            name,
            args.settings,
            args.standing_groups,
            role_arn=nodes.arn,
            subnet_ids=args.private_subnet_ids,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[cluster, *node_policies]),
        )

        self.name = args.settings.name
        self.kubeconfig = pulumi.Output.secret(cluster.kubeconfig_json)
        self.cluster_security_group_id = cluster.cluster_security_group_id
        self.node_role_arn = args.node_role_arn
        self.oidc_issuer = cluster.oidc_issuer
        self.register_outputs(
            {
                "name": self.name,
                "kubeconfig": self.kubeconfig,
                "clusterSecurityGroupId": self.cluster_security_group_id,
                "nodeRoleArn": self.node_role_arn,
                "oidcIssuer": self.oidc_issuer,
            }
        )

    def _role(
        self, suffix: str, physical_name: str, trust: str, policies: Sequence[str]
    ) -> tuple[aws.iam.Role, list[pulumi.Resource]]:
        role = aws.iam.Role(
            f"{self._name}-{suffix}",
            name=physical_name,
            path=naming.CI_PATH,
            permissions_boundary=self._args.boundary_arn,
            assume_role_policy=trust,
            opts=self._child,
        )
        return role, [
            aws.iam.RolePolicyAttachment(
                f"{self._name}-{suffix}-{policy}",
                role=role.name,
                policy_arn=managed_policy_arn(policy),
                opts=self._child,
            )
            for policy in policies
        ]

    def _key(self) -> aws.kms.Key:
        # With KMS's own policy: whoever creates the cluster grants its use to EKS by the IAM policy alone.
        key = aws.kms.Key(
            f"{self._name}-secrets",
            description=f"Secrets of the cluster {self._args.settings.name}",
            enable_key_rotation=True,
            deletion_window_in_days=KEY_WINDOW_DAYS,
            opts=self._kept,
        )
        aws.kms.Alias(
            f"{self._name}-secrets",
            name=f"alias/slipway-cluster-{self._args.settings.name}",
            target_key_id=key.key_id,
            opts=self._child,
        )
        return key

    def _cluster(
        self, service: aws.iam.Role, key: aws.kms.Key, after: Sequence[pulumi.Resource]
    ) -> eks.Cluster:
        args = self._args
        mode = args.settings.authentication_mode
        return eks.Cluster(
            f"{self._name}-eks",
            name=args.settings.name,
            version=args.settings.version,
            vpc_id=args.vpc_id,
            private_subnet_ids=args.private_subnet_ids,
            endpoint_private_access=True,
            endpoint_public_access=args.public_blocks is not None,
            # Set without the public endpoint, pulumi-eks raises.
            public_access_cidrs=args.public_blocks,
            authentication_mode=eks.AuthenticationMode(mode.value),
            # Never instance_roles: pulumi-eks would map the nodes' role with its path, and none could join.
            role_mappings=[
                eks.RoleMappingArgs(
                    role_arn=role_mapping.role_arn,
                    username=role_mapping.username,
                    groups=list(role_mapping.groups),
                )
                for role_mapping in args.role_mappings
            ]
            or None,
            # Otherwise a changed line deletes aws-auth and makes it anew: meanwhile nobody gets in by it.
            enable_config_map_mutable=True,
            encryption_config_key_arn=key.arn,
            enabled_cluster_log_types=list(LOG_TYPES),
            service_role=service,
            skip_default_node_group=True,
            create_instance_role=False,
            # Managed nodes carry EKS's own group; pulumi-eks's two more would only be open to the outside.
            skip_default_security_groups=True,
            # Without it the network policies of preview namespaces would be accepted and not enforced.
            vpc_cni_options=eks.VpcCniOptionsArgs(
                enable_network_policy=True, addon_version=args.settings.addon("vpc-cni")
            ),
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(version=args.settings.addon("kube-proxy")),
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type=args.settings.upgrade_policy),
            deletion_protection=args.settings.deletion_protection,
            opts=pulumi.ResourceOptions.merge(self._kept, pulumi.ResourceOptions(depends_on=[*after])),
        )
