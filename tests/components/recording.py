"""Run a program inside a stack without any cloud, and hand back what it declared.

What is recorded is the request that would have gone to Pulumi's engine, not what a mock made of it: inputs
as plain JSON, with the paths of secrets and of unknowns beside them. Computed outputs are filled with values
of the right shape, so that a component that hands one resource's output to another gets there. An invoke
that nobody prepared raises.
"""

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from google.protobuf import empty_pb2, struct_pb2
from pulumi.runtime import rpc, set_mocks
from pulumi.runtime.mocks import MockCallArgs, MockMonitor, MockResourceArgs, Mocks
from pulumi.runtime.proto import resource_pb2
from pulumi.runtime.settings import SETTINGS, set_root_resource
from pulumi.runtime.stack import run_in_stack

from tests.components.computed import computed_outputs

PROJECT = "slipway"
STACK = "test"
Invokes = Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]


@dataclass(kw_only=True)
class Recorded:
    """One resource as its program declared it; `outputs` are those of `register_outputs`, or None."""

    urn: str
    type: str
    name: str
    parent: str
    inputs: dict[str, Any]
    custom: bool = True
    remote: bool = False
    read_id: str = ""
    protect: bool = False
    provider: str = ""
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    delete_before_replace: bool = False
    replacement_trigger: Any = None
    retain_on_delete: bool = False
    secrets: frozenset[str] = frozenset()
    unknowns: frozenset[str] = frozenset()
    outputs: dict[str, Any] | None = None


class Recording(list[Recorded]):
    """All resources in the order of their URNs, the stack's exported `outputs` beside them.

    Threads of the SDK register what is declared, so that the order in which it arrives may differ.
    """

    outputs: dict[str, Any]

    def __init__(self, resources: Sequence[Recorded], outputs: dict[str, Any]) -> None:
        super().__init__(sorted(resources, key=lambda one: one.urn))
        self.outputs = outputs

    def of(self, type_: str) -> list[Recorded]:
        """Every resource of a type; a type may be given by its last part (`Role`)."""
        return [one for one in self if type_ in (one.type, one.type.rsplit(":", 1)[-1])]

    def one(self, type_: str, name: str | None = None) -> Recorded:
        """The only resource of a type (and name); fails the test if there are none or more."""
        found = [one for one in self.of(type_) if name in (None, one.name)]
        assert len(found) == 1, f"{len(found)} of {type_} {name or ''}: {[one.name for one in found]}"
        return found[0]

    def children(self, parent: Recorded) -> list[Recorded]:
        """The resources whose parent this is."""
        return [one for one in self if one.parent == parent.urn]


class _Unused(Mocks):
    def call(self, args: MockCallArgs) -> tuple[dict[Any, Any], None]:
        raise NotImplementedError(f"unprepared invoke {args.token}")

    def new_resource(self, args: MockResourceArgs) -> tuple[str, dict[Any, Any]]:
        raise NotImplementedError(f"unprepared resource {args.typ}")


