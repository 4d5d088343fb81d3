"""Comments on issues and pull requests. https://docs.github.com/en/rest/issues/comments"""

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.model import Json, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.web import json_response

area = Area()

MAX_COMMENT_CHARACTERS = 65_536
_ISSUE_COMMENTS = "/repos/{owner}/{repo}/issues/{issue}/comments"
_COMMENT = "/repos/{owner}/{repo}/issues/comments/{comment}"
_READ = "issues:read|pull_requests:read"
_WRITE = "issues:write|pull_requests:write"


@area.route("GET", _ISSUE_COMMENTS, needs=_READ)
def list_comments(call: Call) -> Response:
    number = _issue(call)
    comments = call.repository().comments.values()
    return call.listed([comment for comment in comments if comment["issue"] == number])


@area.route("POST", _ISSUE_COMMENTS, needs=_WRITE)
def create_comment(call: Call) -> Response:
    number, body = _issue(call), _comment_body(call)
    id_ = call.world.next_id()
    comment: Json = {"id": id_, "issue": number, "body": body, "created_at": now(), "updated_at": now()}
    comment["user"] = {"login": "slipway[bot]", "type": "Bot"}
    call.repository().comments[id_] = comment
    return created(comment)


@area.route("GET", _COMMENT, needs=_READ)
def get_comment(call: Call) -> Response:
    return json_response(_comment(call))


@area.route("PATCH", _COMMENT, needs=_WRITE)
def update_comment(call: Call) -> Response:
    comment = _comment(call)
    comment |= {"body": _comment_body(call), "updated_at": now()}
    return json_response(comment)


@area.route("DELETE", _COMMENT, needs=_WRITE)
def delete_comment(call: Call) -> Response:
    del call.repository().comments[_comment(call)["id"]]
    return no_content()


def _issue(call: Call) -> int:
    """Issues themselves are not kept: any number stands for one that exists."""
    call.repository()
    if not call.path["issue"].isdecimal():
        raise not_found()
    return int(call.path["issue"])


def _comment_body(call: Call) -> str:
    body = call.body()
    require(body, [("body", str)])
    if len(body["body"]) > MAX_COMMENT_CHARACTERS:
        raise invalid(
            "Validation Failed", f"body is too long (maximum is {MAX_COMMENT_CHARACTERS} characters)"
        )
    return str(body["body"])


def _comment(call: Call) -> Json:
    return call.numbered(call.repository().comments, "comment")
