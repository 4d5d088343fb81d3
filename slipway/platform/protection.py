"""What a GitHub plan permits for an environment, and so whether that environment may hold a deploy role."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal

from slipway.errors import SlipwayError

Visibility = Literal["public", "private", "internal"]

# GitHub's own limits for one environment:
# https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
_MOST_REVIEWERS = 6
_LONGEST_WAIT_MINUTES = 43_200
_LONGEST_NAME = 255


class GithubPlan(StrEnum):
    """The plan of the organisation that owns the repositories."""

    FREE = "free"
    TEAM = "team"
    ENTERPRISE = "enterprise"


@dataclass(frozen=True, kw_only=True)
class Allowances:
    """What one plan permits in a repository of one visibility.

    `reviewers` stands for every rule beyond refs: required reviewers, wait timer, no self-review, no admin
    bypass.
    """

    environments: bool
    ref_policies: bool
    reviewers: bool
    rulesets: bool
    evaluate: bool
    organisation_secrets: bool


def allowances(plan: GithubPlan, visibility: Visibility) -> Allowances:
    """Return what `plan` permits in a repository that is `visibility`.

    Source for environments:
    https://docs.github.com/en/actions/how-tos/deploy/configure-and-manage-deployments/manage-environments
    (public: everything on every plan; private: refs from Team on, the other rules on Enterprise only).
    Source for rulesets, whose evaluate mode is Enterprise's:
    https://docs.github.com/en/repositories/configuring-branches-and-merges-in-your-repository/managing-rulesets/about-rulesets
    Source for organisation secrets, which private repositories on Free cannot read:
    https://docs.github.com/en/actions/concepts/security/secrets
    """
    public = visibility == "public"
    paid = plan is not GithubPlan.FREE
    enterprise = plan is GithubPlan.ENTERPRISE
    return Allowances(
        environments=public or paid,
        ref_policies=public or paid,
        reviewers=public or enterprise,
        rulesets=public or paid,
        evaluate=enterprise,
        organisation_secrets=public or paid,
    )


class Enforcement(StrEnum):
    """Whether a repository's rules are on. A repository starts OFF: its workflows must be there first."""

    OFF = "off"
    EVALUATE = "evaluate"
    ACTIVE = "active"


def check_enforcement(
    enforcement: Enforcement, plan: GithubPlan, visibility: Visibility, *, app_id: int | None, where: str
) -> None:
    """Raise SlipwayError for rules that this plan lacks or that would lock the platform itself out."""
    if enforcement is Enforcement.OFF:
        return
    allowed = allowances(plan, visibility)
    if not allowed.rulesets:
        raise SlipwayError(
            f"rulesets need a public repository or a paid plan, this one is {visibility} on {plan.value!r}",
            where=where,
            fix="set enforcement to off",
        )
    if enforcement is Enforcement.EVALUATE and not allowed.evaluate:
        raise SlipwayError(
            "evaluating rules without enforcing them needs GitHub Enterprise",
            where=where,
            fix="set enforcement to off or active",
        )
    if app_id is None:
        raise SlipwayError(
            "the platform's GitHub App must be named as bypass, or nothing could ever be released",
            where=where,
            fix="give the App's id (Settings, Developer settings, GitHub Apps, App ID)",
        )


@dataclass(frozen=True, kw_only=True)
class Reviewers:
    """Who may approve an environment's jobs: people and teams by name, or by id where no name is known.

    Names are looked up when the program runs; one of those listed is enough to approve.
    """

    users: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    user_ids: tuple[int, ...] = ()
    team_ids: tuple[int, ...] = ()

    def __len__(self) -> int:
        return len(self.users) + len(self.teams) + len(self.user_ids) + len(self.team_ids)


