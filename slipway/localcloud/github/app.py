"""The WSGI application of the GitHub stand-in: authenticates, charges, routes, answers 501 to the unknown."""

from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from slipway.localcloud.github import control
from slipway.localcloud.github.errors import GitHubError, not_found
from slipway.localcloud.github.model import Token
from slipway.localcloud.github.protocol import Call, Route, authenticate, authorize, spend
from slipway.localcloud.github.routes import all_areas, apps
from slipway.localcloud.github.world import SeedError, World
from slipway.localcloud.web import RequestLog, Routes, json_response, problem, raw_segments, read_object


class GitHub:
    """The stand-in over one `World`. `/api/v3`, which clients append to a server of one's own, works too."""

    def __init__(self, log: RequestLog, git_folder: Path | None = None) -> None:
        self.world = World(git_folder)
        self._log = log
        self._routes: Routes[Route] = Routes()
        self._control: Routes[Route] = Routes()
        for area in all_areas():
            area.into(self._routes)
        control.area.into(self._control)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        segments = raw_segments(environ)
        if segments[:2] == ["api", "v3"]:
            segments = segments[2:]
        try:
            response = self._open(request, segments)
            if response is None:
                with self.world.lock:
                    response = self._answer(request, segments)
        except GitHubError as error:
            response = error.response()
        response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        return response(environ, start_response)

    def _open(self, request: Request, segments: list[str]) -> Response | None:
        """What needs no token: GitHub's pages, converting a manifest, and what only this stand-in has."""
        match request.method, segments:
            case _, ["slipway", "seed"]:
                return self._seed(request)
            case "POST", ["slipway", "webhooks", "flush"]:
                _require_json(request)
                return control.flush(request, self.world.webhooks)
            case _, ["slipway", *_]:
                return self._control_route(request, segments)
            case "POST", ["organizations", organization, "settings", "apps", "new"]:
                with self.world.lock:
                    return apps.submit_manifest(request, self.world, organization)
            case "POST", ["app-manifests", code, "conversions"]:
                return apps.convert(request, self.world, code)
            case _:
                return None

    def _control_route(self, request: Request, segments: list[str]) -> Response:
        match = self._control.find(request.method, segments)
        if match is None:
            raise not_found()
        _require_json(request)
        route, path = match
        with self.world.lock:
            return route.handler(Call(request, self.world, Token(permissions={}), path))

    def _answer(self, request: Request, segments: list[str]) -> Response:
        match = self._routes.find(request.method, segments)
        if match is None:
            self._log.unknown("github", request.method, request.path)
            message = f"The GitHub stand-in does not serve {request.method} {request.path}"
            raise GitHubError(HTTPStatus.NOT_IMPLEMENTED, message)
        route, path = match
        self.world.faults.calls[route.name] += 1
        fault = self.world.faults.happening(request.method, "/" + "/".join(segments))
        if fault is not None and not fault.after:
            raise fault.error()
        token = authenticate(request, self.world)
        # Asking for the limit is free: https://docs.github.com/en/rest/rate-limit/rate-limit
        headers = {} if segments == ["rate_limit"] else spend(token.allowance, request.method)
        authorize(token, route)
        response = route.handler(Call(request, self.world, token, path))
        if fault is not None:
            raise fault.error()
        response.headers.update(headers)
        return response

    def _seed(self, request: Request) -> Response:
        if request.method != "POST":
            raise GitHubError(HTTPStatus.METHOD_NOT_ALLOWED, "seed by POST")
        _require_json(request)
        body = read_object(request)
        try:
            if body is None:
                return problem(HTTPStatus.BAD_REQUEST, "a seed is one JSON object")
            return json_response(self.world.seed(body))
        except SeedError as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))


def _require_json(request: Request) -> None:
    """A form of another origin cannot send this content type without asking first."""
    if request.method != "GET" and request.mimetype != "application/json":
        raise GitHubError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "send content type application/json")
