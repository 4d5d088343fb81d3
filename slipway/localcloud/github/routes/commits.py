"""Commits, branches, and what lies between two of them.

https://docs.github.com/en/rest/commits/commits and …/branches/branches
"""

from werkzeug.wrappers import Response

from slipway.localcloud.github.errors import GitHubError, not_found
from slipway.localcloud.github.history import change_form, commit_form, commit_named, filled
from slipway.localcloud.github.model import Json
from slipway.localcloud.github.protocol import Area, Call
from slipway.localcloud.github.rules import in_force
from slipway.localcloud.web import json_response

area = Area()

_REPO = "/repos/{owner}/{repo}"
_READ = "contents:read"
MAX_COMPARED_FILES = 300


@area.route("GET", _REPO + "/commits", needs=_READ)
def list_commits(call: Call) -> Response:
    """From `sha` (the default branch) backwards; `path`, `since` and `until` as git means them."""
    (repository, git), given = filled(call), call.request.args
    options = [f"--{name}={given[name]}" for name in ("since", "until") if given.get(name)]
    start = commit_named(git, given.get("sha") or repository.default_branch)
    paths = ["--", given["path"]] if given.get("path") else []
    commits = git.commits(*options, start, *paths)
    return call.listed([commit_form(call, repository, commit) for commit in commits])


@area.route("GET", _REPO + "/commits/{ref...}", needs=_READ)
def get_commit(call: Call) -> Response:
    """With its files, against its first parent."""
    repository, git = filled(call)
    commit = git.commit(commit_named(git, call.path["ref"], status=422))
    empty = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"  # git's name for the tree of nothing
    changes = git.changes(commit.parents[0] if commit.parents else empty, commit.sha)
    files = [change_form(call, repository, change, commit.sha) for change in changes]
    stats = {name: sum(file[name] for file in files) for name in ("additions", "deletions")}
    stats["total"] = stats["additions"] + stats["deletions"]
    return json_response({**commit_form(call, repository, commit), "stats": stats, "files": files})


@area.route("GET", _REPO + "/branches", needs=_READ)
def list_branches(call: Call) -> Response:
    _, git = filled(call)
    branches = [(name, sha) for name, sha in git.refs().items() if name.startswith("refs/heads/")]
    return call.listed(
        [{"name": name[11:], "commit": {"sha": sha}, "protected": False} for name, sha in branches]
    )


@area.route("GET", _REPO + "/branches/{branch...}", needs=_READ)
def get_branch(call: Call) -> Response:
    (repository, git), name = filled(call), call.path["branch"]
    sha = git.branch(name)
    if sha is None:
        raise GitHubError(404, "Branch not found")
    protected = bool(in_force(repository, call.token, f"refs/heads/{name}"))
    commit = commit_form(call, repository, git.commit(sha))
    return json_response({"name": name, "commit": commit, "protected": protected})


@area.route("GET", _REPO + "/compare/{basehead...}", needs=_READ)
def compare(call: Call) -> Response:
    """`base...head`: head's own commits, and the files from the merge base to head (on the first page)."""
    repository, git = filled(call)
    names = call.path["basehead"].split("...")
    if len(names) != 2:
        raise not_found()
    base, head = (commit_named(git, name) for name in names)
    merge_base = git.merge_base(base, head)
    if merge_base is None:
        raise GitHubError(404, f"No common ancestor between {names[0]} and {names[1]}.")
    ahead, behind = git.distance(base, head)
    commits = git.commits("--reverse", "--topo-order", head, f"^{base}") if ahead else []
    page, headers = call.page([commit_form(call, repository, commit) for commit in commits])
    changes = git.changes(merge_base, head) if call.request.args.get("page", "1") == "1" else []
    states = {(True, True): "diverged", (True, False): "ahead", (False, True): "behind"}
    answer: Json = {
        "status": states.get((bool(ahead), bool(behind)), "identical"),
        "ahead_by": ahead,
        "behind_by": behind,
        "total_commits": ahead,
        "base_commit": commit_form(call, repository, git.commit(base)),
        "merge_base_commit": commit_form(call, repository, git.commit(merge_base)),
        "commits": page,
        "files": [change_form(call, repository, change, head) for change in changes[:MAX_COMPARED_FILES]],
    }
    return json_response(answer, headers=headers)
