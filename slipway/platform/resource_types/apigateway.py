"""Resource types of API Gateway (HTTP APIs)."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:apigatewayv2/api:Api",
        source=f"{TERRAFORM_AWS}/apigatewayv2/api.go",
        replace_on=names("protocolType"),
        computed=names(
            "apiEndpoint apiKeySelectionExpression arn disableExecuteApiEndpoint executionArn "
            "ipAddressType name routeSelectionExpression"
        ),
        required=names("protocolType"),
        actions=Actions(
            create=qualified("apigateway", "POST TagResource"),
            read=qualified("apigateway", "GET"),
            update=qualified("apigateway", "DELETE PATCH PUT TagResource UntagResource"),
            delete=qualified("apigateway", "DELETE"),
            on=("arn:aws:apigateway:{region}::/apis/x",),
        ),
    ),
    ResourceType(
        token="aws:apigatewayv2/integration:Integration",
        source=f"{TERRAFORM_AWS}/apigatewayv2/integration.go",
        replace_on=names("apiId integrationType integrationSubtype"),
        computed=names("timeoutMilliseconds"),
        required=names("apiId integrationType"),
        actions=Actions(
            create=qualified("apigateway", "POST"),
            read=qualified("apigateway", "GET"),
            update=qualified("apigateway", "PUT PATCH"),
            delete=qualified("apigateway", "DELETE"),
            on=("arn:aws:apigateway:{region}::/apis/x/integrations/x",),
        ),
    ),
    ResourceType(
        token="aws:apigatewayv2/route:Route",
        source=f"{TERRAFORM_AWS}/apigatewayv2/route.go",
        replace_on=names("apiId"),
        required=names("apiId routeKey"),
        actions=Actions(
            create=qualified("apigateway", "POST"),
            read=qualified("apigateway", "GET"),
            update=qualified("apigateway", "PUT PATCH"),
            delete=qualified("apigateway", "DELETE"),
            on=("arn:aws:apigateway:{region}::/apis/x/routes/x",),
        ),
    ),
    ResourceType(
        token="aws:apigatewayv2/stage:Stage",
        source=f"{TERRAFORM_AWS}/apigatewayv2/stage.go",
        replace_on=names("apiId name"),
        computed=names("arn defaultRouteSettings deploymentId executionArn invokeUrl name"),
        required=names("apiId"),
        unordered=names("routeSettings"),
        actions=Actions(
            create=qualified("apigateway", "POST TagResource"),
            read=qualified("apigateway", "GET"),
            update=qualified("apigateway", "PATCH TagResource UntagResource"),
            delete=qualified("apigateway", "DELETE"),
            on=("arn:aws:apigateway:{region}::/apis/x/stages/x",),
        ),
    ),
)
