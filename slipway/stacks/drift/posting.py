"""One issue for each stack: opened, written anew, closed when all is mended, and opened again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from slipway.github.client import Client, path
from slipway.stacks.comment.page import UNDATED
from slipway.stacks.comment.posting import is_by
from slipway.stacks.drift import issue
from slipway.stacks.drift.report import Report

Done = Literal["opened", "updated", "closed", "reopened", "unchanged", "superseded", "none"]


@dataclass(frozen=True)
class Posted:
    """What was done: `superseded` where the issue tells of a newer look, `none` where it takes none."""

    done: Done
    url: str = ""


def post(
    client: Client, repository: str, report: Report, *, server: str, author: str | None = None
) -> Posted:
    """Make the stack's issue say what the report says.

    Anybody can open an issue that looks like ours, so only one of our own is taken. Where two runs opened one
    each at the same time, the older look's is closed.

    Args:
        client: with `issues: write`.
        repository: `owner/name`.
        report: of the look.
        server: of GitHub's pages, for links.
        author: login of the person whose token it is; None for an App's, or a job's.

    Raises:
        SlipwayError: GitHub refuses.
    """
    issues = path("repos", *repository.split("/", 1), "issues")
    ours = list(_ours(client, f"{issues}?state=all&labels={issue.LABEL}", report, author))
    if not ours and report.found:
        # Whoever takes the label off must not get a second issue.
        ours = list(_ours(client, f"{issues}?state=open", report, author))
    if not ours:
        return _open(client, issues, repository, report, server) if report.found else Posted("none")
    kept = max(ours, key=lambda each: (each["state"] == "open", _stamp(each)))
    newest = max(map(_stamp, ours))
    for each in ours:
        if each is not kept and each["state"] == "open":
            client.patch(f"{issues}/{each['number']}", {"state": "closed"}, safe=True)
    stamp = issue.stamp(report.at)
    if stamp != UNDATED and stamp < newest:
        return _posted("superseded", kept)
    return _write(client, f"{issues}/{kept['number']}", kept, report, f"{server}/{repository}")


def _open(client: Client, issues: str, repository: str, report: Report, server: str) -> Posted:
    body = issue.body(report, repository=f"{server}/{repository}")
    made = client.post(issues, {"title": issue.title(report), "body": body, "labels": [issue.LABEL]})
    return _posted("opened", made)


def _write(client: Client, place: str, kept: dict[str, Any], report: Report, address: str) -> Posted:
    is_open = kept["state"] == "open"
    if not report.found:
        if not is_open:
            return _posted("unchanged", kept)
        body = issue.mended(str(kept["body"]), report)
        return _posted("closed", client.patch(place, {"state": "closed", "body": body}, safe=True))
    body = issue.body(report, repository=address)
    if is_open and str(kept["body"]).strip() == body.strip():
        return _posted("unchanged", kept)
    labels = sorted({issue.LABEL, *(str(each["name"]) for each in kept["labels"])})
    changed = {"title": issue.title(report), "body": body, "state": "open", "labels": labels}
    return _posted("updated" if is_open else "reopened", client.patch(place, changed, safe=True))


def _posted(done: Done, written: Any) -> Posted:
    return Posted(done, str(written.get("html_url") or ""))


def _ours(client: Client, place: str, report: Report, author: str | None) -> Iterator[dict[str, Any]]:
    wanted = issue.hidden_id(report.name)
    for each in client.every(place):
        found = issue.hidden_in(str(each.get("body") or ""))
        if "pull_request" not in each and is_by(each, author) and found is not None and found[0] == wanted:
            yield each


def _stamp(each: dict[str, Any]) -> str:
    """To be compared: without a time it comes before all that have one."""
    found = issue.hidden_in(str(each["body"]))
    return "" if found is None or found[1] == UNDATED else found[1]
