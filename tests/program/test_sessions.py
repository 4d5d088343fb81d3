"""Nobody is cut off in the middle: credentials last as long as the job, and no resource takes longer."""

from collections.abc import Mapping
from typing import Any

import pytest

from slipway.engine.recording import Rendered
from slipway.platform.sessions import APPLY_SESSION_SECONDS, LONGEST_WAIT_MINUTES
from tests.program.test_order import needed
from tests.workflows.workflows import ROOT, Workflow, environments_of, examples, load, ours

CREDENTIALS = "aws-actions/configure-aws-credentials@"
APP_TOKEN = "actions/create-github-app-token@"
DEFAULT_SECONDS = 3600  # README of aws-actions/configure-aws-credentials, role-duration-seconds
SLOW = {
    # Terraform Registry, "Timeouts" of each: one after the other they may take longer than the App's token.
    "aws:autoscaling/group:Group",
    "aws:dynamodb/table:Table",
    "aws:eks/nodeGroup:NodeGroup",
    "eks:index:Cluster",
}


@pytest.fixture(scope="module")
def lasting(rendered: Mapping[str, Rendered]) -> dict[str, int]:
    """By GitHub environment, for how many seconds at the most a session of its role lasts."""
    found: dict[str, int] = {}
    for stack in rendered.values():
        for item in stack.registrations:
            if item.type == "aws:iam/role:Role" and "sts:AssumeRoleWithWebIdentity" in str(
                item.inputs.get("assumeRolePolicy")
            ):
                name = str(item.inputs["description"]).removeprefix("GitHub environment ").partition(" ")[0]
                found[name] = min(found.get(name, 43_200), int(item.inputs["maxSessionDuration"]))
    return found


def jobs() -> list[tuple[str, dict[str, Any], dict[str, Any]]]:
    """Each job that becomes a role: where it is, the job, and what it asks of the action."""
    return [
        (f"{workflow.name}:{name}", job, step.get("with", {}))
        for workflow in (*ours(), *examples())
        for name, job in workflow.jobs.items()
        for step in job.get("steps", [])
        if step.get("uses", "").startswith(CREDENTIALS)
    ]


def test_a_session_lasts_as_long_as_its_job(lasting: Mapping[str, int]) -> None:
    assert len(jobs()) >= 8
    for where, job, given in jobs():
        seconds = int(given.get("role-duration-seconds", DEFAULT_SECONDS))
        # It begins after the job did, so that an equal one outlasts it.
        assert job["timeout-minutes"] * 60 <= seconds, where
        # Of an environment that is an input any may be meant.
        for name in environments_of(job) & set(lasting) or lasting:
            # STS refuses more than the role's own maximum (STS API Reference, AssumeRoleWithWebIdentity).
            assert seconds <= lasting[name], (where, name)


def test_an_apply_lasts_as_long_as_its_session() -> None:
    workflow = Workflow(path := ROOT / ".github/workflows/infra-up.yml", load(path))
    assert {job["timeout-minutes"] * 60 for job in workflow.jobs.values()} == {APPLY_SESSION_SECONDS}


def test_no_resource_is_waited_for_until_the_session_ends(rendered: Mapping[str, Rendered]) -> None:
    longest = LONGEST_WAIT_MINUTES * 60
    assert longest + 3600 <= APPLY_SESSION_SECONDS
    seen = 0
    for stack in rendered.values():
        for item in stack.registrations:
            for operation in ("create", "update", "delete"):
                seen += bool(item.timeout(operation))
                assert item.timeout(operation) <= longest, (stack.stack, item.name)
    assert seen


def test_the_apps_token_is_used_before_it_ends(rendered: Mapping[str, Rendered]) -> None:
    """It lasts an hour and cannot be renewed (GitHub Docs, "Generating an installation access token")."""
    minting = [
        step for workflow in ours() for _, step in workflow.steps() if APP_TOKEN in step.get("uses", "")
    ]
    assert minting
    for stack in rendered.values():
        by_urn = {item.urn: item for item in stack.registrations}
        for item in by_urn.values():
            if item.type.startswith("github:"):
                late = {by_urn[urn].type for urn in needed(item, by_urn) if urn in by_urn} & SLOW
                assert not late, (stack.stack, item.name, late)
