"""The base of every block of a stack file."""

from pydantic import BaseModel, ConfigDict


class Model(BaseModel):
    """Strict: an unknown key, an unquoted account id or a number where text belongs is a mistake."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
