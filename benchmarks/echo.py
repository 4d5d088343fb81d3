"""The emptiest provider there is: it agrees to everything. What is measured with it is the engine alone."""

import itertools
import sys

import pulumi
from pulumi.provider.experimental import provider as sdk
from pulumi.provider.experimental.property_value import PropertyValue

from slipway.localcloud.providers.plugin import serve


def looked_up(token: str, repository: str) -> dict[str, float | str]:
    """What the program looks up: the ids of the two repositories in the committed stack files."""
    if token.endswith("getRepository"):
        return {"repoId": 70001.0 if repository.endswith("/skill-pool") else 70000.0}
    return {"id": "1"}


class EchoProvider(sdk.Provider):
    """Outputs are inputs."""

    def __init__(self) -> None:
        self._ids = itertools.count()

    async def configure(self, request: sdk.ConfigureRequest) -> sdk.ConfigureResponse:
        # No outputs: the SDK's server (3.272) cannot read one whose value is unknown.
        return sdk.ConfigureResponse(accept_secrets=True, supports_preview=True, accept_resources=True)

    async def diff(self, request: sdk.DiffRequest) -> sdk.DiffResponse:
        return sdk.DiffResponse(changes=False)

    async def create(self, request: sdk.CreateRequest) -> sdk.CreateResponse:
        return sdk.CreateResponse(f"id-{next(self._ids)}", request.properties)

    async def invoke(self, request: sdk.InvokeRequest) -> sdk.InvokeResponse:
        name = request.args["fullName"].value if "fullName" in request.args else ""
        return sdk.InvokeResponse(
            {key: PropertyValue(value) for key, value in looked_up(request.tok, str(name)).items()}
        )

    async def construct(self, request: sdk.ConstructRequest) -> sdk.ConstructResponse:
        component = pulumi.ComponentResource(request.resource_type, request.name, {}, request.options)
        component.register_outputs({})
        return sdk.ConstructResponse(str(await component.urn.future()), {}, {})

    async def delete(self, request: sdk.DeleteRequest) -> None:
        return None


if __name__ == "__main__":
    # `python -m benchmarks.echo PACKAGE ENGINE`
    serve(sys.argv[1], EchoProvider(), sys.argv[2:])
