"""Who gets into a cluster, by entries of our own, and what each job finds there: its namespaces alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_auth import mapped_arn
from slipway.platform.namespaces import (
    DEPLOY_RULES,
    READER_GROUP,
    NamespaceAccess,
    Rule,
    check_namespaces,
    groups_by_role,
    migrate_rules,
    reader_rules,
)

ADMINISTRATOR_POLICY = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
SERVICE_LABEL = "slipway.dev/service"
ENVIRONMENT_LABEL = "slipway.dev/environment"
POD_SECURITY = "restricted"
"""The strictest of Kubernetes' Pod Security Standards; pods that ask for more are refused, and say why."""

_RBAC = "rbac.authorization.k8s.io"


@dataclass(frozen=True, kw_only=True)
class ClusterAccessArgs:
    """Who gets in. Roles are ARNs with their paths; aws-auth, which cannot have them, is told without."""

    cluster_name: str
    authentication_mode: AuthenticationMode
    administrators: tuple[str, ...]
    """Roles of people, who may do everything."""
    apply_principal: str
    """The role that applies the stack. It made the cluster, and so is EKS's hidden administrator, unless
    `node_role_arn` says otherwise."""
    node_role_arn: str | None
    """Of the nodes; None for a cluster that somebody else made: then the apply role gets an entry of its own,
    before anything inside, and nodes are the owner's."""
    namespaces: tuple[NamespaceAccess, ...] = ()
    reader: str | None = None
    """The role that plans the stack: to find drift it reads what is declared here, and changes nothing."""
    unique_ids: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    """Of the jobs' roles, by ARN. An entry belongs to the role that was there when it was made, and is dead
    for another one of the same ARN (EKS API Reference, AccessEntry); so it is made anew with its role."""
    adopted: frozenset[str] = frozenset()
    """Roles whose entries somebody else made, just as they are declared here: taken over with their tags."""
    used: frozenset[str] = frozenset()
    """Roles whose entries somebody else made and keeps: they let in whom they should, and nothing is made."""
    after: tuple[pulumi.Resource, ...] = ()
    """What must exist first: the cluster, and the roles, as EKS refuses an entry for one that does not."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for a role with two purposes, or namespaces that mix services."""
        where = f"access to cluster {self.cluster_name}"
        if not self.administrators:
            raise SlipwayError("no administrator", where=where, fix="give the role of one person at least")
        jobs = groups_by_role(self.namespaces, self.reader)
        nodes = () if self.node_role_arn is None else (self.node_role_arn,)
        for role in (*self.administrators, self.apply_principal, *nodes):
            aws_names.check_role_arn(role, where)
        if mapped_arn(self.apply_principal) in [mapped_arn(role) for role in self.administrators]:
            # EKS holds an entry for its creator already; a second is refused (ResourceInUseException).
            raise SlipwayError(
                f"{self.apply_principal} applies the stack and is an administrator already",
                where=where,
                fix="leave it out of the administrators",
            )
        everyone = [self.apply_principal, *nodes, *self.administrators, *jobs]
        names = [mapped_arn(role) for role in everyone]
        for role, mapped in zip(everyone, names, strict=True):
            if names.count(mapped) > 1:
                raise SlipwayError(
                    f"{role} would get in twice, or is told from another by its path alone",
                    where=where,
                    fix="give people, nodes and each job a role of their own",
                )
        check_namespaces(self.namespaces, where)


