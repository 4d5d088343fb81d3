"""What a program declares: one `Registration` per resource, in plain data."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, cast

from pulumi.runtime.proto import alias_pb2, resource_pb2

from slipway.engine.values import Plain, from_struct, from_value
from slipway.errors import SlipwayError

SUPPORTED_OPTIONS: Final = (
    "parent",
    "depends_on",
    "provider",
    "providers",
    "protect",
    "ignore_changes",
    "delete_before_replace",
    "retain_on_delete",
    "aliases",
    "import_",
    "id",
    "additional_secret_outputs",
    "replace_on_changes",
    "replacement_trigger",
    "custom_timeouts",
    "version",
    "plugin_download_url",
)
"""The resource options that the embedded engine honours (`version` and `plugin_download_url` are recorded:
nothing is downloaded). Every other option is refused by its name."""

_REFUSED_FIELDS: Final = {
    "deletedWith": "deleted_with",
    "replace_with": "replace_with",
    "transforms": "transforms",
    "hooks": "hooks",
    "hideDiffs": "hide_diffs",
    "envVarMappings": "env_var_mappings",
    "state_migrations": "state_migrations",
}
_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class AliasSpec:
    """An alias by its parts; an empty part means "as the resource has it today"."""

    name: str = ""
    type: str = ""
    stack: str = ""
    project: str = ""
    parent: str = ""
    no_parent: bool = False


@dataclass(frozen=True)
class Registration:
    """One resource as the program declared it.

    Attributes:
        inputs: plain values (see `slipway.engine.values`): `UNKNOWN` and `Secret` may stand anywhere.
        provider: ``urn::id`` of an explicit provider, or empty for the default one.
        dependencies: URNs, sorted.
        options: what else was set, by the option's Python name; only what was set.
    """

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    remote: bool = False
    inputs: dict[str, Plain] = field(default_factory=dict[str, Plain])
    protect: bool = False
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict[str, Any])
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def paths(self, option: str) -> tuple[str, ...]:
        """An option that is a list of property paths or URNs; empty where it was not set."""
        return self.options.get(option, ())

    def timeout(self, operation: str) -> float:
        """The custom timeout of ``create``, ``update`` or ``delete`` in seconds; 0 for the provider's."""
        return self.options.get("custom_timeouts", {}).get(operation, 0.0)


def from_request(request: resource_pb2.RegisterResourceRequest, urn: str) -> Registration:
    """Read a registration that the SDK sent.

    Raises:
        SlipwayError: an option outside `SUPPORTED_OPTIONS`, by name.
    """
    _refuse_options(request, urn)
    return Registration(
        urn=urn,
        type=request.type,
        name=request.name,
        parent=request.parent,
        custom=request.custom,
        remote=request.remote,
        inputs=from_struct(request.object),
        protect=request.protect,
        provider=request.provider,
        dependencies=tuple(sorted(request.dependencies)),
        options=_options(request),
        property_dependencies={
            key: tuple(sorted(request.propertyDependencies[key].urns))
            for key in sorted(request.propertyDependencies)
            if request.propertyDependencies[key].urns
        },
    )


def _refuse_options(request: resource_pb2.RegisterResourceRequest, urn: str) -> None:
    for descriptor, _ in request.ListFields():
        option = _REFUSED_FIELDS.get(descriptor.name)
        if option is not None and (option != "hooks" or request.hooks.ListFields()):
            raise unsupported_option(option, urn)


def unsupported_option(option: str, where: str) -> SlipwayError:
    """The error for a resource option, or another feature of the SDK, that this engine does not have."""
    return SlipwayError(
        f"the embedded engine does not support {option!r}",
        where=where,
        fix=f"leave it out, or install the Pulumi CLI; supported options: {', '.join(SUPPORTED_OPTIONS)}",
    )


def _options(request: resource_pb2.RegisterResourceRequest) -> dict[str, Any]:
    """The options that were set, without those that are attributes of `Registration`."""
    options: dict[str, Any] = {
        "ignore_changes": tuple(request.ignoreChanges),
        "replace_on_changes": tuple(request.replaceOnChanges),
        "additional_secret_outputs": tuple(request.additionalSecretOutputs),
        "retain_on_delete": request.retainOnDelete,
        "import_": request.importId,
        "version": request.version,
        "providers": dict(request.providers),
        "aliases": tuple(map(_alias, cast(Iterable[alias_pb2.Alias], request.aliases))),
        "custom_timeouts": _timeouts(request),
    }
    if request.HasField("replacement_trigger"):
        options["replacement_trigger"] = from_value(request.replacement_trigger)
    options = {name: value for name, value in options.items() if value}
    if request.deleteBeforeReplaceDefined:
        options["delete_before_replace"] = request.deleteBeforeReplace
    return options


def _alias(alias: alias_pb2.Alias) -> str | AliasSpec:
    if alias.WhichOneof("alias") == "urn":
        return alias.urn
    spec = alias.spec
    return AliasSpec(spec.name, spec.type, spec.stack, spec.project, spec.parentUrn, spec.noParent)


def _timeouts(request: resource_pb2.RegisterResourceRequest) -> dict[str, float]:
    return {descriptor.name: seconds(str(text)) for descriptor, text in request.customTimeouts.ListFields()}


def seconds(duration: str) -> float:
    """A duration as Go writes it, ``1h30m`` or ``90s``, in seconds.

    Raises:
        SlipwayError: it is not a duration.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)", duration)
    if not parts or "".join(number + unit for number, unit in parts) != duration:
        raise SlipwayError(f"{duration!r} is not a duration", fix="write it as in '90s', '20m' or '1h30m'")
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
