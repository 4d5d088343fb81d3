"""What Actions needs on GitHub before the first apply: the environments of a stack's jobs, made by an owner.

https://docs.github.com/en/rest/deployments/environments, …/branch-policies and …/rest/actions/variables
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.steps import Action, Finding, Step
from slipway.errors import SlipwayError
from slipway.github import Client, path
from slipway.github.values import closed, has_secret, set_variable, variable
from slipway.platform.app_key import NEW_KEY, PRIVATE_KEY

Json = dict[str, Any]
_CUSTOM = {"protected_branches": False, "custom_branch_policies": True}
_NAMES = {"Team": "slug", "User": "login"}
_MOST_REVIEWERS = 6
"""https://docs.github.com/en/rest/deployments/environments#create-or-update-an-environment"""
_OPEN = "it is open to other branches than those named"


@dataclass(kw_only=True)
class Doors:
    """The two environments of one stack: the one that applies, whole, and a closed one for the plan job.

    The other one's branches and variables are the stack's, which takes it over as it is
    (docs/decisions/0006). It is made here so that it can hold the App's key before the first apply.
    """

    plan: BootstrapPlan
    github: Client
    reviewers: dict[tuple[str, int], str] = field(default_factory=dict[tuple[str, int], str])
    """Type and number on GitHub -> the name in our settings; filled by `require`."""

    def require(self) -> None:
        """Find out who approves, and that GitHub will take them.

        GitHub answers 200 to a reviewer who cannot read the repository, and leaves them out:
        https://github.com/integrations/terraform-provider-github/issues/1166

        Raises:
            SlipwayError: the token does not see the repository, GitHub's plan has no protected environments
                there, a reviewer is nobody, or may not read the repository, or there are too many.
        """
        role = self.plan.role
        if self.plan.github.unprotected:
            raise SlipwayError(
                self.plan.github.unprotected,
                where=f"{role.repository}, environment {role.environment}",
                fix="the platform's repository needs a plan that can hold an environment to a branch",
            )
        if self.github.find(self._repository) is None:
            raise SlipwayError(
                f"the token does not see {role.repository}",
                where="GITHUB_TOKEN",
                fix="take one of an administrator of that repository: gh auth token",
            )
        self.reviewers = {self._reviewer(name): name for name in self.plan.github.reviewers}
        self._require_few()

    def steps(self) -> list[Step]:
        """In order; each is repaired where it differs, and says what else it found and leaves alone."""
        branches = self.plan.github.branches
        return [
            Step(id="door", title=f"environment {self._name}", look=self._look_door, make=self._make_door),
            *(self._branch(name) for name in branches),
            *(self._variable(name, value) for name, value in self.plan.variables.items()),
            Step(
                id="plan",
                title=f"environment {self.plan.github.plan_environment}",
                look=self._look_plan,
                make=self._make_plan,
            ),
        ]

    @property
    def _repository(self) -> str:
        return path("repos", *self.plan.role.repository.split("/"))

    @property
    def _name(self) -> str:
        return self.plan.role.environment

    @property
    def _door(self) -> str:
        return self._repository + path("environments", self._name)

    def _reviewer(self, name: str) -> tuple[str, int]:
        kind, _, who = name.partition(":")
        owner = self.plan.role.repository.partition("/")[0]
        place = path("orgs", owner, "teams", who) if kind == "team" else path("users", who)
        found = self.github.find(place)
        if found is None:
            raise SlipwayError(
                f"GitHub knows no {kind} {who}",
                where="Pulumi.yaml: slipway:organization.github.reviewers",
                fix=f"correct the name, or make the {kind}",
            )
        if (grant := self._unreadable(kind, who)) is not None:
            raise SlipwayError(
                f"the {kind} {who} cannot read {self.plan.role.repository}, so GitHub would leave them out "
                "of the reviewers without a word",
                where="Pulumi.yaml: slipway:organization.github.reviewers",
                fix=f"gh api --method PUT {grant[1:]} -f permission=pull",
            )
        return ("Team" if kind == "team" else "User"), int(found["id"])

    def _unreadable(self, kind: str, who: str) -> str | None:
        """Where to let a reviewer read the repository who cannot; None for one who can."""
        if kind == "team":
            owner = self.plan.role.repository.partition("/")[0]
            place = path("orgs", owner, "teams", who) + self._repository
            return place if self.github.exchange("GET", place).status == 404 else None
        place = self._repository + path("collaborators", who)
        found = self.github.find(f"{place}/permission") or {}
        return place if found.get("permission", "none") == "none" else None

    def _require_few(self) -> None:
        standing = _standing(self.github.find(self._door) or {})
        more = [name for key, name in standing.items() if key not in self.reviewers]
        if (number := len(self.reviewers) + len(more)) > _MOST_REVIEWERS:
            others = f", or on GitHub {', '.join(more)} out of the environment's" if more else ""
            raise SlipwayError(
                f"{number} reviewers, of whom GitHub takes {_MOST_REVIEWERS}",
                where=f"{self.plan.role.repository}, environment {self._name}",
                fix=f"take somebody out of slipway:organization.github.reviewers in Pulumi.yaml{others}",
            )

    def _look_door(self) -> Finding:
        found = self.github.find(self._door)
        if found is None:
            who = ", ".join(self.reviewers.values())
            return Finding(Action.CREATE, f"approved by {who}" if who else "nobody has to approve")
        standing = _standing(found)
        lacking = [name for key, name in self.reviewers.items() if key not in standing]
        wrong = [f"{name} does not approve" for name in lacking]
        if _held(found, self.reviewers) and found.get("can_admins_bypass"):
            wrong.append("administrators may pass by approval and wait")
        if not closed(found):
            wrong.append(self._opened(self._door))
        if wrong:
            return Finding(Action.UPDATE, "; ".join(wrong))
        more = [name for key, name in standing.items() if key not in self.reviewers]
        left = [f"{', '.join(more)} may approve, too"] if more else []
        if standing and not _rules(found)["required_reviewers"].get("prevent_self_review"):
            page = f"https://github.com/{self.plan.role.repository}/settings/environments"
            left.append(f"whoever starts an apply may approve it (Prevent self-review ends that: {page})")
        return Finding(Action.KEEP, f"left as they are: {'; '.join(left)}" if left else "")

    def _make_door(self, _: Finding) -> None:
        self.github.put(self._door, _body(self.github.find(self._door) or {}, self.reviewers))

    def _branch(self, name: str) -> Step:
        place = f"{self._door}/deployment-branch-policies"

        def look() -> Finding:
            # GitHub shows no such list of an environment that is open to every branch, or not there.
            answer = self.github.find(place) or {}
            listed = [item for item in answer.get("branch_policies") or () if item]
            if not any(item["name"] == name and item.get("type", "branch") == "branch" for item in listed):
                return Finding(Action.CREATE)
            more = [item for item in listed if item["name"] not in self.plan.github.branches]
            commands = [f"gh api --method DELETE {place[1:]}/{item['id']}" for item in more]
            said = f"left as it is: {', '.join(item['name'] for item in more)} may apply, too"
            return Finding(Action.KEEP, f"{said} ({'; '.join(commands)} ends that)" if more else "")

        def make(_: Finding) -> None:
            self.github.post(place, {"name": name})

        return Step(id=f"branch-{name}", title=f"{self._name}: branch {name}", look=look, make=make)

    def _variable(self, name: str, value: str) -> Step:
        def look() -> Finding:
            found = variable(self.github, self._door, name)
            if found is None:
                return Finding(Action.CREATE, value)
            return Finding(Action.KEEP) if found == value else Finding(Action.UPDATE, f"{found} -> {value}")

        def make(_: Finding) -> None:
            set_variable(self.github, self._door, name, value)

        return Step(id=name, title=f"{self._name}: variable {name}", look=look, make=make)

    @property
    def _closed(self) -> str:
        return self._repository + path("environments", self.plan.github.plan_environment)

    def _look_plan(self) -> Finding:
        found = self.github.find(self._closed)
        if found is None:
            return Finding(Action.CREATE, "closed; its stack opens it")
        if closed(found):
            return Finding(Action.KEEP)
        # GitHub made it so, for a job that ran before bootstrap; and it is to hold the App's key.
        return Finding(Action.UPDATE, f"{self._opened(self._closed)}; its stack opens it")

    def _opened(self, place: str) -> str:
        """What it means that an environment is open, which no later look can tell once it is closed."""
        if not has_secret(self.github, place, PRIVATE_KEY):
            return _OPEN
        return f"{_OPEN}, whose jobs could read the App's key: {NEW_KEY}"

    def _make_plan(self, _: Finding) -> None:
        self.github.put(self._closed, _body(self.github.find(self._closed) or {}, ()))