class RecordingMonitor(MockMonitor):
    """A resource monitor that keeps every request."""

    def __init__(self, invokes: Invokes | None = None, *, preview: bool = False) -> None:
        super().__init__(_Unused())
        self.recorded: dict[str, Recorded] = {}
        self.stack_outputs: dict[str, Any] = {}
        self._invokes = dict(invokes or {})
        self._preview = preview
        self._lock = threading.Lock()

    def RegisterResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        if request.type == "pulumi:pulumi:Stack":
            return resource_pb2.RegisterResourceResponse(urn=urn)
        inputs, secrets, unknowns = plain(request.object)
        record = Recorded(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=inputs,
            custom=request.custom,
            remote=request.remote,
            read_id=request.importId,
            protect=request.protect,
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
            property_dependencies={
                key: tuple(sorted(value.urns))
                for key, value in request.propertyDependencies.items()
                if value.urns
            },
            aliases=tuple(one.urn or one.spec.name or f"type {one.spec.type}" for one in request.aliases),
            ignore_changes=tuple(request.ignoreChanges),
            replace_on_changes=tuple(request.replaceOnChanges),
            delete_before_replace=request.deleteBeforeReplace,
            replacement_trigger=plain(struct_pb2.Struct(fields={"": request.replacement_trigger}))[0][""],
            retain_on_delete=request.retainOnDelete,
            secrets=secrets,
            unknowns=unknowns,
        )
        self._keep(record)
        # In a preview nothing is computed yet, so that the SDK takes whatever is not an input for unknown.
        computes = (request.custom or request.remote) and not self._preview
        id_, extra = computed_outputs(record) if computes else ("", {})
        self.resources[urn] = MockMonitor.ResourceRegistration(urn, id_, {})
        # A remote component answers with its outputs alone.
        echoed = struct_pb2.Struct() if request.remote else request.object
        return resource_pb2.RegisterResourceResponse(
            urn=urn, id=id_, object=_with(echoed, extra), stable=False
        )

    def ReadResource(self, request: Any) -> Any:
        urn = self.make_urn(request.parent, request.type, request.name)
        inputs, secrets, unknowns = plain(request.properties)
        record = Recorded(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            inputs=inputs,
            read_id=request.id,
            secrets=secrets,
            unknowns=unknowns,
        )
        self._keep(record)
        _, extra = computed_outputs(record)
        return resource_pb2.ReadResourceResponse(urn=urn, properties=_with(request.properties, extra))

    def RegisterResourceOutputs(self, request: Any) -> Any:
        outputs, _, _ = plain(request.outputs)
        if request.urn in self.recorded:
            self.recorded[request.urn].outputs = outputs
        else:
            self.stack_outputs = outputs
        return empty_pb2.Empty()

    def Invoke(self, request: Any) -> Any:
        if request.tok not in self._invokes:
            raise AssertionError(f"unprepared invoke {request.tok}")
        answer = struct_pb2.Struct()
        answer.update(self._invokes[request.tok](plain(request.args)[0]))
        return resource_pb2.ResourceInvokeResponse(**{"return": answer})

    def _keep(self, record: Recorded) -> None:
        with self._lock:
            assert record.urn not in self.recorded, f"registered twice: {record.urn}"
            self.recorded[record.urn] = record


def run(program: Callable[[], None], *, invokes: Invokes | None = None, preview: bool = False) -> Recording:
    """Run a program in a stack until every output is awaited; what it raises, also in an apply, is raised."""
    monitor = RecordingMonitor(invokes, preview=preview)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        set_mocks(_Unused(), project=PROJECT, stack=STACK, preview=preview, monitor=monitor)
        # set_mocks makes a stack of its own, on which nothing would wait.
        _forget()
        loop.run_until_complete(run_in_stack(program))
    finally:
        _forget()
        loop.run_until_complete(loop.shutdown_default_executor())
        loop.close()
        # Not set_event_loop(None): after it, an Output made outside of any program would raise.
        asyncio.set_event_loop_policy(None)
    return Recording(list(monitor.recorded.values()), monitor.stack_outputs)


def _forget() -> None:
    SETTINGS.rpc_manager.clear()
    SETTINGS.outputs.clear()
    set_root_resource(cast(Any, None))


def plain(struct: struct_pb2.Struct) -> tuple[dict[str, Any], frozenset[str], frozenset[str]]:
    """A request's properties as plain JSON, the dotted paths of its secrets, and those of its unknowns."""
    secrets: set[str] = set()
    unknowns: set[str] = set()

    def value_of(value: struct_pb2.Value, path: str) -> Any:
        kind = value.WhichOneof("kind")
        if kind == "struct_value":
            return struct_of(value.struct_value, path)
        if kind == "list_value":
            return [value_of(item, f"{path}[{n}]") for n, item in enumerate(value.list_value.values)]
        if kind == "string_value" and value.string_value == rpc.UNKNOWN:
            unknowns.add(path)
            return None
        if kind == "number_value":
            number = value.number_value
            return int(number) if number.is_integer() else number
        return None if kind in (None, "null_value") else getattr(value, kind)

    def struct_of(inner: struct_pb2.Struct, path: str) -> Any:
        signature = inner.fields.get("4dabf18193072939515e22adb298388d")
        if signature is not None and signature.string_value == rpc._special_secret_sig:
            secrets.add(path)
            return value_of(inner.fields["value"], path)
        if signature is not None and signature.string_value == rpc._special_resource_sig:
            return {"urn": inner.fields["urn"].string_value}
        return {
            key: value_of(item, f"{path}.{key}" if path else key)
            for key, item in sorted(inner.fields.items())
        }

    return struct_of(struct, ""), frozenset(secrets), frozenset(unknowns)


def _with(struct: struct_pb2.Struct, extra: Mapping[str, Any]) -> struct_pb2.Struct:
    merged = struct_pb2.Struct()
    merged.CopyFrom(struct)
    for key, value in extra.items():
        if key not in merged.fields:
            merged.update({key: value})
    return merged
