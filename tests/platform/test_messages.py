"""What is wrong with a value is told in the words of whoever writes settings, not pydantic's or Python's."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from pydantic import BaseModel, ValidationError

from slipway.errors import SlipwayError
from slipway.platform import documents
from slipway.platform.mistakes import Mistake, Place, expectation, from_validation, shown
from slipway.platform.values import AccountId
from tests.test_options import MODELS

BAD: tuple[Any, ...] = (
    *(None, True, -1, 0, 10**12, 1.5, "", "x y", "\u00e9", "*", "x" * 300),
    *([], [None], [{}], [""], ["x", "x"], {}, {"a": None}, {"a": {}}, {"": {}}, {"A b": 1}),
)
FOREIGN = ("should", "Input", "input", "valid ", "Value error", "after validation", "None", "True", "Field")


def mistakes(model: type[BaseModel], key: str) -> Iterator[Mistake]:
    for bad in BAD:
        try:
            model.model_validate_json(json.dumps({key: bad}))
        except ValidationError as error:
            yield from from_validation(Place("x.yaml"), model, error)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_mistake_is_told_in_our_words(model: type[BaseModel]) -> None:
    for key in model.model_fields:
        for mistake in mistakes(model, key):
            told = f"{mistake.found}; {mistake.expected}"
            assert not [word for word in FOREIGN if word in told], str(mistake)


class Form(BaseModel, strict=True):
    days: Literal[30, 365] = 365
    number: int = 0
    account: AccountId = "111111111111"


@pytest.mark.parametrize(
    ("block", "told"),
    [
        ({"days": 366}, "found 366; expected one of 30 or 365"),
        ({"days": "365"}, "found '365'; expected one of 30 or 365, without quotes"),
        ({"number": "12"}, "found '12'; expected a whole number, without quotes"),
        ({"number": "twelve"}, "found 'twelve'; expected a whole number"),
        ({"account": "123"}, "found '123'; expected 12 digits, in quotes"),
        ({"account": 111111111111}, 'found 111111111111; expected text: put it in quotes, "111111111111"'),
        ({"account": True}, 'found true; expected text: put it in quotes, "true"'),
        ({"account": []}, "found []; expected text"),
    ],
)
def test_a_value_in_quotes_or_without_them_is_told_how_it_should_be(block: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(block)
    (mistake,) = from_validation(Place("x.yaml"), Form, refused.value)
    assert str(mistake).endswith(told)


def patterns(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "pattern" and isinstance(value, str):
                yield value
            yield from patterns(value)
    elif isinstance(schema, list):
        for item in schema:
            yield from patterns(item)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_form_of_a_text_is_told_in_words(model: type[BaseModel]) -> None:
    for pattern in patterns(model.model_json_schema()):
        details: Any = {"type": "string_pattern_mismatch", "ctx": {"pattern": pattern}, "input": ""}
        words = expectation(details)
        assert not [sign for sign in ("[", "{", "\\d", "|", "$", "+") if sign in words], words


def test_a_key_that_stands_twice_is_told_with_both_of_its_lines(tmp_path: Path) -> None:
    file = tmp_path / "x.yaml"
    file.write_text("a:\n  x: 1\n  y: {z: 1,\n      x: 2}\n  x: 3\n")
    with pytest.raises(SlipwayError, match="the key 'x' stands twice, in line 2 and in line 5") as refused:
        documents.read(file)
    assert refused.value.where == f"{file}:5"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "nothing"),
        (True, "true"),
        ("null", "'null'"),
        (["a", None, False], "['a', null, false]"),
        ({"nat": None, "zones": []}, "{nat: null, zones: []}"),
    ],
)
def test_a_value_is_shown_as_yaml_has_it(value: object, text: str) -> None:
    assert shown(value) == text
