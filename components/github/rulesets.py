"""The rules that guard a service's default branch, release branches and version tags."""

from dataclasses import dataclass

import pulumi
import pulumi_github as github

# The id of the app that reports the checks of GitHub Actions on github.com. Binding a check to it stops any
# other app, or a token with `statuses: write`, from reporting a green check of the same name.
GITHUB_ACTIONS_APP_ID = 15368


@dataclass(frozen=True, kw_only=True)
class Ruleset:
    """One ruleset: `key` is the last part of its logical name and may never change."""

    key: str
    name: str
    target: str
    includes: tuple[str, ...]
    rules: github.RepositoryRulesetRulesArgs
    bypass: tuple[github.RepositoryRulesetBypassActorArgs, ...]


def rulesets(
    *,
    app_id: int,
    checks: tuple[str, ...],
    approvals: int,
    app_checks: tuple[str, ...] = (),
    release_teams: tuple[pulumi.Input[int], ...] = (),
) -> tuple[Ruleset, ...]:
    """Return the rulesets of a service, in the order of their keys' importance.

    `app_id` is the platform's GitHub App, `checks` the names of the required checks that jobs of GitHub
    Actions report, `app_checks` of those that the App alone may, `approvals` how many approvals a pull
    request needs, and `release_teams` the ids of the teams that may publish a release.
    """
    required = _required(checks, GITHUB_ACTIONS_APP_ID) + _required(app_checks, app_id)
    app = _bypass("Integration", app_id, "always")
    # On the default branch the App may merge what it proposed (synced workflows), but never push past a
    # review.
    proposer = _bypass("Integration", app_id, "pull_request")
    releasers = tuple(_bypass("Team", team, "always") for team in release_teams)
    return (
        Ruleset(
            key="default-branch",
            name="slipway: default branch",
            target="branch",
            includes=("~DEFAULT_BRANCH",),
            rules=_reviewed(required, approvals),
            bypass=(proposer,),
        ),
        Ruleset(
            key="release-branches",
            name="slipway: release branches",
            target="branch",
            includes=("refs/heads/release/**/*",),
            rules=_reviewed(required, approvals, creation=True),
            bypass=(app,),
        ),
        # Publishing a release creates its tag as the person who publishes, so creation has a bypass of its
        # own; nobody but the App can move or delete a version once it is out.
        Ruleset(
            key="version-tags-creation",
            name="slipway: new version tags",
            target="tag",
            includes=("refs/tags/v*",),
            rules=github.RepositoryRulesetRulesArgs(creation=True),
            bypass=(app, *releasers),
        ),
        Ruleset(
            key="version-tags",
            name="slipway: version tags",
            target="tag",
            includes=("refs/tags/v*",),
            rules=github.RepositoryRulesetRulesArgs(update=True, deletion=True, non_fast_forward=True),
            bypass=(app,),
        ),
    )


_Check = github.RepositoryRulesetRulesRequiredStatusChecksRequiredCheckArgs


def _required(names: tuple[str, ...], reporter: int) -> tuple[_Check, ...]:
    return tuple(_Check(context=name, integration_id=reporter) for name in names)


def _reviewed(
    checks: tuple[_Check, ...], approvals: int, *, creation: bool = False
) -> github.RepositoryRulesetRulesArgs:
    """Return the rules of a branch that only reviewed, checked pull requests change."""
    required = None
    if checks:
        required = github.RepositoryRulesetRulesRequiredStatusChecksArgs(
            required_checks=list(checks),
            # A release branch starts at a commit that was checked under its old name.
            do_not_enforce_on_create=creation,
            strict_required_status_checks_policy=False,
        )
    return github.RepositoryRulesetRulesArgs(
        creation=creation,
        deletion=True,
        non_fast_forward=True,
        pull_request=github.RepositoryRulesetRulesPullRequestArgs(
            required_approving_review_count=approvals,
            require_code_owner_review=True,
            require_last_push_approval=True,
            dismiss_stale_reviews_on_push=True,
            required_review_thread_resolution=True,
        ),
        required_status_checks=required,
    )


def _bypass(kind: str, actor: pulumi.Input[int], mode: str) -> github.RepositoryRulesetBypassActorArgs:
    return github.RepositoryRulesetBypassActorArgs(actor_type=kind, actor_id=actor, bypass_mode=mode)
