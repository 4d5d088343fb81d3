"""Access entries and their policies, which moto does not have at all: the calls that any client makes.

https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessEntry.html and the pages beside it. An
entry goes with its cluster, and an entry's policies with the entry.
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import uuid
from datetime import UTC, datetime
from typing import Any

CLUSTER_ADMIN = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
_MODES_WITH_ENTRIES = ("API", "API_AND_CONFIG_MAP")
_PATHS = (
    "{0}/clusters/(?P<name>[^/]+)/access-entries$",
    "{0}/clusters/(?P<name>[^/]+)/access-entries/(?P<principalArn>.+)$",
)


class Entries:
    """The entries of one cluster: each as `DescribeAccessEntry` shows it, and its policies by ARN."""

    def __init__(self) -> None:
        self.entries: dict[str, dict[str, Any]] = {}
        self.policies: dict[str, dict[str, dict[str, Any]]] = {}


def of(cluster: Any) -> Entries:
    """The entries of a cluster of moto's."""
    if not hasattr(cluster, "access"):
        cluster.access = Entries()
    return cluster.access


def admit_creator(cluster: Any, account: str) -> None:
    """Make the principal that creates a cluster its administrator, unless EKS was told not to.

    https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
    """
    config = cluster.access_config
    if config["bootstrapClusterCreatorAdminPermissions"] and _has_entries(cluster):
        # Whom moto's STS takes any caller for.
        principal = f"arn:aws:sts::{account}:user/moto"
        _admit(cluster, {"principalArn": principal})
        of(cluster).policies[principal][CLUSTER_ADMIN] = _association(CLUSTER_ADMIN, {"type": "cluster"})


def patch(response: Any, backend: Any, url_paths: dict[str, Any]) -> None:
    """Add the calls to moto's classes for EKS."""
    for call in (
        *(create_access_entry, list_access_entries, describe_access_entry, update_access_entry),
        *(delete_access_entry, associate_access_policy, list_associated_access_policies),
        disassociate_access_policy,
    ):
        setattr(response, call.__name__, call)
    for path in _PATHS:
        url_paths[path] = response.dispatch
    _tag_entries(backend)


def _cluster(asked: Any) -> Any:
    return asked.eks_backend.describe_cluster(asked._get_param("name"))


def _entry(asked: Any) -> tuple[Any, str, dict[str, Any]]:
    found, principal = _cluster(asked), asked._get_param("principalArn")
    if principal not in of(found).entries:
        message = f"The specified principalArn could not be found: {principal}"
        raise _refusal("ResourceNotFoundException", message, clusterName=found.name)
    return found, principal, of(found).entries[principal]


def create_access_entry(asked: Any) -> Any:
    found = _cluster(asked)
    if not _has_entries(found):
        mode = found.access_config["authenticationMode"]
        modes = ", ".join(_MODES_WITH_ENTRIES)
        raise _refusal("InvalidRequestException", f"the authentication mode is {mode}, not one of {modes}")
    given = {
        key: asked._get_param(key) for key in ("principalArn", "type", "username", "kubernetesGroups", "tags")
    }
    if given["principalArn"] in of(found).entries:
        raise _refusal("ResourceInUseException", "The specified access entry resource is already in use.")
    return _answer({"accessEntry": _admit(found, given)})


def list_access_entries(asked: Any) -> Any:
    held, policy = of(_cluster(asked)), asked._get_param("associatedPolicyArn")
    listed = [one for one in held.entries if not policy or policy in held.policies[one]]
    return _answer({"accessEntries": listed})


def describe_access_entry(asked: Any) -> Any:
    return _answer({"accessEntry": _entry(asked)[2]})


def update_access_entry(asked: Any) -> Any:
    _, _, held = _entry(asked)
    for key in ("username", "kubernetesGroups"):
        if (value := asked._get_param(key)) is not None:
            held[key] = value
    held["modifiedAt"] = datetime.now(UTC)
    return _answer({"accessEntry": held})


def delete_access_entry(asked: Any) -> Any:
    found, principal, _ = _entry(asked)
    del of(found).entries[principal], of(found).policies[principal]
    return _answer({})


