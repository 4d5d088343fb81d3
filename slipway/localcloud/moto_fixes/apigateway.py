"""moto changes no stage of an HTTP API, tags none, and makes a stage or route over one that exists."""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import json
from datetime import datetime
from typing import Any
from urllib.parse import unquote

_CHANGEABLE = {
    "accessLogSettings": "access_log_settings",
    "autoDeploy": "auto_deploy",
    "defaultRouteSettings": "default_route_settings",
    "description": "description",
    "routeSettings": "route_settings",
    "stageVariables": "stage_variables",
}
"""What UpdateStage takes, by moto's attribute.
https://docs.aws.amazon.com/apigatewayv2/latest/api-reference/apis-apiid-stages-stagename.html"""


def patch() -> None:
    from moto.apigateway.urls import url_paths as served
    from moto.apigatewayv2.exceptions import APIGatewayV2Error
    from moto.apigatewayv2.models import Api, ApiGatewayV2Backend
    from moto.apigatewayv2.responses import ApiGatewayV2Response
    from moto.apigatewayv2.urls import url_paths

    class Conflict(APIGatewayV2Error):
        code = 409

    response: Any = ApiGatewayV2Response
    response.update_stage = _update_stage
    path = "{0}/v2/tags/(?P<arn>[^/]+)/apis/(?P<api_id>[^/]+)/stages/(?P<stage>[^/]+)$"
    # The older service's paths are what is served, and took in the newer one's when they were imported.
    for paths in (url_paths, served):
        paths[path] = response.dispatch
    _refuse_what_exists(Api, Conflict)
    _tag_stages(ApiGatewayV2Backend)


def _refuse_what_exists(api: Any, conflict: Any) -> None:
    create_stage, create_route = api.create_stage, api.create_route

    def new_stage(this: Any, config: dict[str, Any]) -> Any:
        if config["stageName"] in this.stages:
            raise conflict("ConflictException", "Stage already exists")
        return create_stage(this, config)

    def new_route(this: Any, *arguments: Any, **given: Any) -> Any:
        if given["route_key"] in [route.route_key for route in this.routes.values()]:
            msg = f"Route with key {given['route_key']} already exists for this API"
            raise conflict("ConflictException", msg)
        return create_route(this, *arguments, **given)

    api.create_stage, api.create_route = new_stage, new_route


def _update_stage(asked: Any) -> Any:
    *_, api_id, _, name = asked.path.split("/")
    stage = asked.apigatewayv2_backend.get_stage(api_id, unquote(name))
    for given, value in json.loads(asked.body).items():
        if given in _CHANGEABLE:
            setattr(stage, _CHANGEABLE[given], value)
    stage.updated = datetime.now()
    return 200, {}, json.dumps(stage.to_json())


def _tag_stages(backend: Any) -> None:
    get_tags, put_tags, drop_tags = backend.get_tags, backend.tag_resource, backend.untag_resource

    def stage_of(this: Any, arn: str) -> Any:
        """The stage that `arn:aws:apigateway:<region>::/apis/<id>/stages/<name>` names, if it names one."""
        path = arn.partition("/apis/")[2].split("/")
        return this.get_stage(path[0], path[2]) if path[1:2] == ["stages"] else None

    def tags(this: Any, arn: str) -> dict[str, str]:
        stage = stage_of(this, arn)
        return stage.tags if stage else get_tags(this, arn)

    def tag(this: Any, arn: str, given: dict[str, str]) -> None:
        stage = stage_of(this, arn)
        if stage is None:
            put_tags(this, arn, given)
        else:
            stage.tags = {**stage.tags, **given}

    def untag(this: Any, arn: str, keys: list[str]) -> None:
        stage = stage_of(this, arn)
        if stage is None:
            drop_tags(this, arn, keys)
        else:
            stage.tags = {key: value for key, value in stage.tags.items() if key not in keys}

    backend.get_tags, backend.tag_resource, backend.untag_resource = tags, tag, untag
