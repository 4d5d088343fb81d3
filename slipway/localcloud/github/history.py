"""A call's git repository, with pull requests brought up to date, and the REST forms of what is in it."""

import base64
import binascii

from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.git import Change, Commit, Git, Person
from slipway.localcloud.github.model import Issue, Json, Repository, now
from slipway.localcloud.github.protocol import Call

ALL_ZEROS = "0" * 40


def opened(call: Call) -> tuple[Repository, Git]:
    """The repository in the path and its git one, in which open pull requests follow their branches."""
    repository = call.repository()
    git = repository.git(call.world.git_folder())
    if any(issue.pull and issue.state == "open" for issue in repository.issues.values()):
        follow_branches(call, repository, git)
    return repository, git


def filled(call: Call) -> tuple[Repository, Git]:
    """The same; 409 while nothing was ever pushed."""
    repository, git = opened(call)
    if not git.refs():
        raise GitHubError(409, "Git Repository is empty.")
    return repository, git


def commit_named(git: Git, name: str, *, status: int = 404) -> str:
    """The commit that a branch, tag, ref or SHA means; `status` where there is none."""
    sha = git.resolve(name)
    if sha is None:
        raise GitHubError(status, f"No commit found for SHA: {name}")
    return sha


def follow_branches(call: Call, repository: Repository, git: Git) -> None:
    """Move each open pull request's head to its branch; close one whose branch is gone, or was merged."""
    refs = git.refs()
    for issue in list(repository.issues.values()):
        pull = issue.pull
        if pull is None or issue.state == "closed":
            continue
        tips = (refs.get(f"refs/heads/{pull.head}", ""), refs.get(f"refs/heads/{pull.base}", ""))
        before, pull.seen = pull.seen, tips
        if not all(tips):
            pull.base_sha = tips[1] or before[1]
            close(call, issue)
        elif tips != before:
            git.update(f"refs/pull/{issue.number}/head", tips[0])
            if before[1] and git.is_ancestor(tips[0], tips[1]):
                pull.base_sha, pull.merged_at, pull.merge_sha = before[1], now(), tips[1]
                close(call, issue)


def close(call: Call, issue: Issue) -> None:
    issue.state, issue.closed_at, issue.updated_at = "closed", now(), now()
    if issue.pull is not None and issue.pull.merged_at:
        record(call, issue, "merged", commit_id=issue.pull.merge_sha)
    record(call, issue, "closed")


def record(call: Call, issue: Issue, event: str, **fields: object) -> None:
    """https://docs.github.com/en/rest/using-the-rest-api/issue-event-types"""
    issue.updated_at = now()
    entry: Json = {"id": call.world.next_id(), "event": event, "actor": call.token.actor()}
    issue.events.append({**entry, "created_at": now(), "commit_id": None, **fields})


def who(call: Call) -> Person:
    """Who commits by this call."""
    login = call.token.actor()["login"]
    return Person(name=login, email=f"{login}@users.noreply.github.com")


def decoded(text: str) -> bytes:
    """What Base64 with line breaks stands for; 422 for anything else."""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except binascii.Error:
        raise invalid("content is not valid Base64") from None


def git_commit_form(call: Call, repository: Repository, commit: Commit) -> Json:
    """https://docs.github.com/en/rest/git/commits#get-a-commit-object"""
    base = f"/repos/{repository.slug}/git"
    return {
        "sha": commit.sha,
        "node_id": f"C_{commit.sha}",
        "url": call.url(f"{base}/commits/{commit.sha}"),
        "html_url": f"https://github.com/{repository.slug}/commit/{commit.sha}",
        "author": _person(commit.author),
        "committer": _person(commit.committer),
        "message": commit.message,
        "tree": {"sha": commit.tree, "url": call.url(f"{base}/trees/{commit.tree}")},
        "parents": [{"sha": sha, "url": call.url(f"{base}/commits/{sha}")} for sha in commit.parents],
        "verification": {"verified": False, "reason": "unsigned", "signature": None, "payload": None},
    }


def commit_form(call: Call, repository: Repository, commit: Commit) -> Json:
    """https://docs.github.com/en/rest/commits/commits#get-a-commit"""
    inner = git_commit_form(call, repository, commit)
    parents = inner.pop("parents")
    return {
        "sha": inner.pop("sha"),
        "node_id": inner.pop("node_id"),
        "html_url": inner.pop("html_url"),
        "url": call.url(f"/repos/{repository.slug}/commits/{commit.sha}"),
        "commit": {**inner, "comment_count": 0},
        "author": _account(commit.author),
        "committer": _account(commit.committer),
        "parents": parents,
    }


def change_form(call: Call, repository: Repository, change: Change, head: str) -> Json:
    """https://docs.github.com/en/rest/pulls/pulls#list-pull-requests-files"""
    form: Json = {
        "sha": change.sha,
        "filename": change.path,
        "status": change.status,
        "additions": change.additions,
        "deletions": change.deletions,
        "changes": change.additions + change.deletions,
        "contents_url": call.url(f"/repos/{repository.slug}/contents/{change.path}?ref={head}"),
    }
    if change.old_path:
        form["previous_filename"] = change.old_path
    return form if change.patch is None else {**form, "patch": change.patch}


def pull_of(call: Call, repository: Repository) -> Issue:
    """The pull request whose number is in the path; 404 for a mere issue."""
    issue = call.numbered(repository.issues, "pull")
    if issue.pull is None:
        raise not_found()
    return issue


def _person(person: Person) -> Json:
    return {"name": person.name, "email": person.email, "date": person.date}


def _account(person: Person) -> Json | None:
    """GitHub knows an account by its address."""
    login, _, host = person.email.partition("@")
    return {"login": login} if host == "users.noreply.github.com" else None
