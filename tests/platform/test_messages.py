"""What is wrong with a value is told in the words of whoever writes settings, not pydantic's or Python's."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from slipway.platform.mistakes import Mistake, Place, from_validation, shown
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
