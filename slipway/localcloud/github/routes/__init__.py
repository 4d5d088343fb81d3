"""GitHub's routes, a module per area of the API. Each defines `area`; the application finds them by that."""

import importlib
import pkgutil
from collections.abc import Sequence

from slipway.localcloud.github.protocol import Area


def all_areas() -> Sequence[Area]:
    """The area of every module here, in the order of their names.

    Raises AttributeError for a module that defines none.
    """
    names = sorted(module.name for module in pkgutil.iter_modules(__path__))
    return [importlib.import_module(f"{__name__}.{name}").area for name in names]
