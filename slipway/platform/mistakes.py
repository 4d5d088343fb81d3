"""Turns what is wrong with settings into a list that can be worked through from top to bottom."""

import difflib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, cast, get_args

from pydantic import BaseModel, StringConstraints, Tag, ValidationError
from pydantic_core import ErrorDetails

from slipway.errors import SlipwayError
from slipway.platform.documents import Document
from slipway.platform.model import is_form


@dataclass(frozen=True, order=True)
class Place:
    """A key in a file, by its dotted path."""

    file: str
    path: str = ""

    def __truediv__(self, key: object) -> "Place":
        return Place(self.file, f"{self.path}.{key}" if self.path else str(key))

    def __str__(self) -> str:
        return f"{self.path} in {self.file}" if self.path else self.file

    def touches(self, other: "Place") -> bool:
        """Whether one of the two stands at or below the other."""
        if self.file != other.file:
            return False
        one, two = f"{self.path}.", f"{other.path}."
        return not self.path or not other.path or one.startswith(two) or two.startswith(one)


@dataclass(frozen=True, order=True)
class Mistake:
    """One mistake in a settings file."""

    place: Place
    found: str
    expected: str
    suggestion: str = ""
    line: int = 0

    def __str__(self) -> str:
        file = f"{self.place.file}:{self.line}" if self.line else self.place.file
        where = ": ".join(part for part in (file, self.place.path) if part)
        text = f"{where}: found {self.found}; expected {self.expected}"
        return f"{text} (did you mean '{self.suggestion}'?)" if self.suggestion else text


class SettingsError(SlipwayError):
    """Every mistake of a stack's files at once; nothing has been registered when this is raised."""

    def __init__(self, file: str, mistakes: Iterable[Mistake], documents: Iterable[Document] = ()) -> None:
        """Args:
        file: the stack's own file, named where no mistake names another.
        mistakes: in any order.
        documents: the files as they were read, for the lines.
        """
        read = {document.file: document for document in documents}
        located = {
            replace(mistake, line=read[mistake.place.file].line(mistake.place.path))
            if mistake.place.file in read
            else mistake
            for mistake in mistakes
        }
        self.mistakes = tuple(sorted(located, key=lambda one: (one.place.file, one.line, one)))
        count = len(self.mistakes)
        lines = "\n".join(f"  - {mistake}" for mistake in self.mistakes)
        files = ", ".join(dict.fromkeys(mistake.place.file or file for mistake in self.mistakes)) or file
        super().__init__(
            f"{count} mistake{'s' if count != 1 else ''} in {files}; nothing was changed:\n{lines}",
            where=files,
            fix=f"correct {files} and run the command again",
            exit_code=1,
        )

    def to_json(self) -> dict[str, Any]:
        """The error for programs, with each mistake by itself."""
        mistakes = [
            {
                "file": mistake.place.file,
                "line": mistake.line or None,
                "key": mistake.place.path,
                "found": mistake.found,
                "expected": mistake.expected,
                "suggestion": mistake.suggestion,
            }
            for mistake in self.mistakes
        ]
        return {**super().to_json(), "mistakes": mistakes}


def refusal(error: SlipwayError) -> str:
    """What a rule expects in place of the value that it refused, as a mistake says it."""
    return f"another one: {error.what}" + (f"; {error.fix}" if error.fix else "")


def tried(place: Place, value: object, rule: Callable[[], object]) -> Iterator[Mistake]:
    """The mistake that a rule finds in a value, if it finds one.

    Args:
        place: the value's key.
        value: what stands there.
        rule: raises SlipwayError for what it refuses.
    """
    try:
        rule()
    except SlipwayError as error:
        yield Mistake(place, shown(value), refusal(error))


def from_validation(place: Place, model: type[BaseModel], error: ValidationError) -> list[Mistake]:
    """Mistakes of one block.

    Args:
        place: where the block stands.
        model: the model that was being filled, for the names of the right keys.
        error: what pydantic found.
    """
    errors = error.errors(include_url=False)
    return [
        _mistake(place, model, details)
        for details in errors
        # A list that is too short only because its items are wrong is told of by them.
        if details["type"] != "too_short"
        or not any(len(other["loc"]) > len(details["loc"]) and _inside(other, details) for other in errors)
    ]


def _inside(inner: ErrorDetails, outer: ErrorDetails) -> bool:
    return inner["loc"][: len(outer["loc"])] == outer["loc"]


def unknown_key(place: Place, key: str, allowed: Sequence[str]) -> Mistake:
    """A key that nothing reads, with the nearest of those that could have been meant."""
    return Mistake(place, "an unknown key", "one of " + ", ".join(allowed), nearest(key, allowed))


def nearest(word: str, known: Iterable[str]) -> str:
    """What could have been meant by a word; empty if nothing is near."""
    return next(iter(difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)), "")


def missing(place: Place) -> Mistake:
    """A required key that is not there."""
    return Mistake(place, "nothing", "a value: this key is required")


