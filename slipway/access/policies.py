"""Policy documents made ready to be asked, and the requests they are asked about.

What cannot be read or judged counts as an allow when looking for attackers, and as a deny when proving that
somebody reaches what they need. Source: IAM User Guide, reference_policies_elements and its pages.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import Any, Literal, cast

from slipway.access.conditions import compile_condition, strings, unknown
from slipway.access.patterns import Context, Verdict, all_of, any_of, expand, glob, negated, resource_matches

_KNOWN_ELEMENTS = frozenset(
    {
        "Action",
        "Condition",
        "Effect",
        "NotAction",
        "NotPrincipal",
        "NotResource",
        "Principal",
        "Resource",
        "Sid",
    }
)


class Mode(StrEnum):
    """What the question is, and so what a doubt counts as."""

    ATTACK = "attack"
    REACH = "reach"


class Decision(StrEnum):
    """The answer: allowed, denied by a statement, or allowed by none."""

    ALLOW = "allow"
    EXPLICIT_DENY = "explicit deny"
    IMPLICIT_DENY = "implicit deny"

    @property
    def allowed(self) -> bool:
        """Whether the request goes through."""
        return self is Decision.ALLOW


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a role by its ARN, a federated provider by its ARN, or an AWS service by its name."""

    kind: Literal["AWS", "Federated", "Service"]
    id: str

    @property
    def account(self) -> str:
        """The twelve digits in its ARN; empty for a service."""
        parts = self.id.split(":")
        return parts[4] if len(parts) > 4 else ""


@dataclass(frozen=True, slots=True)
class Request:
    """One call: an action such as `s3:GetObject`, the ARN it is for (`*` for none), and its context."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict[str, tuple[str, ...]])
    principal: Principal | None = None
    root_counts: bool = True
    """Whether a resource policy that trusts the principal's whole account matches."""


Match = Callable[[Request], Verdict]


@dataclass(frozen=True, slots=True)
class CompiledStatement:
    """A statement's effect, None where it cannot be read, and the test whether it applies."""

    effect: Literal["Allow", "Deny"] | None
    applies: Match


