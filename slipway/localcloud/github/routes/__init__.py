"""GitHub's routes, a module per area of the API. Each defines `area`; the application finds them by that."""

import importlib
import pkgutil
from collections.abc import Sequence
from types import ModuleType
from typing import Final

from slipway.errors import SlipwayError
from slipway.localcloud.github.protocol import Area

REFERENCE: Final = "https://docs.github.com/en/rest"


def all_areas() -> Sequence[Area]:
    """The area of every module here, in the order of their names.

    Raises:
        SlipwayError: a module defines none, or does not name its page of GitHub's reference.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [area_of(importlib.import_module(f"{__name__}.{name}")) for name in names]


def area_of(module: ModuleType) -> Area:
    """The area that a module defines. Raises as `all_areas` does."""
    file = f"{module.__name__.replace('.', '/')}.py"
    area = getattr(module, "area", None)
    if not isinstance(area, Area):
        raise SlipwayError(
            "a module of the GitHub stand-in's routes defines no area", where=file, fix="add `area = Area()`"
        )
    if REFERENCE not in (module.__doc__ or ""):
        raise SlipwayError(
            "a module of the GitHub stand-in's routes does not say what it stands for",
            where=file,
            fix=f"name its page of GitHub's reference ({REFERENCE}…) in its docstring",
        )
    return area
