"""Providers, called in process: plain data in and out, any thread, errors without secrets."""

from __future__ import annotations

import asyncio
import copy
import inspect
import itertools
import json
import threading
import uuid
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import pulumi
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from slipway.engine import urn as urns
from slipway.engine.properties import from_properties, to_properties
from slipway.engine.values import UNKNOWN, Plain, Secret, Unknown, contains, reveal
from slipway.errors import SlipwayError
from slipway.platform.masking import mask

T = TypeVar("T")
Properties = dict[str, Plain]
ProviderSource = sdk.Provider | Callable[[], sdk.Provider]
"""A provider, or a function that makes one. Each provider resource gets its own: a copy of the instance
(shallow, so that what an instance shares stays shared) or a fresh one from the function."""

_CONFIG_SEED = b"slipway"


class ResourceRefused(Exception):
    """A provider, or a rule of the engine, says no to one resource. The text is safe to show."""


class HalfMade(ResourceRefused):
    """The object exists, but something that had to follow failed (Pulumi: ErrorResourceInitFailed)."""

    def __init__(self, reason: str, id_: str, outputs: Properties) -> None:
        super().__init__(reason)
        self.id = id_
        self.outputs = outputs


@dataclass(frozen=True)
class Diff:
    """A provider's answer to diff. `changes` is None where it leaves the question to the engine."""

    changes: bool | None
    replaces: tuple[str, ...] = ()
    delete_before_replace: bool = False
    keys: tuple[str, ...] = ()
    detailed: dict[str, tuple[str, bool, bool]] = field(default_factory=dict[str, tuple[str, bool, bool]])
    """Path -> (add, delete or update; forces a replacement; is about inputs)."""


