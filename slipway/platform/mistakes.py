"""Turns what is wrong with a stack file into a list that can be worked through from top to bottom."""

import difflib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from slipway.errors import SlipwayError


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in a stack file."""

    path: str
    found: str
    expected: str
    suggestion: str = ""

    def __str__(self) -> str:
        line = f"{self.path}: found {self.found}; expected {self.expected}"
        return f"{line} (did you mean '{self.suggestion}'?)" if self.suggestion else line


class SettingsError(SlipwayError):
    """Every mistake of a stack file at once; nothing has been registered when this is raised."""

    def __init__(self, file: str, mistakes: Iterable[Mistake]) -> None:
        self.mistakes = tuple(sorted(set(mistakes)))
        count = len(self.mistakes)
        lines = "\n".join(f"  - {mistake}" for mistake in self.mistakes)
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in {file}; nothing was changed:\n{lines}",
            where=file,
            fix=f"correct {file} and run the command again",
            exit_code=1,
        )


def refusal(error: SlipwayError) -> str:
    """What a component's own rule expects in place of the value that it refused, as a mistake says it."""
    return f"another one: {error.what}" + (f"; {error.fix}" if error.fix else "")


def tried(path: str, value: object, rule: Callable[[], object]) -> Iterator[Mistake]:
    """The mistake that a component's own rule finds in a value, if it finds one.

    Args:
        path: the value's key.
        value: what stands there.
        rule: makes or checks the part of a component that the value goes into; raises SlipwayError.
    """
    try:
        rule()
    except SlipwayError as error:
        yield Mistake(path, shown(value), refusal(error))


def from_validation(prefix: str, model: type[BaseModel], error: ValidationError) -> list[Mistake]:
    """Mistakes of one configuration key.

    Args:
        prefix: the key in the stack file, such as `slipway:platform`, or `slipway` for keys of the project.
        model: the model that was being filled, for the names of the right keys.
        error: what pydantic found.
    """
    return [_mistake(prefix, model, details) for details in error.errors(include_url=False)]


def unknown_key(path: str, key: str, allowed: Sequence[str]) -> Mistake:
    """A key that nothing reads, with the nearest of those that could have been meant."""
    near = difflib.get_close_matches(key, allowed, n=1, cutoff=0.5)
    return Mistake(path, "an unknown key", "one of " + ", ".join(allowed), near[0] if near else "")


def _mistake(prefix: str, model: type[BaseModel], details: ErrorDetails) -> Mistake:
    location = list(details["loc"])
    if location[1:] and location[-1] == "[key]":  # pydantic's mark for a key that breaks its own rule
        location.pop()
    path = ".".join([prefix, *(str(part) for part in location)]).replace("slipway.", "slipway:", 1)
    if details["type"] == "extra_forbidden":
        return unknown_key(path, str(location[-1]), _allowed_keys(model, location[:-1]))
    if details["type"] == "missing":
        return Mistake(path, "nothing", "a value: this key is required")
    return Mistake(path, shown(details["input"]), _expectation(details))


def _expectation(details: ErrorDetails) -> str:
    context: Mapping[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "string_pattern_mismatch":
            return f"text of the form {context['pattern']}"
        case "string_type":
            return "text; quote it if it looks like a number"
        case "value_error":
            return str(context["error"])
        case _:
            return details["msg"][:1].lower() + details["msg"][1:]


def shown(value: object) -> str:
    """A value as it stands in a message: short."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _allowed_keys(model: type[BaseModel], location: Sequence[int | str]) -> list[str]:
    """Keys of the model that sits at a location below `model`; empty where no model sits there."""
    current: type[BaseModel] | None = model
    for part in location:
        if current is None:
            return []
        if current.__pydantic_root_model__:
            current = _model_in(current.model_fields["root"].annotation)
            continue
        if part in current.model_fields:
            current = _model_in(current.model_fields[str(part)].annotation)
        # otherwise `part` is a mapping's key or a list's index, and the model found already is its value's
    return sorted(current.model_fields) if current else []


def _model_in(annotation: object) -> type[BaseModel] | None:
    """First model inside an annotation such as `dict[str, Model]` or `Model | None`."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    for inner in get_args(annotation):
        found = _model_in(inner)
        if found:
            return found
    return None
