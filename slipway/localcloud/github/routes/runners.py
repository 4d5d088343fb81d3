"""Runners of an organisation: just-in-time configurations, lists, removal.

https://docs.github.com/en/rest/actions/self-hosted-runners
"""

import base64
import json
import secrets
from http import HTTPStatus
from typing import cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.automation import Runner, digest, runner_groups
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Owner
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.github.routes.runner_groups import runner_group
from slipway.localcloud.web import json_response

area = Area()

_RUNNERS = "/orgs/{org}/actions/runners"
MAX_LABELS = 100


@area.route("POST", _RUNNERS + "/generate-jitconfig", needs="organization_self_hosted_runners:write")
def create_configuration(call: Call) -> Response:
    """Registers the runner; 409 where its name is taken, 404 where there is no such group."""
    owner, body = call.owner(), call.body()
    require(body, [("name", str), ("runner_group_id", int), ("labels", list)])
    labels = [str(label) for label in cast("list[object]", body["labels"])]
    if not 0 < len(labels) <= MAX_LABELS:
        raise invalid("Validation Failed", {"field": "labels", "code": "invalid"})
    if body["runner_group_id"] not in runner_groups(owner):
        raise not_found()
    runners = call.world.automation.runners
    if any(runner.name == body["name"] for runner in _of(call, owner)):
        message = f"Already exists - A runner with the name {body['name']!r} already exists."
        raise GitHubError(HTTPStatus.CONFLICT, message)
    id_ = call.world.next_id()
    config = _configuration(id_, body["name"])
    runners[id_] = Runner(
        id=id_,
        name=body["name"],
        organization=owner.login,
        group_id=body["runner_group_id"],
        labels=tuple(labels),
        config_digest=digest(config),
    )
    answer = {"runner": runners[id_].shown(), "encoded_jit_config": config}
    return created(answer)


def _configuration(id_: int, name: str) -> str:
    """What the runner's `--jitconfig` takes: the files that it would otherwise have on its disk."""
    files = {
        ".runner": {"AgentId": str(id_), "AgentName": name, "Ephemeral": "True", "DisableUpdate": "True"},
        ".credentials": {"Scheme": "OAuth", "Data": {"ClientId": secrets.token_hex(16)}},
        ".credentials_rsaparams": {"d": secrets.token_urlsafe(64)},
    }
    inner = {key: base64.b64encode(json.dumps(content).encode()).decode() for key, content in files.items()}
    return base64.b64encode(json.dumps(inner).encode()).decode()


@area.route("GET", _RUNNERS, needs="organization_self_hosted_runners:read")
def list_runners(call: Call) -> Response:
    name = call.request.args.get("name")
    runners = [runner for runner in _of(call, call.owner()) if name in {None, runner.name}]
    return call.counted_list("runners", [runner.shown() for runner in runners])


@area.route("GET", _RUNNERS + "/{runner}", needs="organization_self_hosted_runners:read")
def get_runner(call: Call) -> Response:
    return json_response(_runner(call).shown())


@area.route("DELETE", _RUNNERS + "/{runner}", needs="organization_self_hosted_runners:write")
def delete_runner(call: Call) -> Response:
    """422 while it runs a job."""
    runner = _runner(call)
    if runner.busy:
        message = f"Bad request - Runner {runner.name!r} is still running a job"
        raise GitHubError(HTTPStatus.UNPROCESSABLE_ENTITY, message)
    del call.world.automation.runners[runner.id]
    return no_content()


@area.route(
    "GET",
    "/orgs/{org}/actions/runner-groups/{group}/runners",
    needs="organization_self_hosted_runners:read",
)
def list_group_runners(call: Call) -> Response:
    group = runner_group(call)
    return call.counted_list(
        "runners",
        [runner.shown() for runner in _of(call, call.owner()) if runner.group_id == group["id"]],
    )


def _of(call: Call, owner: Owner) -> list[Runner]:
    runners = call.world.automation.runners.values()
    return [runner for runner in runners if runner.organization == owner.login]


def _runner(call: Call) -> Runner:
    runner = call.numbered(call.world.automation.runners, "runner")
    if runner.organization != call.owner().login:
        raise not_found()
    return runner
