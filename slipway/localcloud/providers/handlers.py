"""A provider's table of handlers, from the modules that lie in its package: found, not listed."""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping
from typing import Any

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import Handler
from slipway.platform.resource_types import row_of


def handlers_of(package: str, path: Iterable[str]) -> Mapping[str, Handler[Any]]:
    """By type token, what the modules of `package` have in their `HANDLERS`. Raises as `table` does."""
    modules = [importlib.import_module(f"{package}.{info.name}") for info in pkgutil.iter_modules(path)]
    return table({module.__name__: getattr(module, "HANDLERS", ()) for module in modules})


def table(members_of: Mapping[str, Iterable[Handler[Any]]]) -> Mapping[str, Handler[Any]]:
    """By type token, the handlers of modules that are given by their dotted names.

    Raises:
        ProviderError: two handlers are of one type, or a type has no row in the table of resource types.
    """
    handlers: dict[str, Handler[Any]] = {}
    for module, members in members_of.items():
        file = f"{module.replace('.', '/')}.py"
        for handler in members:
            token = handler.token
            if token in handlers:
                raise ProviderError(f"{token} has two handlers", where=file, fix="remove one of them")
            if handler.facts is None and row_of(token) is None:
                raise ProviderError(
                    f"{token} has a handler, but no row in the table of resource types",
                    where=file,
                    fix="add the row to the module of its service in slipway/platform/resource_types",
                )
            handlers[token] = handler
    return handlers
