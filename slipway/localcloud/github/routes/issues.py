"""Issues, their labels and events; a pull request is one too. https://docs.github.com/en/rest/issues/issues"""

from typing import cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.history import close, opened, record
from slipway.localcloud.github.issue_forms import checked_text, issue_form, label_forms
from slipway.localcloud.github.model import Issue, Json, Repository, now
from slipway.localcloud.github.protocol import Area, Call, created, require
from slipway.localcloud.web import json_response

area = Area()

_ISSUES = "/repos/{owner}/{repo}/issues"
_ISSUE = _ISSUES + "/{issue}"
_READ = "issues:read|pull_requests:read"
_WRITE = "issues:write|pull_requests:write"


@area.route("GET", _ISSUES, needs="issues:read")
def list_issues(call: Call) -> Response:
    """By `state` (open), `labels` (all), `creator`; the newest first. Pull requests are among them."""
    repository, given = _repository(call), call.request.args
    labels = {name.lower() for name in given.get("labels", "").split(",") if name}
    chosen = [
        issue
        for issue in sorted(repository.issues.values(), key=lambda issue: -issue.number)
        if given.get("state", "open") in {"all", issue.state}
        and labels <= set(issue.labels)
        and given.get("creator") in {None, issue.user["login"]}
    ]
    return call.listed([issue_form(call, repository, issue) for issue in chosen])


@area.route("POST", _ISSUES, needs="issues:write")
def create_issue(call: Call) -> Response:
    repository, body = _repository(call), call.body()
    require(body, [("title", str)])
    id_, number = call.world.next_id(), len(repository.issues) + 1
    issue = Issue(
        id=id_, number=number, title=body["title"], body=checked_text(body), user=call.token.actor()
    )
    repository.issues[number] = issue
    _label(call, repository, issue, [*_names(body.get("labels") or [])])
    return created(issue_form(call, repository, issue))


@area.route("GET", _ISSUE, needs=_READ)
def get_issue(call: Call) -> Response:
    repository = _repository(call)
    return json_response(issue_form(call, repository, call.numbered(repository.issues, "issue")))


@area.route("PATCH", _ISSUE, needs=_WRITE)
def update_issue(call: Call) -> Response:
    repository, body = _repository(call), call.body()
    issue = call.numbered(repository.issues, "issue")
    if body.get("state") not in {None, issue.state}:
        if issue.pull is not None or body["state"] not in {"open", "closed"}:
            raise invalid("Validation Failed", {"resource": "Issue", "field": "state", "code": "invalid"})
        if body["state"] == "closed":
            close(call, issue)
        else:
            issue.state, issue.closed_at = "open", None
            record(call, issue, "reopened")
    issue.title = str(body.get("title", issue.title))
    issue.body = checked_text(body) if "body" in body else issue.body
    issue.updated_at = now()
    if "labels" in body:
        _label(call, repository, issue, _names(body["labels"]), replace=True)
    return json_response(issue_form(call, repository, issue))


@area.route("GET", _ISSUE + "/labels", needs=_READ)
def list_labels(call: Call) -> Response:
    repository = _repository(call)
    return call.listed(label_forms(call, repository, call.numbered(repository.issues, "issue")))


@area.route("POST", _ISSUE + "/labels", needs=_WRITE)
def add_labels(call: Call) -> Response:
    """A label that the repository does not have is made, as GitHub does."""
    repository = _repository(call)
    issue = call.numbered(repository.issues, "issue")
    _label(call, repository, issue, _names(call.body().get("labels")))
    return json_response(label_forms(call, repository, issue))


@area.route("PUT", _ISSUE + "/labels", needs=_WRITE)
def set_labels(call: Call) -> Response:
    repository = _repository(call)
    issue = call.numbered(repository.issues, "issue")
    _label(call, repository, issue, _names(call.body().get("labels") or []), replace=True)
    return json_response(label_forms(call, repository, issue))


@area.route("DELETE", _ISSUE + "/labels/{name}", needs=_WRITE)
def remove_label(call: Call) -> Response:
    repository, name = _repository(call), call.path["name"].lower()
    issue = call.numbered(repository.issues, "issue")
    if name not in issue.labels:
        raise not_found()
    _label(call, repository, issue, [label for label in issue.labels if label != name], replace=True)
    return json_response(label_forms(call, repository, issue))


@area.route("GET", _ISSUE + "/events", needs=_READ)
def list_events(call: Call) -> Response:
    """The oldest first: labeled, unlabeled, closed, reopened, merged."""
    return call.listed(call.numbered(_repository(call).issues, "issue").events)


def _repository(call: Call) -> Repository:
    """The repository, its pull requests brought up to date where it has any."""
    repository = call.repository()
    return opened(call)[0] if any(issue.pull for issue in repository.issues.values()) else repository


def _names(given: object) -> list[str]:
    """Names from a list of names or of `{"name": …}`; 422 for anything else."""
    listed = cast("list[object]", given) if isinstance(given, list) else [None]
    names = [cast("Json", item).get("name") if isinstance(item, dict) else item for item in listed]
    if not all(isinstance(name, str) and 0 < len(name) <= 50 for name in names):
        raise invalid("Validation Failed", {"resource": "Label", "field": "name", "code": "invalid"})
    return cast("list[str]", names)


def _label(
    call: Call, repository: Repository, issue: Issue, names: list[str], *, replace: bool = False
) -> None:
    wanted = {name.lower(): name for name in names}
    for key in [key for key in issue.labels if replace and key not in wanted]:
        issue.labels.remove(key)
        known = repository.labels.get(key, {"name": key, "color": "ededed"})
        record(call, issue, "unlabeled", label={"name": known["name"], "color": known["color"]})
    for key, name in wanted.items():
        if key in issue.labels:
            continue
        new: Json = {"id": call.world.next_id(), "name": name, "color": "ededed", "description": None}
        label = repository.labels.setdefault(key, {**new, "default": False})
        issue.labels.append(key)
        record(call, issue, "labeled", label={"name": label["name"], "color": label["color"]})
