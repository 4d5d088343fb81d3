"""What issues, pull requests and comments have in common: their form, and how long a text may be."""

from typing import Any

from slipway.localcloud.github.errors import invalid
from slipway.localcloud.github.model import Issue, Json, Repository
from slipway.localcloud.github.protocol import Call

MAX_TEXT_CHARACTERS = 65_536


def checked_text(body: Json) -> str | None:
    """The `body` of what is written; 422 where it is longer than GitHub takes."""
    text: Any = body.get("body")
    if text is not None and len(str(text)) > MAX_TEXT_CHARACTERS:
        raise invalid("Validation Failed", f"body is too long (maximum is {MAX_TEXT_CHARACTERS} characters)")
    return None if text is None else str(text)


def label_form(call: Call, repository: Repository, label: Json) -> Json:
    """https://docs.github.com/en/rest/issues/labels#get-a-label"""
    return {**label, "url": call.url(f"/repos/{repository.slug}/labels/{label['name']}")}


def label_forms(call: Call, repository: Repository, issue: Issue) -> list[Json]:
    """Those of an issue that the repository still has."""
    known = [repository.labels[name] for name in issue.labels if name in repository.labels]
    return [label_form(call, repository, label) for label in known]


def issue_form(call: Call, repository: Repository, issue: Issue) -> Json:
    """https://docs.github.com/en/rest/issues/issues#get-an-issue"""
    slug = repository.slug
    kind = "pull" if issue.pull else "issues"
    form: Json = {
        "id": issue.id,
        "node_id": f"I_{issue.id}",
        "number": issue.number,
        "title": issue.title,
        "body": issue.body,
        "user": issue.user,
        "state": issue.state,
        "labels": label_forms(call, repository, issue),
        "comments": sum(comment["issue"] == issue.number for comment in repository.comments.values()),
        "created_at": issue.created_at,
        "updated_at": issue.updated_at,
        "closed_at": issue.closed_at,
        "url": call.url(f"/repos/{slug}/issues/{issue.number}"),
        "html_url": f"https://github.com/{slug}/{kind}/{issue.number}",
        "pull_request": None,
    }
    if issue.pull is None:
        del form["pull_request"]
    else:
        url = call.url(f"/repos/{slug}/pulls/{issue.number}")
        form["pull_request"] = {"url": url, "merged_at": issue.pull.merged_at}
    return form
