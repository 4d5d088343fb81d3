"""Who calls: an instance, known by its own IAM credentials and by nothing it says."""

import json
import re
from dataclasses import dataclass
from typing import Any

from runners.control.config import Fleet, RunnerClass

_CALLER = re.compile(
    r"arn:aws[a-z-]*:sts::[0-9]{12}:assumed-role/(?P<role>[\w+=,.@-]+)/(?P<session>i-[0-9a-f]+)"
)


@dataclass(frozen=True, slots=True)
class Caller:
    """An instance of a class."""

    runner: RunnerClass
    instance: str


def caller_of(event: dict[str, Any], fleet: Fleet) -> Caller | None:
    """The caller, by the ARN that API Gateway verified; None if it is no instance of this fleet.

    EC2 makes the instance's id the session name of its role's credentials, and the instance cannot change it:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
    """
    identity: Any = event
    for part in ("requestContext", "authorizer", "iam"):
        identity = identity.get(part) or {}
    parsed = _CALLER.fullmatch(str(identity.get("userArn") or ""))
    runner = fleet.of_role(parsed["role"]) if parsed else None
    return Caller(runner, parsed["session"]) if parsed and runner else None


def answer(status: int, body: dict[str, Any] | None = None, retry_after: int = 0) -> dict[str, Any]:
    """An HTTP API answer (payload 2.0)."""
    headers = {"content-type": "application/json", "cache-control": "no-store"}
    if retry_after:
        headers["retry-after"] = str(retry_after)
    return {"statusCode": status, "headers": headers, "body": json.dumps(body) if body is not None else ""}
