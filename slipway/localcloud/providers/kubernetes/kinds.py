"""The Kubernetes types that the platform's components use, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.localcloud.providers.handler import names

CORE = "core"
RBAC = "rbac.authorization.k8s.io"
REPLACED = "https://github.com/pulumi/pulumi-kubernetes/blob/master/provider/pkg/provider/diff.go"
"""Its list forceNew, and forceNewProperties: what replaces an object."""
_COMMON = names("apiVersion kind metadata")


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of object and where the API server keeps it.

    Args:
        fields: its own inputs, next to apiVersion, kind and metadata.
        content: fields that replace it unless the provider was told that its kind is mutable, or where the
            object itself is immutable.
        status: it has a status.
        quantities: its amounts are Kubernetes quantities, which the server rewrites (`1000m` as `1`).
    """

    group: str
    name: str
    plural: str
    fields: frozenset[str] = field(default_factory=frozenset[str])
    version: str = "v1"
    namespaced: bool = True
    content: frozenset[str] = field(default_factory=frozenset[str])
    status: bool = False
    quantities: bool = False

    @property
    def token(self) -> str:
        return f"kubernetes:{self.group}/{self.version}:{self.name}"

    @property
    def api_version(self) -> str:
        return self.version if self.group == CORE else f"{self.group}/{self.version}"

    @property
    def inputs(self) -> frozenset[str]:
        return _COMMON | self.fields

    @property
    def api_group(self) -> str:
        """As the API server calls it: the core group has an empty name."""
        return "" if self.group == CORE else self.group


_BINDING = names("roleRef subjects")
KINDS: Mapping[str, Kind] = {
    kind.token: kind
    for kind in (
        Kind(
            group=CORE,
            name="Namespace",
            plural="namespaces",
            fields=names("spec"),
            namespaced=False,
            status=True,
        ),
        Kind(
            group=CORE,
            name="ServiceAccount",
            plural="serviceaccounts",
            fields=names("automountServiceAccountToken imagePullSecrets secrets"),
        ),
        Kind(
            group=CORE,
            name="Secret",
            plural="secrets",
            fields=names("data immutable stringData type"),
            content=names("data stringData"),
        ),
        Kind(
            group=CORE,
            name="ConfigMap",
            plural="configmaps",
            fields=names("binaryData data immutable"),
            content=names("binaryData data"),
        ),
        Kind(
            group=CORE,
            name="ResourceQuota",
            plural="resourcequotas",
            fields=names("spec"),
            status=True,
            quantities=True,
        ),
        Kind(group=CORE, name="LimitRange", plural="limitranges", fields=names("spec"), quantities=True),
        Kind(group=RBAC, name="Role", plural="roles", fields=names("rules")),
        Kind(group=RBAC, name="RoleBinding", plural="rolebindings", fields=_BINDING),
        Kind(
            group=RBAC,
            name="ClusterRole",
            plural="clusterroles",
            fields=names("aggregationRule rules"),
            namespaced=False,
        ),
        Kind(
            group=RBAC,
            name="ClusterRoleBinding",
            plural="clusterrolebindings",
            fields=_BINDING,
            namespaced=False,
        ),
        Kind(group="networking.k8s.io", name="NetworkPolicy", plural="networkpolicies", fields=names("spec")),
    )
}
