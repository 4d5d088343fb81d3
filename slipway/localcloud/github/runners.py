"""Runners of an organisation: just-in-time configurations, lists, removal.

https://docs.github.com/en/rest/actions/self-hosted-runners
"""

import base64
import json
import secrets
from http import HTTPStatus
from typing import cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.actions import runner_group, runner_groups
from slipway.localcloud.github.automation import Runner, digest
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Owner
from slipway.localcloud.github.protocol import Area, Ask, require
from slipway.localcloud.web import json_response

area = Area()

_RUNNERS = "/orgs/{org}/actions/runners"
MAX_LABELS = 100


@area.route("POST", _RUNNERS + "/generate-jitconfig", needs="organization_self_hosted_runners:write")
def create_configuration(ask: Ask) -> Response:
    """Registers the runner; 409 where its name is taken, 404 where there is no such group."""
    owner, body = ask.owner(), ask.body()
    require(body, [("name", str), ("runner_group_id", int), ("labels", list)])
    labels = [str(one) for one in cast("list[object]", body["labels"])]
    if not 0 < len(labels) <= MAX_LABELS:
        raise invalid("Validation Failed", {"field": "labels", "code": "invalid"})
    if body["runner_group_id"] not in runner_groups(owner):
        raise not_found()
    runners = ask.world.automation.runners
    if any(one.name == body["name"] for one in _of(ask, owner)):
        message = f"Already exists - A runner with the name {body['name']!r} already exists."
        raise GitHubError(HTTPStatus.CONFLICT, message)
    id_ = ask.world.next_id()
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
    return json_response(answer, HTTPStatus.CREATED)


def _configuration(id_: int, name: str) -> str:
    """What the runner's `--jitconfig` takes: the files that it would otherwise have on its disk."""
    files = {
        ".runner": {"AgentId": str(id_), "AgentName": name, "Ephemeral": "True", "DisableUpdate": "True"},
        ".credentials": {"Scheme": "OAuth", "Data": {"ClientId": secrets.token_hex(16)}},
        ".credentials_rsaparams": {"d": secrets.token_urlsafe(64)},
    }
    inner = {key: base64.b64encode(json.dumps(one).encode()).decode() for key, one in files.items()}
    return base64.b64encode(json.dumps(inner).encode()).decode()


@area.route("GET", _RUNNERS, needs="organization_self_hosted_runners:read")
def list_runners(ask: Ask) -> Response:
    name = ask.request.args.get("name")
    found = [one.shown() for one in _of(ask, ask.owner()) if name in {None, one.name}]
    return ask.listed("runners", found)


@area.route("GET", _RUNNERS + "/{runner}", needs="organization_self_hosted_runners:read")
def get_runner(ask: Ask) -> Response:
    return json_response(_runner(ask).shown())


@area.route("DELETE", _RUNNERS + "/{runner}", needs="organization_self_hosted_runners:write")
def delete_runner(ask: Ask) -> Response:
    """422 while it runs a job."""
    runner = _runner(ask)
    if runner.busy:
        message = f"Bad request - Runner {runner.name!r} is still running a job"
        raise GitHubError(HTTPStatus.UNPROCESSABLE_ENTITY, message)
    del ask.world.automation.runners[runner.id]
    return json_response(None, HTTPStatus.NO_CONTENT)


@area.route(
    "GET",
    "/orgs/{org}/actions/runner-groups/{group}/runners",
    needs="organization_self_hosted_runners:read",
)
def list_group_runners(ask: Ask) -> Response:
    group = runner_group(ask)
    return ask.listed(
        "runners", [one.shown() for one in _of(ask, ask.owner()) if one.group_id == group["id"]]
    )


def _of(ask: Ask, owner: Owner) -> list[Runner]:
    return [one for one in ask.world.automation.runners.values() if one.organization == owner.login]


def _runner(ask: Ask) -> Runner:
    number = ask.path["runner"]
    found = ask.world.automation.runners.get(int(number)) if number.isdecimal() else None
    if found is None or found.organization != ask.owner().login:
        raise not_found()
    return found
