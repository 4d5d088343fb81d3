"""What is deployed in moto, as plain data: functions, routes of HTTP APIs, and schedules.

moto's classes carry no usable types, so what is read of them is Any. A service that nobody has used yet is
not loaded, and then has nothing.
"""

import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from slipway.localcloud.cloud import ACCOUNT

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Function:
    """One function as it is deployed now; two that are equal can share workers."""

    arn: str
    name: str
    region: str
    handler: str
    timeout_s: int
    memory_mb: int
    environment: tuple[tuple[str, str], ...] = field(repr=False)
    log_group: str
    package_type: str
    concurrency: int | None
    code_sha256: str
    code: bytes = field(repr=False, compare=False)


@dataclass(frozen=True, kw_only=True)
class ApiRoute:
    """One route of an HTTP API, with what it leads to."""

    api_id: str
    region: str
    key: str
    method: str
    path: str
    authorization: str
    function_arn: str


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """One enabled schedule whose target is a function. `name` is `<group>/<name>`."""

    name: str
    arn: str
    expression: str
    created_at: float
    function_arn: str
    input: str


class Deployed:
    """Reads moto's backends, under the lock that its requests hold too."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def function(self, name_or_arn: str, region: str = "") -> Function | None:
        """The function of an ARN, or of a name in a region; without one, in any."""
        parts = name_or_arn.split(":")
        name = parts[6] if len(parts) > 6 else parts[-1] if len(parts) == 1 else name_or_arn
        where = parts[3] if len(parts) > 6 else region
        with self._lock:
            for backend in _backends("awslambda", "lambda"):
                versions = backend._lambdas._functions.get(name)
                if versions is not None and where in {"", backend.region_name}:
                    return _function(versions["latest"])
        return None

    def routes(self, api_id: str) -> list[ApiRoute] | None:
        """The routes of an API whose integrations are functions; None where there is no such API."""
        with self._lock:
            for backend in _backends("apigatewayv2", "apigatewayv2"):
                api = backend.apis.get(api_id)
                if api is not None:
                    return [
                        _route(api, route, backend.region_name)
                        for route in api.routes.values()
                        if str(route.target or "").rpartition("/")[2] in api.integrations
                    ]
        return None

    def schedules(self) -> list[Schedule]:
        """Every enabled schedule of a function."""
        with self._lock:
            return [
                Schedule(
                    name=f"{schedule.group_name}/{schedule.name}",
                    arn=schedule.arn,
                    expression=schedule.schedule_expression,
                    created_at=float(schedule.creation_date),
                    function_arn=schedule.target["Arn"],
                    input=schedule.target.get("Input") or "{}",
                )
                for backend in _backends("scheduler", "scheduler")
                for group in backend.schedule_groups.values()
                for schedule in group.schedules.values()
                if schedule.state == "ENABLED" and ":lambda:" in schedule.target["Arn"]
            ]


def _backends(module: str, name: str) -> Iterator[Any]:
    """The backend of each region that has been used, of a service that has been loaded."""
    models: Any = sys.modules.get(f"moto.{module}.models")
    yield from list(getattr(models, f"{name}_backends")[ACCOUNT].values()) if models else ()


def _function(function: Any) -> Function:
    return Function(
        arn=function.function_arn,
        name=function.function_name,
        region=function.region,
        handler=function.handler or "",
        timeout_s=int(function.timeout),
        memory_mb=int(function.memory_size),
        environment=tuple(sorted((str(key), str(value)) for key, value in function.environment_vars.items())),
        log_group=function.logging_config.get("LogGroup") or f"/aws/lambda/{function.function_name}",
        package_type=function.package_type,
        concurrency=int(function.reserved_concurrency) if function.reserved_concurrency is not None else None,
        code_sha256=function.code_sha_256,
        code=function.code_bytes,
    )


def _route(api: Any, route: Any, region: str) -> ApiRoute:
    integration = api.integrations[str(route.target).rpartition("/")[2]]
    method, _, path = str(route.route_key).partition(" ")
    return ApiRoute(
        api_id=api.api_id,
        region=region,
        key=route.route_key,
        method=method,
        path=path,
        authorization=route.authorization_type or "NONE",
        function_arn=_function_arn(str(integration.integration_uri or "")),
    )


def _function_arn(uri: str) -> str:
    """The ARN in `arn:aws:apigateway:…:lambda:path/2015-03-31/functions/<arn>/invocations`, or `uri`."""
    return uri.partition("/functions/")[2].removesuffix("/invocations") or uri
