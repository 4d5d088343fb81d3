"""What the installed SDK's class of a type accepts and requires: nothing about it is written twice."""

import functools
import importlib
import inspect
import keyword
import threading
from dataclasses import dataclass
from typing import Any

from pulumi import _types  # pyright: ignore[reportPrivateUsage] # the SDK generator's own names for properties; there is no public way to them

_LOADING = threading.Lock()
"""The SDK loads its areas lazily, and of two threads that load one together the other finds it half empty."""


@dataclass(frozen=True)
class TypeSchema:
    """Property names, as Pulumi spells them, of one resource type."""

    required: frozenset[str]
    inputs: frozenset[str]
    outputs: frozenset[str]


def _module_and_class(token: str) -> tuple[str, str]:
    """`aws:ec2/natGateway:NatGateway` -> (`pulumi_aws.ec2`, `NatGateway`).

    Never the file of the class: the SDK loads areas lazily, and one whose file came first stays empty.
    """
    package, path, class_name = token.split(":")
    area = path.partition("/")[0]
    area = f"{area}_" if keyword.iskeyword(area) else area  # pulumi_aws.lambda_
    return f"pulumi_{package}" if area == "index" else f"pulumi_{package}.{area}", class_name


def of(token: str) -> TypeSchema:
    """The schema of `token` from the installed `pulumi_<package>`.

    Raises:
        ImportError, AttributeError: the SDK has no such type.
    """
    with _LOADING:
        return of_class(*_module_and_class(token))


@functools.cache
def of_class(module_name: str, class_name: str) -> TypeSchema:
    """The schema of a resource class in a module of an installed SDK."""
    module = importlib.import_module(module_name)
    resource: Any = getattr(module, class_name)
    # Where a nested type already has the name <Class>Args, the generator calls the resource's own InitArgs.
    home = importlib.import_module(resource.__module__)
    arguments: Any = getattr(home, f"{class_name}InitArgs", None) or getattr(home, f"{class_name}Args")
    names: dict[str, str] = _types.input_type_py_to_pulumi_names(arguments)
    parameters = inspect.signature(arguments.__init__).parameters
    absent = inspect.Parameter.empty
    required = {names[key] for key, one in parameters.items() if key in names and one.default is absent}
    outputs: dict[str, str] = _types.resource_py_to_pulumi_names(resource)
    return TypeSchema(
        frozenset(required), frozenset(names.values()), frozenset(outputs.values()) - {"urn", "id"}
    )
