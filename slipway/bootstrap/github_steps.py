"""What Actions needs on GitHub before the first apply: the environments of a stack's jobs, made by an owner.

https://docs.github.com/en/rest/deployments/environments, …/branch-policies and …/rest/actions/variables
"""

from dataclasses import dataclass, field
from typing import Any, cast

from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.steps import Action, Finding, Step
from slipway.errors import SlipwayError
from slipway.github import Client, path
from slipway.github.values import set_variable, variable

Json = dict[str, Any]
_CUSTOM = {"protected_branches": False, "custom_branch_policies": True}
_NAMES = {"Team": "slug", "User": "login"}


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

        GitHub answers 200 to a reviewing team that cannot read the repository, and leaves it out:
        https://github.com/integrations/terraform-provider-github/issues/1166

        Raises:
            SlipwayError: the token does not see the repository, GitHub's plan has no protected environments
                there, or a reviewer is nobody, or may not read the repository.
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
        reach = f"{place}{self._repository}"
        if kind == "team" and self.github.exchange("GET", reach).status == 404:
            raise SlipwayError(
                f"the team {who} cannot read {self.plan.role.repository}, so GitHub would leave it out "
                "of the reviewers without a word",
                where="Pulumi.yaml: slipway:organization.github.reviewers",
                fix=f"gh api --method PUT {reach[1:]} -f permission=pull",
            )
        return ("Team" if kind == "team" else "User"), int(found["id"])

    def _look_door(self) -> Finding:
        found = self.github.find(self._door)
        if found is None:
            who = ", ".join(self.reviewers.values())
            return Finding(Action.CREATE, f"approved by {who}" if who else "nobody has to approve")
        standing = _standing(found)
        lacking = [name for key, name in self.reviewers.items() if key not in standing]
        wrong = [f"{name} does not approve" for name in lacking]
        policy: Json = found.get("deployment_branch_policy") or dict[str, Any]()
        if not policy.get("custom_branch_policies"):
            wrong.append("it is open to other branches than those named")
        if wrong:
            return Finding(Action.UPDATE, "; ".join(wrong))
        more = [name for key, name in standing.items() if key not in self.reviewers]
        return Finding(Action.KEEP, f"left as they are: {', '.join(more)} may approve, too" if more else "")

    def _make_door(self, _: Finding) -> None:
        # What the body leaves out gets its default, so that all that was set by hand is sent again.
        found = self.github.find(self._door) or {}
        everybody = sorted({*_standing(found), *self.reviewers})
        listed = cast("list[Json]", found.get("protection_rules") or [])
        rules = {str(rule["type"]): rule for rule in listed}
        body: Json = {"deployment_branch_policy": _CUSTOM}
        if "wait_timer" in rules:
            body["wait_timer"] = rules["wait_timer"]["wait_timer"]
        if everybody:
            asked: Json = rules.get("required_reviewers", {})
            body["reviewers"] = [{"type": kind, "id": number} for kind, number in everybody]
            body["prevent_self_review"] = bool(asked.get("prevent_self_review", True))
            body["can_admins_bypass"] = bool(found.get("can_admins_bypass")) if found else False
        self.github.put(self._door, body)

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
        there = self.github.find(self._closed) is not None
        return Finding(Action.KEEP if there else Action.CREATE, "" if there else "closed; its stack opens it")

    def _make_plan(self, _: Finding) -> None:
        self.github.put(self._closed, {"deployment_branch_policy": _CUSTOM})


def _standing(environment: Json) -> dict[tuple[str, int], str]:
    """Who approves an environment as GitHub has it."""
    rules = cast("list[Json]", environment.get("protection_rules") or [])
    listed = [item for rule in rules for item in rule.get("reviewers") or ()]
    return {
        (str(item["type"]), int(item["reviewer"]["id"])): str(item["reviewer"].get(_NAMES[item["type"]], ""))
        for item in listed
    }
