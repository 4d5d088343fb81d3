"""Dataclasses as versioned JSON documents, both ways; what does not fit is refused, never guessed."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Final, TypeVar

from slipway.errors import SlipwayError

T = TypeVar("T")

STRICT: Final = {"extra": "forbid"}
"""As ``__pydantic_config__`` of a dataclass: a key that it does not have is refused."""


@cache
def _adapter(kind: Any) -> Any:
    from pydantic import TypeAdapter  # noqa: PLC0415 - a preview that is only shown does not pay for it

    return TypeAdapter(kind)


def dump(value: Any) -> dict[str, Any]:
    """A dataclass as JSON-ready data."""
    kind: Any = type(value)  # pyright: ignore[reportUnknownVariableType]
    return _adapter(kind).dump_python(value, mode="json")


def parse(kind: type[T], document: Mapping[str, Any]) -> T:
    """`document` as a dataclass, every value of exactly the kind that it has there.

    Raises:
        ValueError: it does not fit; the text names the first place, without its value.
    """
    return parse_text(kind, json.dumps(document))


def parse_text(kind: type[T], text: str | bytes) -> T:
    """`parse` of a document that is a JSON text still, which is the fastest where it is large."""
    adapter = _adapter(kind)
    try:
        return adapter.validate_json(text, strict=True)
    except ValueError as error:
        # pydantic's own text quotes values, and nothing here knows which of them may be shown.
        errors: Any = getattr(error, "errors", None)
        if errors is None:
            raise
        details: list[dict[str, Any]] = errors()
        place = ".".join(map(str, details[0]["loc"]))
        msg = f"{place}: {details[0]['msg']}"
        raise ValueError(msg) from None


def load(kind: type[T], document: Mapping[str, Any], version: int, *, derived: Collection[str] = ()) -> T:
    """The opposite of `dump`, from a document that has a ``version`` beside the dataclass's own keys.

    Args:
        derived: keys that follow from the others, and are left aside.

    Raises:
        SlipwayError: another version, or the document does not fit.
    """
    name = kind.__name__.lower()
    given = document.get("version")
    if given != version or isinstance(given, bool):
        raise SlipwayError(
            f"this {name} has version {given!r}, and only {version} can be read",
            fix=f"read it with the Slipway that wrote it, or make the {name} anew",
        )
    own = {key: item for key, item in document.items() if key not in {"version", *derived}}
    try:
        return parse(kind, own)
    except ValueError as error:
        raise SlipwayError(f"this is no {name}: {error}", fix=f"make the {name} anew") from None
