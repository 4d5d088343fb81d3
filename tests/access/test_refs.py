"""Which refs an environment admits, by GitHub's own rules."""

import pytest

from slipway.access.refs import admits, pattern_matches, samples
from slipway.access.world import Environment
from slipway.platform.declaration import Repository
from slipway.platform.services import defaults_for

APP = Repository(owner="acme", name="app", owner_id=1, id=2)


def environment(
    branches: list[str], tags: list[str] | None = None, unrestricted: bool = False
) -> Environment:
    return Environment(
        repository=APP, name="prod", unrestricted=unrestricted, branches=branches, tags=tags or []
    )


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("main", "main", True),
        ("main", "main2", False),
        ("*", "feature", True),
        ("*", "feature/x", False),
        ("release/*", "release/1.2", True),
        ("release/*", "release/a/b", False),
        ("release/*/*", "release/a/b", True),
        ("**/x", "a/b/x", True),
        ("v?", "v1", True),
        ("v[0-9]", "va", False),
        ("v[!0-9]", "va", True),
        ("v1.0", "v1x0", False),
    ],
)
def test_a_star_stops_at_a_slash(pattern: str, name: str, expected: bool) -> None:
    assert pattern_matches(pattern, name) is expected


def test_a_tag_is_not_a_branch_of_the_same_name() -> None:
    assert admits(environment(["main"]), "refs/heads/main")
    assert not admits(environment(["main"]), "refs/tags/main")
    assert admits(environment([], ["main"]), "refs/tags/main")
    assert not admits(environment([], ["main"]), "refs/heads/main")


def test_a_pull_request_needs_its_own_pattern() -> None:
    assert not admits(environment(["main", "*"]), "refs/pull/7/merge")
    assert admits(environment(["refs/pull/*/merge"]), "refs/pull/7/merge")
    assert not admits(environment(["refs/pull/*/merge"]), "refs/heads/main")


@pytest.mark.parametrize(
    ("name", "merged_to"), [("preview", "main"), ("qa1", "main"), ("qa7", "main"), ("hotfix", "release/1.4")]
)
def test_what_a_pull_request_is_given_can_be_taken_down_when_it_was_merged(name: str, merged_to: str) -> None:
    """The job runs on the branch that it was merged to then, and on its own ref where it was only closed."""
    defaults = defaults_for(name)
    assert defaults is not None
    admitted = {
        ref
        for ref in ("refs/pull/7/merge", "refs/heads/main", "refs/heads/release/1.4", "refs/heads/change")
        if admits(environment([*defaults.branches], [*defaults.tags]), ref)
    }
    assert admitted == {"refs/pull/7/merge", f"refs/heads/{merged_to}"}


def test_an_environment_without_a_policy_admits_every_ref() -> None:
    labels = {sample.label for sample in samples(environment([], unrestricted=True))}
    assert labels == {"branch main", "any branch", "any branch with /", "any tag", "pull request"}


def test_an_environment_with_an_empty_policy_admits_none() -> None:
    assert samples(environment([])) == ()


def test_every_pattern_has_a_sample() -> None:
    labels = [sample.label for sample in samples(environment(["main", "release/*"], ["v*"]))]
    assert labels == ["branch main", "branch release/*", "tag v*"]
