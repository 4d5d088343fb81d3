"""One realistic sample of every kind of Kubernetes object."""

from tests.providers.life import Sample, plain

RBAC = "rbac.authorization.k8s.io"
LABELS = {"app.kubernetes.io/managed-by": "slipway"}


def role_ref(name: str, kind: str = "Role") -> dict[str, str]:
    return {"apiGroup": RBAC, "kind": kind, "name": name}


def group(name: str) -> dict[str, str]:
    return {"apiGroup": RBAC, "kind": "Group", "name": name}


RULE = {"apiGroups": [""], "resources": ["pods", "secrets"], "verbs": ["get", "list"]}

SAMPLES: dict[str, Sample] = {
    "kubernetes:core/v1:Namespace": Sample(
        plain(metadata={"name": "sample", "labels": LABELS, "annotations": {"note": "one"}}),
        plain(metadata={"name": "sample", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}),
        plain(metadata={"name": "other"}),
    ),
    "kubernetes:core/v1:ServiceAccount": Sample(
        lambda w: {"metadata": w.named("sample", annotations={"role": "arn:aws:iam::1:role/x"})},
        lambda w: {"metadata": w.named("sample"), "automountServiceAccountToken": False},
        lambda w: {"metadata": {"name": "sample", "namespace": "default"}},
    ),
    "kubernetes:core/v1:Secret": Sample(
        lambda w: {
            "metadata": w.named("sample"),
            "type": "Opaque",
            "stringData": {"url": "postgres://hush", "old": "1"},
        },
        lambda w: {"metadata": w.named("sample", annotations={"note": "one"})},
        plain(stringData={"url": "postgres://hush-hush"}),
    ),
    "kubernetes:core/v1:ConfigMap": Sample(
        lambda w: {"metadata": w.named("sample"), "data": {"mapRoles": "[]", "old": "1"}},
        lambda w: {"metadata": w.named("sample", annotations={"note": "one"})},
        plain(data={"mapRoles": "- groups: []"}),
    ),
    "kubernetes:core/v1:ResourceQuota": Sample(
        lambda w: {"metadata": w.named("sample"), "spec": {"hard": {"pods": "20", "requests.cpu": "4"}}},
        plain(spec={"hard": {"pods": "30"}}),
        plain(spec={"hard": {"pods": "20"}, "scopes": ["BestEffort"]}),
    ),
    "kubernetes:core/v1:LimitRange": Sample(
        lambda w: {
            "metadata": w.named("sample"),
            "spec": {"limits": [{"type": "Container", "default": {"cpu": "100m", "memory": "128Mi"}}]},
        },
        plain(spec={"limits": [{"type": "Container", "default": {"memory": "256Mi"}}]}),
        lambda w: {"metadata": w.named("other")},
    ),
    f"kubernetes:{RBAC}/v1:Role": Sample(
        lambda w: {"metadata": w.named("sample"), "rules": [RULE]},
        plain(rules=[RULE, {**RULE, "resources": ["jobs"], "apiGroups": ["batch"]}]),
        lambda w: {"metadata": w.named("other")},
    ),
    f"kubernetes:{RBAC}/v1:RoleBinding": Sample(
        lambda w: {"metadata": w.named("sample"), "roleRef": role_ref("deploy"), "subjects": [group("a:b")]},
        plain(subjects=[group("a:b"), group("c:d")]),
        plain(roleRef=role_ref("other")),
    ),
    f"kubernetes:{RBAC}/v1:ClusterRole": Sample(
        plain(metadata={"name": "slipway:reader"}, rules=[RULE]),
        plain(rules=[{**RULE, "verbs": ["get"]}]),
        plain(metadata={"name": "slipway:other"}),
    ),
    f"kubernetes:{RBAC}/v1:ClusterRoleBinding": Sample(
        plain(
            metadata={"name": "slipway:reader"},
            roleRef=role_ref("view", "ClusterRole"),
            subjects=[group("a:b")],
        ),
        plain(subjects=[]),
        plain(roleRef=role_ref("edit", "ClusterRole")),
    ),
    "kubernetes:networking.k8s.io/v1:NetworkPolicy": Sample(
        lambda w: {
            "metadata": w.named("sample"),
            "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
        },
        plain(spec={"podSelector": {}, "policyTypes": ["Ingress"]}),
        lambda w: {"metadata": w.named("other")},
    ),
}
