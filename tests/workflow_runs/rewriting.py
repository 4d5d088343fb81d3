"""What act cannot read of a workflow, written as it can: a list of what was changed comes with it.

act knows no environments, no OIDC tokens and no permissions, and has one set of variables, secrets and
addresses for all jobs. So each job begins with a step of ours, which asks whether it may run and gets what it
may have, and what names that context reads it from there.
"""

import json
import re
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, cast

from slipway.errors import SlipwayError

ADMIT = 'python3 -I "$STORY_HELPERS/admit.py"'
"""The first step of each job. It is no part of what ships."""
_CONTEXTS = (
    (re.compile(r"\bgithub\.token\b|\bsecrets\.GITHUB_TOKEN\b"), "env.STORY_GITHUB_TOKEN"),
    (re.compile(r"\bvars\.(\w+)"), r"env.STORY_VARS_\1"),
    (re.compile(r"\bsecrets\.(\w+)"), r"env.STORY_SECRETS_\1"),
)


@dataclass(frozen=True)
class Rewritten:
    """A workflow that act can run.

    Attributes:
        content: the whole file.
        changes: what differs, a line each: `<job>: <what>`.
    """

    content: dict[str, Any]
    changes: tuple[str, ...]


def rewrite(workflow: dict[str, Any], api: str) -> Rewritten:
    """Make a workflow runnable by act.

    Args:
        workflow: the file, parsed.
        api: the address of GitHub's API, for each step.

    Raises:
        SlipwayError: a job calls a workflow of another file, which nothing here rewrites.
    """
    content = deepcopy(workflow)
    changes: list[str] = []
    everywhere = content.pop("env", {})
    for name, job in content["jobs"].items():
        if "uses" in job:
            raise SlipwayError("it calls a reusable workflow", where=name, fix="rewrite that one, too")
        permissions = job.get("permissions", content.get("permissions", {}))
        environment: Any = job.pop("environment", "")
        named = str(
            cast("dict[str, Any]", environment)["name"] if isinstance(environment, dict) else environment
        )
        given = _moved({**everywhere, **job.pop("env", {})})
        admit = {
            "name": "Admit the job",
            "run": ADMIT,
            "env": {
                "STORY_JOB": name,
                "STORY_ENVIRONMENT": named,
                "STORY_PERMISSIONS": json.dumps(permissions),
            },
        }
        steps = [_moved(step) for step in job["steps"]]
        for step in steps:
            step["env"] = {**given, **step.get("env", {}), "GITHUB_API_URL": api}
        job["steps"] = [admit, *steps]
        changes += [f"{name}: begins with a step that admits it", f"{name}: GITHUB_API_URL is the stand-in's"]
        if named:
            changes.append(f"{name}: environment {named} is asked for by that step")
        if given:
            changes.append(f"{name}: env {', '.join(sorted(given))} is each step's")
        if steps != job_steps(workflow, name):
            changes.append(f"{name}: vars, secrets and the token are read from what that step was given")
    return Rewritten(content, tuple(changes))


def job_steps(workflow: dict[str, Any], job: str) -> list[dict[str, Any]]:
    """The steps of a job as they are in the file."""
    return workflow["jobs"][job]["steps"]


def _moved(value: Any) -> Any:
    """The same with each expression that reads variables, secrets or the token read from the environment."""
    if isinstance(value, dict):
        return {key: _moved(item) for key, item in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_moved(item) for item in cast("list[Any]", value)]
    if not isinstance(value, str):
        return value
    return re.sub(r"\$\{\{.*?\}\}", lambda found: _expression(found[0]), value)


def _expression(text: str) -> str:
    for pattern, replacement in _CONTEXTS:
        text = pattern.sub(replacement, text)
    return text
