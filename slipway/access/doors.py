"""Who may come from outside: whoever a trust policy admits that is neither a job on GitHub nor a role here.

Read from the statements, not tried: whoever calls chooses an external id, a session name or a source
identity, and of an organisation, a tag or an address nobody here knows who has it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from slipway.access.conditions import condition_keys, is_understood, settled, strings, values_of
from slipway.access.extents import Domains, Texts, actions_of
from slipway.access.patterns import has_wildcard, written
from slipway.access.statements import Statement
from slipway.access.trust import provider_arn
from slipway.access.world import Role, World

OUTSIDE = "from outside: "
"""How the name of such a caller begins."""

ANYBODY = "anybody in AWS"

_ASSUMING = Texts((written("sts:assumerole*"),))
_BY_ROLE = Texts((written("sts:assumerole"),))

_CHOSEN = ("aws:requesttag/", "aws:tagkeys", "sts:")
"""How the condition keys begin that a caller fills in as it likes (IAM User Guide, "IAM and AWS STS condition
context keys")."""

_SOURCES = frozenset({"aws:sourceaccount", "aws:sourcearn"})


@dataclass(frozen=True, order=True)
class Door:
    """One caller whom one statement of a role's trust policy admits.

    Attributes:
        who: the caller, in words.
        role: ARN of the role.
        conditions: the condition keys that it hangs on, in words.
        certain: nothing else is asked than what the caller chooses.
    """

    who: str
    role: str
    conditions: str
    certain: bool


def doors(world: World) -> Iterator[Door]:
    """Every door from outside, in the order of the roles."""
    for role in world.roles.values():
        for statement in role.trust_statements:
            if not _assumes(statement, "Allow"):
                continue
            for kind, name in principals(statement):
                if kind == "Federated" and name in {provider_arn(role.account), "*"}:
                    continue
                yield from _doors(world, role, statement, kind, name)


def principals(statement: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The kinds and names of a statement's principals; everybody where it names only who is not meant."""
    listed = statement.get("Principal", "*")
    if not isinstance(listed, dict):
        return [("AWS", "*"), ("Federated", "*")]
    return [
        (kind, text) for kind, ids in cast("dict[str, Any]", listed).items() for text in strings(ids) or ()
    ]


def admits(statement: Statement, principal_arn: str) -> bool:
    """Whether a trust statement may let a role in, whatever else its conditions ask.

    It names the role, its account or everybody, and no condition on who calls shuts it out.
    """
    account = principal_arn.split(":")[4]
    names = {"*", principal_arn, account, f"arn:aws:iam::{account}:root"}
    listed = principals(statement)
    # What cannot be read as a name may be anybody's.
    named = not listed or any(
        kind not in {"Federated", "Service"} and (kind != "AWS" or name in names or has_wildcard(name))
        for kind, name in listed
    )
    holds = settled(statement.get("Condition"), _identity(principal_arn))
    return named and _assumes(statement, "Allow") and holds is not False


def is_chosen(key: str) -> bool:
    """Whether a caller fills in a condition key, in lower case, as it likes."""
    return key.startswith(_CHOSEN)


def _assumes(statement: Statement, effect: str) -> bool:
    actions = actions_of(statement)
    return statement.get("Effect") == effect and (actions is None or actions.touches(_ASSUMING))


def _doors(world: World, role: Role, statement: Statement, kind: str, name: str) -> Iterator[Door]:
    condition = statement.get("Condition")
    for who, domains in _callers(statement, kind, name):
        if who in world.roles or settled(condition, domains) is False:
            continue
        if any(_shuts(other, kind, name, domains) for other in role.trust_statements):
            continue
        known = {*domains, *(_SOURCES if kind == "Service" else ())}
        keys = sorted(condition_keys(condition))
        yield Door(
            who=f"{OUTSIDE}{_words(kind, who)}",
            role=role.arn,
            conditions=f"a call with {' and '.join(keys)} that fits" if keys else "any call",
            certain=is_understood(condition)
            and all(key in known or is_chosen(key) for key in keys)
            and not any(_may_shut(other) for other in role.trust_statements),
        )


def _callers(statement: Statement, kind: str, name: str) -> Iterator[tuple[str, Domains]]:
    """Who may be meant by one principal, as narrow as the conditions on who calls make it."""
    condition = statement.get("Condition")
    if kind != "AWS":
        yield name, {}
        return
    account = name if name.isdigit() else name.split(":")[4] if name.endswith(":root") else ""
    if name != "*" and not account:
        yield name, _identity(name)
    elif arns := values_of(condition, "aws:principalarn"):
        fitting = [arn for arn in arns if account in {"", _account(arn)} or "*" in _account(arn)]
        yield from ((arn, _identity(arn)) for arn in fitting)
    elif accounts := [account] if account else values_of(condition, "aws:principalaccount"):
        yield from ((f"account {one}", {"aws:principalaccount": frozenset({one})}) for one in accounts)
    else:
        yield ANYBODY, {}


def _identity(arn: str) -> Domains:
    return {"aws:principalarn": frozenset({arn}), "aws:principalaccount": frozenset({_account(arn)})}


def _account(arn: str) -> str:
    parts = arn.split(":")
    return parts[4] if len(parts) > 4 else "*"


def _words(kind: str, who: str) -> str:
    if kind == "Service":
        return f"AWS service {who}"
    if kind == "Federated":
        return f"{'SAML' if ':saml-provider/' in who else 'identity'} provider {who}"
    return f"AWS principal {who}" if who.startswith("arn:") else who


def _shuts(statement: Statement, kind: str, name: str, domains: Domains) -> bool:
    """Whether a Deny keeps a caller out for certain."""
    if statement.get("Effect") != "Deny" or "Principal" not in statement:
        return False
    named = (kind, name) in principals(statement) or ("AWS", "*") in principals(statement)
    actions = actions_of(statement)
    closed = actions is not None and actions.covers(_ASSUMING if kind == "Federated" else _BY_ROLE)
    return named and closed and settled(statement.get("Condition"), domains) is True


def _may_shut(statement: Statement) -> bool:
    """Whether a statement that is no Allow has a say here, so that the door may be shut on a condition."""
    return statement.get("Effect") != "Allow" and _assumes(statement, str(statement.get("Effect")))
