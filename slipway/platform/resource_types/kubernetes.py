"""Kubernetes objects and Helm releases: what pulumi-kubernetes v4 replaces by itself."""

from slipway.platform.resource_types.row import ResourceType, names

# Kubernetes identifies an object by these; another one is another object
# (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
IDENTITY = names("apiVersion kind metadata.name metadata.namespace")
_DIFF = "pulumi/pulumi-kubernetes provider/pkg/provider/diff.go"
_CONVENTIONS = "Kubernetes API conventions"


def _object(kind: str, replace_on: str = "") -> ResourceType:
    return ResourceType(
        token=f"kubernetes:{kind}",
        source=_DIFF if replace_on else _CONVENTIONS,
        replace_on=IDENTITY | names(replace_on),
    )


def by_convention(token: str) -> ResourceType | None:
    """The row of an object that has none of its own: its identity replaces it, and nothing else."""
    if not token.startswith("kubernetes:") or token.startswith("kubernetes:helm.sh/"):
        return None
    return ResourceType(token=token, source=_CONVENTIONS, replace_on=IDENTITY)


TYPES = (
    # The list forceNew, beside name and namespace. The contents of a Secret and of a ConfigMap replace it
    # unless the provider is told enableSecretMutable and enableConfigMapMutable, as all of ours are.
    _object("apps/v1:Deployment", "spec.selector"),
    _object(
        "apps/v1:StatefulSet",
        "spec.podManagementPolicy spec.revisionHistoryLimit spec.selector spec.serviceName "
        "spec.volumeClaimTemplates",
    ),
    _object("batch/v1:Job", "spec.completions spec.parallelism spec.selector spec.template"),
    _object("core/v1:ConfigMap"),
    _object("core/v1:Namespace"),
    _object("core/v1:PersistentVolumeClaim", "spec"),
    _object("core/v1:ResourceQuota", "spec.scopes"),
    _object("core/v1:Secret", "type"),
    _object("core/v1:Service", "spec.clusterIP"),
    _object("networking.k8s.io/v1:NetworkPolicy"),
    _object("rbac.authorization.k8s.io/v1:ClusterRole"),
    _object("rbac.authorization.k8s.io/v1:ClusterRoleBinding", "roleRef"),
    _object("rbac.authorization.k8s.io/v1:Role"),
    _object("rbac.authorization.k8s.io/v1:RoleBinding", "roleRef"),
    _object("storage.k8s.io/v1:StorageClass", "parameters provisioner"),
    ResourceType(
        token="kubernetes:helm.sh/v3:Release",
        source="pulumi/pulumi-kubernetes provider/pkg/provider/helm_release.go",
        replace_on=names("name namespace"),
        computed=names("status resourceNames"),
        # A refresh keeps the inputs as they were, whatever it finds (Read there).
        watched=names("status.status status.revision status.chart status.version"),
        required=names("chart"),
    ),
)
