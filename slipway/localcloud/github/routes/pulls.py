"""Pull requests: what they show is computed from the git repository. https://docs.github.com/en/rest/pulls/pulls"""

from http import HTTPStatus
from typing import cast

from werkzeug.wrappers import Response

from slipway.localcloud.github import merging
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.git import Git, GitError
from slipway.localcloud.github.history import (
    change_form,
    close,
    commit_form,
    commit_named,
    filled,
    follow_branches,
    opened,
    pull_of,
    record,
    who,
)
from slipway.localcloud.github.issue_forms import checked_text, issue_form
from slipway.localcloud.github.model import Issue, Json, Pull, Repository, now
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.github.rules import allowed_methods, in_force, merge_refusals
from slipway.localcloud.web import json_response

area = Area()

_REPO = "/repos/{owner}/{repo}"
_PULLS, _PULL = _REPO + "/pulls", _REPO + "/pulls/{pull}"
_READ, _WRITE = "pull_requests:read", "pull_requests:write"
MAX_FILES = 3000


@area.route("GET", _PULLS, needs=_READ)
def list_pulls(call: Call) -> Response:
    """By `state` (open), `head` (owner:branch), `base`; the newest first unless `direction` is asc."""
    (repository, git), given = opened(call), call.request.args
    state, head, base = given.get("state", "open"), given.get("head", ""), given.get("base")
    chosen = [
        issue
        for issue in repository.issues.values()
        if issue.pull is not None
        and state in {"all", issue.state}
        and head in {"", f"{repository.owner.login}:{issue.pull.head}"}
        and base in {None, issue.pull.base}
    ]
    order = {"updated": "updated_at"}.get(given.get("sort", ""), "created_at")
    newest_first = given.get("direction", "asc" if given.get("sort") else "desc") == "desc"
    chosen.sort(key=lambda issue: (getattr(issue, order), issue.number), reverse=newest_first)
    page, headers = call.page(chosen)
    forms = [pull_form(call, repository, git, cast("Issue", issue)) for issue in page]
    return json_response(forms, headers=headers)


@area.route("POST", _PULLS, needs=_WRITE)
def create_pull(call: Call) -> Response:
    """422 where a branch is not there, nothing lies between the two, or there is an open one already."""
    (repository, git), body = filled(call), call.body()
    require(body, [("title", str), ("head", str), ("base", str)])
    head, base = str(body["head"]).rpartition(":")[2], str(body["base"])
    owner = str(body["head"]).rpartition(":")[0] or repository.owner.login
    tips = {"head": git.branch(head), "base": git.branch(base)}
    for field, sha in tips.items():
        if sha is None or owner.lower() != repository.owner.login.lower():
            raise invalid("Validation Failed", {"resource": "PullRequest", "field": field, "code": "invalid"})
    same = [issue for issue in repository.issues.values() if issue.pull and issue.state == "open"]
    if any(issue.pull and (issue.pull.head, issue.pull.base) == (head, base) for issue in same):
        raise invalid("Validation Failed", f"A pull request already exists for {owner}:{head}.")
    if git.distance(str(tips["base"]), str(tips["head"]))[0] == 0:
        raise invalid("Validation Failed", f"No commits between {base} and {head}")
    issue = Issue(
        id=call.world.next_id(),
        number=len(repository.issues) + 1,
        title=str(body["title"]),
        body=checked_text(body),
        user=call.token.actor(),
        pull=Pull(head=head, base=base, draft=bool(body.get("draft"))),
    )
    repository.issues[issue.number] = issue
    follow_branches(call, repository, git)
    return created(_full_form(call, repository, git, issue))


@area.route("GET", _PULL, needs=_READ)
def get_pull(call: Call) -> Response:
    repository, git = opened(call)
    return json_response(_full_form(call, repository, git, pull_of(call, repository)))


