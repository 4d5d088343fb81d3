"""How IAM compares strings: wildcards, ARNs part by part, and policy variables.

Every comparison answers True, False, or None where the written form is not one that can be judged.
Sources: IAM User Guide, reference_policies_elements_resource, _condition_operators and _variables.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

Context = Mapping[str, tuple[str, ...]]
"""The request's condition keys, in lower case as IAM compares them, and their values."""

Verdict = bool | None
Comparison = Callable[[Context, str], Verdict]

_ARN_PARTS = 6
_VARIABLE = re.compile(r"\$\{\s*([^},'\s]+)\s*(?:,\s*'([^']*)'\s*)?\}")
_LITERALS = {"*": "*", "?": "?", "$": "$"}


def all_of(verdicts: Iterable[Verdict]) -> Verdict:
    """False if any is, else None if any is, else True."""
    result: Verdict = True
    for verdict in verdicts:
        if verdict is False:
            return False
        if verdict is None:
            result = None
    return result


def any_of(verdicts: Iterable[Verdict]) -> Verdict:
    """True if any is, else None if any is, else False."""
    result: Verdict = False
    for verdict in verdicts:
        if verdict:
            return True
        if verdict is None:
            result = None
    return result


def negated(verdict: Verdict) -> Verdict:
    """The opposite; what is not known stays so."""
    return None if verdict is None else not verdict


@lru_cache(maxsize=8192)
def glob(pattern: str) -> re.Pattern[str]:
    """`*` is any run of characters and `?` any single one; nothing else is special."""
    pieces = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", pattern)
    )
    return re.compile("".join(pieces), re.DOTALL)


def has_wildcard(text: str) -> bool:
    """Whether IAM would read the text as a pattern."""
    return "*" in text or "?" in text


def arn_matches(pattern: str, arn: str) -> Verdict:
    """ArnLike: each of the six parts by itself; a pattern that is not an ARN cannot be judged."""
    wanted = pattern.split(":", _ARN_PARTS - 1)
    given = arn.split(":", _ARN_PARTS - 1)
    if len(wanted) != _ARN_PARTS:
        return None
    if len(given) != _ARN_PARTS:
        return False
    return all(glob(part).fullmatch(value) is not None for part, value in zip(wanted, given, strict=True))


def resource_matches(pattern: str, resource: str) -> Verdict:
    """A Resource element against a resource.

    Where a wildcard would have to run over a colon of the ARN to match, the answer is None: AWS documents
    both that a part is matched by itself and that `*` stands for any characters.
    """
    if pattern in {"*", resource}:
        return True
    if glob(pattern).fullmatch(resource) is None:
        return False
    return True if arn_matches(pattern, resource) else None


def expand(text: str, context: Context) -> tuple[str, str] | None:
    """A value with its policy variables filled in: as plain text, and as a pattern in which they are literal.

    Returns:
        None where a variable has neither one value nor a default, or is not written as one.
    """
    plain: list[str] = []
    pattern: list[str] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        before = text[end : found.start()]
        end = found.end()
        value = _LITERALS.get(found[1])
        if value is None:
            values = context.get(found[1].lower(), ())
            value = values[0] if len(values) == 1 else found[2] if not values else None
        if value is None:
            return None
        plain += [before, value]
        pattern += [_globbed(before), re.escape(value)]
    rest = text[end:]
    if "${" in "".join(plain[::2]) + rest:
        return None
    return "".join([*plain, rest]), "".join([*pattern, _globbed(rest)])


def _globbed(text: str) -> str:
    return glob(text).pattern


def equals(values: Iterable[str], *, ignore_case: bool, variables: bool) -> Comparison:
    """StringEquals: exactly one of the values, letter for letter unless the case is to be ignored."""
    fold = str.lower if ignore_case else str
    fixed = frozenset(fold(value) for value in values if not (variables and "${" in value))
    open_values = [value for value in values if variables and "${" in value]
    if not open_values and not ignore_case:
        return lambda _, value: value in fixed

    def compare(context: Context, value: str) -> Verdict:
        if fold(value) in fixed:
            return True
        expanded = (expand(text, context) for text in open_values)
        return any_of(None if text is None else fold(text[0]) == fold(value) for text in expanded)

    return compare


def like(values: Iterable[str], *, variables: bool) -> Comparison:
    """StringLike: one of the values, with wildcards."""
    patterns = [glob(value) for value in values if not (variables and "${" in value)]
    open_values = [value for value in values if variables and "${" in value]

    def compare(context: Context, value: str) -> Verdict:
        if any(pattern.fullmatch(value) for pattern in patterns):
            return True
        expanded = (expand(text, context) for text in open_values)
        return any_of(
            None if text is None else re.fullmatch(text[1], value, re.DOTALL) is not None for text in expanded
        )

    return compare


def arn_like(values: Iterable[str], *, variables: bool) -> Comparison:
    """ArnLike, and ArnEquals, which does the same."""
    listed = list(values)

    def compare(context: Context, value: str) -> Verdict:
        verdicts: list[Verdict] = []
        for text in listed:
            expanded = expand(text, context) if variables and "${" in text else (text, text)
            verdicts.append(None if expanded is None else arn_matches(expanded[0], value))
        return any_of(verdicts)

    return compare