def location(details: ErrorDetails) -> tuple[int | str, ...]:
    """Keys from the top of a block to what pydantic found wrong."""
    keys = tuple(key for key in details["loc"] if not is_form(key))
    # Pydantic's mark for a key that breaks its own rule, not one of the file's.
    return keys[:-1] if keys[1:] and keys[-1] == "[key]" else keys


def _mistake(place: Place, model: type[BaseModel], details: ErrorDetails) -> Mistake:
    keys = location(details)
    for key in keys:
        place /= key
    if details["type"] == "extra_forbidden":
        return unknown_key(place, str(keys[-1]), _allowed_keys(model, details["loc"][:-1]))
    if details["type"] == "missing":
        return missing(place)
    return Mistake(place, shown(details["input"]), expectation(details))


def expectation(details: ErrorDetails) -> str:
    """What would have been right, in the words of whoever writes settings or types a command."""
    unquoted = ", without quotes" if details["type"] in _NUMBERS and _is_number(details["input"]) else ""
    return _expectation(details) + unquoted


def _is_number(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


_NUMBERS: Final = frozenset({"int_type", "float_type", "literal_error"})
"""Kinds of errors that a number in quotes makes, where one without them may be right."""


def _expectation(details: ErrorDetails) -> str:
    context: Mapping[str, Any] = details.get("ctx", {})
    match details["type"]:
        case "string_pattern_mismatch":
            return _FORMS[context["pattern"]]
        case "string_type":
            given = details["input"]
            return f'text: put it in quotes, "{shown(given)}"' if isinstance(given, int | float) else "text"
        case "value_error":
            return str(context["error"])
        case kind:
            # A kind without words here is told in pydantic's; a test goes through all that settings can be.
            return _WORDS[kind].format_map(context) if kind in _WORDS else details["msg"]


_FORMS: Final[dict[str, str]] = {}
"""By the regular expression of a value, what it says in words."""


def text_of(
    pattern: str, words: str, *, min_length: int | None = None, max_length: int | None = None
) -> StringConstraints:
    """Text of a certain form, for an annotation.

    Args:
        pattern: the form, as a regular expression.
        words: the same for whoever wrote another one.
        min_length: in characters; `max_length` likewise.

    Raises:
        ValueError: the expression has other words already.
    """
    if _FORMS.setdefault(pattern, words) != words:
        message = f"{pattern} is {_FORMS[pattern]!r} already"
        raise ValueError(message)
    return StringConstraints(pattern=pattern, min_length=min_length, max_length=max_length)


_WORDS: Final = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing": "a whole number",
    "float_parsing": "a number",
    "tuple_type": "a list",
    "dict_type": "a block of keys",
    "model_type": "a block of keys",
    "enum": "one of {expected}",
    "literal_error": "one of {expected}",
    "greater_than": "a number above {gt}",
    "greater_than_equal": "a number from {ge} on",
    "less_than_equal": "a number up to {le}",
    "too_short": "at least {min_length} of them, not {actual_length}",
    "too_long": "at most {max_length} of them, not {actual_length}",
    "string_too_short": "text of at least {min_length} characters",
    "string_too_long": "text of at most {max_length} characters",
}
"""What pydantic's kinds of errors mean to whoever wrote the file
(https://docs.pydantic.dev/latest/errors/validation_errors/)."""


def shown(value: object) -> str:
    """A value as it stands in a message: short, and as YAML has it."""
    text = "nothing" if value is None else _yaml(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _yaml(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, dict):
        items = cast(dict[object, object], value).items()
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_yaml(item) for item in cast(list[object], value)) + "]"
    return repr(value)


def example_of(model: type[BaseModel], keys: Sequence[int | str]) -> object:
    """A right value for the key at a location below `model`, where its type has one; else None."""
    current: type[BaseModel] | None = model
    for key in keys[:-1]:
        if current is not None and key in current.model_fields:
            current = _model_in(current.model_fields[str(key)].annotation)
    last = current.model_fields.get(str(keys[-1])) if current and keys else None
    return last.examples[0] if last and last.examples else None


def _allowed_keys(model: type[BaseModel], keys: Sequence[int | str]) -> list[str]:
    """Keys of the model that sits at a location below `model`; empty where no model sits there."""
    current: type[BaseModel] | None = model
    annotation: object = None
    for key in keys:
        if current is None:
            return []
        if is_form(key):
            current = _model_in(annotation, str(key))
        elif key in current.model_fields:
            annotation = current.model_fields[str(key)].annotation
            current = _model_in(annotation)
        # otherwise `key` is a mapping's key or a list's index, and the model found already is its value's
    return sorted(current.model_fields) if current else []


def _model_in(annotation: object, form: str = "") -> type[BaseModel] | None:
    """First model in an annotation such as `dict[str, Model]` or `Model | None`; of two that of a form."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    tags = [one.tag for one in get_args(annotation)[1:] if isinstance(one, Tag)]
    if form and tags and form not in tags:
        return None
    for inner in get_args(annotation):
        model = _model_in(inner, form)
        if model:
            return model
    return None
