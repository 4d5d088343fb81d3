"""A provider's methods with plain data, as an engine would call them one after another."""

from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pulumi.provider.experimental import provider as sdk

from slipway.localcloud.providers.base import ResourceProvider
from slipway.localcloud.providers.values import plain_map, wrap_map

T = TypeVar("T")


def finish(coroutine: Coroutine[Any, Any, T]) -> T:
    """The result of a coroutine that must not await anything."""
    try:
        coroutine.send(None)
    except StopIteration as stop:
        return stop.value
    coroutine.close()
    raise AssertionError("the provider awaited something")


@dataclass
class Made:
    """A resource as an engine knows it."""

    urn: str
    id: str
    inputs: dict[str, Any]
    state: dict[str, Any]
    secrets: set[str] = field(default_factory=set)


class CheckFailed(Exception):
    def __init__(self, failures: list[sdk.CheckFailure]) -> None:
        super().__init__("; ".join(f"{one.property}: {one.reason}" for one in failures))
        self.properties = [one.property for one in failures]


def urn(token: str, name: str = "it") -> str:
    return f"urn:pulumi:local::slipway::{token}::{name}"


class Driver:
    def __init__(self, provider: ResourceProvider[Any]) -> None:
        self.provider = provider

    def configure(self, arguments: Mapping[str, Any]) -> None:
        finish(self.provider.configure(sdk.ConfigureRequest({}, wrap_map(arguments), True, True)))

    def check(
        self, token: str, inputs: dict[str, Any], old: dict[str, Any] | None = None, name: str = "it"
    ) -> dict[str, Any]:
        request = sdk.CheckRequest(urn(token, name), wrap_map(old or {}), wrap_map(inputs), b"seed")
        response = finish(self.provider.check(request))
        if response.failures:
            raise CheckFailed(response.failures)
        return plain_map(response.inputs or {})

    def create(
        self, token: str, inputs: dict[str, Any], name: str = "it", secrets: set[str] | None = None
    ) -> Made:
        checked = self.check(token, inputs, name=name)
        request = sdk.CreateRequest(urn(token, name), wrap_map(checked, secrets or set()), 60, False)
        response = finish(self.provider.create(request))
        assert response.resource_id
        hidden = {key for key, value in response.properties.items() if value.is_secret}
        return Made(urn(token, name), response.resource_id, checked, plain_map(response.properties), hidden)

    def preview(self, token: str, inputs: dict[str, Any], name: str = "it") -> dict[str, Any]:
        request = sdk.CreateRequest(
            urn(token, name), wrap_map(self.check(token, inputs, name=name)), 60, True
        )
        response = finish(self.provider.create(request))
        assert not response.resource_id
        return plain_map(response.properties)

    def diff(self, made: Made, inputs: dict[str, Any], ignore: list[str] | None = None) -> sdk.DiffResponse:
        checked = self.check(_token(made.urn), inputs, made.inputs, _name(made.urn))
        request = sdk.DiffRequest(made.urn, made.id, wrap_map(made.state), wrap_map(checked), ignore or [])
        return finish(self.provider.diff(request))

    def update(self, made: Made, inputs: dict[str, Any], ignore: list[str] | None = None) -> Made:
        checked = self.check(_token(made.urn), inputs, made.inputs, _name(made.urn))
        return Made(made.urn, made.id, checked, self._update(made, checked, ignore or [], preview=False))

    def preview_update(self, made: Made, inputs: dict[str, Any]) -> dict[str, Any]:
        checked = self.check(_token(made.urn), inputs, made.inputs, _name(made.urn))
        return self._update(made, checked, [], preview=True)

    def _update(
        self, made: Made, checked: dict[str, Any], ignore: list[str], *, preview: bool
    ) -> dict[str, Any]:
        request = sdk.UpdateRequest(
            made.urn, made.id, wrap_map(made.state), wrap_map(checked), 60, ignore, preview
        )
        return plain_map(finish(self.provider.update(request)).properties)

    def read(self, made: Made) -> Made | None:
        request = sdk.ReadRequest(made.urn, made.id, wrap_map(made.state), wrap_map(made.inputs))
        response = finish(self.provider.read(request))
        if not response.resource_id:
            return None
        return Made(
            made.urn, response.resource_id, plain_map(response.inputs), plain_map(response.properties)
        )

    def imported(self, token: str, id_: str, name: str = "it") -> Made | None:
        return self.read(Made(urn(token, name), id_, {}, {}))

    def delete(self, made: Made) -> None:
        finish(self.provider.delete(sdk.DeleteRequest(made.urn, made.id, wrap_map(made.state), 60)))

    def find(self, made: Made) -> str | None:
        return self.provider.find(made.urn, wrap_map(made.inputs))

    def invoke(self, token: str, arguments: dict[str, Any]) -> dict[str, Any]:
        response = finish(self.provider.invoke(sdk.InvokeRequest(token, wrap_map(arguments))))
        return plain_map(response.return_value or {})


def _token(urn_: str) -> str:
    return urn_.split("::")[-2]


def _name(urn_: str) -> str:
    return urn_.rpartition("::")[2]
