"""Policy variables: what they stand for is text, never a pattern; against a second evaluator, by volume."""

import random
from collections import Counter
from typing import Any

import pytest

from slipway.access.evaluate import Mode, evaluate
from tests.access.reference import outcomes
from tests.sampling import seed, size

POLICIES = size(12_000, 500)
ACTIONS = ("s3:GetObject", "s3:PutObject", "iam:PassRole")
RESOURCES = (
    "*",
    "arn:aws:s3:::b",
    "arn:aws:s3:::b/x",
    "arn:aws:s3:::*",
    "arn:aws:s3:::?",
    "arn:aws:s3:::$",
    "arn:aws:s3:::b/*",
    "arn:aws:s3:::b/x:y",
    "arn:aws:iam::111111111111:role/x",
)
PIECES = (
    "x",
    "b",
    "*",
    "?",
    "$",
    ":",
    "/",
    "${*}",
    "${?}",
    "${$}",
    "${a:b}",
    "${a:c}",
    "${A:D}",
    "${a:c, 'x'}",
)
STARTS = (
    "",
    "arn:aws:s3:::",
    "arn:aws:s3:::b/",
    "arn:aws:iam::111111111111:role/",
    "arn:aws:",
    "arn:${a:b}:",
)
VALUES = ("x", "X", "b", "*", "?", "$", "x*", "a:b", "s3", "true", "${a:b}", *RESOURCES[1:])
OPERATORS = (
    *("StringEquals", "StringNotEquals", "StringEqualsIgnoreCase", "StringNotEqualsIgnoreCase"),
    *("StringLike", "StringNotLike", "ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals", "Bool"),
    *("StringEqualsIfExists", "StringLikeIfExists", "ForAllValues:StringLike", "ForAnyValue:StringEquals"),
    *("ForAnyValue:StringNotLike", "ForAllValues:ArnLike", "Null"),
)


class Dice:
    """Random policies and requests."""

    def __init__(self, first: int) -> None:
        self.rng = random.Random(first)  # noqa: S311 - a repeatable one is meant

    def pattern(self) -> str:
        pieces = self.rng.choices(PIECES, k=self.rng.choice((0, 1, 1, 2, 3)))
        return self.rng.choice(STARTS) + "".join(pieces)

    def patterns(self) -> Any:
        return self.pattern() if self.rng.random() < 0.7 else [self.pattern(), self.pattern()]

    def keys(self) -> dict[str, list[str]]:
        return {
            key: self.rng.choices(VALUES, k=self.rng.choice((1, 1, 1, 1, 0, 2)))
            for key in ("a:b", "a:c", "a:d")
        }

    def condition(self) -> dict[str, Any]:
        block: dict[str, Any] = {}
        for _ in range(self.rng.choice((0, 0, 1, 1, 2))):
            operator, key = self.rng.choice(OPERATORS), self.rng.choice(("a:b", "a:c", "A:D"))
            block[operator] = {
                key: self.rng.choice(("true", "false")) if operator == "Null" else self.patterns()
            }
        return {
            operator: {key.lower(): value for key, value in tests.items()}
            for operator, tests in block.items()
        }

    def statement(self) -> dict[str, Any]:
        found: dict[str, Any] = {"Effect": self.rng.choice(("Allow", "Allow", "Deny"))}
        actions = self.rng.choice(("*", "s3:*", "s3:Get?bject", ["iam:*", "S3:PUT*"]))
        found["NotAction" if self.rng.random() < 0.1 else "Action"] = actions
        resource = "*" if self.rng.random() < 0.3 else self.patterns()
        found["NotResource" if self.rng.random() < 0.1 else "Resource"] = resource
        if condition := self.condition():
            found["Condition"] = condition
        return found

    def statements(self) -> list[dict[str, Any]]:
        return [self.statement() for _ in range(self.rng.choice((1, 1, 2, 3)))]