_UNREADABLE = CompiledStatement(effect=None, applies=unknown)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document ready to be asked; `attached_to` tells whose elements it must have."""

    statements: tuple[CompiledStatement, ...]

    @classmethod
    def parse(cls, source: object, attached_to: Literal["identity", "resource"] = "identity") -> "Policy":
        """From a document or its JSON text; anything else becomes one statement that cannot be read."""
        if isinstance(source, str):
            return _parse_text(source, attached_to)
        try:
            return _parse_text(json.dumps(source), attached_to)
        except (TypeError, ValueError):
            return cls((_UNREADABLE,))

    @property
    def is_read(self) -> bool:
        """Whether each of its statements could be read."""
        return all(statement.effect is not None for statement in self.statements)

    def decide(self, request: Request, mode: Mode = Mode.REACH) -> Decision:
        """The decision of this document alone: a Deny that applies wins over every Allow."""
        doubt_allows = mode is Mode.ATTACK
        decision = Decision.IMPLICIT_DENY
        for statement in self.statements:
            verdict = statement.applies(request)
            if verdict is False:
                continue
            effect = statement.effect
            if effect is None:
                effect = "Allow" if doubt_allows else "Deny"
            elif verdict is None and doubt_allows is (effect == "Deny"):
                continue
            if effect == "Deny":
                return Decision.EXPLICIT_DENY
            decision = Decision.ALLOW
        return decision


@lru_cache(maxsize=4096)
def _parse_text(text: str, attached_to: Literal["identity", "resource"]) -> Policy:
    unreadable = Policy((_UNREADABLE,))
    try:
        source: Any = json.loads(text)
    except ValueError:
        return unreadable
    if not isinstance(source, dict):
        return unreadable
    document = cast("dict[str, Any]", source)
    version = document.get("Version", "2008-10-17")
    if version not in {"2008-10-17", "2012-10-17"} or not set(document) <= {"Version", "Id", "Statement"}:
        return unreadable
    listed: Any = document.get("Statement")
    statements = cast("list[Any]", listed if isinstance(listed, list) else [listed])
    variables = version == "2012-10-17"
    return Policy(tuple(_compile(item, attached_to, variables=variables) for item in statements))


def _compile(item: object, attached_to: str, *, variables: bool) -> CompiledStatement:
    if not isinstance(item, dict):
        return _UNREADABLE
    statement = cast("dict[str, Any]", item)
    effect = statement.get("Effect")
    of_resource = attached_to == "resource"
    if effect not in {"Allow", "Deny"} or not _well_formed(statement, of_resource=of_resource):
        return _UNREADABLE
    tests: list[Match] = [_actions(statement)]
    if of_resource:
        tests.append(_principals(statement))
    if "Resource" in statement or "NotResource" in statement:
        tests.append(_resources(statement, variables=variables))
    condition = compile_condition(statement.get("Condition"), variables=variables)
    tests.append(lambda request: condition(request.context))
    return CompiledStatement(effect, lambda request: all_of(test(request) for test in tests))


def _well_formed(statement: Mapping[str, Any], *, of_resource: bool) -> bool:
    principals = ("Principal" in statement) + ("NotPrincipal" in statement)
    actions = ("Action" in statement) + ("NotAction" in statement)
    resources = ("Resource" in statement) + ("NotResource" in statement)
    return (
        set(statement) <= _KNOWN_ELEMENTS
        and principals == int(of_resource)
        and actions == 1
        and (resources == 1 or (of_resource and resources == 0))
    )


def _actions(statement: Mapping[str, Any]) -> Match:
    inverse = "NotAction" in statement
    texts = strings(statement.get("NotAction" if inverse else "Action"))
    if texts is None or not all(text == "*" or ":" in text for text in texts):
        return unknown
    # Action names compare without case (IAM User Guide, reference_policies_elements_action).
    patterns = [glob(text.lower()) for text in texts]

    @lru_cache(maxsize=1024)
    def applies(action: str) -> bool:
        lower = action.lower()
        return any(pattern.fullmatch(lower) for pattern in patterns) is not inverse

    return lambda request: applies(request.action)


def _resources(statement: Mapping[str, Any], *, variables: bool) -> Match:
    inverse = "NotResource" in statement
    texts = strings(statement.get("NotResource" if inverse else "Resource"))
    if texts is None:
        return unknown

    def applies(request: Request) -> Verdict:
        verdicts: list[Verdict] = []
        for text in texts:
            if not (variables and "${" in text):
                verdicts.append(resource_matches(text, request.resource))
                continue
            expanded = expand(text, request.context)
            verdicts.append(None if expanded is None else resource_matches(expanded, request.resource))
        verdict = any_of(verdicts)
        return negated(verdict) if inverse else verdict

    return applies


def _principals(statement: Mapping[str, Any]) -> Match:
    inverse = "NotPrincipal" in statement
    listed = statement.get("NotPrincipal" if inverse else "Principal")
    if listed == "*":
        return lambda _: not inverse
    if not isinstance(listed, dict):
        return unknown
    by_kind: dict[str, tuple[str, ...]] = {}
    for kind, ids in cast("dict[str, Any]", listed).items():
        texts = strings(ids)
        if kind not in {"AWS", "Federated", "Service"} or texts is None:
            return unknown
        by_kind[kind] = texts

    def applies(request: Request) -> Verdict:
        principal = request.principal
        if principal is None:
            return None
        # {"AWS": "*"} is everybody, federated users among them (reference_policies_elements_principal).
        everybody = "*" in by_kind.get("AWS", ())
        verdict = everybody or any_of(
            _is(text, principal, request) for text in by_kind.get(principal.kind, ())
        )
        return negated(verdict) if inverse else verdict

    return applies


def _is(text: str, principal: Principal, request: Request) -> Verdict:
    if text in {principal.id, "*"}:
        return True
    if "*" in text or "?" in text:
        # IAM takes no pattern here and refuses the policy; a form that is not understood is a doubt.
        return None
    if principal.kind != "AWS":
        return False
    root = {principal.account, f"arn:aws:iam::{principal.account}:root"}
    return request.root_counts and text in root