class ClusterAccess(pulumi.ComponentResource):
    """Access entries, namespaces and what each job may do there; the aws-auth lines are the Cluster's.

    The component needs providers for aws and for kubernetes. There is no entry for the principal that made
    the cluster, since EKS keeps one, nor for the nodes: EKS keeps theirs for managed node groups in every
    mode that has entries (containers-roadmap issue 185). Of a cluster that somebody else made aws-auth is
    left alone, and so is every entry that is there already.
    """

    namespaces: Sequence[str]
    """The namespaces that there are now, sorted."""

    def __init__(
        self, name: str, args: ClusterAccessArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:cluster:ClusterAccess", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self, depends_on=[*args.after])
        self._entries()
        if args.reader is not None:
            self._reader()
        made: dict[str, k8s.core.v1.Namespace] = {}
        for namespace in args.namespaces:
            if namespace.namespace not in made:
                made[namespace.namespace] = self._namespace(namespace)
            inside = pulumi.ResourceOptions(
                parent=self, depends_on=[made[namespace.namespace], *args.after, *self._way_in]
            )
            if namespace.deploy_role_arn is not None:
                self._grant(namespace, "deploy", namespace.deploy_group, DEPLOY_RULES, inside)
            if namespace.migrate_role_arn is not None and namespace.database_secret is not None:
                self._grant(
                    namespace,
                    "migrate",
                    namespace.migrate_group,
                    migrate_rules(namespace.database_secret),
                    inside,
                )
        self.namespaces = sorted(made)
        self.register_outputs({"namespaces": self.namespaces})

    def _entries(self) -> None:
        args = self._args
        # What must be there before anything inside the cluster is made, and longer than it.
        self._way_in: list[pulumi.Resource] = []
        if not args.authentication_mode.has_entries:
            return
        if args.node_role_arn is None and args.apply_principal not in args.used:
            self._way_in.append(self._administrator(args.apply_principal))
            self._child = pulumi.ResourceOptions(parent=self, depends_on=[*args.after, *self._way_in])
        for role in args.administrators:
            if role not in args.used:
                self._administrator(role)
        for role, groups in groups_by_role(args.namespaces, args.reader).items():
            if role not in args.used:
                self._entry(f"job-{_role_name(role)}", role, groups)

    def _entry(self, suffix: str, role: str, groups: Sequence[str]) -> aws.eks.AccessEntry:
        adopted = role in self._args.adopted
        return aws.eks.AccessEntry(
            f"{self._name}-{suffix}",
            cluster_name=self._args.cluster_name,
            principal_arn=role,
            type="STANDARD",
            kubernetes_groups=list(groups),
            opts=pulumi.ResourceOptions.merge(
                self._child,
                pulumi.ResourceOptions(
                    replacement_trigger=self._args.unique_ids.get(role),
                    delete_before_replace=True,  # a role has one entry in a cluster
                    import_=f"{self._args.cluster_name}:{role}" if adopted else None,
                    ignore_changes=["tags", "tagsAll"] if adopted else None,
                ),
            ),
        )

    def _administrator(self, role: str) -> pulumi.Resource:
        suffix = f"administrator-{_role_name(role)}"
        # By policy: EKS refuses system:masters as the group of an entry.
        entry = self._entry(suffix, role, ())
        return aws.eks.AccessPolicyAssociation(
            f"{self._name}-{suffix}",
            cluster_name=self._args.cluster_name,
            principal_arn=role,
            policy_arn=ADMINISTRATOR_POLICY,
            access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(type="cluster"),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[entry]),
        )

    def _reader(self) -> None:
        secrets = [
            namespace.database_secret for namespace in self._args.namespaces if namespace.database_secret
        ]
        metadata = k8s.meta.v1.ObjectMetaArgs(name="slipway-reader")
        role = k8s.rbac.v1.ClusterRole(
            f"{self._name}-reader",
            metadata=metadata,
            rules=[_policy_rule(rule) for rule in reader_rules(secrets)],
            opts=self._child,
        )
        k8s.rbac.v1.ClusterRoleBinding(
            f"{self._name}-reader",
            metadata=metadata,
            role_ref=k8s.rbac.v1.RoleRefArgs(api_group=_RBAC, kind="ClusterRole", name="slipway-reader"),
            subjects=[k8s.rbac.v1.SubjectArgs(kind="Group", api_group=_RBAC, name=READER_GROUP)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )

    def _namespace(self, first: NamespaceAccess) -> k8s.core.v1.Namespace:
        sharing = [one for one in self._args.namespaces if one.namespace == first.namespace]
        owner = next((one for one in sharing if one.deploy_role_arn is not None), first)
        namespace = k8s.core.v1.Namespace(
            f"{self._name}-{first.namespace}",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=first.namespace,
                labels={
                    SERVICE_LABEL: owner.service,
                    ENVIRONMENT_LABEL: owner.environment,
                    **{
                        f"pod-security.kubernetes.io/{level}": POD_SECURITY
                        for level in ("enforce", "audit", "warn")
                    },
                },
            ),
            opts=self._child,
        )
        if any(access.closed for access in sharing):
            self._close(first.namespace, namespace)
        return namespace

    def _close(self, namespace: str, after: k8s.core.v1.Namespace) -> None:
        """Let in only the namespace itself and what belongs to no service, such as an ingress controller.

        Policies add up: a chart whose load balancer goes straight to its pods opens their port with its own.
        """
        platform = k8s.meta.v1.LabelSelectorRequirementArgs(key=SERVICE_LABEL, operator="DoesNotExist")
        k8s.networking.v1.NetworkPolicy(
            f"{self._name}-{namespace}",
            metadata=k8s.meta.v1.ObjectMetaArgs(name="slipway-default", namespace=namespace),
            spec=k8s.networking.v1.NetworkPolicySpecArgs(
                pod_selector=k8s.meta.v1.LabelSelectorArgs(),
                policy_types=["Ingress"],
                ingress=[
                    k8s.networking.v1.NetworkPolicyIngressRuleArgs(
                        from_=[
                            k8s.networking.v1.NetworkPolicyPeerArgs(
                                pod_selector=k8s.meta.v1.LabelSelectorArgs()
                            ),
                            k8s.networking.v1.NetworkPolicyPeerArgs(
                                namespace_selector=k8s.meta.v1.LabelSelectorArgs(match_expressions=[platform])
                            ),
                        ]
                    )
                ],
            ),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[after]),
        )

    def _grant(
        self,
        one: NamespaceAccess,
        kind: str,
        group: str,
        rules: Sequence[Rule],
        opts: pulumi.ResourceOptions,
    ) -> None:
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=f"slipway-{one.environment}-{kind}", namespace=one.namespace
        )
        role = k8s.rbac.v1.Role(
            f"{self._name}-{one.key}-{kind}",
            metadata=metadata,
            rules=[_policy_rule(rule) for rule in rules],
            opts=opts,
        )
        k8s.rbac.v1.RoleBinding(
            f"{self._name}-{one.key}-{kind}",
            metadata=metadata,
            role_ref=k8s.rbac.v1.RoleRefArgs(
                api_group=_RBAC, kind="Role", name=f"slipway-{one.environment}-{kind}"
            ),
            subjects=[k8s.rbac.v1.SubjectArgs(kind="Group", api_group=_RBAC, name=group)],
            opts=pulumi.ResourceOptions(parent=self, depends_on=[role]),
        )


def _role_name(role: str) -> str:
    return role.rpartition("/")[2]


def _policy_rule(rule: Rule) -> k8s.rbac.v1.PolicyRuleArgs:
    return k8s.rbac.v1.PolicyRuleArgs(
        api_groups=list(rule.groups),
        resources=list(rule.resources),
        verbs=list(rule.verbs),
        resource_names=list(rule.names) or None,
    )
