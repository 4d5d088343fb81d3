"""One table of resource types, a row for each that the platform declares or the embedded cloud knows.

A module beside this one holds the rows of a service in its `TYPES`; it is found, not listed. Whoever needs to
know what replaces a resource, which of its properties the service decides or which IAM actions its life takes
reads it here.
"""

import importlib
import pkgutil
from collections.abc import Iterator, Mapping

from slipway.platform.resource_types.kubernetes import by_convention
from slipway.platform.resource_types.row import Actions, ResourceType

__all__ = ["TYPES", "Actions", "ResourceType", "row_of"]


def _rows() -> Iterator[ResourceType]:
    for module in sorted(info.name for info in pkgutil.iter_modules(__path__)):
        yield from getattr(importlib.import_module(f"{__name__}.{module}"), "TYPES", ())


TYPES: Mapping[str, ResourceType] = {row.token: row for row in _rows()}


def row_of(token: str) -> ResourceType | None:
    """The row of a type; None where nothing is known of it, and a preview says 'may replace'."""
    return TYPES.get(token) or by_convention(token)
