"""Every setting is read by something, and every option of a component is reached by a setting."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel

from slipway.platform.organization import OrganizationSettings
from slipway.platform.services import ServiceSettings
from slipway.platform.settings import LocalSettings, PlatformSettings
from tests import typed_reads

ROOT = Path(__file__).parents[1]
SERVICES_OWN = {
    # A release is made by a service's own program too, which has no settings of the platform.
    "AppReleaseArgs": {"version", "repository_url", "timeout_seconds", "revisions_kept"},
    "ImageReference": {"tag"},
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


READING = ("infra", "components", *(f"slipway/{room}" for room in ("platform", "access", "runners")))


@pytest.fixture(scope="module")
def reads() -> set[tuple[str, str]]:
    """Every attribute that is read somewhere, with the class that it is read of."""
    sources = list(trees(*READING))
    return typed_reads.found_in(sources)


@pytest.mark.parametrize(
    ("model", "key"), [(model.__name__, key) for model in MODELS for key in model.model_fields]
)
def test_a_setting_is_read(model: str, key: str, reads: set[tuple[str, str]]) -> None:
    assert (model, key) in reads, f"nothing reads the setting {model}.{key}: use it, or take it out"


SAME_KEY = """
class Model: ...
class Inner(Model):
    keep: bool = False
    days: int = 1
class Other(Model):
    days: int = 2
class Args:
    settings: dict[str, Inner]
class Component:
    def __init__(self, args: Args) -> None:
        self._args = args
    def build(self) -> object:
        return [inner.days for name, inner in self._args.settings.items() if name]
"""


def test_a_key_of_one_name_in_another_block_hides_nothing() -> None:
    found = typed_reads.found_in([ast.parse(SAME_KEY)])
    assert ("Inner", "days") in found
    assert not found & {("Other", "days"), ("Inner", "keep")}


def options() -> dict[str, set[str]]:
    """The options of components that have a default, by the class that carries them."""
    return {
        node.name: {
            field.target.id
            for field in node.body
            if isinstance(field, ast.AnnAssign) and field.value and isinstance(field.target, ast.Name)
        }
        for tree in trees("components")
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and any("dataclass" in ast.unparse(d) for d in node.decorator_list)
    }


def test_an_option_of_a_component_is_reached() -> None:
    passed: dict[str, set[str]] = {name: set() for name in options()}
    for tree in trees("infra", "components"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in passed:
                passed[node.func.id] |= {keyword.arg for keyword in node.keywords if keyword.arg}
    unreached = {name: own - passed[name] for name, own in options().items() if own - passed[name]}
    assert unreached == SERVICES_OWN, "give the option a setting, or make it a constant"
