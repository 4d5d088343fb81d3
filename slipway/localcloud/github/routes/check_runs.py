"""Check runs, which only Apps write. https://docs.github.com/en/rest/checks/runs"""

from http import HTTPStatus
from typing import Any, cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, invalid
from slipway.localcloud.github.history import commit_named, filled
from slipway.localcloud.github.model import Json, now
from slipway.localcloud.github.protocol import Area, Call, created, require
from slipway.localcloud.web import json_response

area = Area()

_REPO = "/repos/{owner}/{repo}"
_RUN = _REPO + "/check-runs/{check_run}"
_STATUSES = frozenset({"queued", "in_progress", "completed"})
_CONCLUSIONS = frozenset(
    {"action_required", "cancelled", "failure", "neutral", "success", "skipped", "timed_out"}
)
MAX_OUTPUT_CHARACTERS = 65_535
MAX_ANNOTATIONS = 50


@area.route("POST", _REPO + "/check-runs", needs="checks:write")
def create_check_run(call: Call) -> Response:
    (repository, git), body = filled(call), call.body()
    require(body, [("name", str), ("head_sha", str)])
    if call.token.user:
        raise GitHubError(HTTPStatus.FORBIDDEN, "You must authenticate via a GitHub App.")
    sha, id_ = commit_named(git, str(body["head_sha"]), status=422), call.world.next_id()
    run: Json = {
        "id": id_,
        "name": body["name"],
        "head_sha": sha,
        "external_id": "",
        "status": "queued",
        "conclusion": None,
        "started_at": now(),
        "completed_at": None,
        "details_url": None,
        "output": {"title": None, "summary": None, "text": None, "annotations_count": 0},
        "app": {"id": call.token.app[0], "slug": call.token.app[1]},
        "url": call.url(f"/repos/{repository.slug}/check-runs/{id_}"),
        "html_url": f"https://github.com/{repository.slug}/runs/{id_}",
    }
    repository.check_runs[id_] = _changed(run, body)
    return created(repository.check_runs[id_])


@area.route("PATCH", _RUN, needs="checks:write")
def update_check_run(call: Call) -> Response:
    """Only the App that made it may: 403."""
    run = call.numbered(filled(call)[0].check_runs, "check_run")
    if call.token.user or run["app"]["id"] != call.token.app[0]:
        raise GitHubError(HTTPStatus.FORBIDDEN, "Resource not accessible by integration")
    run |= _changed(run, call.body())
    return json_response(run)


@area.route("GET", _RUN, needs="checks:read")
def get_check_run(call: Call) -> Response:
    return json_response(call.numbered(filled(call)[0].check_runs, "check_run"))


@area.route("GET", _REPO + "/commits/{ref}/check-runs", needs="checks:read")
def list_check_runs(call: Call) -> Response:
    """The latest of each App and name unless `filter=all`; by `check_name`, `status`, `app_id`."""
    (repository, git), given = filled(call), call.request.args
    sha = commit_named(git, call.path["ref"])
    runs = [run for run in repository.check_runs.values() if run["head_sha"] == sha]
    if given.get("filter", "latest") == "latest":
        runs = list({(run["app"]["id"], run["name"]): run for run in runs}.values())
    wanted = {"name": given.get("check_name"), "status": given.get("status")}
    chosen = [
        run
        for run in reversed(runs)
        if all(value in {None, run[field]} for field, value in wanted.items())
        and given.get("app_id") in {None, str(run["app"]["id"])}
    ]
    return call.counted_list("check_runs", chosen)


def _changed(run: Json, body: Json) -> Json:
    """The run with what `body` gives; a conclusion completes it."""
    fields = ("name", "status", "conclusion", "details_url", "external_id", "started_at", "completed_at")
    new = {**run, **{name: body[name] for name in fields if body.get(name) is not None}}
    if body.get("conclusion") is not None:
        new["status"] = "completed"
    if new["status"] == "completed":
        new["completed_at"] = new["completed_at"] or now()
    if new["status"] not in _STATUSES or (new["status"] == "completed") != (
        new["conclusion"] in _CONCLUSIONS
    ):
        raise invalid("Invalid request.\n\nstatus and conclusion do not go together")
    output = cast("dict[str, Any]", body.get("output") or {})
    for name in ("summary", "text"):
        if len(str(output.get(name) or "")) > MAX_OUTPUT_CHARACTERS:
            raise invalid(f"Only {MAX_OUTPUT_CHARACTERS} characters are allowed; output.{name} has more")
    annotations = cast("list[Any]", output.get("annotations") or [])
    if len(annotations) > MAX_ANNOTATIONS:
        raise invalid(f"No more than {MAX_ANNOTATIONS} annotations are allowed")
    texts = {name: output[name] for name in ("title", "summary", "text") if name in output}
    count = run["output"]["annotations_count"] + len(annotations)
    return {**new, "output": {**run["output"], **texts, "annotations_count": count}}