@area.route("PATCH", _PULL, needs=_WRITE)
def update_pull(call: Call) -> Response:
    (repository, git), body = opened(call), call.body()
    issue, pull = _pull(call, repository)
    if "base" in body:
        if git.branch(str(body["base"])) is None:
            raise invalid(
                "Validation Failed", {"resource": "PullRequest", "field": "base", "code": "invalid"}
            )
        pull.base = str(body["base"])
    issue.title = str(body.get("title", issue.title))
    issue.body = checked_text(body) if "body" in body else issue.body
    issue.updated_at = now()
    if body.get("state") == "closed" and issue.state == "open":
        pull.base_sha = git.branch(pull.base) or pull.seen[1]
        close(call, issue)
    elif body.get("state") == "open" and issue.state == "closed":
        if pull.merged_at or git.branch(pull.head) is None or git.branch(pull.base) is None:
            raise invalid(
                "Validation Failed", {"resource": "PullRequest", "field": "state", "code": "invalid"}
            )
        issue.state, issue.closed_at, pull.seen, pull.base_sha = "open", None, ("", ""), ""
        record(call, issue, "reopened")
    follow_branches(call, repository, git)
    return json_response(_full_form(call, repository, git, issue))


@area.route("GET", _PULL + "/files", needs=_READ)
def list_files(call: Call) -> Response:
    repository, git = opened(call)
    base, head = _ends(git, *_pull(call, repository))
    changes = git.changes(git.merge_base(base, head) or base, head)[:MAX_FILES]
    return call.listed([change_form(call, repository, change, head) for change in changes])


@area.route("GET", _PULL + "/commits", needs=_READ)
def list_commits(call: Call) -> Response:
    """At most 250, the oldest first."""
    repository, git = opened(call)
    base, head = _ends(git, *_pull(call, repository))
    commits = git.commits("--reverse", "--topo-order", head, f"^{base}")[:250]
    return call.listed([commit_form(call, repository, commit) for commit in commits])


@area.route("GET", _PULL + "/merge", needs=_READ)
def is_merged(call: Call) -> Response:
    """204 if it was merged, 404 if not."""
    _, pull = _pull(call, opened(call)[0])
    if pull.merged_at is None:
        raise not_found()
    return no_content()


@area.route("PUT", _PULL + "/merge", needs="contents:write")
def merge_pull(call: Call) -> Response:
    """405 where it cannot or may not be merged, 409 where the head is not `sha` or the base has moved."""
    (repository, git), body = opened(call), call.body()
    issue, pull = _pull(call, repository)
    if issue.state == "closed" or pull.draft:
        raise GitHubError(HTTPStatus.METHOD_NOT_ALLOWED, "Pull Request is not mergeable")
    base, head = _ends(git, issue, pull)
    if body.get("sha") not in {None, head}:
        raise GitHubError(HTTPStatus.CONFLICT, "Head branch was modified. Review and try the merge again.")
    method = body.get("merge_method", "merge")
    if method not in merging.METHODS:
        raise invalid("Validation Failed", {"field": "merge_method", "code": "invalid"})
    ref = f"refs/heads/{pull.base}"
    refusals = merge_refusals(repository, git, call.token, issue, pull)
    if method not in allowed_methods(in_force(repository, call.token, ref)):
        refusals.append(f"{method.capitalize()} merges are not allowed on this repository.")
    if refusals:
        text = "\n".join(refusals)
        raise GitHubError(HTTPStatus.METHOD_NOT_ALLOWED, f"Repository rule violations found\n\n{text}\n\n")
    sha = _merged(call, repository, git, issue, body)
    if sha is None:
        raise GitHubError(HTTPStatus.METHOD_NOT_ALLOWED, "Pull Request is not mergeable")
    try:
        git.update(ref, sha, base)
    except GitError:
        text = "Base branch was modified. Review and try the merge again."
        raise GitHubError(HTTPStatus.CONFLICT, text) from None
    pull.merged_at, pull.merged_by, pull.merge_sha = now(), call.token.actor(), sha
    pull.base_sha = base
    close(call, issue)
    follow_branches(call, repository, git)
    return json_response({"sha": sha, "merged": True, "message": "Pull Request successfully merged"})