@dataclass(frozen=True, kw_only=True)
class EnvironmentRules:
    """The protection an environment asks for.

    `branches` and `tags` are GitHub's patterns for `GITHUB_REF`, in which `*` does not cross a `/`; a pull
    request's ref is `refs/pull/<n>/merge`, so an environment for them needs `refs/pull/*/merge`.
    """

    name: str
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reviewers: Reviewers = field(default_factory=Reviewers)
    wait_minutes: int = 0
    prevent_self_review: bool = True

    def __post_init__(self) -> None:
        """Raise SlipwayError for what GitHub would answer with 422, before anything is registered."""
        where = f"environment {self.name!r}"
        if not self.name or len(self.name) > _LONGEST_NAME or self.name != self.name.strip().lower():
            raise SlipwayError(
                "an environment's name is 1 to 255 characters in lower case",
                where=where,
                fix="GitHub ignores its case and IAM does not, so only lower case means the same to both",
            )
        if len(self.reviewers) > _MOST_REVIEWERS:
            raise SlipwayError(
                f"{len(self.reviewers)} reviewers; GitHub takes at most {_MOST_REVIEWERS} people and teams",
                where=where,
                fix="name a team instead of its members",
            )
        if not 0 <= self.wait_minutes <= _LONGEST_WAIT_MINUTES:
            raise SlipwayError(
                f"a wait of {self.wait_minutes} minutes; GitHub takes 0 to {_LONGEST_WAIT_MINUTES}",
                where=where,
            )
        for kind, patterns in (("branch", self.branches), ("tag", self.tags)):
            _check_patterns(kind, patterns, where)


@dataclass(frozen=True, kw_only=True)
class Protection:
    """What is done about one environment.

    `create` says whether GitHub lets us make it at all, `protectable` whether it may hold a deploy role;
    `reason` says why not, and `dropped` names the rules that were asked for and that this plan does not
    have.
    """

    environment: str
    create: bool
    protectable: bool
    reason: str = ""
    restrict_refs: bool = False
    approvals: bool = False
    dropped: tuple[str, ...] = ()


def plan_protection(rules: EnvironmentRules, plan: GithubPlan, visibility: Visibility) -> Protection:
    """Decide how `rules` can be kept under `plan` in a repository that is `visibility`; pure."""
    allowed = allowances(plan, visibility)
    kind = f"a {visibility} repository on the GitHub plan {plan.value!r}"
    if not allowed.ref_policies:
        return Protection(
            environment=rules.name,
            create=allowed.environments,
            protectable=False,
            reason=f"{kind} cannot restrict environment {rules.name!r} to branches or tags, "
            "so it gets no deploy role",
            dropped=_asked_for(rules),
        )
    open_to = _open_to_any_ref(rules)
    return Protection(
        environment=rules.name,
        create=True,
        protectable=not open_to,
        reason=f"environment {rules.name!r} {open_to}, so it gets no deploy role" if open_to else "",
        restrict_refs=bool(rules.branches or rules.tags),
        approvals=allowed.reviewers,
        dropped=() if allowed.reviewers else _asked_for(rules),
    )


def _asked_for(rules: EnvironmentRules) -> tuple[str, ...]:
    """Return the approval rules that a plan without them would silently not keep."""
    asked = {
        "required reviewers": len(rules.reviewers) > 0,
        "wait timer": rules.wait_minutes > 0,
        "no bypass by administrators": len(rules.reviewers) > 0 or rules.wait_minutes > 0,
    }
    return tuple(rule for rule, wanted in asked.items() if wanted)


def _open_to_any_ref(rules: EnvironmentRules) -> str:
    """Return why any branch or tag could use the environment, or nothing when its refs are restricted."""
    if not rules.branches and not rules.tags:
        return "names no branch and no tag"
    for pattern in (*rules.branches, *rules.tags):
        # Anyone with write access can push a branch or tag of any name, so a pattern without one fixed
        # character protects nothing.
        if not set(pattern) - set("*?/[]"):
            return f"has the pattern {pattern!r}, which every name matches"
    return ""


def _check_patterns(kind: str, patterns: Sequence[str], where: str) -> None:
    for pattern in patterns:
        if not pattern or pattern != pattern.strip() or not pattern.isprintable():
            raise SlipwayError(f"{pattern!r} cannot be a {kind} pattern", where=where)
    _check_no_repeats(kind, patterns, where)


def _check_no_repeats(kind: str, patterns: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for pattern in patterns:
        if pattern in seen:
            raise SlipwayError(f"{kind} pattern {pattern!r} is given twice", where=where)
        seen.add(pattern)
