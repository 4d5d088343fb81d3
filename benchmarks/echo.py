"""The emptiest provider there is: it agrees to everything. What is measured with it is the engine alone."""

import itertools
import sys

from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.server import main as serve


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
        urn = f"urn:pulumi:prod::slipway::{request.resource_type}::{request.name}"
        return sdk.ConstructResponse(urn, {}, {})

    async def delete(self, request: sdk.DeleteRequest) -> None:
        return None


if __name__ == "__main__":
    # `python -m benchmarks.echo PACKAGE ENGINE`: the package makes no difference.
    sys.argv.pop(1)
    serve(sys.argv[1:], "0.0.0", EchoProvider())
