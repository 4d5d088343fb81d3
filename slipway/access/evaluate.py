"""Decides what IAM policies allow: identity policies, boundaries, trust and other resource policies.

Source: IAM User Guide, reference_policies_evaluation-logic.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from slipway.access.claims import Token
from slipway.access.policies import Decision, Mode, Policy, Principal, Request

__all__ = [
    "STS_CLAIMS",
    "Decision",
    "Mode",
    "Policy",
    "Principal",
    "Request",
    "chain_request",
    "context_of",
    "decide_access",
    "decide_identity",
    "evaluate",
    "evaluate_trust",
    "trust_request",
]

STS_CLAIMS = frozenset(
    {
        "actor",
        "actor_id",
        "enterprise_id",
        "environment",
        "job_workflow_ref",
        "ref",
        "repository",
        "repository_id",
        "workflow",
    }
)
"""GitHub's claims that STS has condition keys for, beside `sub` and `aud` (AWS What's New, January 2026)."""


def context_of(values: Mapping[str, str | Iterable[str]]) -> dict[str, tuple[str, ...]]:
    """A request context from plain values; keys are made lower-case, since IAM ignores their case."""
    return {
        key.lower(): (value,) if isinstance(value, str) else tuple(value) for key, value in values.items()
    }


def evaluate(
    policies: Iterable[object],
    action: str,
    resource: str = "*",
    context: Mapping[str, str | Iterable[str]] | None = None,
    *,
    boundary: object = None,
    mode: Mode = Mode.REACH,
) -> Decision:
    """What a role's identity policies decide within its permissions boundary, if it has one."""
    request = Request(action=action, resource=resource, context=context_of(context or {}))
    compiled = [policy if isinstance(policy, Policy) else Policy.parse(policy) for policy in policies]
    limit = boundary if isinstance(boundary, Policy) or boundary is None else Policy.parse(boundary)
    return decide_identity(compiled, limit, request, mode)


def decide_identity(
    policies: Iterable[Policy], boundary: Policy | None, request: Request, mode: Mode = Mode.REACH
) -> Decision:
    """The same over documents that were parsed before."""
    decisions = [policy.decide(request, mode) for policy in policies]
    limit = Decision.ALLOW if boundary is None else boundary.decide(request, mode)
    if Decision.EXPLICIT_DENY in decisions or limit is Decision.EXPLICIT_DENY:
        return Decision.EXPLICIT_DENY
    return Decision.ALLOW if Decision.ALLOW in decisions and limit.allowed else Decision.IMPLICIT_DENY


def decide_access(
    request: Request,
    *,
    identity: Iterable[Policy],
    boundary: Policy | None,
    resource_policy: Policy | None,
    resource_account: str,
    mode: Mode = Mode.REACH,
) -> Decision:
    """Both sides of a request by a role.

    Across accounts both must allow. Within one account either is enough, except that a resource policy which
    trusts the whole account only lets that account's identity policies decide, and that one which names the
    role is still limited by the role's boundary (IAM User Guide, access_policies_boundaries). A resource
    policy of None means that the resource has none; a role always has its trust policy.
    """
    side = decide_identity(identity, boundary, request, mode)
    same_account = request.principal is None or request.principal.account == resource_account
    if resource_policy is None:
        return side if same_account or side is Decision.EXPLICIT_DENY else Decision.IMPLICIT_DENY
    other = resource_policy.decide(request, mode)
    if Decision.EXPLICIT_DENY in {side, other}:
        return Decision.EXPLICIT_DENY
    if not same_account:
        return Decision.ALLOW if side.allowed and other.allowed else Decision.IMPLICIT_DENY
    by_name = resource_policy.decide(replace(request, root_counts=False), mode)
    limit = Decision.ALLOW if boundary is None else boundary.decide(request, mode)
    if by_name.allowed and limit.allowed:
        return Decision.ALLOW
    is_trust = request.action.lower().startswith("sts:assumerole")
    return Decision.ALLOW if side.allowed and (other.allowed or not is_trust) else Decision.IMPLICIT_DENY


def trust_request(
    token: Token,
    session_name: str,
    *,
    account: str,
    role_arn: str = "*",
    claims: frozenset[str] = STS_CLAIMS,
) -> Request:
    """The AssumeRoleWithWebIdentity call that presents a token to an account's provider for its issuer."""
    issuer = token.iss.removeprefix("https://")
    provider = f"arn:aws:iam::{account}:oidc-provider/{issuer}"
    context = {
        f"{issuer}:sub": (token.sub,),
        f"{issuer}:aud": (token.aud,),
        "sts:rolesessionname": (session_name,),
        "aws:federatedprovider": (provider,),
    }
    for claim in claims:
        value: str = getattr(token, claim)
        if value:
            context[f"{issuer}:{claim}"] = (value,)
    return Request(
        action="sts:AssumeRoleWithWebIdentity",
        resource=role_arn,
        context=context,
        principal=Principal("Federated", provider),
    )


def evaluate_trust(
    trust: object,
    token: Token,
    session_name: str,
    *,
    account: str,
    mode: Mode = Mode.REACH,
    claims: frozenset[str] = STS_CLAIMS,
) -> Decision:
    """Whether a role's trust policy lets a GitHub token in; `account` is the role's.

    `claims` are those that STS is taken to have condition keys for, beside `sub` and `aud`.
    """
    policy = trust if isinstance(trust, Policy) else Policy.parse(trust, "resource")
    return policy.decide(trust_request(token, session_name, account=account, claims=claims), mode)


def chain_request(caller_arn: str, role_arn: str, session_name: str) -> Request:
    """The AssumeRole call of one role for another."""
    context = {
        "sts:rolesessionname": (session_name,),
        "aws:principalarn": (caller_arn,),
        "aws:principalaccount": (Principal("AWS", caller_arn).account,),
    }
    return Request("sts:AssumeRole", role_arn, context, Principal("AWS", caller_arn))