def associate_access_policy(asked: Any) -> Any:
    """A policy that is there already gets the scope that is asked for."""
    found, principal, _ = _entry(asked)
    made = _association(asked._get_param("policyArn"), asked._get_param("accessScope"))
    of(found).policies[principal][made["policyArn"]] = made
    return _answer({"clusterName": found.name, "principalArn": principal, "associatedAccessPolicy": made})


def list_associated_access_policies(asked: Any) -> Any:
    found, principal, _ = _entry(asked)
    listed = [*of(found).policies[principal].values()]
    return _answer({"clusterName": found.name, "principalArn": principal, "associatedAccessPolicies": listed})


def disassociate_access_policy(asked: Any) -> Any:
    found, principal, _ = _entry(asked)
    policy = asked._get_param("policyArn")
    if of(found).policies[principal].pop(policy, None) is None:
        message = f"The specified policyArn is not associated: {policy}"
        raise _refusal("ResourceNotFoundException", message, clusterName=found.name)
    return _answer({})


def _answer(content: dict[str, Any]) -> Any:
    from moto.core.responses import ActionResult

    return ActionResult(content)


def _refusal(kind: str, message: str, **about: str) -> Exception:
    from moto.eks import exceptions

    return getattr(exceptions, kind)(message=message, **about)


def _tag_entries(backend: Any) -> None:
    """Let the calls for tags find an entry by its ARN, too."""

    def tags_of(held: Any, arn: str) -> dict[str, str] | None:
        entries = (one for cluster in held.clusters.values() for one in of(cluster).entries.values())
        return next((one["tags"] for one in entries if one["accessEntryArn"] == arn), None)

    tag, untag, listing = backend.tag_resource, backend.untag_resource, backend.list_tags_for_resource

    def tag_resource(held: Any, resource_arn: str, tags: dict[str, str]) -> None:
        found = tags_of(held, resource_arn)
        if found is None:
            tag(held, resource_arn, tags)
        else:
            found.update(tags)

    def untag_resource(held: Any, resource_arn: str, tag_keys: list[str] | str) -> None:
        found = tags_of(held, resource_arn)
        if found is None:
            untag(held, resource_arn, tag_keys)
            return
        for key in [tag_keys] if isinstance(tag_keys, str) else tag_keys:
            found.pop(key, None)

    def list_tags_for_resource(held: Any, resource_arn: str) -> Any:
        found = tags_of(held, resource_arn)
        return listing(held, resource_arn) if found is None else found

    backend.tag_resource = tag_resource
    backend.untag_resource = untag_resource
    backend.list_tags_for_resource = list_tags_for_resource


def _has_entries(cluster: Any) -> bool:
    return cluster.access_config["authenticationMode"] in _MODES_WITH_ENTRIES


def _admit(cluster: Any, given: dict[str, Any]) -> dict[str, Any]:
    principal: str = given["principalArn"]
    _, partition, _, region, account, _ = cluster.arn.split(":", 5)
    kind, _, name = principal.split(":", 5)[5].partition("/")
    place = f"{kind}/{principal.split(':')[4]}/{name}/{uuid.uuid4()}"
    made = datetime.now(UTC)
    entry: dict[str, Any] = {
        "clusterName": cluster.name,
        "principalArn": principal,
        "kubernetesGroups": given.get("kubernetesGroups") or [],
        "accessEntryArn": f"arn:{partition}:eks:{region}:{account}:access-entry/{cluster.name}/{place}",
        "createdAt": made,
        "modifiedAt": made,
        "tags": dict(given.get("tags") or {}),
        "username": given.get("username") or principal,
        "type": given.get("type") or "STANDARD",
    }
    of(cluster).entries[principal] = entry
    of(cluster).policies[principal] = {}
    return entry


def _association(policy: str, scope: dict[str, Any]) -> dict[str, Any]:
    now = datetime.now(UTC)
    kept: dict[str, Any] = {"type": scope["type"], "namespaces": scope.get("namespaces") or []}
    return {"policyArn": policy, "accessScope": kept, "associatedAt": now, "modifiedAt": now}
