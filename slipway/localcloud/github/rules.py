"""What the rulesets in force say about a change of a ref, and about a merge.

https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/available-rules-for-rulesets
Not judged: code owners, signatures, name patterns, required deployments, and the merge queue.
"""

import re
from collections.abc import Sequence
from typing import cast

from slipway.localcloud.github.errors import GitHubError
from slipway.localcloud.github.git import Git
from slipway.localcloud.github.model import Issue, Json, Pull, Repository, Token

_GOOD = frozenset({"success", "neutral", "skipped"})


def in_force(repository: Repository, token: Token, ref: str) -> list[Json]:
    """The active rules for a full ref name, without those that the token's App may bypass."""
    return [
        rule
        for ruleset in repository.rulesets.values()
        if ruleset["enforcement"] == "active" and not _bypasses(token, ruleset)
        if ruleset["target"] == ("tag" if ref.startswith("refs/tags/") else "branch")
        if _matches(ruleset["conditions"]["ref_name"], ref, repository.default_branch)
        for rule in ruleset["rules"]
    ]


def check_change(
    repository: Repository, git: Git, token: Token, *, ref: str, old: str | None, new: str | None, status: int
) -> None:
    """Refuse, with `status`, a change of a ref from `old` to `new` (None for none) that a rule forbids."""
    kinds = {str(rule["type"]) for rule in in_force(repository, token, ref)}
    refused = ""
    if old is None and "creation" in kinds:
        refused = "Cannot create ref due to creations being restricted."
    elif new is None and "deletion" in kinds:
        refused = "Cannot delete this ref"
    elif old is not None and new is not None:
        if "update" in kinds:
            refused = "Cannot update this protected ref."
        elif "non_fast_forward" in kinds and not git.is_ancestor(old, new):
            refused = "Cannot force-push to this branch"
        elif "pull_request" in kinds:
            refused = "Changes must be made through a pull request."
        elif "required_status_checks" in kinds:
            rules = in_force(repository, token, ref)
            missing = missing_checks(repository, rules, new)
            refused = f"Required status check {missing[0]!r} is expected." if missing else ""
    if refused:
        raise GitHubError(status, f"Repository rule violations found\n\n{refused}\n\n")


def merge_refusals(repository: Repository, git: Git, token: Token, issue: Issue, pull: Pull) -> list[str]:
    """Why the rules of the base do not let this pull request be merged."""
    ref, head = f"refs/heads/{pull.base}", git.refs()[f"refs/pull/{issue.number}/head"]
    rules = in_force(repository, token, ref)
    found = [
        f"Required status check {name!r} is expected." for name in missing_checks(repository, rules, head)
    ]
    for rule in rules:
        parameters: Json = rule.get("parameters") or {}
        if rule["type"] == "update":
            found.append("Cannot update this protected ref.")
        if rule["type"] == "required_status_checks" and parameters.get(
            "strict_required_status_checks_policy"
        ):
            base = git.refs()[ref]
            if not git.is_ancestor(base, head):
                found.append("The head branch is not up to date with the base branch.")
        if rule["type"] == "pull_request":
            wanted = int(parameters.get("required_approving_review_count") or 0)
            stale = bool(parameters.get("dismiss_stale_reviews_on_push"))
            states = standing_reviews(pull, head if stale else None)
            if list(states.values()).count("APPROVED") < wanted:
                found.append(
                    f"At least {wanted} approving review is required by reviewers with write access."
                )
            if "CHANGES_REQUESTED" in states.values() and wanted:
                found.append("Changes have been requested.")
    return found


def allowed_methods(rules: Sequence[Json]) -> frozenset[str]:
    """The ways to merge that all rules allow."""
    methods = frozenset({"merge", "squash", "rebase"})
    for rule in rules:
        if rule["type"] == "required_linear_history":
            methods -= {"merge"}
        listed: list[str] | None = cast("Json", rule.get("parameters") or {}).get("allowed_merge_methods")
        if rule["type"] == "pull_request" and listed:
            methods &= frozenset(listed)
    return methods


def standing_reviews(pull: Pull, head: str | None = None) -> dict[str, str]:
    """Each reviewer's last word; approvals of another commit than `head`, where given, do not count."""
    states: dict[str, str] = {}
    for review in pull.reviews:
        if review["state"] in {"APPROVED", "CHANGES_REQUESTED", "DISMISSED"}:
            stale = head is not None and review["state"] == "APPROVED" and review["commit_id"] != head
            states[review["user"]["login"]] = "DISMISSED" if stale else review["state"]
    return states


def missing_checks(repository: Repository, rules: Sequence[Json], sha: str) -> list[str]:
    """The contexts that are required for a commit and did not succeed, by the App that must say so."""
    required: list[Json] = [
        check
        for rule in rules
        if rule["type"] == "required_status_checks"
        for check in cast("Json", rule.get("parameters") or {}).get("required_status_checks", [])
    ]
    return [
        str(check["context"])
        for check in required
        if not check_succeeded(repository, sha, check["context"], check.get("integration_id"))
    ]


def check_succeeded(repository: Repository, sha: str, context: str, app: int | None) -> bool:
    """Whether the latest status and check run of that name both did, by that App where one is given."""
    statuses = [
        status["state"]
        for status in repository.statuses
        if (status["sha"], status["context"]) == (sha, context) and app in {None, status["app_id"]}
    ]
    runs = [
        run["conclusion"] or run["status"]
        for run in repository.check_runs.values()
        if (run["head_sha"], run["name"]) == (sha, context) and app in {None, run["app"]["id"]}
    ]
    latest = [*statuses[-1:], *runs[-1:]]
    return bool(latest) and all(state in _GOOD for state in latest)


def _bypasses(token: Token, ruleset: Json) -> bool:
    actors = [(actor["actor_type"], actor.get("actor_id")) for actor in ruleset["bypass_actors"]]
    return not token.user and ("Integration", token.app[0]) in actors


def _matches(names: Json, ref: str, default_branch: str) -> bool:
    def listed(patterns: list[str]) -> bool:
        return any(_fits(pattern, ref, default_branch) for pattern in patterns)

    return listed(names["include"]) and not listed(names["exclude"])


def _fits(pattern: str, ref: str, default_branch: str) -> bool:
    """GitHub matches as Ruby's fnmatch does: `*` stays within a segment, `**/` does not."""
    if pattern in {"~ALL", "~DEFAULT_BRANCH"}:
        return pattern == "~ALL" or ref == f"refs/heads/{default_branch}"
    parts = re.split(r"(\*\*/|\*\*|\*|\?)", pattern)
    known = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}
    return re.fullmatch("".join(known.get(part) or re.escape(part) for part in parts), ref) is not None
