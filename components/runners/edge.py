"""The fleet's one address: GitHub's webhooks, and the instances' `claim` and `finish`."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from components.runners.args import LOG_DAYS, RunnerFleetArgs
from components.runners.functions import API_SECONDS, WEBHOOK_SECONDS, FleetFunctions

INSTANCE_RATE = 50
"""Calls a second to `claim` and `finish` each, twice as many in a burst; an instance tries again."""

_LOG_FIELDS = {
    # API Gateway Developer Guide, http-api-logging-variables: no header, no body, so nothing secret.
    "requestId": "$context.requestId",
    "time": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "ip": "$context.identity.sourceIp",
    "caller": "$context.identity.caller",
    "milliseconds": "$context.responseLatency",
    "error": "$context.error.message",
    "integrationError": "$context.integrationErrorMessage",
}


@dataclass(frozen=True, kw_only=True)
class Edge:
    """The API, and where its routes are."""

    api_id: pulumi.Output[str]
    endpoint: pulumi.Output[str]
    webhook_url: pulumi.Output[str]


@dataclass(frozen=True, kw_only=True)
class _Route:
    area: str
    function: aws.lambda_.Function
    signed: bool
    rate: int
    seconds: int

    @property
    def key(self) -> str:
        return f"POST /{self.area}"


def declare_edge(
    name: str, args: RunnerFleetArgs, functions: FleetFunctions, child: pulumi.ResourceOptions
) -> Edge:
    """An HTTP API: anybody may post a webhook, which its signature vouches for; the other two routes take
    only requests that are signed with IAM credentials (API Gateway Developer Guide,
    http-api-access-control-iam)."""
    routes = (
        _Route(
            area="webhook",
            function=functions.webhook,
            signed=False,
            rate=args.runners.webhook_rate,
            seconds=WEBHOOK_SECONDS,
        ),
        _Route(area="claim", function=functions.claim, signed=True, rate=INSTANCE_RATE, seconds=API_SECONDS),
        _Route(
            area="finish", function=functions.finish, signed=True, rate=INSTANCE_RATE, seconds=API_SECONDS
        ),
    )
    api = aws.apigatewayv2.Api(
        f"{name}-api",
        name=args.names.api,
        protocol_type="HTTP",
        description=f"Webhooks and instances of runner fleet {args.fleet}",
        opts=child,
    )
    declared = [_route(name, api, route, child) for route in routes]
    # Settings of a route that is not there are refused (API Reference, CreateStage, routeSettings).
    after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=declared))
    _stage(name, args, api, routes, after)
    return Edge(
        api_id=api.id,
        endpoint=api.api_endpoint,
        webhook_url=pulumi.Output.concat(api.api_endpoint, "/webhook"),
    )


def _route(
    name: str, api: aws.apigatewayv2.Api, route: _Route, child: pulumi.ResourceOptions
) -> aws.apigatewayv2.Route:
    integration = aws.apigatewayv2.Integration(
        f"{name}-{route.area}",
        api_id=api.id,
        integration_type="AWS_PROXY",
        integration_uri=route.function.invoke_arn,
        integration_method="POST",
        payload_format_version="2.0",
        timeout_milliseconds=route.seconds * 1000,
        opts=child,
    )
    aws.lambda_.Permission(
        f"{name}-{route.area}",
        statement_id="api",
        action="lambda:InvokeFunction",
        function=route.function.name,
        principal="apigateway.amazonaws.com",
        source_arn=pulumi.Output.concat(api.execution_arn, f"/*/POST/{route.area}"),
        opts=child,
    )
    return aws.apigatewayv2.Route(
        f"{name}-{route.area}",
        api_id=api.id,
        route_key=route.key,
        authorization_type="AWS_IAM" if route.signed else "NONE",
        target=pulumi.Output.concat("integrations/", integration.id),
        opts=child,
    )


def _stage(
    name: str,
    args: RunnerFleetArgs,
    api: aws.apigatewayv2.Api,
    routes: tuple[_Route, ...],
    child: pulumi.ResourceOptions,
) -> None:
    logs = aws.cloudwatch.LogGroup(
        f"{name}-access-logs",
        name=f"/slipway/api/{args.names.api}",
        retention_in_days=LOG_DAYS,
        opts=child,
    )
    aws.apigatewayv2.Stage(
        f"{name}-stage",
        api_id=api.id,
        name="$default",
        auto_deploy=True,
        access_log_settings=aws.apigatewayv2.StageAccessLogSettingsArgs(
            destination_arn=logs.arn, format=json.dumps(_LOG_FIELDS, separators=(",", ":"))
        ),
        default_route_settings=aws.apigatewayv2.StageDefaultRouteSettingsArgs(
            throttling_burst_limit=INSTANCE_RATE, throttling_rate_limit=INSTANCE_RATE
        ),
        route_settings=[
            aws.apigatewayv2.StageRouteSettingArgs(
                route_key=route.key,
                throttling_burst_limit=route.rate * 2,
                throttling_rate_limit=route.rate,
            )
            for route in routes
        ],
        opts=child,
    )
