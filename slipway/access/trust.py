"""Trust policies: exactly one audience, exactly the declared subjects, and exactly the named roles."""

import json
import re
from typing import Any

from slipway.access.claims import AUDIENCE, ISSUER, subjects
from slipway.errors import SlipwayError
from slipway.platform.declaration import RoleDeclaration

TRUST_POLICY_LIMIT = 2048
"""Characters of a role's trust policy unless the quota was raised (IAM User Guide, reference_iam-quotas)."""

SESSION_NAME_PATTERN = "gha-*-*"
"""`gha-<workflow>-<run id>`: the only pattern in any trust policy, and one that only names the session."""

_LONGEST_SESSION_NAME = 64


def provider_arn(account: str) -> str:
    """The ARN of an account's GitHub OIDC provider, of which an account can hold one per issuer."""
    return f"arn:aws:iam::{account}:oidc-provider/{ISSUER}"


def session_name(workflow: str, run_id: int | str) -> str:
    """`gha-<workflow>-<run id>`, within the 64 characters [\\w+=,.@-] that STS takes (AssumeRole API)."""
    suffix = f"-{run_id}"
    plain = re.sub(r"[^\w+=,.@-]+", "-", workflow, flags=re.ASCII).strip("-") or "workflow"
    return f"gha-{plain}"[: _LONGEST_SESSION_NAME - len(suffix)] + suffix


def rendered(document: dict[str, Any]) -> str:
    """A policy as it is sent to AWS: compact JSON with its keys in the order that they were written."""
    return json.dumps(document, separators=(",", ":"))


def trust_policy(role: RoleDeclaration) -> dict[str, Any]:
    """The trust policy of a role.

    `sub` carries the load. `repository_id` and `environment` are AND-ed to it: STS has condition keys for
    them since January 2026 (https://aws.amazon.com/about-aws/whats-new/2026/01/
    aws-sts-supports-validation-identity-provider-claims/). `sts:RoleSessionName` is in the request of every
    AssumeRole* call, so it holds for both doors (IAM User Guide, "IAM and AWS STS condition context keys").
    `sts:TagSession` is not allowed, so no session can bring tags along.

    Raises:
        SlipwayError: the policy would be larger than IAM takes.
    """
    statements: list[dict[str, Any]] = []
    if role.jobs:
        statements.append(_federated(role))
    if role.trusted_roles:
        statements.append(_chained(role))
    if role.trusted_ahead:
        statements.append(_chained_ahead(role))
    document = {"Version": "2012-10-17", "Statement": statements}
    size = len(rendered(document))
    if size > TRUST_POLICY_LIMIT:
        raise SlipwayError(
            f"the trust policy of role {role.name} has {size} characters; IAM takes {TRUST_POLICY_LIMIT}",
            where=role.arn,
            fix="trust fewer roles, or shorten the environment's name",
        )
    return document


def _federated(role: RoleDeclaration) -> dict[str, Any]:
    job = role.jobs[0]
    allowed = subjects(job.repository, job.environment)
    return {
        "Sid": "GitHubActions",
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn(role.account)},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {
                f"{ISSUER}:aud": AUDIENCE,
                f"{ISSUER}:sub": allowed[0] if len(allowed) == 1 else list(allowed),
                f"{ISSUER}:repository_id": str(job.repository.id),
                f"{ISSUER}:environment": job.environment,
            },
            "StringLike": {"sts:RoleSessionName": SESSION_NAME_PATTERN},
        },
    }


def _chained(role: RoleDeclaration) -> dict[str, Any]:
    """Trust in roles, as principals: IAM writes such a role's unique id into the policy once it is deleted,
    so one made anew under its name gets in only after the policy was put again (IAM User Guide, "AWS JSON
    policy elements: Principal"). A refresh shows the id in the ARN's place, and the next `up` puts it again.
    """
    trusted = sorted(set(role.trusted_roles))
    return {
        "Sid": "RoleChain",
        "Effect": "Allow",
        "Principal": {"AWS": trusted[0] if len(trusted) == 1 else trusted},
        "Action": "sts:AssumeRole",
        "Condition": {"StringLike": {"sts:RoleSessionName": SESSION_NAME_PATTERN}},
    }


def _chained_ahead(role: RoleDeclaration) -> dict[str, Any]:
    """Trust in roles by their account and `aws:PrincipalArn`: IAM refuses a principal that is not there (IAM
    User Guide, "AWS JSON policy elements: Principal"), and these are made after the role that trusts them."""
    trusted = sorted(set(role.trusted_ahead))
    roots = sorted({f"arn:aws:iam::{arn.split(':')[4]}:root" for arn in trusted})
    return {
        "Sid": "RolesToCome",
        "Effect": "Allow",
        "Principal": {"AWS": roots[0] if len(roots) == 1 else roots},
        "Action": "sts:AssumeRole",
        "Condition": {
            "ArnEquals": {"aws:PrincipalArn": trusted[0] if len(trusted) == 1 else trusted},
            "StringLike": {"sts:RoleSessionName": SESSION_NAME_PATTERN},
        },
    }
