"""The Kubernetes types that the platform's components use, as data."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from slipway.localcloud.kubernetes_fields import KNOWN, RBAC
from slipway.localcloud.providers.handler import names

CORE = "core"
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


def _kind(
    group: str, name: str, fields: str, *, content: str = "", status: bool = False, quantities: bool = False
) -> Kind:
    """A kind of the version v1; its plural, and whether it has namespaces, are as the stand-in knows them."""
    known = KNOWN["" if group == CORE else group, "v1"]
    plural, namespaced = {kind: (plural, scoped) for plural, (kind, scoped) in known.items()}[name]
    return Kind(
        group=group,
        name=name,
        plural=plural,
        namespaced=namespaced,
        fields=names(fields),
        content=names(content),
        status=status,
        quantities=quantities,
    )


KINDS: Mapping[str, Kind] = {
    kind.token: kind
    for kind in (
        _kind(CORE, "Namespace", "spec", status=True),
        _kind(CORE, "ServiceAccount", "automountServiceAccountToken imagePullSecrets secrets"),
        _kind(CORE, "Secret", "data immutable stringData type", content="data stringData"),
        _kind(CORE, "ConfigMap", "binaryData data immutable", content="binaryData data"),
        _kind(CORE, "ResourceQuota", "spec", status=True, quantities=True),
        _kind(CORE, "LimitRange", "spec", quantities=True),
        _kind(RBAC, "Role", "rules"),
        _kind(RBAC, "RoleBinding", "roleRef subjects"),
        _kind(RBAC, "ClusterRole", "aggregationRule rules"),
        _kind(RBAC, "ClusterRoleBinding", "roleRef subjects"),
        _kind("networking.k8s.io", "NetworkPolicy", "spec"),
    )
}
