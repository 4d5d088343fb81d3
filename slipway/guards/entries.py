"""Compares who gets into a cluster by a state with what EKS says.

A policy of an access entry is a resource of its own (pulumi-aws: `AccessPolicyAssociation`), and the entry
does not read it. So neither a refresh nor an `up` sees one that somebody associated with an entry of ours, or
that an entry had already when it was taken over; with `AmazonEKSClusterAdminPolicy` a role may do everything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

from slipway.aws import AWS_ERRORS, AwsSession, error_code
from slipway.engine.interface import PropertyChange
from slipway.engine.urn import name_of
from slipway.errors import SlipwayError
from slipway.guards.findings import Asked, Finding

ENTRY = "aws:eks/accessEntry:AccessEntry"
ASSOCIATION = "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
_PROVIDER = "pulumi:providers:aws"
_AT_ONCE = 8

Record = Mapping[str, Any]


def ask(resources: Sequence[Record], connect: Callable[[str], AwsSession]) -> Asked:
    """Policies of the access entries among a state's resources that none of them declares.

    Never raises: what cannot be asked is one of the problems.
    """
    entries = [one for one in resources if one["type"] == ENTRY and not one.get("delete")]
    providers = [one for one in resources if one["type"] == _PROVIDER]
    if not entries or not providers:
        return Asked()
    # An association that waits for deletion is still at EKS, though nothing declares it any more.
    kept = [one for one in resources if one["type"] == ASSOCIATION and not one.get("delete")]
    try:
        entries = [one for one in entries if _whose(one)]
        declared = {(*_whose(one), str(one["inputs"]["policyArn"])) for one in kept}
        eks: Any = connect(str(providers[0]["inputs"]["region"])).client("eks")
    except KeyError as error:
        return Asked(problems=(f"EKS was not asked who gets into the cluster: the state has no {error}",))
    except SlipwayError as error:
        return Asked(problems=(f"EKS was not asked who gets into the cluster: {error.what}",))

    def of(entry: Record) -> tuple[list[Finding], str]:
        try:
            return list(_undeclared(eks, entry, declared)), ""
        except AWS_ERRORS as error:
            gone = error_code(error) == "ResourceNotFoundException"  # which the provider sees
            return [], "" if gone else f"{name_of(entry['urn'])}: {error}"

    with ThreadPoolExecutor(_AT_ONCE, "entries") as executor:
        answers = list(executor.map(of, entries))
    return Asked(
        tuple(item for findings, _ in answers for item in findings),
        tuple(problem for _, problem in answers if problem),
    )


def _whose(resource: Record) -> tuple[str, str]:
    inputs = cast("Record", resource["inputs"])
    return str(inputs["clusterName"]), str(inputs["principalArn"])


def _undeclared(eks: Any, entry: Record, declared: set[tuple[str, str, str]]) -> Iterator[Finding]:
    cluster, principal = _whose(entry)
    pages = eks.get_paginator("list_associated_access_policies").paginate(
        clusterName=cluster, principalArn=principal
    )
    for one in (policy for page in pages for policy in page["associatedAccessPolicies"]):
        arn, scope = str(one["policyArn"]), one["accessScope"]
        if (cluster, principal, arn) in declared:
            continue
        where = "in " + ", ".join(scope["namespaces"]) if scope.get("namespaces") else "in the whole cluster"
        yield Finding(
            entry["urn"],
            ENTRY,
            PropertyChange(f"policy {arn.rpartition('/')[2]}", "add", None, where),
            f"nothing here declares it: aws eks disassociate-access-policy --cluster-name {cluster} "
            f"--principal-arn {principal} --policy-arn {arn}",
        )
