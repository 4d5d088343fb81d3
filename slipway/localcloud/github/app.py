"""The WSGI application of the GitHub stand-in: authenticates, charges, routes, answers 501 to the unknown."""

from collections.abc import Iterable
from http import HTTPStatus
from wsgiref.types import StartResponse, WSGIEnvironment

from werkzeug.wrappers import Request, Response

from slipway.localcloud.github import (
    actions,
    environments,
    issues,
    repositories,
    rulesets,
    secrets,
    variables,
)
from slipway.localcloud.github.protocol import Ask, GitHubError, Route, authenticate, authorize, spend
from slipway.localcloud.github.world import SeedError, World
from slipway.localcloud.web import RequestLog, Routes, json_response, problem, raw_segments, read_object

_AREAS = (actions, environments, issues, repositories, rulesets, secrets, variables)


class GitHub:
    """The stand-in over one `World`. `/api/v3`, which clients append to a server of one's own, works too."""

    def __init__(self, log: RequestLog) -> None:
        self.world = World()
        self._log = log
        self._routes: Routes[Route] = Routes()
        for module in _AREAS:
            module.area.into(self._routes)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        segments = raw_segments(environ)
        if segments[:2] == ["api", "v3"]:
            segments = segments[2:]
        if segments == ["slipway", "seed"]:
            return self._seed(request)(environ, start_response)
        with self.world.lock:
            try:
                response = self._answer(request, segments)
            except GitHubError as error:
                response = error.response()
        response.headers["X-GitHub-Media-Type"] = "github.v3; format=json"
        return response(environ, start_response)

    def _answer(self, request: Request, segments: list[str]) -> Response:
        found = self._routes.find(request.method, segments)
        if found is None:
            self._log.unknown("github", request.method, request.path)
            message = f"The GitHub stand-in does not serve {request.method} {request.path}"
            raise GitHubError(HTTPStatus.NOT_IMPLEMENTED, message)
        route, path = found
        token = authenticate(request, self.world)
        # Asking for the limit is free: https://docs.github.com/en/rest/rate-limit/rate-limit
        headers = {} if segments == ["rate_limit"] else spend(token, request.method)
        authorize(token, route)
        response = route.handler(Ask(request, self.world, token, path))
        response.headers.update(headers)
        return response

    def _seed(self, request: Request) -> Response:
        # A form of another origin cannot send this content type without asking first.
        if request.method != "POST" or request.mimetype != "application/json":
            return problem(
                HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "seed by POST with content type application/json"
            )
        body = read_object(request)
        try:
            if body is None:
                return problem(HTTPStatus.BAD_REQUEST, "a seed is one JSON object")
            return json_response(self.world.seed(body))
        except SeedError as error:
            return problem(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))
