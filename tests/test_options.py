"""Every setting is read by something, and every option of a component is reached by a setting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from slipway.platform.organization import OrganizationSettings
from slipway.platform.services import ServiceSettings
from slipway.platform.settings import LocalSettings, PlatformSettings

ROOT = Path(__file__).parents[1]
SERVICES_OWN = {
    # A release is made by a service's own program too, which has no settings of the platform.
    "AppReleaseArgs": {"version", "repository_url", "timeout_seconds", "revisions_kept"},
}


def trees(*rooms: str) -> Iterator[ast.Module]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield ast.parse(path.read_text())


def models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """A model and those in it."""
    yield model
    for field in model.model_fields.values():
        for inner in _types(field.annotation):
            if isinstance(inner, type) and issubclass(inner, BaseModel):
                yield from models(inner)


def _types(annotation: object) -> Iterator[object]:
    yield annotation
    for inner in getattr(annotation, "__args__", ()):
        yield from _types(inner)


TOP = (OrganizationSettings, PlatformSettings, LocalSettings, ServiceSettings)
MODELS = tuple(dict.fromkeys(inner for model in TOP for inner in models(model)))
"""Every block of a settings file."""


def settings() -> set[str]:
    return {name for model in MODELS for name in model.model_fields}


@pytest.fixture(scope="module")
def read() -> set[str]:
    """Every attribute that the program reads, and every key that it asks for by name."""
    return {
        node.attr
        for tree in trees("infra", "components", "slipway")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load)
    }


@pytest.mark.parametrize("name", sorted(settings()))
def test_a_setting_is_read(name: str, read: set[str]) -> None:
    assert name in read, f"nothing reads the setting {name}: use it, or take it out of its model"


def options() -> dict[str, set[str]]:
    """The options of components that have a default, by the class of their arguments."""
    return {
        node.name: {
            field.target.id
            for field in node.body
            if isinstance(field, ast.AnnAssign) and field.value and isinstance(field.target, ast.Name)
        }
        for tree in trees("components")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name.endswith("Args")
    }


def test_an_option_of_a_component_is_reached() -> None:
    passed: dict[str, set[str]] = {name: set() for name in options()}
    for tree in trees("infra", "components"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in passed:
                passed[node.func.id] |= {keyword.arg for keyword in node.keywords if keyword.arg}
    unreached = {name: own - passed[name] for name, own in options().items() if own - passed[name]}
    assert unreached == SERVICES_OWN, "give the option a setting, or make it a constant"
