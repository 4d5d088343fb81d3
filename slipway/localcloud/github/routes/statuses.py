"""Commit statuses. https://docs.github.com/en/rest/commits/statuses"""

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid
from slipway.localcloud.github.history import commit_named, filled
from slipway.localcloud.github.model import Json, Repository, now
from slipway.localcloud.github.protocol import Area, Call, created
from slipway.localcloud.web import json_response

area = Area()

_REPO = "/repos/{owner}/{repo}"
_STATES = frozenset({"error", "failure", "pending", "success"})
MAX_PER_CONTEXT = 1000
MAX_DESCRIPTION = 140


@area.route("POST", _REPO + "/statuses/{sha}", needs="statuses:write")
def create_status(call: Call) -> Response:
    """422 for a commit that is not there, and past a thousand of one context."""
    (repository, git), body = filled(call), call.body()
    sha, context = commit_named(git, call.path["sha"], status=422), str(body.get("context") or "default")
    description = body.get("description")
    if body.get("state") not in _STATES:
        raise invalid("Validation Failed", {"resource": "Status", "field": "state", "code": "custom"})
    if description is not None and len(str(description)) > MAX_DESCRIPTION:
        raise invalid("Validation Failed", {"resource": "Status", "field": "description", "code": "custom"})
    if sum(status["context"] == context for status in _of(repository, sha)) >= MAX_PER_CONTEXT:
        raise invalid("Validation Failed", "This SHA and context has reached the maximum number of statuses.")
    status: Json = {
        "id": call.world.next_id(),
        "sha": sha,
        "state": body["state"],
        "context": context,
        "description": description,
        "target_url": body.get("target_url"),
        "creator": call.token.actor(),
        "app_id": None if call.token.user else call.token.app[0],
        "created_at": now(),
        "updated_at": now(),
    }
    repository.statuses.append(status)
    return created(_public(status))


@area.route("GET", _REPO + "/commits/{ref}/statuses", needs="statuses:read")
def list_statuses(call: Call) -> Response:
    """The newest first."""
    repository, git = filled(call)
    statuses = _of(repository, commit_named(git, call.path["ref"]))
    return call.listed([_public(status) for status in reversed(statuses)])


@area.route("GET", _REPO + "/commits/{ref}/status", needs="statuses:read")
def get_combined_status(call: Call) -> Response:
    """The latest of each context, and what they come to: failure before pending before success."""
    repository, git = filled(call)
    sha = commit_named(git, call.path["ref"])
    state, latest = combined(repository, sha)
    page, headers = call.page([_public(status) for status in latest])
    answer = {"state": state, "sha": sha, "total_count": len(latest), "statuses": page}
    return json_response(answer, headers=headers)


def combined(repository: Repository, sha: str) -> tuple[str, list[Json]]:
    """The combined state (pending where there is no status at all), and the latest status of each context."""
    latest = {status["context"]: status for status in _of(repository, sha)}
    states = {status["state"] for status in latest.values()}
    if states & {"error", "failure"}:
        return "failure", list(latest.values())
    return "success" if states == {"success"} else "pending", list(latest.values())


def _of(repository: Repository, sha: str) -> list[Json]:
    return [status for status in repository.statuses if status["sha"] == sha]


def _public(status: Json) -> Json:
    return {name: value for name, value in status.items() if name not in {"sha", "app_id"}}
