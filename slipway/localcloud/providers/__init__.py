"""Pulumi providers for the embedded cloud: aws, github, kubernetes and eks, on loopback addresses only.

Each is configured by its Pulumi provider's arguments alone, so that the same class serves an engine in the
same process and the Pulumi CLI, which runs `python -m slipway.localcloud.providers <package>` as a plugin.
"""

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from pulumi.provider.experimental.provider import Provider

from slipway.localcloud.providers.errors import (
    FenceError,
    InitFailed,
    ProviderError,
    UnknownTypeError,
)
from slipway.localcloud.providers.handler import Handler

__all__ = [
    "PACKAGES",
    "FenceError",
    "InitFailed",
    "ProviderError",
    "UnknownTypeError",
    "id_by_name",
    "provider",
    "providers",
]

_CLASSES = {
    "aws": "AwsProvider",
    "github": "GitHubProvider",
    "kubernetes": "KubernetesProvider",
    "eks": "EksProvider",
}
PACKAGES = tuple(_CLASSES)


def provider(package: str) -> Provider:
    """A new, unconfigured provider for `package`; its SDK is imported only now. Raises UnknownTypeError."""
    name = _CLASSES.get(package)
    if name is None:
        raise UnknownTypeError(
            f"the embedded cloud has no provider {package!r}", fix=f"it has: {', '.join(_CLASSES)}"
        )
    made: Callable[[], Provider] = getattr(importlib.import_module(f"{__name__}.{package}"), name)
    return made()


def id_by_name(package: str, token: str, inputs: Mapping[str, Any]) -> str:
    """The id that a type's own properties give an object; empty where only the service knows it.

    It is the one that the real provider has, too.
    """
    handlers: Mapping[str, Handler[Any]] = getattr(provider(package), "handlers", {})
    handler = handlers.get(token)
    return handler.named(inputs) if handler is not None else ""


def providers() -> dict[str, Provider]:
    """A new, unconfigured provider for each package."""
    return {package: provider(package) for package in PACKAGES}
