"""Kinds of Kubernetes objects and their fields: merge patches, names, Secrets. Pure."""

import base64
import binascii
import re
from typing import Any, cast

Object = dict[str, Any]

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
RBAC = "rbac.authorization.k8s.io"

KNOWN: dict[tuple[str, str], dict[str, tuple[str, bool]]] = {
    ("", "v1"): {
        "namespaces": ("Namespace", False),
        "serviceaccounts": ("ServiceAccount", True),
        "secrets": ("Secret", True),
        "configmaps": ("ConfigMap", True),
        "resourcequotas": ("ResourceQuota", True),
        "limitranges": ("LimitRange", True),
    },
    (RBAC, "v1"): {
        "roles": ("Role", True),
        "rolebindings": ("RoleBinding", True),
        "clusterroles": ("ClusterRole", False),
        "clusterrolebindings": ("ClusterRoleBinding", False),
    },
    ("networking.k8s.io", "v1"): {"networkpolicies": ("NetworkPolicy", True)},
}
"""Plural -> (kind, namespaced) by group and version: those that the providers make.
An object of any other group is taken as its path and body say."""


def name_problem(group: str, plural: str, name: str) -> str:
    """What the API server holds against `name`, or an empty text. The rules depend on the kind.
    https://kubernetes.io/docs/concepts/overview/working-with-objects/names/"""
    if group == RBAC:
        return "" if name not in {".", ".."} and not set("/%") & set(name) else "may not contain '/' or '%'"
    if (group, plural) in {("", "namespaces"), ("", "services")}:
        if _LABEL.fullmatch(name):
            return ""
        return (
            "a lowercase RFC 1123 label must consist of at most 63 lower case alphanumeric characters or '-'"
        )
    if len(name) <= 253 and _SUBDOMAIN.fullmatch(name):
        return ""
    return "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.'"


def merge_patch(target: object, patch: object) -> object:
    """`target` after the JSON merge patch of RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    merged: Object = dict(cast("Object", target)) if isinstance(target, dict) else {}
    for key, value in cast("Object", patch).items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value)
    return merged


def encode_secret(secret: Object) -> str:
    """Fold `stringData` into `data`, as the API server does; what is wrong with `data`, or an empty text."""
    data: Object = dict(secret.get("data") or {})
    texts: Object = secret.pop("stringData", None) or {}
    for key, text in texts.items():
        data[key] = base64.b64encode(str(text).encode()).decode()
    for key, value in data.items():
        try:
            base64.b64decode(str(value), validate=True)
        except binascii.Error:
            return f"data[{key}]: illegal base64 data"
    if data:
        secret["data"] = data
    secret.setdefault("type", "Opaque")
    return ""
