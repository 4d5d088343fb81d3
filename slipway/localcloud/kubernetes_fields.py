"""Kinds of Kubernetes objects and their fields: merge patches, who applied which, names, Secrets. Pure."""

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Any, cast

Object = dict[str, Any]
Path = tuple[str, ...]

# Identity is no field that anybody owns.
_IDENTITY = frozenset({("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace")})

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
        "services": ("Service", True),
        "pods": ("Pod", True),
    },
    (RBAC, "v1"): {
        "roles": ("Role", True),
        "rolebindings": ("RoleBinding", True),
        "clusterroles": ("ClusterRole", False),
        "clusterrolebindings": ("ClusterRoleBinding", False),
    },
    ("networking.k8s.io", "v1"): {"networkpolicies": ("NetworkPolicy", True), "ingresses": ("Ingress", True)},
    ("apps", "v1"): {"deployments": ("Deployment", True)},
    ("batch", "v1"): {"jobs": ("Job", True)},
}
"""Plural -> (kind, namespaced) by group and version: what discovery says before anything is stored.
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


def merge_patch(target: object, patch: object, *, keep_null: bool = False) -> object:
    """`target` after the JSON merge patch of RFC 7396; with `keep_null` a null is a value, not a removal."""
    if not isinstance(patch, dict):
        return patch
    merged: Object = dict(cast("Object", target)) if isinstance(target, dict) else {}
    for key, value in cast("Object", patch).items():
        if value is None and not keep_null:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value, keep_null=keep_null)
    return merged


def leaves(fields: Object, at: Path = ()) -> Iterator[tuple[Path, object]]:
    """Every path to a value that is owned whole: a scalar, a list or an empty map."""
    for key, value in fields.items():
        path = (*at, key)
        if path in _IDENTITY:
            continue
        if isinstance(value, dict) and value:
            yield from leaves(cast("Object", value), path)
        else:
            yield path, value


def conflicts(owners: dict[str, Object], manager: str, given: Object) -> list[str]:
    """The fields that another manager applied with another value, as `"<manager>": .path`."""
    wanted = dict(leaves(given))
    return [
        f'conflict with "{other}": .{".".join(path)}'
        for other, fields in sorted(owners.items())
        if other != manager
        for path, value in leaves(fields)
        if path in wanted and wanted[path] != value
    ]


def without(fields: Object, paths: set[Path]) -> Object:
    """`fields` less the values at `paths`, and less the maps that this empties."""
    return _without(fields, paths, ())


def _without(fields: Object, paths: set[Path], at: Path) -> Object:
    kept: Object = {}
    for key, value in fields.items():
        path = (*at, key)
        if path in paths:
            continue
        if isinstance(value, dict) and any(gone[: len(path)] == path for gone in paths):
            rest = _without(cast("Object", value), paths, path)
            if rest:
                kept[key] = rest
        else:
            kept[key] = value
    return kept


def field_set(fields: Object) -> Object:
    """The paths of `fields` in the form of `metadata.managedFields[].fieldsV1`."""
    found: Object = {}
    for path, _ in leaves(fields):
        place = found
        for part in path:
            place = place.setdefault(f"f:{part}", {})
    return found


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
