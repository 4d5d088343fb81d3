"""One table of resource types, a row for each that the platform declares or the embedded cloud knows.

A module beside this one holds the rows of a service in its `TYPES`; it is found, not listed. Whoever needs to
know what replaces a resource, which of its properties the service decides or which IAM actions its life takes
reads it here.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from slipway.errors import SlipwayError
from slipway.platform.resource_types.kubernetes import by_convention
from slipway.platform.resource_types.row import Actions, ResourceType

__all__ = ["FILES", "TYPES", "Actions", "ResourceType", "files_of", "row_of"]


def _rows() -> Mapping[str, Iterable[ResourceType]]:
    """By file, the rows of the modules beside this one."""
    modules = sorted(info.name for info in pkgutil.iter_modules(__path__))
    return {
        f"{__name__.replace('.', '/')}/{module}.py": getattr(
            importlib.import_module(f"{__name__}.{module}"), "TYPES", ()
        )
        for module in modules
    }


def files_of(rows: Mapping[str, Iterable[ResourceType]]) -> Mapping[str, str]:
    """By type token, the file that has its row.

    Raises:
        SlipwayError: two rows are of one type, or a type of AWS does not say which actions its life takes.
    """
    files: dict[str, str] = {}
    for file, members in rows.items():
        for row in members:
            if row.token in files:
                raise SlipwayError(
                    f"{row.token} has two rows", where=file, fix=f"the other one is in {files[row.token]}"
                )
            actions = row.actions or Actions()
            missing = [name for name in ("create", "read", "on") if not getattr(actions, name)]
            if row.token.startswith("aws:") and missing:
                raise SlipwayError(
                    f"{row.token} has a row without actions: {', '.join(missing)}",
                    where=file,
                    fix="give it the IAM actions of a resource's life, so that the apply roles get them",
                )
            files[row.token] = file
    return files


_ROWS = _rows()
FILES = files_of(_ROWS)
TYPES: Mapping[str, ResourceType] = {row.token: row for members in _ROWS.values() for row in members}


def row_of(token: str) -> ResourceType | None:
    """The row of a type; None where nothing is known of it, and a preview says 'may replace'."""
    return TYPES.get(token) or by_convention(token)
