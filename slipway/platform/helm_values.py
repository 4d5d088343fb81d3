"""What Helm values must be before they are published: whole, small enough, and without secrets."""

import io
import re
from collections.abc import Iterator
from typing import Any, cast

from ruamel.yaml import YAML, YAMLError

from slipway.errors import SlipwayError
from slipway.platform.parameter_sizes import tier_of

_SECRET_KEY = re.compile(
    r"(?:^|[^a-z])(?:password|passwd|secret|token|api_?key|private_?key|credentials?|dsn)$", re.IGNORECASE
)
_SECRET_VALUES = (
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"), "an AWS access key"),
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"), "a private key"),
    (re.compile(r"\b(?:ghp|gho|ghs|ghr|github_pat)_[A-Za-z0-9_]{20,}"), "a GitHub token"),
    (re.compile(r"\b[a-z][a-z0-9+.-]*://[^/\s:@]+:[^/\s@]+@"), "a URL with a password"),
)


def parameter_tier(values_yaml: str, where: str) -> str:
    """Check Helm values and return the SSM tier that holds them, `Standard` or `Advanced`.

    The check for secrets is for mistakes, not for malice: a key named like one with a text beside it, or a
    value of a shape that only secrets have. References (`existingSecret`, `secretName`) are no secrets.

    Raises:
        SlipwayError: not YAML, a key twice, not a mapping, too large, or something that looks like a secret.
    """
    try:
        values: object = YAML(typ="safe", pure=True).load(io.StringIO(values_yaml))  # pyright: ignore[reportUnknownMemberType]
    except YAMLError as error:
        raise SlipwayError(
            f"the Helm values are no YAML: {error}", where=where, fix="correct them"
        ) from error
    if not isinstance(values, dict):
        raise SlipwayError("the Helm values are no mapping", where=where, fix="give keys and values")
    for path, said in _secrets(cast("dict[Any, Any]", values), ""):
        raise SlipwayError(
            f"{path} holds {said}",
            where=where,
            fix="keep it in an in-cluster Secret and name that here; parameters are readable in clear",
        )
    return tier_of(values_yaml, "the Helm values have", where=where, fix="move defaults into the chart")


def _secrets(value: object, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in cast("dict[Any, Any]", value).items():
            here = f"{path}.{key}" if path else str(key)
            if isinstance(inner, str) and inner and _SECRET_KEY.search(_words(str(key))):
                yield here, "a value under a secret's name"
            yield from _secrets(inner, here)
    elif isinstance(value, list):
        for index, inner in enumerate(cast("list[Any]", value)):
            yield from _secrets(inner, f"{path}[{index}]")
    elif isinstance(value, str):
        for pattern, said in _SECRET_VALUES:
            if pattern.search(value):
                yield path, said


def _words(key: str) -> str:
    """camelCase as snake_case, so that `dbPassword` ends in a word of its own; nothing for a reference."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key)
    # A reference names a Secret object; it holds none.
    return "" if re.search(r"(?:existing|image_?pull|tls|from|ref)_?secret$", words, re.IGNORECASE) else words
