"""Comments on issues and pull requests. https://docs.github.com/en/rest/issues/comments"""

from werkzeug.wrappers import Response

from slipway.localcloud.github.issue_forms import checked_text
from slipway.localcloud.github.model import Json, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.web import json_response

area = Area()

_ISSUE_COMMENTS = "/repos/{owner}/{repo}/issues/{issue}/comments"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment}"
_READ = "issues:read|pull_requests:read"
_WRITE = "issues:write|pull_requests:write"


@area.route("GET", _ISSUE_COMMENTS, needs=_READ)
def list_comments(call: Call) -> Response:
    """The oldest first; `since` leaves out those that were last changed before."""
    repository, since = call.repository(), call.request.args.get("since", "")
    number = call.numbered(repository.issues, "issue").number
    comments = [comment for comment in repository.comments.values() if comment["issue"] == number]
    return call.listed([_public(comment) for comment in comments if comment["updated_at"] >= since])


@area.route("POST", _ISSUE_COMMENTS, needs=_WRITE)
def create_comment(call: Call) -> Response:
    repository, text, id_ = call.repository(), _text(call), call.world.next_id()
    issue = call.numbered(repository.issues, "issue")
    issue.updated_at = now()
    url = f"/repos/{repository.slug}/issues"
    comment: Json = {
        "id": id_,
        "issue": issue.number,
        "body": text,
        "user": call.token.actor(),
        "created_at": now(),
        "updated_at": now(),
        "url": call.url(f"{url}/comments/{id_}"),
        "issue_url": call.url(f"{url}/{issue.number}"),
        "html_url": f"https://github.com/{repository.slug}/issues/{issue.number}#issuecomment-{id_}",
        "author_association": "NONE",
    }
    repository.comments[id_] = comment
    return created(_public(comment))


@area.route("GET", _COMMENT, needs=_READ)
def get_comment(call: Call) -> Response:
    return json_response(_public(_comment(call)))


@area.route("PATCH", _COMMENT, needs=_WRITE)
def update_comment(call: Call) -> Response:
    comment = _comment(call)
    comment |= {"body": _text(call), "updated_at": now()}
    return json_response(_public(comment))


@area.route("DELETE", _COMMENT, needs=_WRITE)
def delete_comment(call: Call) -> Response:
    del call.repository().comments[_comment(call)["id"]]
    return no_content()


def _text(call: Call) -> str:
    body = call.body()
    require(body, [("body", str)])
    return checked_text(body) or ""


def _comment(call: Call) -> Json:
    return call.numbered(call.repository().comments, "comment")


def _public(comment: Json) -> Json:
    return {name: value for name, value in comment.items() if name != "issue"}
