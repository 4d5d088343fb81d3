"""The embedded engine behind the monitor: resources, functions, stack references and remote components."""

from __future__ import annotations

import asyncio
from typing import Any

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.provider.experimental.provider import ConstructResponse
from pulumi.resource import DependencyProviderResource, DependencyResource

from slipway.engine import urn as urns
from slipway.engine.interface import Diagnostic
from slipway.engine.plugins import Plugin, ResourceRefused
from slipway.engine.properties import from_properties, to_properties
from slipway.engine.provider_resources import ProviderResources
from slipway.engine.references import References
from slipway.engine.registrar import Registrar
from slipway.engine.registration import AliasSpec, Registration
from slipway.engine.run import Outcome, Run
from slipway.engine.values import Plain, Unknown, contains
from slipway.errors import SlipwayError

_GET_RESOURCE = "pulumi:pulumi:getResource"


class EngineBackend:
    """Implements `slipway.engine.monitor.Backend` for one run.

    Args:
        loop: the event loop that the program runs on; remote components are constructed there.
        references: the other stacks that the program may refer to.
    """

    def __init__(
        self, run: Run, providers: ProviderResources, loop: asyncio.AbstractEventLoop, references: References
    ) -> None:
        self._run = run
        self._providers = providers
        self._registrar = Registrar(run, providers)
        self._loop = loop
        self._references = references

    def register(self, registration: Registration) -> Outcome:
        return self._registrar.register(registration)

    def read(self, registration: Registration, id_: str) -> Outcome:
        if registration.type == urns.STACK_REFERENCE:
            return self._registrar.refer(registration, id_, lambda: self._references.outputs(id_))
        return self._registrar.read(registration, id_)

    def set_outputs(self, urn: str, outputs: dict[str, Plain]) -> None:
        self._registrar.set_outputs(urn, outputs)

    def invoke(
        self, token: str, args: dict[str, Plain], provider: str, version: str
    ) -> dict[str, Plain] | None:
        self._run.check_cancelled()
        if token == _GET_RESOURCE:
            return self._get_resource(str(args["urn"]))
        reference = self._providers.reference_for(token, provider, version)
        plugin = self._providers.plugin(reference)
        if not plugin.known or contains(args, Unknown):
            return None
        return plugin.invoke(token, args)

    def _get_resource(self, urn: str) -> dict[str, Plain]:
        """What the SDK asks for when it meets a reference to a resource."""
        state = self._run.snapshot.live.get(urn)
        if state is None:
            raise SlipwayError(f"no resource {urn} is known", where=urn)
        return {"urn": urn, "id": state.id, "state": state.outputs}

    def log(self, diagnostic: Diagnostic) -> None:
        self._run.log(diagnostic)

    def construct(self, registration: Registration) -> tuple[Outcome, dict[str, set[str]]]:
        self._run.check_cancelled()
        package = urns.package_of(registration.type)
        explicit = registration.provider or registration.options.get("providers", {}).get(package, "")
        try:
            blocker = self._run.blocked_by({*registration.dependencies, registration.parent})
            if blocker:
                raise ResourceRefused(f"{blocker} failed")
            version = registration.options.get("version", "")
            reference = self._providers.reference_for(registration.type, explicit, version)
            plugin = self._providers.plugin(reference)
            plugin.prepare()
            response = asyncio.run_coroutine_threadsafe(_construct(plugin, registration), self._loop).result()
        except (ResourceRefused, SlipwayError) as error:
            self._run.fail(registration.urn, str(error))
            return Outcome(registration.urn, status="failed"), {}
        except Exception as error:
            self._run.fail(registration.urn, f"{type(error).__name__}: {error}")
            return Outcome(registration.urn, status="failed"), {}
        needs = {key: set(item.all_dependencies()) for key, item in response.state.items()}
        return Outcome(response.urn, outputs=from_properties(response.state)), needs


async def _construct(plugin: Plugin, registration: Registration) -> ConstructResponse:
    """On the program's loop: the options' resources are made of futures, which belong to one."""
    inputs = _with_dependencies(registration)
    return await plugin.construct(registration.type, registration.name, inputs, _options(registration))


def _with_dependencies(registration: Registration) -> dict[str, PropertyValue]:
    """Inputs as Pulumi hands them to a component provider: with the resources that each comes from."""
    inputs = to_properties(registration.inputs)
    for key, needs in registration.property_dependencies.items():
        if key in inputs:
            inputs[key] = inputs[key].with_dependencies({*inputs[key].dependencies, *needs})
    return inputs


def _options(registration: Registration) -> pulumi.ResourceOptions:
    providers: dict[str, Any] = {
        package: DependencyProviderResource(reference)
        for package, reference in registration.options.get("providers", {}).items()
    }
    aliases = [item for item in registration.options.get("aliases", ()) if not isinstance(item, AliasSpec)]
    return pulumi.ResourceOptions(
        parent=DependencyResource(registration.parent) if registration.parent else None,
        depends_on=[DependencyResource(urn) for urn in registration.dependencies],
        protect=registration.protect,
        providers=providers,
        aliases=aliases,
    )
