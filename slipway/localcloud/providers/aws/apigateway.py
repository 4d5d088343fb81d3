"""HTTP APIs of API Gateway. The embedded cloud serves them on its own port, under `/slipway/apis/<id>`."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import STAMP, AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    between,
    changed,
    lower_first,
    not_emulated,
    one_of,
    pattern,
    pick,
    renamed,
    upper_first,
)
from slipway.localcloud.providers.values import Props, block, items


def _arn(call: AwsCall, path: str) -> str:
    return f"arn:aws:apigateway:{call.region}::/apis/{path}"


def _ids(id_: str, old: Props) -> tuple[str, str]:
    """The API's id and that of its part; an import gives both as `<api>/<part>`."""
    api, _, part = id_.rpartition("/")
    return api or str(old["apiId"]), part


# --- APIs ---


def _api_create(call: AwsCall, inputs: Props) -> str:
    given = pick(inputs, {"Name": "name", "ProtocolType": "protocolType", "Description": "description"})
    own = {**tags.wanted(inputs), STAMP: call.stamp}
    return str(call.client("apigatewayv2").create_api(**given, Tags=own)["ApiId"])


def _api_read(call: AwsCall, id_: str, old: Props) -> Props:
    found: Props = call.client("apigatewayv2").get_api(ApiId=id_)
    return {
        "name": found["Name"],
        "protocolType": found["ProtocolType"],
        "description": found.get("Description"),
        # The address at which the embedded cloud really answers, not the one moto makes up.
        "apiEndpoint": f"{call.cloud.address}/slipway/apis/{id_}",
        "arn": _arn(call, id_),
        "executionArn": call.arn("execute-api", id_),
        "apiKeySelectionExpression": found.get("ApiKeySelectionExpression"),
        "routeSelectionExpression": found.get("RouteSelectionExpression"),
        "disableExecuteApiEndpoint": bool(found.get("DisableExecuteApiEndpoint")),
        "ipAddressType": found.get("IpAddressType") or "ipv4",
        "tagsAll": tags.mapped(found.get("Tags")),
    }


def _api_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if changed(old, new, "name") or changed(old, new, "description"):
        call.client("apigatewayv2").update_api(
            ApiId=id_, Name=new["name"], Description=new.get("description") or ""
        )


def _api_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("apigatewayv2").delete_api(ApiId=id_)


def _api_find(call: AwsCall, inputs: Props) -> str | None:
    listed = call.client("apigatewayv2").get_apis()["Items"]
    return next(
        (str(one["ApiId"]) for one in listed if block(one.get("Tags")).get(STAMP) == call.stamp), None
    )


# --- integrations and routes ---

_INTEGRATION = {
    "IntegrationType": "integrationType",
    "IntegrationUri": "integrationUri",
    "IntegrationMethod": "integrationMethod",
    "PayloadFormatVersion": "payloadFormatVersion",
    "TimeoutInMillis": "timeoutMilliseconds",
    "Description": "description",
    "ConnectionType": "connectionType",
}
_ROUTE = {
    "RouteKey": "routeKey",
    "AuthorizationType": "authorizationType",
    "ApiKeyRequired": "apiKeyRequired",
    "OperationName": "operationName",
    "Target": "target",
}


@dataclass(frozen=True)
class _Part:
    """A kind of part of an API (`Route`), which has its own set of calls.

    Args:
        fields: API parameters by property.
        same: the properties by which a part is found again: parts carry no tags.
    """

    kind: str
    fields: Mapping[str, str]
    same: tuple[str, ...]

    def _call(self, call: AwsCall, verb: str, more: str = "") -> Any:
        return getattr(call.client("apigatewayv2"), f"{verb}_{self.kind.lower()}{more}")

    def create(self, call: AwsCall, inputs: Props) -> str:
        made = self._call(call, "create")(ApiId=inputs["apiId"], **pick(inputs, self.fields))
        return str(made[f"{self.kind}Id"])

    def read(self, call: AwsCall, id_: str, old: Props) -> Props:
        api, part = _ids(id_, old)
        found: Props = self._call(call, "get")(ApiId=api, **{f"{self.kind}Id": part})
        return {"apiId": api, **{name: found[field] for field, name in self.fields.items() if field in found}}

    def update(self, call: AwsCall, id_: str, old: Props, new: Props) -> None:
        api, part = _ids(id_, old)
        self._call(call, "update")(ApiId=api, **{f"{self.kind}Id": part}, **pick(new, self.fields))

    def delete(self, call: AwsCall, id_: str, state: Props) -> None:
        api, part = _ids(id_, state)
        self._call(call, "delete")(ApiId=api, **{f"{self.kind}Id": part})

    def handler(self, **more: Any) -> Handler[AwsCall]:
        word = self.kind.lower()
        return Handler[AwsCall](
            token=f"aws:apigatewayv2/{word}:{self.kind}",
            source=f"{DOCS}/apigatewayv2_{word}",
            create=self.create,
            read=self.read,
            update=self.update,
            delete=self.delete,
            find=self.find,
            **more,
        )

    def find(self, call: AwsCall, inputs: Props) -> str | None:
        listed: list[Props] = self._call(call, "get", "s")(ApiId=inputs["apiId"])["Items"]
        for one in listed:
            found = {name: one.get(field) for field, name in self.fields.items()}
            if all(found[name] == inputs.get(name) for name in self.same):
                return str(one[f"{self.kind}Id"])
        return None


