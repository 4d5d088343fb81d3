"""A provider as a Pulumi plugin: the SDK's gRPC server, with four things that it leaves out.

- Unknown values travel as the engine's sentinel string; the SDK's server (3.272) cannot write them.
- An object that was made before a later step failed is reported as such, so that the engine records it.
- An error reaches the person as its text, without a stack trace.
- Of an archive in its state the engine sends the hash at most, which the SDK's server cannot read.
"""

import asyncio
import contextlib
import importlib.metadata
import signal
import sys
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

import grpc
import grpc.aio
from google.protobuf import struct_pb2
from pulumi.provider.experimental.property_value import Computed, PropertyValue
from pulumi.provider.experimental.provider import Provider
from pulumi.provider.experimental.server import ProviderServicer
from pulumi.runtime import proto, rpc
from pulumi.runtime._grpc_settings import _GRPC_CHANNEL_OPTIONS  # pyright: ignore
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from slipway.errors import SlipwayError
from slipway.localcloud.providers.errors import InitFailed

# gRPC's servicers carry no types; requests, answers and contexts are Any in this file.


def with_sentinels(value: PropertyValue) -> PropertyValue:
    """`value` with every unknown as the engine's sentinel string."""
    inner: Any = value.value
    if isinstance(inner, Computed):
        return value.with_value(rpc.UNKNOWN)
    if isinstance(inner, Mapping):
        items = cast("Mapping[str, PropertyValue]", inner).items()
        return value.with_value({key: with_sentinels(item) for key, item in items})
    if isinstance(inner, tuple):
        return value.with_value([with_sentinels(item) for item in cast("tuple[PropertyValue, ...]", inner)])
    return value


def _marshalled(properties: Mapping[str, PropertyValue]) -> struct_pb2.Struct:
    return PropertyValue.marshal_map({key: with_sentinels(value) for key, value in properties.items()})


class Sentinels(Provider):
    """A provider whose answers hold sentinels for unknowns; everything else is the inner provider's."""

    def __init__(self, inner: Provider) -> None:
        self._inner = inner

    def __getattribute__(self, name: str) -> Any:
        if name.startswith("_"):
            return object.__getattribute__(self, name)
        inner = object.__getattribute__(self, "_inner")
        return _marking(getattr(inner, name))


def _marking(method: Callable[[Any], Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    async def call(*arguments: Any) -> Any:
        response = await method(*arguments)
        for name in ("inputs", "properties", "return_value", "state"):
            held = getattr(response, name, None)
            if held:
                marked = {key: with_sentinels(value) for key, value in held.items()}
                setattr(response, name, marked)
        return response

    return call


class Servicer(ProviderServicer):
    """The SDK's servicer, with errors that the engine and the person can use."""

    async def CheckConfig(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).CheckConfig, request, context)

    async def DiffConfig(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).DiffConfig, request, context)

    async def Configure(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Configure, request, context)

    async def Check(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Check, request, context)

    async def Diff(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Diff, request, context)

    async def Create(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Create, request, context)

    async def Read(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Read, request, context)

    async def Update(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Update, request, context)

    async def Delete(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Delete, request, context)

    async def Invoke(self, request: Any, context: Any) -> Any:
        return await _clear(_plain(super()).Invoke, request, context)


def _plain(servicer_: Any) -> Any:
    """The SDK's servicer without its half-known types."""
    return servicer_


async def _clear(method: Callable[[Any, Any], Awaitable[Any]], request: Any, context: Any) -> Any:
    """The answer of a call; a failure of ours ends it with the status that says it best.

    The SDK wraps what a provider raises into an Exception with a stack trace; ours is that one's context.
    """
    _every_packed(request, _name)
    try:
        answer = await method(request, context)
    except Exception as error:
        cause = error.__context__ if isinstance(error.__context__, SlipwayError) else error
        if isinstance(cause, InitFailed):
            await context.abort_with_status(_init_failed(cause))
        if isinstance(cause, SlipwayError):
            await context.abort(grpc.StatusCode.UNKNOWN, str(cause))
        raise
    _every_packed(answer, _unname)
    return answer


_SIGNATURE = "4dabf18193072939515e22adb298388d"
"""The key that marks an object as one of Pulumi's own kinds (pulumi, sdk/go/common/resource/sig)."""
_PACKED = ("c44067f5952c0a294b673a41bacd8c17", "0def7320c3a5731c473e5ecbe6d01bc7")
"""An asset, an archive."""
_ELIDED = "elided:"


def _every_packed(message: Any, change: Callable[[Any], None]) -> None:
    """Apply `change` to the fields of every asset and archive in a request or an answer."""
    for _, held in message.ListFields():
        if isinstance(held, struct_pb2.Struct):
            _in_struct(held, change)


def _in_struct(held: struct_pb2.Struct, change: Callable[[Any], None]) -> None:
    fields: Any = held.fields
    if _SIGNATURE in fields and fields[_SIGNATURE].string_value in _PACKED:
        change(fields)
        return
    pending = list(fields.values())
    while pending:
        value = pending.pop()
        if value.HasField("struct_value"):
            _in_struct(value.struct_value, change)
        elif value.HasField("list_value"):
            pending += value.list_value.values


def _name(fields: Any) -> None:
    """Give what came without its content an address, which is a form that the SDK reads."""
    if not {"assets", "path", "text", "uri"}.intersection(fields):
        known = fields["hash"].string_value if "hash" in fields else ""
        fields["uri"].string_value = _ELIDED + known


def _unname(fields: Any) -> None:
    if "uri" in fields and fields["uri"].string_value.startswith(_ELIDED):
        known = fields["uri"].string_value.removeprefix(_ELIDED)
        del fields["uri"]
        if known:
            fields["hash"].string_value = known


class _Status(grpc.Status):
    def __init__(self, code: grpc.StatusCode, details: str, metadata: tuple[tuple[str, bytes], ...]) -> None:
        self.code = code
        self.details = details
        self.trailing_metadata = metadata


def _init_failed(failed: InitFailed) -> grpc.Status:
    """The error in the form that the engine knows: what exists, and why it is not whole."""
    details = proto.ErrorResourceInitFailed(
        id=failed.id, properties=_marshalled(failed.properties), reasons=failed.reasons
    )
    _every_packed(details, _unname)
    status = status_pb2.Status()
    code: Any = grpc.StatusCode.UNKNOWN
    status.code = code.value[0]
    status.message = failed.what
    status.details.add().Pack(details)
    return _Status(code, failed.what, (("grpc-status-details-bin", status.SerializeToString()),))


def servicer(package: str, provider: Provider, arguments: list[str], engine: str) -> Servicer:
    """The gRPC servicer of one provider; its version is the installed SDK's, as a state file remembers it."""
    version = importlib.metadata.version(f"pulumi_{package}")
    return Servicer(arguments, version, Sentinels(provider), engine_address=engine)


def serve(package: str, provider: Provider, arguments: list[str]) -> None:
    """Serve on a free loopback port, say which on stdout as Pulumi asks, and go on until ended."""
    engine = next((one for one in arguments if not one.startswith("-")), "")
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(servicer(package, provider, arguments, engine)))


async def _serve(made: Servicer) -> None:
    server = grpc.aio.server(options=_GRPC_CHANNEL_OPTIONS)
    provider_pb2_grpc.add_ResourceProviderServicer_to_server(made, server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    sys.stdout.write(f"{port}\n")
    sys.stdout.flush()
    # The engine ends its plugins by SIGINT or SIGTERM when it is done.
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, done.set)
    await done.wait()
    await server.stop(1)