def _body(found: Json, reviewers: Iterable[tuple[str, int]]) -> Json:
    """An environment for the branches that are named, and its reviewers.

    What a body leaves out gets its default, so that all that was set by hand is sent again.
    """
    body: Json = {"deployment_branch_policy": _CUSTOM}
    rules = _rules(found)
    if "wait_timer" in rules:
        body["wait_timer"] = rules["wait_timer"]["wait_timer"]
    if everybody := sorted({*_standing(found), *reviewers}):
        asked: Json = rules.get("required_reviewers", {})
        body["reviewers"] = [{"type": kind, "id": number} for kind, number in everybody]
        body["prevent_self_review"] = bool(asked.get("prevent_self_review", True))
    if _held(found, reviewers):
        body["can_admins_bypass"] = False
    return body


def _held(found: Json, reviewers: Iterable[tuple[str, int]]) -> bool:
    """Whether there is something that an administrator could pass by.

    Without, the flag means nothing, and GitHub does not store it where its plan has no approvals, so that
    asking for it would never settle.
    """
    return bool({*_standing(found), *reviewers}) or "wait_timer" in _rules(found)


def _rules(environment: Json) -> dict[str, Json]:
    listed = cast("list[Json]", environment.get("protection_rules") or [])
    return {str(rule["type"]): rule for rule in listed}


def _standing(environment: Json) -> dict[tuple[str, int], str]:
    """Who approves an environment as GitHub has it."""
    listed = _rules(environment).get("required_reviewers", {}).get("reviewers") or ()
    return {
        (str(item["type"]), int(item["reviewer"]["id"])): str(item["reviewer"].get(_NAMES[item["type"]], ""))
        for item in listed
    }
