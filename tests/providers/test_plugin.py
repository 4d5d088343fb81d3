"""A provider behind Pulumi's plugin protocol, over real gRPC."""

import asyncio
import importlib.metadata
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import grpc
import pytest
from google.protobuf import empty_pb2, struct_pb2
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue
from pulumi.runtime import proto, rpc
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from slipway.localcloud.providers import PACKAGES, provider, providers
from slipway.localcloud.providers.errors import InitFailed, ProviderError, UnknownTypeError
from slipway.localcloud.providers.plugin import servicer, with_sentinels
from slipway.localcloud.providers.values import UNKNOWN, Packed, plain, plain_map, wrap, wrap_map


class Failing(sdk.Provider):
    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        if request.preview:
            assert plain_map(request.properties)["unknown"] is UNKNOWN
            return sdk.CreateResponse("", wrap_map({"arn": UNKNOWN, "list": [UNKNOWN, {"in": UNKNOWN}]}))
        raise InitFailed(
            "half", wrap_map({"name": "x", "value": "hush"}, {"value"}), ["no luck"], request.urn
        )

    async def delete(self, request: sdk.DeleteRequest) -> None:
        raise ProviderError("DeleteConflict", where=request.urn, fix="detach first")


def call(provider_: sdk.Provider, use: Callable[[Any], Any]) -> Any:
    async def run() -> Any:
        server = grpc.aio.server()
        made = servicer("aws", provider_, [], "127.0.0.1:1")
        provider_pb2_grpc.add_ResourceProviderServicer_to_server(made, server)
        port = server.add_insecure_port("127.0.0.1:0")
        await server.start()
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            try:
                return await use(provider_pb2_grpc.ResourceProviderStub(channel))
            finally:
                await server.stop(None)

    return asyncio.run(run())


def test_unknown_values_travel_as_the_engines_sentinel() -> None:
    properties = PropertyValue.marshal_map({"unknown": PropertyValue(rpc.UNKNOWN)})
    request = proto.CreateRequest(urn="urn:pulumi:s::p::t::n", properties=properties, preview=True)
    response = call(Failing(), lambda stub: stub.Create(request))
    fields = response.properties.fields
    assert fields["arn"].string_value == rpc.UNKNOWN
    assert fields["list"].list_value.values[0].string_value == rpc.UNKNOWN
    assert fields["list"].list_value.values[1].struct_value.fields["in"].string_value == rpc.UNKNOWN


def test_an_object_that_is_half_made_is_reported_with_what_it_is() -> None:
    request = proto.CreateRequest(urn="urn:pulumi:s::p::t::n")
    with pytest.raises(grpc.RpcError) as raised:
        call(Failing(), lambda stub: stub.Create(request))
    metadata: Any = raised.value.trailing_metadata()
    status = status_pb2.Status()
    status.ParseFromString(dict(metadata)["grpc-status-details-bin"])
    details = proto.ErrorResourceInitFailed()
    status.details[0].Unpack(details)
    assert (details.id, list(details.reasons)) == ("half", ["no luck"])
    assert PropertyValue.unmarshal_map(details.properties)["value"].is_secret


def test_an_error_is_its_text_without_a_stack_trace() -> None:
    request = proto.DeleteRequest(urn="urn:pulumi:s::p::t::n", id="x")
    with pytest.raises(grpc.RpcError) as raised:
        call(Failing(), lambda stub: stub.Delete(request))
    assert "DeleteConflict" in raised.value.details()
    assert "detach first" in raised.value.details()
    assert "Traceback" not in raised.value.details()
    assert "File " not in raised.value.details()


def test_an_archive_of_the_program_reaches_the_provider_and_comes_back() -> None:
    class Echo(sdk.Provider):
        async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
            given = plain_map(request.properties)
            assert isinstance(given["code"], Packed)
            return sdk.CreateResponse("x", wrap_map({**given, "path": given["code"].sdk.path}))

    sent = {
        "code": {
            rpc._special_sig_key: rpc._special_archive_sig,
            # The engine adds the hash; the SDK's own marshalling does not.
            "hash": "0" * 64,
            "path": "dist/function.zip",
        }
    }
    properties = struct_pb2.Struct()
    properties.update(sent)
    response = call(
        Echo(),
        lambda stub: stub.Create(proto.CreateRequest(urn="urn:pulumi:s::p::t::n", properties=properties)),
    )
    fields = response.properties.fields
    assert fields["path"].string_value == "dist/function.zip"
    archive = fields["code"].struct_value.fields
    assert archive[rpc._special_sig_key].string_value == rpc._special_archive_sig
    assert archive["path"].string_value == "dist/function.zip"


def test_the_version_is_the_installed_sdks() -> None:
    found = call(Failing(), lambda stub: stub.GetPluginInfo(empty_pb2.Empty()))
    assert found.version == importlib.metadata.version("pulumi_aws")


def test_sentinels_keep_secrets() -> None:
    marked = with_sentinels(wrap({"a": [UNKNOWN]}, secret=True))
    assert marked.is_secret
    assert plain(marked) == {"a": [UNKNOWN]}


def test_each_package_has_its_provider() -> None:
    made = providers()
    assert set(made) == set(PACKAGES) == {"aws", "github", "kubernetes", "eks"}
    assert provider("aws") is not provider("aws")
    with pytest.raises(UnknownTypeError, match="random"):
        provider("random")


@pytest.mark.parametrize(("arguments", "code"), [([], 2), (["--help"], 0), (["random"], 2)])
def test_the_command_says_how_it_is_used(arguments: list[str], code: int) -> None:
    command = [sys.executable, "-m", "slipway.localcloud.providers", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == code
    assert "aws" in done.stderr
    assert "Traceback" not in done.stderr


def test_asking_for_a_types_schema_leaves_the_lazily_loaded_sdk_usable() -> None:
    program = (
        "from slipway.localcloud.providers import schema\n"
        "schema.of('aws:iam/role:Role')\n"
        "schema.of('github:index/issueLabel:IssueLabel')\n"
        "import pulumi_aws, pulumi_github\n"
        "pulumi_aws.iam.Role, pulumi_aws.kms.Key, pulumi_github.IssueLabel\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True, timeout=120)


class Echo(sdk.Provider):
    """Answers an update with what the object was, and a diff with nothing."""

    async def update(self, request: sdk.UpdateRequest) -> sdk.UpdateResponse:
        assert isinstance(plain(request.olds["code"]), Packed)
        return sdk.UpdateResponse(dict(request.olds))

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        assert plain_map(request.old_state) == plain_map(request.new_inputs)
        return sdk.DiffResponse(changes=False)


@pytest.mark.parametrize("known", [{"hash": "ab12"}, {}])
def test_an_archive_that_comes_without_its_content_goes_back_as_it_came(known: dict[str, str]) -> None:
    """As the engine sends what it has in its state: plugin.MarshalOptions.ElideAssetContents."""
    elided = {"4dabf18193072939515e22adb298388d": "0def7320c3a5731c473e5ecbe6d01bc7", **known}
    held = struct_pb2.Struct()
    held.update({"code": elided, "nested": [{"in": elided}], "name": "x"})
    urn = "urn:pulumi:s::p::t::n"
    changed = proto.UpdateRequest(urn=urn, id="1", olds=held, news=held, old_inputs=held)
    assert call(Echo(), lambda stub: stub.Update(changed)).properties == held
    compared = proto.DiffRequest(urn=urn, id="1", olds=held, news=held, old_inputs=held)
    assert call(Echo(), lambda stub: stub.Diff(compared)).changes == proto.DiffResponse.DIFF_NONE
