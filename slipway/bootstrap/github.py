"""The half of bootstrap that is on GitHub: look, show, ask, make, and read back."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipway.bootstrap.github_steps import Doors
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.steps import Action, Outcome, perform, survey
from slipway.errors import SlipwayError
from slipway.github import Client


@dataclass(kw_only=True)
class GithubReport:
    """What was found and done in the platform's repository."""

    plan: BootstrapPlan
    dry_run: bool
    steps: list[Outcome] = field(default_factory=list[Outcome])

    def to_json(self) -> dict[str, Any]:
        """One object for programs."""
        return {
            "stack": self.plan.stack,
            "repository": self.plan.role.repository,
            "environments": [self.plan.role.environment, self.plan.github.plan_environment],
            "dry_run": self.dry_run,
            "steps": [vars(step) for step in self.steps],
        }


def set_up(
    plan: BootstrapPlan,
    github: Client,
    *,
    agree: Callable[[GithubReport], bool],
    done: Callable[[Outcome], None],
    dry_run: bool = False,
) -> GithubReport:
    """Make what is missing and repair what differs, in order.

    Args:
        plan: of the stack whose jobs need it.
        github: as an administrator of the platform's repository.
        agree: sees what will be done, and says whether it may.
        done: hears of each step.
        dry_run: look and report only.

    Raises:
        SlipwayError: a reviewer whom GitHub would leave out, before anything is changed; not agreed to; a
            refusal; or GitHub does not hold what it was given.
    """
    doors = Doors(plan=plan, github=github)
    doors.require()
    again = f"{plan.stack} --github"
    report = GithubReport(plan=plan, dry_run=dry_run, steps=survey(doors.steps(), again))
    if dry_run:
        return report
    changing = any(step.action in (Action.CREATE, Action.UPDATE) for step in report.steps)
    if changing and not agree(report):
        raise SlipwayError("not agreed to; nothing was changed")
    report.steps = perform(doors.steps(), again, done)
    return report