def test_no_verdict_of_random_policies_is_unsound() -> None:
    dice = Dice(seed(20261129))
    seen: Counter[str] = Counter()
    for _ in range(POLICIES):
        identity = dice.statements()
        boundary = None if dice.rng.random() < 0.7 else dice.statements()
        for _ in range(4):
            ask = dice.rng.choice(ACTIONS), dice.rng.choice(RESOURCES), dice.keys()
            expected = outcomes(identity, boundary, *ask)
            certain, possible = (
                evaluate(
                    [_document(identity)],
                    *ask,
                    boundary=None if boundary is None else _document(boundary),
                    mode=mode,
                ).allowed
                for mode in (Mode.REACH, Mode.ATTACK)
            )
            assert not certain or expected == {True}, ("reach", identity, boundary, ask)
            assert possible or expected == {False}, ("attack", identity, boundary, ask)
            seen["doubt" if possible and not certain else "allow" if certain else "deny"] += 1
    # The volume is worth something only if the answers are of every kind, and mostly answers.
    assert seen["allow"] > POLICIES / 4
    assert seen["deny"] > POLICIES
    assert seen["doubt"] < POLICIES


ANYTHING = "arn:aws:s3:::team/secret"


@pytest.mark.parametrize(
    ("effect", "resource", "tag", "asked", "expected"),
    [
        ("Deny", "arn:aws:s3:::${*}", "x", ANYTHING, (True, True)),
        ("Deny", "arn:aws:s3:::${*}", "x", "arn:aws:s3:::*", (False, False)),
        ("Deny", "arn:aws:s3:::${?}", "x", "arn:aws:s3:::b", (True, True)),
        ("Allow", "arn:aws:s3:::${a:tag}", "*", ANYTHING, (False, False)),
        ("Allow", "arn:aws:s3:::${a:tag}", "*", "arn:aws:s3:::*", (True, True)),
        ("Allow", "arn:aws:s3:::${a:tag}/*", "team", ANYTHING, (True, True)),
        ("Allow", "arn:aws:s3:::b/${a:tag}", "x:y", "arn:aws:s3:::b/x:y", (True, True)),
        # Whether a value may bring the colon of an ARN along, AWS does not say.
        ("Allow", "arn:aws:${a:tag}", "s3:::b", "arn:aws:s3:::b", (False, True)),
        ("Allow", "${a:tag}", "*", ANYTHING, (False, False)),
        ("Allow", "arn:aws:s3:::${a:none, '*'}", "x", ANYTHING, (False, True)),
        ("Allow", "arn:aws:s3:::${$}{a:tag}", "x", "arn:aws:s3:::${a:tag}", (True, True)),
    ],
)
def test_a_variable_stands_for_text_in_a_resource(
    effect: str, resource: str, tag: str, asked: str, expected: tuple[bool, bool]
) -> None:
    statements = [{"Effect": effect, "Action": "s3:*", "Resource": resource}]
    if effect == "Deny":
        statements.append({"Effect": "Allow", "Action": "s3:*", "Resource": "*"})
    found = tuple(
        evaluate([_document(statements)], "s3:GetObject", asked, {"a:tag": tag}, mode=mode).allowed
        for mode in (Mode.REACH, Mode.ATTACK)
    )
    assert found == expected


@pytest.mark.parametrize("operator", ["ArnLike", "ArnEquals", "ArnNotLike", "ArnNotEquals", "StringLike"])
def test_a_variable_stands_for_text_in_a_condition(operator: str) -> None:
    for text, tag in (("arn:aws:iam::1:role/${a:tag}", "*"), ("arn:aws:iam::1:role/${*}", "x")):
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
        condition = {operator: {"aws:PrincipalArn": text}}
        document = _document([{**statement, "Condition": condition}])
        for role, same in (("*", True), ("admin", False)):
            keys = {"aws:PrincipalArn": f"arn:aws:iam::1:role/{role}", "a:tag": tag}
            for mode in Mode:
                allowed = evaluate([document], "s3:GetObject", "*", keys, mode=mode).allowed
                assert allowed is (same != ("Not" in operator)), (text, role)


def _document(statements: list[dict[str, Any]]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": statements}
