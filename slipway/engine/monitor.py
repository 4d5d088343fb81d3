"""The resource monitor that the Python SDK talks to: its own test seam, with an engine behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime import mocks
from pulumi.runtime.proto import engine_pb2, resource_pb2

from slipway.engine import urn as urns
from slipway.engine.interface import Diagnostic, Severity
from slipway.engine.plugins import ResourceRefused
from slipway.engine.registration import Registration, from_request
from slipway.engine.run import Outcome
from slipway.engine.values import UNKNOWN, Plain, from_struct, to_struct
from slipway.errors import SlipwayError

FEATURES = (
    resource_pb2.RESOURCE_MONITOR_FEATURE_SECRETS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_RESOURCE_REFERENCES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_OUTPUT_VALUES,
    resource_pb2.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACEMENT_TRIGGER,
    # Announced so that the request carries the option and it can be refused with the resource's name.
    resource_pb2.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
    resource_pb2.RESOURCE_MONITOR_FEATURE_REPLACE_WITH,
)
"""What the monitor says it supports. Transforms, hooks, state migrations and parameterised packages are
missing, and the SDK refuses them itself."""

_RESULTS = {
    "ok": resource_pb2.Result.SUCCESS,
    "failed": resource_pb2.Result.FAIL,
    "skipped": resource_pb2.Result.FAIL,
}

_SEVERITIES: dict[int, Severity] = {
    engine_pb2.INFO: "info",
    engine_pb2.WARNING: "warning",
    engine_pb2.ERROR: "error",
}
"""Of a program's log lines; those for debugging are left out: the SDK writes several for each resource."""


class Backend(Protocol):
    """What stands behind the monitor: the embedded engine, or the recorder of an offline preview."""

    def register(self, registration: Registration) -> Outcome: ...

    def read(self, registration: Registration, id_: str) -> Outcome: ...

    def set_outputs(self, urn: str, outputs: dict[str, Plain]) -> None: ...

    def invoke(
        self, token: str, args: dict[str, Plain], provider: str, version: str
    ) -> dict[str, Plain] | None:
        """The result of a function; None where it is not known."""
        ...

    def construct(self, registration: Registration) -> tuple[Outcome, dict[str, set[str]]]:
        """A remote component, and the URNs that each of its outputs depends on."""
        ...

    def log(self, diagnostic: Diagnostic) -> None:
        """What the program says to whoever runs it, by `pulumi.log`."""
        ...


class Monitor(mocks.MockMonitor):
    """Translates the SDK's requests into plain data and back. Called on the SDK's executor threads.

    Args:
        project: the project's name.
        stack: the stack's name.
        backend: what carries the requests out.
    """

    def __init__(self, project: str, stack: str, backend: Backend) -> None:
        super().__init__(_NoMocks())
        self._project = project
        self._stack = stack
        self._backend = backend
        self.error: SlipwayError | None = None
        self.refusal: SlipwayError | None = None
        """The first error that was about the program rather than one resource, with its advice."""

    def RegisterResource(self, request: resource_pb2.RegisterResourceRequest) -> Any:
        urn = urns.make(self._stack, self._project, request.parent, request.type, request.name)
        registration = self._remember(lambda: from_request(request, urn))
        dependencies: dict[str, set[str]] = {}
        if registration.remote:
            outcome, dependencies = self._remember(lambda: self._backend.construct(registration))
        else:
            outcome = self._remember(lambda: self._backend.register(registration))
        response = resource_pb2.RegisterResourceResponse(
            urn=outcome.urn, id=outcome.id, result=_RESULTS[outcome.status]
        )
        if outcome.outputs:
            response.object.CopyFrom(to_struct(outcome.outputs))
        for key, needs in dependencies.items():
            response.propertyDependencies[key].urns.extend(sorted(needs))
        return response

    def ReadResource(self, request: resource_pb2.ReadResourceRequest) -> Any:
        urn = urns.make(self._stack, self._project, request.parent, request.type, request.name)
        registration = Registration(
            urn=urn,
            type=request.type,
            name=request.name,
            parent=request.parent,
            custom=True,
            inputs=from_struct(request.properties),
            provider=request.provider,
            dependencies=tuple(sorted(request.dependencies)),
            options={
                "version": request.version,
                "additional_secret_outputs": tuple(request.additionalSecretOutputs),
            },
        )
        id_ = "" if from_struct_text(request.id) is UNKNOWN else request.id
        outcome = self._remember(lambda: self._backend.read(registration, id_))
        return resource_pb2.ReadResourceResponse(
            urn=urn,
            id=outcome.id,
            properties=to_struct(outcome.outputs),
            result=_RESULTS[outcome.status],
        )

    def Invoke(self, request: resource_pb2.ResourceInvokeRequest) -> Any:
        args = from_struct(request.args)
        try:
            result = self._remember(
                lambda: self._backend.invoke(request.tok, args, request.provider, request.version)
            )
        except ResourceRefused as error:
            # Not an error of the run: a program may ask for what might not be there, and catch the answer.
            self.refusal = SlipwayError(f"the function {request.tok} failed: {error}")
            raise _Failed(self.refusal.what) from None
        if result is None:
            return resource_pb2.ResourceInvokeResponse(unknown=True)
        response = resource_pb2.ResourceInvokeResponse()
        getattr(response, "return").CopyFrom(to_struct(result))
        return response

    def RegisterResourceOutputs(self, request: resource_pb2.RegisterResourceOutputsRequest) -> Any:
        self._remember(lambda: self._backend.set_outputs(request.urn, from_struct(request.outputs)))
        return empty_pb2.Empty()

    def GetDeploymentInfo(self, request: Any) -> Any:
        return resource_pb2.DeploymentInfo(supportedFeatures=FEATURES)

    def RegisterPackage(self, request: resource_pb2.RegisterPackageRequest) -> Any:
        return resource_pb2.RegisterPackageResponse(ref=f"{request.name}@{request.version}")

    def Log(self, request: engine_pb2.LogRequest) -> Any:
        """Of the SDK's second service, the engine: a line of `pulumi.log`."""
        severity = _SEVERITIES.get(request.severity)
        if severity is not None:
            self._backend.log(Diagnostic(severity, request.message, request.urn))
        return empty_pb2.Empty()

    def _remember(self, work: Callable[[], Any]) -> Any:
        """Keep the first error with advice: on its way through the SDK it loses its type."""
        try:
            return work()
        except SlipwayError as error:
            self.error = self.error or error
            raise


class _Failed(grpc.RpcError):
    """A call that failed, as the SDK gets it from a real engine: the only form that a program can catch."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self._what = what

    def code(self) -> grpc.StatusCode:
        return grpc.StatusCode.UNKNOWN

    def details(self) -> str:
        return self._what


class _NoMocks(mocks.Mocks):
    """Nothing reaches the SDK's own mocks: the monitor answers every request itself."""

    def call(self, args: mocks.MockCallArgs) -> Any:
        raise NotImplementedError

    def new_resource(self, args: mocks.MockResourceArgs) -> Any:
        raise NotImplementedError


def from_struct_text(text: str) -> Plain:
    """A text of a request, which may be the mark of an unknown."""
    return UNKNOWN if text == urns.UNKNOWN_TEXT else text
