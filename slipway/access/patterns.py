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
_LITERALS = frozenset("*?$")

Piece = tuple[str, bool]
"""Text, and whether it is literal: what a policy variable stands for is, so its `*` is no wildcard."""

Pattern = tuple[Piece, ...]


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
def glob(pattern: str | Pattern) -> re.Pattern[str]:
    """`*` is any run of characters and `?` any single one, where they are not literal."""
    wild = {"*": ".*", "?": "."}
    pieces = (
        re.escape(part) if literal else wild.get(part, re.escape(part))
        for text, literal in written(pattern)
        for part in re.split(r"([*?])", text)
    )
    return re.compile("".join(pieces), re.DOTALL)


def written(pattern: str | Pattern) -> Pattern:
    """A pattern as it is written, none of it literal, unless it is one of several pieces already."""
    return ((pattern, False),) if isinstance(pattern, str) else pattern


def plain(pattern: Pattern) -> str:
    """Its text, for comparisons that know no wildcards."""
    return "".join(text for text, _ in pattern)


def short(resource: str) -> str:
    """An ARN without what every ARN repeats: `ecr repository/app`, `s3 bucket/prefix/*`."""
    parts = resource.split(":", 5)
    if len(parts) < 6:
        return resource
    account = f" in {parts[4]}" if parts[2] == "iam" else ""
    return f"{parts[2]} {parts[5]}{account}"


def has_wildcard(text: str) -> bool:
    """Whether IAM would read the text as a pattern."""
    return "*" in text or "?" in text


def arn_matches(pattern: str | Pattern, arn: str) -> Verdict:
    """ArnLike: each of the six parts by itself; a pattern that is not an ARN cannot be judged.

    Nor can one that a variable's value would cut into other parts: AWS does not say which comes first.
    """
    wanted = _parts(written(pattern))
    given = arn.split(":", _ARN_PARTS - 1)
    if len(wanted) != _ARN_PARTS or any(":" in plain(part) for part in wanted[:-1]):
        return None
    if len(given) != _ARN_PARTS:
        return False
    return all(glob(part).fullmatch(value) is not None for part, value in zip(wanted, given, strict=True))


def _parts(pattern: Pattern) -> list[Pattern]:
    """The parts of an ARN, cut at the colons that are written and not at those of a value."""
    parts: list[list[Piece]] = [[]]
    for text, literal in pattern:
        if literal:
            parts[-1].append((text, literal))
            continue
        first, *others = text.split(":", _ARN_PARTS - len(parts))
        parts[-1].append((first, False))
        parts += [[(other, False)] for other in others]
    return [tuple(part) for part in parts]


def resource_matches(pattern: str | Pattern, resource: str) -> Verdict:
    """A Resource element against a resource.

    Where a wildcard would have to run over a colon of the ARN to match, the answer is None: AWS documents
    both that a part is matched by itself and that `*` stands for any characters.
    """
    pieces = written(pattern)
    if pieces in ((("*", False),), ((resource, False),)):
        return True
    if glob(pieces).fullmatch(resource) is None:
        return False
    return True if arn_matches(pieces, resource) else None


def expand(text: str, context: Context) -> Pattern | None:
    """A value with its policy variables filled in, what they stand for being literal.

    Returns:
        None where a variable has neither one value nor a default, or is not written as one, and where its
        default has a wildcard, of which AWS does not say what it is.
    """
    pieces: list[Piece] = []
    end = 0
    for found in _VARIABLE.finditer(text):
        value = _value(found[1], found[2], context)
        if value is None:
            return None
        pieces += [(text[end : found.start()], False), (value, True)]
        end = found.end()
    pieces.append((text[end:], False))
    if any("${" in part for part, literal in pieces if not literal):
        return None
    return tuple(piece for piece in pieces if piece[0])


def _value(name: str, default: str | None, context: Context) -> str | None:
    if name in _LITERALS:
        return name if default is None else None
    values = context.get(name.lower(), ())
    if values:
        return values[0] if len(values) == 1 else None
    return None if default is None or has_wildcard(default) else default


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
        return any_of(None if text is None else fold(plain(text)) == fold(value) for text in expanded)

    return compare


def like(values: Iterable[str], *, variables: bool) -> Comparison:
    """StringLike: one of the values, with wildcards."""
    patterns = [glob(value) for value in values if not (variables and "${" in value)]
    open_values = [value for value in values if variables and "${" in value]

    def compare(context: Context, value: str) -> Verdict:
        if any(pattern.fullmatch(value) for pattern in patterns):
            return True
        expanded = (expand(text, context) for text in open_values)
        return any_of(None if text is None else glob(text).fullmatch(value) is not None for text in expanded)

    return compare


def arn_like(values: Iterable[str], *, variables: bool) -> Comparison:
    """ArnLike, and ArnEquals, which does the same."""
    listed = list(values)

    def compare(context: Context, value: str) -> Verdict:
        verdicts: list[Verdict] = []
        for text in listed:
            expanded = expand(text, context) if variables and "${" in text else written(text)
            verdicts.append(None if expanded is None else arn_matches(expanded, value))
        return any_of(verdicts)

    return compare
