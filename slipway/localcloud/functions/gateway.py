"""An HTTP API of moto's, served: finds the route, checks the caller, makes the event, reads the answer.

Payload format 2.0:
https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
"""

import base64
import binascii
import time
import uuid
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import parse_qsl, unquote

from werkzeug.datastructures import Headers
from werkzeug.wrappers import Request, Response

from slipway.localcloud.cloud import ACCOUNT
from slipway.localcloud.functions import signature
from slipway.localcloud.functions.deployed import ApiRoute, Deployed, Json
from slipway.localcloud.functions.instances import Credentials, Instances
from slipway.localcloud.functions.runtime import Functions, Result
from slipway.localcloud.web import json_response, problem

MAX_PAYLOAD_BYTES = 10 * 1024 * 1024
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html"""

_TEXT = ("text/", "application/json", "application/javascript", "application/xml")
_OUR_HEADERS = frozenset({"authorization", "connection", "content-length"})


class Gateway:
    """Serves `<base>/<route…>` of each API; throttling is not enforced."""

    def __init__(self, deployed: Deployed, functions: Functions, instances: Instances) -> None:
        self._deployed = deployed
        self._functions = functions
        self._instances = instances

    def serves(self, api_id: str) -> bool:
        """Whether there is such an API."""
        return self._deployed.routes(api_id) is not None

    def answer(self, request: Request, api_id: str, path: str) -> Response:
        """The answer of the API's stage `$default` to a request whose path in the API is `path`."""
        route = _match(self._deployed.routes(api_id) or [], request.method, path)
        if route is None:
            return problem(HTTPStatus.NOT_FOUND, "Not Found")
        if (request.content_length or 0) > MAX_PAYLOAD_BYTES:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "Request Entity Too Large")
        caller: Credentials | None = None
        if route.authorization == "AWS_IAM":
            try:
                caller = signature.verify(request, region=route.region, find=self._instances.find)
            except signature.SignatureError:
                return problem(HTTPStatus.FORBIDDEN, "Forbidden")
        return self._call(route.function_arn, event(request, route, path, caller))

    def _call(self, function_arn: str, made: Json) -> Response:
        function = self._deployed.function(function_arn)
        result = self._functions.call(function, made) if function is not None else Result(error={})
        if result.error is None:
            return response(result.payload)
        if result.error.get("errorType") in {"Sandbox.Timedout", "TooManyRequestsException"}:
            return problem(HTTPStatus.SERVICE_UNAVAILABLE, "Service Unavailable")
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")


def event(request: Request, route: ApiRoute, path: str, caller: Credentials | None) -> Json:
    """The event of a request, in payload format 2.0."""
    now = time.time()
    data = request.get_data()
    query = request.query_string.decode()
    made: Json = {
        "version": "2.0",
        "routeKey": route.key,
        "rawPath": path,
        "rawQueryString": query,
        "headers": _headers(request),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": route.api_id,
            "domainName": request.host,
            "domainPrefix": route.api_id,
            "http": {
                "method": request.method,
                "path": path,
                "protocol": request.environ.get("SERVER_PROTOCOL", "HTTP/1.1"),
                "sourceIp": request.remote_addr or "127.0.0.1",
                "userAgent": request.headers.get("User-Agent", ""),
            },
            "requestId": uuid.uuid4().hex[:16],
            "routeKey": route.key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": False,
    }
    if query:
        made["queryStringParameters"] = _joined(parse_qsl(query, keep_blank_values=True))
    if data:
        made |= _body(data, request.headers.get("Content-Type", ""))
    if caller is not None:
        made["requestContext"]["authorizer"] = {"iam": _identity(caller)}
    return made


def response(payload: object) -> Response:
    """What a function's answer means; one that is no object with `statusCode` is the JSON body of a 200.

    500 where the answer cannot be read, as API Gateway does.
    """
    if isinstance(payload, str):
        return Response(payload, content_type="application/json")
    answer: Json = cast("Json", payload) if isinstance(payload, dict) else {}
    if "statusCode" not in answer:
        return json_response(cast("object", payload))
    try:
        body = str(answer.get("body") or "")
        data = base64.b64decode(body, validate=True) if answer.get("isBase64Encoded") else body.encode()
        status = int(answer["statusCode"])
        given: Json = answer.get("headers") or {}
        cookies: list[str] = answer.get("cookies") or []
        headers = Headers((str(name), str(value)) for name, value in given.items())
    except (AttributeError, TypeError, ValueError, binascii.Error):
        return problem(HTTPStatus.INTERNAL_SERVER_ERROR, "Internal Server Error")
    for cookie in cookies:
        headers.add("Set-Cookie", str(cookie))
    kind = headers.get("Content-Type", "text/plain; charset=utf-8")
    return Response(data, status=status, headers=headers, content_type=kind)


def _match(routes: list[ApiRoute], method: str, path: str) -> ApiRoute | None:
    """The most specific route: a literal outranks a name, and both outrank `{rest+}`, ANY and `$default`.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-routes.html
    """
    segments = [unquote(segment) for segment in path.split("/") if segment]
    best: tuple[tuple[int, ...], ApiRoute] | None = None
    for route in routes:
        if route.key == "$default":
            rank: tuple[int, ...] | None = (9, 0, 0)
        elif route.method in {method, "ANY"}:
            rank = _rank([segment for segment in route.path.split("/") if segment], segments)
            rank = (*rank, route.method == "ANY") if rank is not None else None
        else:
            rank = None
        if rank is not None and (best is None or rank < best[0]):
            best = (rank, route)
    return best[1] if best else None


def _rank(template: list[str], given: list[str]) -> tuple[int, int] | None:
    greedy = bool(template) and template[-1].startswith("{") and template[-1].endswith("+}")
    fixed = template[:-1] if greedy else template
    if len(given) < len(template) or (not greedy and len(given) != len(template)):
        return None
    names = 0
    for wanted, segment in zip(fixed, given, strict=False):
        if wanted.startswith("{"):
            names += 1
        elif wanted != segment:
            return None
    return (int(greedy), names)


def _headers(request: Request) -> dict[str, str]:
    """Names in lower case; the values of one that comes twice are joined by commas."""
    headers = _joined((name.lower(), value) for name, value in request.headers.items())
    kept = {name: value for name, value in headers.items() if name not in _OUR_HEADERS}
    if request.content_length is not None:
        kept["content-length"] = str(request.content_length)
    return kept


def _joined(pairs: Any) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in pairs:
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body(data: bytes, content_type: str) -> Json:
    """The body as text where its type is one that API Gateway passes on as text, else in base64."""
    if content_type.startswith(_TEXT):
        try:
            return {"body": data.decode(), "isBase64Encoded": False}
        except UnicodeDecodeError:
            pass
    return {"body": base64.b64encode(data).decode(), "isBase64Encoded": True}


def _identity(caller: Credentials) -> Json:
    return {
        "accessKey": caller.access_key,
        "accountId": ACCOUNT,
        "callerId": caller.user_id,
        "cognitoIdentity": None,
        "principalOrgId": None,
        "userArn": caller.arn,
        "userId": caller.user_id,
    }
