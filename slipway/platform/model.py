"""The base of every block of a settings file, and of blocks that have two forms."""

from collections.abc import Mapping
from typing import Final, cast

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Strict: an unknown key, an unquoted account id or a number where text belongs is a mistake."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        strict=True,
        use_attribute_docstrings=True,
        # A default may break a rule together with a value that is given.
        validate_default=True,
    )


MADE: Final = "<made>"
EXISTING: Final = "<existing>"
"""The two forms of what may be there already, as pydantic's errors name them; no key looks like this."""


def form_of(value: object, key: str, existing: type[Model]) -> str:
    """Which of two forms a block has, by the key that only the form for what is there already has.

    Args:
        value: the block, as it is written or as it was read.
        key: of what is there.
        existing: the model of that form.
    """
    there = isinstance(value, Mapping) and key in cast("Mapping[str, object]", value)
    return EXISTING if there or isinstance(value, existing) else MADE


def is_form(key: object) -> bool:
    """Whether a part of an error's location is a form, and no key of a file."""
    return key in (MADE, EXISTING)
