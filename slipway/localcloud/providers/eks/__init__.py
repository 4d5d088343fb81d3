"""The EKS provider: pulumi-eks's Cluster, a remote component, emulated at its boundary."""

from collections.abc import Mapping
from typing import Any, cast

import pulumi
from pulumi.provider.experimental.property_value import PropertyValue, ResourceReference
from pulumi.provider.experimental.provider import (
    ConfigureRequest,
    ConfigureResponse,
    ConstructRequest,
    ConstructResponse,
    Provider,
)

from slipway.localcloud.providers.eks.cluster import Cluster
from slipway.localcloud.providers.eks.inputs import Inputs
from slipway.localcloud.providers.errors import UnknownTypeError
from slipway.localcloud.providers.kubernetes.kubeconfig import parse
from slipway.localcloud.providers.values import UNKNOWN, plain_map, wrap

CLUSTER = "eks:index:Cluster"


class EksProvider(Provider):
    """`pulumi-eks` for the embedded cloud. Its children are made by the program's own aws provider.

    Configured by one optional key of its own, `kubeconfig`: the text of one for a real control plane on this
    machine, which the cluster then hands out; without it, what the cluster hands out leads to its endpoint.
    """

    def __init__(self) -> None:
        self._kubeconfig: str | None = None

    async def configure(self, request: ConfigureRequest) -> ConfigureResponse:
        """Raises FenceError for a kubeconfig that leads off this machine."""
        config = {key.rpartition(":")[2]: value for key, value in request.variables.items()}
        config |= {key: value for key, value in plain_map(request.args).items() if value is not None}
        text = config.get("kubeconfig")
        if text and text is not UNKNOWN:
            parse(str(text))
            self._kubeconfig = str(text)
        # No outputs: the SDK's server (3.272) cannot read one whose value is unknown.
        return ConfigureResponse(accept_secrets=True, supports_preview=True, accept_resources=True)

    async def construct(self, request: ConstructRequest) -> ConstructResponse:
        """Declare the cluster's children with the SDK, and answer with the outputs once they are there.

        Raises:
            UnknownTypeError: another of pulumi-eks's components.
            ProviderError: inputs that pulumi-eks refuses, or that are not carried out here.
        """
        if request.resource_type != CLUSTER:
            raise UnknownTypeError(
                f"the embedded cloud has no resource type {request.resource_type}",
                where=request.name,
                fix=f"of pulumi-eks it has {CLUSTER}",
            )
        inputs = Inputs(request.name, request.inputs)
        made = Cluster(request.name, inputs, request.options, self._kubeconfig)
        state = {key: await _resolved(value) for key, value in made.results.items()}
        urn = await pulumi.Output.from_input(made.urn).future()
        return ConstructResponse(str(urn), state, {})


async def _resolved(value: Any) -> PropertyValue:
    """The property value of an output, a resource, or plain data with outputs in it."""
    if isinstance(value, pulumi.Resource):
        return PropertyValue(ResourceReference(str(await value.urn.future())))
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return PropertyValue({key: await _resolved(item) for key, item in items if item is not None})
    output: pulumi.Output[Any] = pulumi.Output.from_input(value)
    known, secret = await output.is_known(), await output.is_secret()
    urns = {str(await one.urn.future()) for one in await output.resources()}
    content = wrap(await output.future() if known else UNKNOWN)
    return content.with_secret(secret).with_dependencies(urns)
