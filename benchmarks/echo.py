"""The emptiest provider there is: it agrees to everything. What is measured with it is the engine alone."""

import itertools
import sys

import pulumi
from pulumi.provider.experimental import provider as sdk

from slipway.localcloud.providers.plugin import serve


class EchoProvider(sdk.Provider):
    """Outputs are inputs."""

    def __init__(self) -> None:
        self._ids = itertools.count()

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        return sdk.DiffResponse(changes=False)

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        return sdk.CreateResponse(f"id-{next(self._ids)}", request.properties)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        return sdk.InvokeResponse({})

    async def construct(self, request: sdk.ConstructRequest) -> sdk.ConstructResponse:
        component = pulumi.ComponentResource(request.resource_type, request.name, {}, request.options)
        component.register_outputs({})
        return sdk.ConstructResponse(str(await component.urn.future()), {}, {})

    async def delete(self, request: sdk.DeleteRequest) -> None:
        return None


if __name__ == "__main__":
    # `python -m benchmarks.echo PACKAGE ENGINE`
    serve(sys.argv[1], EchoProvider(), sys.argv[2:])
