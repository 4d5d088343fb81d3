"""Policy statements as they are written, and the one table of actions that may stand on a bare `*`."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

Statement = dict[str, Any]
Document = dict[str, Any]
Condition = Mapping[str, Mapping[str, Any]]

READING_VERBS = ("Describe", "Get", "List", "BatchGet", "BatchCheck", "Head", "Lookup", "Search")
"""How the actions that only read begin."""

_READING = re.compile(rf"(?:{'|'.join(READING_VERBS)})[A-Za-z*]*")
_GET_ALL = frozenset({"*", "Get*", "BatchGet*"})


@dataclass(frozen=True, kw_only=True)
class BareStar:
    """Why an action stands on `*`, which condition keys must then hold it, and where AWS says so."""

    conditions: tuple[str, ...]
    source: str


BARE_STAR: dict[str, BareStar] = {
    "ecr:GetAuthorizationToken": BareStar(
        conditions=(),
        source="Amazon ECR User Guide, image-push-iam: the token is for the registry, so the resource is *",
    ),
    "eks:CreateCluster": BareStar(
        conditions=("aws:RequestedRegion",),
        source="Service Authorization Reference, list_amazonelastickubernetesservice: no resource type",
    ),
    "kms:CreateKey": BareStar(
        conditions=("aws:RequestedRegion",),
        source="Service Authorization Reference, list_awskeymanagementservice: no resource type",
    ),
    "lambda:CreateEventSourceMapping": BareStar(
        conditions=("lambda:FunctionArn",),
        source="Service Authorization Reference, list_awslambda: no resource type, held by its key",
    ),
    **{
        f"logs:{verb}": BareStar(
            conditions=("aws:RequestedRegion",),
            source="Service Authorization Reference, list_amazoncloudwatchlogs: no resource type; needed "
            "for an HTTP API's access log (API Gateway Developer Guide, http-api-logging)",
        )
        for verb in ("CreateLogDelivery", "DeleteLogDelivery", "PutResourcePolicy", "UpdateLogDelivery")
    },
}
"""Every action beyond reading that a policy here may allow on `*`; nothing else may."""


def is_reading(action: str) -> bool:
    """Whether an action, which may hold wildcards, only reads; a pattern that could match more does not."""
    _, _, verb = action.partition(":")
    return bool(_READING.fullmatch(verb)) or verb in _GET_ALL - {"*"}


def allow(
    sid: str, actions: Iterable[str], resources: Iterable[str], condition: Condition | None = None
) -> Statement:
    """An Allow statement."""
    return _statement("Allow", sid, actions, resources, condition)


def deny(
    sid: str, actions: Iterable[str], resources: Iterable[str], condition: Condition | None = None
) -> Statement:
    """A Deny statement, which no Allow anywhere can undo."""
    return _statement("Deny", sid, actions, resources, condition)


def use_key(sid: str, actions: Iterable[str], key_arn: str, condition: Condition | None = None) -> Statement:
    """Use of one KMS key, named by its ARN or, while that is not known yet, by its alias's.

    An alias's ARN does not authorise the use of its key; the condition kms:ResourceAliases does, also of a
    key in another account, whose policy must then let this account in. It needs a set operator, takes names
    and no ARNs, and fails for a key with more aliases than the quota (KMS Developer Guide, policy-conditions:
    https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-resource-aliases).
    It may take five minutes to see a new alias.
    """
    head, separator, name = key_arn.partition(":alias/")
    if not separator:
        return allow(sid, actions, [key_arn], condition)
    by_alias = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{name}"}}
    return allow(sid, actions, [f"{head}:key/*"], {**by_alias, **(condition or {})})


def document(statements: Iterable[Statement]) -> Document:
    """A policy document of the current language version, which policy variables need."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _statement(
    effect: str, sid: str, actions: Iterable[str], resources: Iterable[str], condition: Condition | None
) -> Statement:
    statement: Statement = {
        "Sid": sid,
        "Effect": effect,
        "Action": one_or_list(actions),
        "Resource": one_or_list(resources),
    }
    if condition:
        statement["Condition"] = {operator: dict(keys) for operator, keys in condition.items()}
    return statement


def one_or_list(values: Iterable[str]) -> str | list[str]:
    """A single value as AWS hands it back, several sorted and each once, so that documents compare."""
    distinct = sorted(set(values))
    return distinct[0] if len(distinct) == 1 else distinct