@area.route("GET", _REPO + "/commits/{sha}/pulls", needs=_READ)
def list_pulls_of_commit(call: Call) -> Response:
    """The pull requests that bring a commit, or that were merged as it."""
    repository, git = filled(call)
    sha = commit_named(git, call.path["sha"])
    bringing: list[Json] = []
    for issue in repository.issues.values():
        if issue.pull is None:
            continue
        base, head = _ends(git, issue, issue.pull)
        if sha == issue.pull.merge_sha or (git.is_ancestor(sha, head) and not git.is_ancestor(sha, base)):
            bringing.append(pull_form(call, repository, git, issue))
    return call.listed(bringing)


def _merged(call: Call, repository: Repository, git: Git, issue: Issue, body: Json) -> str | None:
    pull = cast("Pull", issue.pull)
    base, head = _ends(git, issue, pull)
    title, text = body.get("commit_title"), body.get("commit_message")
    match body.get("merge_method", "merge"):
        case "squash":
            message = f"{title or f'{issue.title} (#{issue.number})'}\n\n{text or issue.body or ''}".strip()
            return merging.squash(git, base, head, message, who(call))
        case "rebase":
            return merging.rebase(git, base, head, who(call))
        case _:
            default = f"Merge pull request #{issue.number} from {repository.owner.login}/{pull.head}"
            message = f"{title or default}\n\n{text if text is not None else issue.title}".strip()
            return merging.merge(git, base, head, message, who(call))


def _pull(call: Call, repository: Repository) -> tuple[Issue, Pull]:
    issue = pull_of(call, repository)
    return issue, cast("Pull", issue.pull)


def _ends(git: Git, issue: Issue, pull: Pull) -> tuple[str, str]:
    """Base and head: the branch's tip while it is open, and what they were when it was closed."""
    refs = git.refs()
    return pull.base_sha or refs[f"refs/heads/{pull.base}"], refs[f"refs/pull/{issue.number}/head"]


def pull_form(call: Call, repository: Repository, git: Git, issue: Issue) -> Json:
    """The form in lists."""
    pull = cast("Pull", issue.pull)
    base, head = _ends(git, issue, pull)
    repo = {"id": repository.id, "name": repository.name, "full_name": repository.slug}
    owner = repository.owner.login
    form = issue_form(call, repository, issue)
    del form["comments"], form["pull_request"]
    return {
        **form,
        "draft": pull.draft,
        "merged_at": pull.merged_at,
        "merge_commit_sha": pull.merge_sha,
        "head": {"label": f"{owner}:{pull.head}", "ref": pull.head, "sha": head, "repo": repo},
        "base": {"label": f"{owner}:{pull.base}", "ref": pull.base, "sha": base, "repo": repo},
        "url": call.url(f"/repos/{repository.slug}/pulls/{issue.number}"),
    }


def _full_form(call: Call, repository: Repository, git: Git, issue: Issue) -> Json:
    """The form of a single one: with counts, and with the test merge at `refs/pull/<number>/merge`."""
    pull = cast("Pull", issue.pull)
    base, head = _ends(git, issue, pull)
    form = pull_form(call, repository, git, issue)
    changes = git.changes(git.merge_base(base, head) or base, head)
    form |= {
        "merged": pull.merged_at is not None,
        "merged_by": pull.merged_by,
        "commits": git.distance(base, head)[0],
        "changed_files": len(changes),
        "additions": sum(change.additions for change in changes),
        "deletions": sum(change.deletions for change in changes),
    }
    if issue.state == "closed":
        return {**form, "mergeable": None, "mergeable_state": "unknown"}
    test_merge = _test_merge(call, git, issue.number, base, head)
    refusals = merge_refusals(repository, git, call.token, issue, pull)
    state = "dirty" if test_merge is None else "draft" if pull.draft else "blocked" if refusals else "clean"
    mergeable = {"mergeable": test_merge is not None, "mergeable_state": state}
    return {**form, **mergeable, "merge_commit_sha": test_merge}


def _test_merge(call: Call, git: Git, number: int, base: str, head: str) -> str | None:
    """The commit at `refs/pull/<number>/merge`, made anew when either side has moved."""
    ref = f"refs/pull/{number}/merge"
    old = git.refs().get(ref)
    if old is not None and git.commit(old).parents == (base, head):
        return old
    made = merging.merge(git, base, head, f"Merge {head} into {base}", who(call))
    if made is not None:
        git.update(ref, made)
    elif old is not None:
        git.delete(ref)
    return made
