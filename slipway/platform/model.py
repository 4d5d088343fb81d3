"""The base of every block of a settings file."""

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