_INTEGRATIONS = _Part("Integration", _INTEGRATION, ("integrationType", "integrationUri"))
_ROUTES = _Part("Route", _ROUTE, ("routeKey",))

# --- stages ---


def _stage_settings(inputs: Props) -> Props:
    given: Props = {
        "AutoDeploy": bool(inputs.get("autoDeploy")),
        "Description": inputs.get("description") or "",
        "RouteSettings": {
            one["routeKey"]: renamed(
                {key: value for key, value in one.items() if key != "routeKey"}, rename=upper_first
            )
            for one in items(inputs.get("routeSettings"))
        },
        "StageVariables": inputs.get("stageVariables") or {},
    }
    if inputs.get("accessLogSettings"):
        given["AccessLogSettings"] = renamed(inputs["accessLogSettings"], rename=upper_first)
    if inputs.get("defaultRouteSettings"):
        given["DefaultRouteSettings"] = renamed(inputs["defaultRouteSettings"], rename=upper_first)
    return given


def _stage_create(call: AwsCall, inputs: Props) -> None:
    call.client("apigatewayv2").create_stage(
        ApiId=inputs["apiId"],
        StageName=inputs["name"],
        **_stage_settings(inputs),
        **tags.create_mapped(inputs),
    )


def _stage_read(call: AwsCall, id_: str, old: Props) -> Props:
    api, name = _ids(id_, old)
    found: Props = call.client("apigatewayv2").get_stage(ApiId=api, StageName=name)
    routes: Props = block(found.get("RouteSettings"))
    url = f"{call.cloud.address}/slipway/apis/{api}"
    return {
        "apiId": api,
        "name": name,
        "arn": _arn(call, f"{api}/stages/{name}"),
        "executionArn": call.arn("execute-api", f"{api}/{name}"),
        "invokeUrl": f"{url}/" if name == "$default" else f"{url}/{name}",
        "autoDeploy": bool(found.get("AutoDeploy")),
        "description": found.get("Description") or None,
        "accessLogSettings": renamed(found.get("AccessLogSettings"), rename=lower_first) or None,
        "defaultRouteSettings": renamed(block(found.get("DefaultRouteSettings")), rename=lower_first) or None,
        "routeSettings": [
            {"routeKey": key, **renamed(value, rename=lower_first)} for key, value in sorted(routes.items())
        ]
        or None,
        "stageVariables": found.get("StageVariables") or None,
        "deploymentId": found.get("DeploymentId") or "",
        "tagsAll": tags.mapped(found.get("Tags")),
    }


def _stage_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    api, name = _ids(id_, old)
    call.client("apigatewayv2").update_stage(ApiId=api, StageName=name, **_stage_settings(new))


def _stage_delete(call: AwsCall, id_: str, state: Props) -> None:
    api, name = _ids(id_, state)
    call.client("apigatewayv2").delete_stage(ApiId=api, StageName=name)


HANDLERS = (
    Handler[AwsCall](
        token="aws:apigatewayv2/api:Api",
        source=f"{DOCS}/apigatewayv2_api",
        create=_api_create,
        read=_api_read,
        update=_api_update,
        delete=_api_delete,
        find=_api_find,
        tagger=tags.by_arn("apigatewayv2", "ResourceArn", form=dict),
        name=AutoName(longest=128),
        rules=(
            one_of("protocolType", "HTTP"),
            *not_emulated("body corsConfiguration routeKey target credentialsArn"),
        ),
    ),
    _INTEGRATIONS.handler(
        defaults={"connectionType": "INTERNET", "payloadFormatVersion": "1.0"},
        rules=(
            one_of("integrationType", "AWS_PROXY"),
            between("timeoutMilliseconds", 50, 30_000),
            *not_emulated("connectionId requestParameters responseParameters requestTemplates tlsConfig"),
        ),
    ),
    _ROUTES.handler(
        natural=("apiId", "routeKey"),
        defaults={"apiKeyRequired": False, "authorizationType": "NONE"},
        rules=(
            one_of("authorizationType", "NONE", "AWS_IAM"),
            pattern("routeKey", r"\$default|[A-Z]+ /.*", "must be like POST /path, or $default"),
            *not_emulated("authorizerId authorizationScopes requestModels requestParameters"),
        ),
    ),
    Handler[AwsCall](
        token="aws:apigatewayv2/stage:Stage",
        source=f"{DOCS}/apigatewayv2_stage",
        key="{name}",
        create=_stage_create,
        read=_stage_read,
        update=_stage_update,
        delete=_stage_delete,
        tagger=tags.by_arn("apigatewayv2", "ResourceArn", form=dict),
        name=AutoName(longest=128),
        natural=("apiId", "name"),
        rules=(*not_emulated("clientCertificateId"),),
    ),
)