class Plugin:
    """One configured provider.

    Args:
        provider: the provider, this plugin's own.
        package: its name, ``aws``.
        config: the inputs of its provider resource.
    """

    def __init__(self, provider: sdk.Provider, package: str, config: Properties) -> None:
        self.package = package
        self.config = config
        self.known = not contains(config, Unknown)
        self._provider = provider
        self._supports_preview = True
        self._configured = False
        self._lock = threading.Lock()

    def _ready(self) -> sdk.Provider:
        """The provider, configured at its first use: a run that changes nothing may never need it."""
        with self._lock:
            if not self._configured:
                response = self._call(self._provider.configure(self._configure_request()), self.config)
                self._supports_preview = response.supports_preview
                self._configured = True
        return self._provider

    def _configure_request(self) -> sdk.ConfigureRequest:
        config = {key: item for key, item in self.config.items() if not key.startswith("__")}
        variables = {f"{self.package}:config:{key}": text(reveal(item)) for key, item in config.items()}
        return sdk.ConfigureRequest(variables, to_properties(config), True, True)

    def prepare(self) -> None:
        """Configure the provider now. `construct` needs it, as it runs where nothing may block."""
        self._ready()

    def check_config(self, urn: str, old: Properties, new: Properties) -> Properties:
        request = sdk.CheckRequest(urn, to_properties(old), to_properties(new), _CONFIG_SEED)
        return _checked(self._call(self._provider.check_config(request), new), new)

    def diff_config(self, urn: str, id_: str, old: Properties, new: Properties) -> Diff:
        request = sdk.DiffRequest(urn, id_, to_properties(old), to_properties(new), [])
        return _diff(self._call(self._provider.diff_config(request), old, new))

    def check(self, urn: str, old: Properties, new: Properties) -> Properties:
        """The inputs as the provider completes them.

        Raises:
            ResourceRefused: the provider finds fault with them; every fault is named.
        """
        if not self.known:
            return new
        request = sdk.CheckRequest(urn, to_properties(old), to_properties(new), urn.encode())
        return _checked(self._call(self._ready().check(request), new), new)

    def diff(
        self, urn: str, id_: str, old_outputs: Properties, new: Properties, ignore: Iterable[str]
    ) -> Diff:
        if not self.known:
            return Diff(None)
        request = sdk.DiffRequest(urn, id_, to_properties(old_outputs), to_properties(new), list(ignore))
        return _diff(self._call(self._ready().diff(request), old_outputs, new))

    def create(self, urn: str, inputs: Properties, timeout: float, preview: bool) -> tuple[str, Properties]:
        """Create, or rehearse it; the id of a rehearsal is empty."""
        if preview and (not self.known or not self._preview_supported()):
            return "", {}
        request = sdk.CreateRequest(urn, to_properties(inputs), timeout, preview)
        response = self._call(self._ready().create(request), inputs)
        if not preview and not response.resource_id:
            raise ResourceRefused("the provider created it and returned no id")
        return "" if preview else str(response.resource_id), from_properties(response.properties)

    def update(  # noqa: PLR0917 - what Pulumi's update takes
        self, urn: str, id_: str, old: Properties, new: Properties, timeout: float, ignore: Iterable[str],
        preview: bool,
    ) -> Properties:  # fmt: skip
        if preview and (not self.known or not self._preview_supported()):
            return {}
        request = sdk.UpdateRequest(
            urn, id_, to_properties(old), to_properties(new), timeout, list(ignore), preview
        )
        return from_properties(self._call(self._ready().update(request), old, new).properties)

    def delete(self, urn: str, id_: str, outputs: Properties, timeout: float) -> None:
        request = sdk.DeleteRequest(urn, id_, to_properties(outputs), timeout)
        self._call(self._ready().delete(request), outputs, {})

    def read(
        self, urn: str, id_: str, outputs: Properties, inputs: Properties
    ) -> tuple[str, Properties, Properties] | None:
        """Id, outputs and inputs as they are in the world; None where there is nothing (any more)."""
        request = sdk.ReadRequest(urn, id_, to_properties(outputs), to_properties(inputs))
        response = self._call(self._ready().read(request), outputs, inputs)
        if not response.resource_id:
            return None
        return response.resource_id, from_properties(response.properties), from_properties(response.inputs)

    def find(self, urn: str, inputs: Properties) -> str | None:
        """The id of an object that an interrupted creation of `urn` left behind.

        Only providers with a method ``find(urn, inputs) -> id or None`` can tell; for others this is None.
        """
        method = getattr(self._ready(), "find", None)
        if method is None:
            return None
        found = method(urn, to_properties(inputs))
        return self._call(found, inputs) if inspect.isawaitable(found) else found

    def invoke(self, token: str, args: Properties) -> Properties:
        """Call a function.

        Raises:
            ResourceRefused: the function failed.
        """
        request = sdk.InvokeRequest(token, to_properties(args))
        response = self._call(self._ready().invoke(request), args)
        if response.failures:
            raise ResourceRefused(_failures(response.failures, args))
        return from_properties(response.return_value or {})

    def construct(
        self, type_: str, name: str, inputs: dict[str, PropertyValue], options: pulumi.ResourceOptions
    ) -> Coroutine[Any, Any, sdk.ConstructResponse]:
        """A remote component. To be awaited on the program's event loop."""
        return self._provider.construct(sdk.ConstructRequest(type_, name, inputs, options))

    def _preview_supported(self) -> bool:
        self._ready()
        return self._supports_preview

    def _call(self, coroutine: Any, *sensitive: Properties) -> Any:
        """The coroutine's result. Of `sensitive`, the last are inputs, which the program says in the open."""
        public = sensitive[-1:]
        try:
            return run(coroutine)
        except ResourceRefused:
            raise
        except SlipwayError as error:
            reason = redact(str(error), sensitive, public)
            # By its shape, not its class: a provider may be anybody's.
            id_, properties = getattr(error, "id", ""), getattr(error, "properties", None)
            if id_ and properties is not None:
                raise HalfMade(reason, str(id_), from_properties(properties)) from None
            raise ResourceRefused(reason) from None
        except NotImplementedError as error:
            raise ResourceRefused(f"the provider {self.package!r} cannot do this: {error}") from None
        except Exception as error:
            raise ResourceRefused(redact(str(error) or type(error).__name__, sensitive, public)) from None


