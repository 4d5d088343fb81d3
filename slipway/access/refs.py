"""Which refs and events an environment lets in, as GitHub matches them."""

import re
from dataclasses import dataclass

from slipway.access.patterns import has_wildcard
from slipway.access.world import Environment

_PULL_REQUEST = "refs/pull/1/merge"
DEFAULT_BRANCH = "main"

_DEFAULT_BRANCH_EVENTS = ("pull_request_target", "push", "schedule", "workflow_dispatch", "workflow_run")
_BRANCH_EVENTS = ("push", "workflow_dispatch")
_TAG_EVENTS = ("push", "release", "workflow_dispatch")


@dataclass(frozen=True, kw_only=True)
class RefSample:
    """One ref that stands for a kind of refs, and the events that run on it."""

    label: str
    ref: str
    events: tuple[str, ...]


def pattern_matches(pattern: str, name: str) -> bool:
    """Ruby's File.fnmatch with FNM_PATHNAME, which GitHub uses: `*` stops at `/`, `**/` crosses it.

    Source: GitHub Docs, "Managing environments for deployment", deployment branches and tags.
    """
    pieces: list[str] = []
    for part in re.split(r"(\*\*/|\*|\?|\[[^\]]*\])", pattern):
        if part == "**/":
            pieces.append("(?:[^/]+/)*")
        elif part == "*":
            pieces.append("[^/]*")
        elif part == "?":
            pieces.append("[^/]")
        elif part.startswith("[") and part.endswith("]"):
            pieces.append(part.replace("[!", "[^", 1))
        else:
            pieces.append(re.escape(part))
    return re.fullmatch("".join(pieces), name) is not None


def admits(environment: Environment, ref: str) -> bool:
    """Whether a job on this ref may enter the environment.

    A branch pattern is compared with the branch's name, and for a pull request with all of
    `refs/pull/<n>/merge` (GitHub Changelog, 8 December 2025).
    """
    if environment.unrestricted:
        return True
    if ref.startswith("refs/tags/"):
        return any(pattern_matches(pattern, ref.removeprefix("refs/tags/")) for pattern in environment.tags)
    name = ref.removeprefix("refs/heads/")
    return any(pattern_matches(pattern, name) for pattern in environment.branches)


def samples(environment: Environment) -> tuple[RefSample, ...]:
    """A ref for every pattern of the environment, and those of a fixed list that it lets in as well."""
    found = [sample for sample in _EVERY_KIND if admits(environment, sample.ref)]
    seen = {sample.ref for sample in found}
    for pattern in environment.branches:
        if pattern.startswith("refs/pull/"):
            continue
        ref = f"refs/heads/{_example(pattern)}"
        if ref not in seen and admits(environment, ref):
            found.append(RefSample(label=f"branch {pattern}", ref=ref, events=_BRANCH_EVENTS))
    for pattern in environment.tags:
        ref = f"refs/tags/{_example(pattern)}"
        if ref not in seen and admits(environment, ref):
            found.append(RefSample(label=f"tag {pattern}", ref=ref, events=_TAG_EVENTS))
    return tuple(found)


def every_kind() -> tuple[RefSample, ...]:
    """A ref of every kind, for jobs that no environment holds back."""
    return _EVERY_KIND


def _example(pattern: str) -> str:
    plain = pattern.replace("**/", "x/")
    return (
        re.sub(r"\[[^\]]*\]", "1", plain).replace("*", "x").replace("?", "x")
        if has_wildcard(pattern)
        else pattern
    )


_EVERY_KIND = (
    RefSample(
        label=f"branch {DEFAULT_BRANCH}", ref=f"refs/heads/{DEFAULT_BRANCH}", events=_DEFAULT_BRANCH_EVENTS
    ),
    RefSample(label="any branch", ref="refs/heads/any-branch", events=_BRANCH_EVENTS),
    RefSample(label="any branch with /", ref="refs/heads/any/branch", events=_BRANCH_EVENTS),
    RefSample(label="any tag", ref="refs/tags/any-tag", events=_TAG_EVENTS),
    RefSample(label="pull request", ref=_PULL_REQUEST, events=("pull_request",)),
)
