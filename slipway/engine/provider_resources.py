"""Provider resources: explicit ones, Pulumi's default ones, and the plugin behind each."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from slipway.engine import urn as urns
from slipway.engine.diffs import compare, mark_forcing
from slipway.engine.interface import Op
from slipway.engine.plugins import Diff, Plugin, Plugins, new_id
from slipway.engine.registration import Registration
from slipway.engine.run import Outcome, Run, now
from slipway.engine.state import Properties, ResourceState
from slipway.engine.values import Plain, Secret


@dataclass(frozen=True)
class Config:
    """A stack's configuration as the program sees it: ``namespace:key`` to text."""

    values: Mapping[str, str]
    secret_keys: frozenset[str] = frozenset()

    @property
    def secrets(self) -> Properties:
        """The secret values, wrapped."""
        return {key: Secret(self.values[key]) for key in self.secret_keys if key in self.values}

    def of(self, namespace: str) -> Properties:
        """The keys of one namespace, secrets wrapped: what its default provider is configured with."""
        prefix = f"{namespace}:"
        found: dict[str, Plain] = {}
        for key, value in self.values.items():
            if key.startswith(prefix):
                found[key.removeprefix(prefix)] = Secret(value) if key in self.secret_keys else value
        return found


class ProviderResources:
    """Registers provider resources and hands out the plugin for a provider reference."""

    def __init__(self, run: Run, plugins: Plugins, config: Config) -> None:
        self._run = run
        self._plugins = plugins
        self._config = config
        self._defaults: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()
        # With their inputs as the last run left them: what is deleted is deleted with the provider that made
        # it.
        self._known: dict[str, Properties] = {
            urns.provider_reference(state.urn, state.id): state.inputs
            for state in (*run.snapshot.live.values(), *run.snapshot.condemned.values())
            if urns.is_provider(state.type)
        }

    def plugin(self, reference: str) -> Plugin:
        """The plugin behind a provider reference from the program or the state."""
        found = self._plugins.get(reference)
        return found or self._plugins.get_or_make(reference, self._known.get(reference, {}))

    def reference_for(self, token: str, explicit: str, version: str) -> str:
        """The provider of a resource or function: the explicit one, or the package's default."""
        return explicit or self._default(urns.package_of(token), version)

    def _default(self, package: str, version: str) -> str:
        with self._lock:
            reference = self._defaults.get((package, version))
            if reference is None:
                reference = self._register_default(package, version)
                self._defaults[package, version] = reference
            return reference

    def _register_default(self, package: str, version: str) -> str:
        name = f"default_{re.sub(r'[.+]', '_', version)}" if version else "default"
        type_ = f"{urns.PROVIDER_PREFIX}{package}"
        urn = urns.make(self._run.stack, self._run.project, "", type_, name)
        inputs = self._config.of(package)
        if version:
            inputs["version"] = version
        self._run.claim(urn)
        outcome = self.register(Registration(urn, type_, name, "", custom=True, inputs=inputs), [])
        return urns.provider_reference(outcome.urn, outcome.id)

    def register(self, registration: Registration, aliases: list[str]) -> Outcome:
        """Create, update, replace or keep a provider resource. Needs no cloud: it is configuration."""
        package = urns.package_of(registration.type)
        old = self._run.old(registration.urn, aliases)
        plugin = self._plugins.make(package, registration.inputs)
        inputs = plugin.check_config(registration.urn, old.inputs if old else {}, registration.inputs)
        answer = plugin.diff_config(old.urn, old.id, old.inputs, inputs) if old else Diff(None)
        changes = mark_forcing(compare(old.inputs, inputs), answer.replaces) if old else []
        op: Op = "create"
        if old is not None:
            op = "replace" if answer.replaces and changes else "update" if changes else "same"
        id_ = old.id if old and op in ("same", "update") else "" if self._run.preview else new_id()
        state = _state(registration, inputs, id_, old)
        plugin = self._plugins.make(package, inputs)
        self._plugins.add(urns.provider_reference(state.urn, id_), plugin)
        self._known[urns.provider_reference(state.urn, id_)] = inputs
        was = self._run.aliases.get(state.urn, "")

        def write() -> None:
            if old is not None and op == "same":
                self._run.put_same(state, old, was)
            else:
                self._run.ledger.put(state, was, condemn=op == "replace")

        self._run.perform(self._run.step(op, state, changes, old=old), write)
        return Outcome(state.urn, id_, inputs)

    def demands_replacement(self, old_reference: str, new_reference: str) -> bool:
        """Whether a resource must be replaced because its provider is another one now."""
        if old_reference == new_reference:
            return False
        old_urn, old_id = urns.split_reference(old_reference)
        new_urn, new_id_ = urns.split_reference(new_reference)
        if self._run.aliases.get(new_urn, new_urn) == old_urn:
            return old_id != new_id_
        old, new = self._known.get(old_reference, {}), self._known.get(new_reference, {})
        return bool(self.plugin(new_reference).diff_config(new_urn, new_id_, old, new).replaces)


def _state(
    registration: Registration, inputs: Properties, id_: str, old: ResourceState | None
) -> ResourceState:
    time = now()
    state = ResourceState(
        urn=registration.urn,
        type=registration.type,
        custom=True,
        id=id_,
        inputs=inputs,
        outputs=inputs,
        parent=registration.parent,
        protect=registration.protect,
        retain_on_delete=registration.options.get("retain_on_delete", False),
        dependencies=registration.dependencies,
        property_dependencies=registration.property_dependencies,
        aliases=tuple(item for item in registration.options.get("aliases", ()) if isinstance(item, str)),
        created=time,
        modified=time,
    )
    return replace(state, created=old.created, modified=old.modified) if old else state