class Plugins:
    """The providers of one run, by provider reference.

    Args:
        sources: one per package.
    """

    def __init__(self, sources: Mapping[str, ProviderSource]) -> None:
        self._sources = sources
        self._plugins: dict[str, Plugin] = {}
        self._lock = threading.Lock()

    def make(self, package: str, config: Properties) -> Plugin:
        """A new plugin that no resource uses yet.

        Raises:
            SlipwayError: no provider for this package.
        """
        source = self._sources.get(package)
        if source is None:
            raise SlipwayError(
                f"the embedded engine has no provider for the package {package!r}",
                fix=f"it has: {', '.join(sorted(self._sources)) or 'none'}",
            )
        instance = copy.copy(source) if isinstance(source, sdk.Provider) else source()
        return Plugin(instance, package, config)

    def add(self, reference: str, plugin: Plugin) -> None:
        with self._lock:
            self._plugins[reference] = plugin

    def get(self, reference: str) -> Plugin | None:
        return self._plugins.get(reference)

    def get_or_make(self, reference: str, config: Properties) -> Plugin:
        """The plugin of a provider that the state knows, with the configuration it had."""
        plugin = self._plugins.get(reference)
        if plugin is None:
            urn, _ = urns.split_reference(reference)
            plugin = self.make(urns.package_of(urns.type_of(urn)), config)
            with self._lock:
                plugin = self._plugins.setdefault(reference, plugin)
        return plugin


_local = threading.local()


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a provider's coroutine to its end on this thread's own event loop."""
    loop: asyncio.AbstractEventLoop | None = getattr(_local, "loop", None)
    if loop is None or loop.is_closed():
        loop = asyncio.new_event_loop()
        _local.loop = loop
    return loop.run_until_complete(coroutine)


def new_id() -> str:
    """An id for a provider resource, which no cloud gives one."""
    return str(uuid.uuid4())


def text(value: Plain) -> str:
    """A configuration value as Pulumi's configuration holds it: strings as they are, the rest as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is UNKNOWN else json.dumps(value)


def redact(message: str, sensitive: Iterable[Properties], public: Iterable[Properties], *names: str) -> str:
    """`message` without any secret of `sensitive`; see `mask`.

    Args:
        public: inputs, of which what is no secret is said in the open; outputs may repeat a secret unmarked.
        names: what else is.
    """
    secrets = (text for one in sensitive for text, secret in _leaves(one) if secret)
    told = (text for one in public for text, secret in _leaves(one) if not secret)
    return mask(message, secrets, itertools.chain(told, names))


def _leaves(value: Any, secret: bool = False) -> Iterable[tuple[str, bool]]:
    """Every text and number in `value`, and whether it is in a secret."""
    if isinstance(value, Secret):
        yield from _leaves(value.value, True)
    elif isinstance(value, Mapping):
        for item in cast(Mapping[str, Any], value).values():
            yield from _leaves(item, secret)
    elif isinstance(value, list | tuple):
        for item in cast(Iterable[Any], value):
            yield from _leaves(item, secret)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield str(value), secret


def _checked(response: sdk.CheckResponse, inputs: Properties) -> Properties:
    if response.failures:
        raise ResourceRefused(_failures(response.failures, inputs))
    return inputs if response.inputs is None else from_properties(response.inputs)


def _failures(failures: Iterable[sdk.CheckFailure], inputs: Properties) -> str:
    lines = [f"{item.property}: {item.reason}" if item.property else item.reason for item in failures]
    return redact("; ".join(lines), [inputs], [inputs])


def _diff(response: sdk.DiffResponse) -> Diff:
    detailed = {
        path: (item.kind.name.split("_")[0].lower(), item.kind.name.endswith("REPLACE"), item.input_diff)
        for path, item in response.detailed_diff.items()
    }
    return Diff(
        response.changes,
        tuple(response.replaces),
        response.delete_before_replace,
        tuple(response.diffs),
        detailed,
    )
