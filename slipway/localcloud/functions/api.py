"""The routes that functions are reached by, mounted on the AWS port before moto.

ANY   /slipway/apis/<api id>/<route…>              the gateway
GET   /slipway/instances/<instance id>/credentials what the instance's metadata service would say
GET   /slipway/functions                           calls, errors and workers of each function
POST  /slipway/functions/settle {"timeout_s"}      wait until queues are empty and no function runs
POST  /slipway/tick {"schedules"}                  fire schedules now
POST  /2015-03-31/functions/<name>/invocations     Lambda's own Invoke
"""

import json
import threading
import time
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from slipway.localcloud.functions.deployed import Deployed, Json
from slipway.localcloud.functions.gateway import Gateway
from slipway.localcloud.functions.instances import Instances
from slipway.localcloud.functions.logs import Logs
from slipway.localcloud.functions.pump import Pump
from slipway.localcloud.functions.runtime import Functions
from slipway.localcloud.functions.schedules import Schedules
from slipway.localcloud.records import Records
from slipway.localcloud.web import json_response, problem, raw_segments, read_object

_SETTLE_S = 30.0
_UNKNOWN = "?"


class FunctionsApi:
    """WSGI middleware over moto's application.

    Args:
        records: where event source mappings are recorded.
        lock: held while moto's state is read or changed.
        endpoint: base URL of moto, for the functions' own calls.
        app: what serves every other path.
    """

    def __init__(self, records: Records, lock: threading.RLock, endpoint: str, app: WSGIApplication) -> None:
        self._app = app
        self._deployed = Deployed(lock)
        self._functions = Functions(endpoint, Logs(lock).add)
        self._instances = Instances(lock)
        self._gateway = Gateway(self._deployed, self._functions, self._instances)
        self._pump = Pump(records, self._deployed, self._functions, lock)
        self._schedules = Schedules(self._deployed, self._functions)

    def start(self) -> None:
        """Begin to watch queues and schedules."""
        self._pump.start()
        self._schedules.start()

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._answer(environ)
        return (answer or self._app)(environ, start_response)

    def _answer(self, environ: WSGIEnvironment) -> Response | None:
        segments = raw_segments(environ)
        service, region = _scope(environ)
        match segments:
            case ["slipway", "apis", api_id, *_] if service != "s3" or self._gateway.serves(api_id):
                request = Request(environ)
                base = f"/slipway/apis/{api_id}"
                return self._gateway.answer(request, api_id, _raw_path(environ).partition(base)[2] or "/")
            case ["slipway", *_] if service == "s3":
                return None  # a legal name for a bucket
            case ["slipway", *_] if service:
                return problem(HTTPStatus.FORBIDDEN, "these routes take no signature")
            case ["slipway", *rest]:
                return self._control(Request(environ), rest) or problem(HTTPStatus.NOT_FOUND, "Not Found")
            case ["2015-03-31", "functions", name, "invocations"] if service == "lambda":
                return self._invoke(Request(environ), name, region)
            case _:
                return None

    def _control(self, request: Request, rest: list[str]) -> Response | None:
        match request.method, rest:
            case "GET", ["instances", instance_id, "credentials"]:
                credentials = self._instances.credentials(instance_id)
                if credentials is None:
                    return problem(HTTPStatus.NOT_FOUND, f"{instance_id} does not run with a profile")
                return json_response(credentials.to_json(), headers={"Cache-Control": "no-store"})
            case "GET", ["functions"]:
                return json_response(self._functions.counts())
            case "POST", ["tick" | "functions", *_]:
                # A form of another origin cannot send this content type without asking first.
                if request.mimetype != "application/json":
                    return problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send application/json")
                return self._act(rest, read_object(request))
            case _:
                return None

    def _act(self, rest: list[str], body: Json | None) -> Response | None:
        if body is None:
            return problem(HTTPStatus.BAD_REQUEST, "send one JSON object")
        if rest == ["tick"]:
            return json_response({"fired": self._schedules.tick(body.get("schedules"))})
        if rest == ["functions", "settle"]:
            return json_response({"settled": self._settle(float(body.get("timeout_s", _SETTLE_S)))})
        return None

    def _settle(self, timeout_s: float) -> bool:
        deadline = time.monotonic() + timeout_s
        # In this order: one that sends its last message and ends in between leaves a queue that is not.
        while self._functions.busy() or not self._pump.settled():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def _invoke(self, request: Request, name: str, region: str) -> Response | None:
        """https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html"""
        function = self._deployed.function(name, region)
        if request.method != "POST" or function is None:
            return None  # moto's refusal is AWS's
        data = request.get_data()
        try:
            event: Any = json.loads(data) if data else {}
        except ValueError:
            return _refusal(HTTPStatus.BAD_REQUEST, "InvalidRequestContentException", "no JSON")
        kind = request.headers.get("X-Amz-Invocation-Type", "RequestResponse")
        if kind == "DryRun":
            return Response(status=HTTPStatus.NO_CONTENT)
        if kind == "Event":
            call = threading.Thread(target=self._functions.call, args=(function, event), daemon=True)
            call.start()
            return Response(status=HTTPStatus.ACCEPTED)
        result = self._functions.call(function, event)
        headers = {"X-Amz-Executed-Version": "$LATEST"}
        if result.error is not None:
            headers["X-Amz-Function-Error"] = "Unhandled"
        payload = json.dumps(result.payload if result.error is None else result.error)
        return Response(payload, headers=headers, content_type="application/json")


def _scope(environ: WSGIEnvironment) -> tuple[str, str]:
    """Service and region of the signature, empty for an unsigned request, unknown where it has no scope."""
    authorization = str(environ.get("HTTP_AUTHORIZATION", ""))
    scope = authorization.split(",", maxsplit=1)[0].split("/")
    if not authorization.startswith("AWS"):
        return "", ""
    return (scope[3].lower(), scope[2]) if len(scope) == 5 else (_UNKNOWN, "")


def _raw_path(environ: WSGIEnvironment) -> str:
    return str(environ.get("RAW_URI") or environ.get("PATH_INFO", "/")).partition("?")[0]


def _refusal(status: int, kind: str, message: str) -> Response:
    return json_response({"Type": "User", "message": message}, status, {"X-Amzn-ErrorType": kind})
