"""Reviews of pull requests. https://docs.github.com/en/rest/pulls/reviews"""

from typing import cast

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import invalid
from slipway.localcloud.github.history import opened, pull_of
from slipway.localcloud.github.issue_forms import checked_text
from slipway.localcloud.github.model import Json, Pull, now
from slipway.localcloud.github.protocol import Area, Call, require
from slipway.localcloud.web import json_response

area = Area()

_REVIEWS = "/repos/{owner}/{repo}/pulls/{pull}/reviews"
_STATES = {"APPROVE": "APPROVED", "REQUEST_CHANGES": "CHANGES_REQUESTED", "COMMENT": "COMMENTED"}


@area.route("GET", _REVIEWS, needs="pull_requests:read")
def list_reviews(call: Call) -> Response:
    """The oldest first."""
    return call.listed(cast("Pull", pull_of(call, opened(call)[0]).pull).reviews)


@area.route("POST", _REVIEWS, needs="pull_requests:write")
def create_review(call: Call) -> Response:
    """422 for one's own pull request, unless it is a mere comment."""
    (repository, git), body = opened(call), call.body()
    issue = pull_of(call, repository)
    require(body, [("event", str)])
    event, user, text = body["event"], call.token.actor(), checked_text(body)
    if event not in _STATES or (event != "APPROVE" and not text):
        raise invalid("Unprocessable Entity", "Could not approve or comment")
    if event != "COMMENT" and user["login"] == issue.user["login"]:
        verb = "approve" if event == "APPROVE" else "request changes on"
        raise invalid("Unprocessable Entity", f"Can not {verb} your own pull request")
    review: Json = {
        "id": call.world.next_id(),
        "user": user,
        "body": text or "",
        "state": _STATES[event],
        "commit_id": str(body.get("commit_id") or git.refs()[f"refs/pull/{issue.number}/head"]),
        "submitted_at": now(),
    }
    cast("Pull", issue.pull).reviews.append(review)
    return json_response(review)


@area.route("PUT", _REVIEWS + "/{review}/dismissals", needs="pull_requests:write")
def dismiss_review(call: Call) -> Response:
    pull, body = cast("Pull", pull_of(call, opened(call)[0]).pull), call.body()
    require(body, [("message", str)])
    review = call.numbered({entry["id"]: entry for entry in pull.reviews}, "review")
    if review["state"] not in {"APPROVED", "CHANGES_REQUESTED"}:
        raise invalid("Unprocessable Entity", "Can not dismiss a commented pull request review")
    review["state"] = "DISMISSED"
    return json_response(review)
