"""A provider over a dictionary, and small programs for it."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from slipway.engine.properties import from_properties, to_properties
from slipway.engine.values import UNKNOWN_TEXT, reveal


@dataclass
class World:
    """What the toy cloud has, what was asked of it, and when it is to fail."""

    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    fail: Callable[[str, str], str | None] = lambda operation, name: None
    delay: float = 0.0
    counter: Any = field(default_factory=lambda: itertools.count(1))
    lock: Any = field(default_factory=threading.Lock)

    def called(self, operation: str, urn: str) -> None:
        name = urn.rsplit("::", 1)[-1]
        with self.lock:
            self.calls.append((operation, name))
        reason = self.fail(operation, name)
        if reason:
            raise RuntimeError(reason)
        if self.delay:
            time.sleep(self.delay)

    def of(self, operation: str) -> list[str]:
        return [name for op, name in self.calls if op == operation]


class ToyProvider(sdk.Provider):
    """Type ``toy:index:Thing``: `name` and `fixed` force a replacement, `made` and `size` are computed."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.region = ""

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        self.region = str(reveal(from_properties(request.args)).get("region", ""))
        return await super().configure(request)

    async def diff_config(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        old, new = from_properties(request.old_state), from_properties(request.new_inputs)
        replaces = ["region"] if old.get("region") != new.get("region") else []
        return sdk.DiffResponse(replaces=replaces)

    async def check(self, request: sdk.CheckRequest) -> sdk.CheckResponse:
        failures = []
        value = request.new_inputs.get("value")
        if value is not None and value.value == "invalid":
            failures.append(sdk.CheckFailure("value", "may not be 'invalid'"))
        return sdk.CheckResponse(request.new_inputs, failures)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        replaces = [
            key
            for key in ("name", "fixed")
            if request.old_state.get(key) != request.new_inputs.get(key) and key not in request.ignore_changes
        ]
        return sdk.DiffResponse(replaces=replaces, delete_before_replace="name" in replaces)

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        inputs = dict(request.properties)
        if request.preview:
            computed = PropertyValue(UNKNOWN_TEXT)
            return sdk.CreateResponse(None, {**inputs, "made": computed, "size": computed})
        self.world.called("create", request.urn)
        id_ = f"id-{next(self.world.counter)}"
        with self.world.lock:
            self.world.objects[id_] = {"urn": request.urn, **reveal(from_properties(inputs))}
        return sdk.CreateResponse(id_, {**inputs, "made": PropertyValue(id_), "size": PropertyValue(1.0)})

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        made = {"made": PropertyValue(request.resource_id), "size": PropertyValue(1.0)}
        if not request.preview:
            self.world.called("update", request.urn)
            with self.world.lock:
                news = reveal(from_properties(request.news))
                self.world.objects[request.resource_id] = {"urn": request.urn, **news}
        return sdk.UpdateResponse({**request.news, **made})

    async def delete(self, request: sdk.DeleteRequest) -> None:
        self.world.called("delete", request.urn)
        with self.world.lock:
            self.world.objects.pop(request.resource_id, None)

    async def read(self, request: sdk.ReadRequest) -> sdk.ReadResponse:
        self.world.called("read", request.urn)
        found = self.world.objects.get(request.resource_id)
        if found is None:
            return sdk.ReadResponse()
        inputs = to_properties({key: item for key, item in found.items() if key != "urn"})
        outputs = {**inputs, "made": PropertyValue(request.resource_id), "size": PropertyValue(1.0)}
        return sdk.ReadResponse(request.resource_id, outputs, inputs)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        args = from_properties(request.args)
        if args.get("fail"):
            return sdk.InvokeResponse(failures=[sdk.CheckFailure("fail", "asked to")])
        return sdk.InvokeResponse(
            to_properties({"answer": f"{args.get('question')}!", "region": self.region})
        )

    async def construct(self, request: sdk.ConstructRequest) -> sdk.ConstructResponse:
        component = Group(request.name, from_properties(request.inputs).get("count", 1), request.options)
        urn = await component.urn.future()
        assert urn is not None
        return sdk.ConstructResponse(
            urn,
            {
                "total": PropertyValue(
                    float(await component.total.future() or 0)
                    if not pulumi.runtime.is_dry_run()
                    else UNKNOWN_TEXT
                )
            },
            {},
        )

    def find(self, urn: str, inputs: dict[str, PropertyValue]) -> str | None:
        return next((id_ for id_, item in self.world.objects.items() if item["urn"] == urn), None)


class Thing(pulumi.CustomResource):
    made: pulumi.Output[str]
    size: pulumi.Output[int]
    value: pulumi.Output[Any]
    name: pulumi.Output[str]

    def __init__(self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **props: Any) -> None:
        props.setdefault("value", None)
        super().__init__("toy:index:Thing", resource_name, {"made": None, "size": None, **props}, opts)


class ToyCloud(pulumi.ProviderResource):
    def __init__(self, name: str, region: Any, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("toy", name, {"region": region}, opts)


class Box(pulumi.ComponentResource):
    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Box", name, None, opts)


class Group(pulumi.ComponentResource):
    """What the toy provider constructs for ``toy:index:Group``."""

    total: pulumi.Output[int]

    def __init__(self, name: str, count: int, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("toy:index:Group", name, None, opts)
        things = [
            Thing(f"{name}-{index}", pulumi.ResourceOptions(parent=self), value=index)
            for index in range(int(count))
        ]
        self.total = pulumi.Output.all(*[thing.size for thing in things]).apply(sum)
        self.register_outputs({"total": self.total})


class RemoteGroup(pulumi.ComponentResource):
    total: pulumi.Output[int]

    def __init__(self, name: str, count: Any, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("toy:index:Group", name, {"count": count, "total": None}, opts, True)
