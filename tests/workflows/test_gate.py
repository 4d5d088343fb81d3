"""Nothing of a pull request runs where a credential is: every event, over every workflow and the gate's role.

Which version of a workflow an event runs, and on which ref, is GitHub's:
https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows
"""

import re
from typing import Any

import pytest

from slipway.access.claims import token_of
from slipway.access.evaluate import evaluate_trust
from slipway.access.permissions import permission_policy
from slipway.access.policies import Decision, Policy, Principal, Request
from slipway.access.refs import admits
from slipway.access.trust import trust_policy
from slipway.access.world import Environment
from slipway.platform import naming, reading
from slipway.platform.github_permissions import GATE
from slipway.platform.plan_store import AREAS
from slipway.platform.platform_roles import platform_roles
from tests.workflows.workflows import ROOT, Workflow, ours

MERGE, QUEUE, MAIN = "refs/pull/1/merge", "refs/heads/gh-readonly-queue/main/pr-1-abc", "refs/heads/main"
FROM_THE_PULL_REQUEST = {
    "pull_request": MERGE,
    "pull_request_review": MERGE,
    "pull_request_review_comment": MERGE,
    "merge_group": QUEUE,
}
"""Events whose workflow GitHub takes from the pull request, with their ref."""
CAUSED_BY_ANYBODY = {"pull_request_target": MAIN, "workflow_run": MAIN, "issue_comment": MAIN}
"""Events that whoever opens a pull request can cause, and whose workflow is main's."""
BRANCHES = {"push": "refs/heads/change", "workflow_dispatch": "refs/heads/change"}
"""Events that run a branch's own workflow, where somebody may write to the repository."""
SAID_BY_ANYBODY = re.compile(
    r"github\.(head_ref|event\.(pull_request\.(title|body|head|user|labels)|workflow_run\.(head_(branch|commit|repo"
    r"sitory)|pull_requests|display_title)|issue|comment|review|merge_group))"
)
"""What whoever opens a pull request writes."""

gate = next(one for one in ours() if one.path.stem == "infra-gate")
ring = next(one for one in ours() if one.path.stem == "infra-review")


def role() -> Any:
    found = platform_roles(reading.load(ROOT, "automation")).gate
    assert found
    return found


@pytest.mark.parametrize("event", FROM_THE_PULL_REQUEST)
@pytest.mark.parametrize("workflow", ours(), ids=lambda one: one.path.stem)
def test_a_workflow_of_the_pull_requests_own_has_no_credential(workflow: Workflow, event: str) -> None:
    if event not in workflow.triggers:
        return
    assert workflow.content["permissions"] == {}
    assert "secrets." not in workflow.text
    for job in workflow.jobs.values():
        assert "environment" not in job
        assert set(job["permissions"].items()) <= {("contents", "read")}


@pytest.mark.parametrize("event", CAUSED_BY_ANYBODY)
@pytest.mark.parametrize("workflow", ours(), ids=lambda one: one.path.stem)
def test_what_anybody_can_cause_runs_mains_files_alone(workflow: Workflow, event: str) -> None:
    if event not in workflow.triggers:
        return
    for _, step in workflow.steps():
        if step.get("uses", "").startswith("actions/checkout@"):
            assert step["with"].get("ref", "main") == "main"
            assert "repository" not in step["with"]
        assert not SAID_BY_ANYBODY.search(str(step)), step


@pytest.mark.parametrize("event", [*FROM_THE_PULL_REQUEST, *BRANCHES])
def test_with_a_workflow_of_its_own_a_pull_request_does_not_get_the_gates_role(event: str) -> None:
    """Whatever it writes there: its ref is not admitted, and a token without the environment is refused."""
    own = role()
    (job,) = own.jobs
    ref = {**FROM_THE_PULL_REQUEST, **BRANCHES}[event]
    door = Environment(
        repository=job.repository, name=job.environment, unrestricted=False, branches=[*job.branches]
    )
    assert not admits(door, ref)
    assert admits(door, MAIN)
    for environment in ("", "infra-gate-2", "infra-automation-plan"):
        token = token_of(
            job.repository, event=event, ref=ref, environment=environment, workflow="infra-gate", run_id=1
        )
        assert not evaluate_trust(trust_policy(own), token, "gha-infra-gate-1", account=own.account).allowed


@pytest.mark.parametrize("event", ["pull_request_target", "workflow_run", "workflow_dispatch"])
def test_the_gate_on_main_gets_its_role(event: str) -> None:
    own = role()
    (job,) = own.jobs
    token = token_of(
        job.repository, event=event, ref=MAIN, environment=job.environment, workflow="infra-gate", run_id=1
    )
    assert evaluate_trust(trust_policy(own), token, "gha-infra-gate-1", account=own.account).allowed
    assert {*job.events} == gate.triggers


def test_the_gate_reads_what_holds_no_secret_and_does_nothing_else() -> None:
    own = role()
    policy = Policy.parse(permission_policy(own), "identity")
    bucket = own.all_grants[0].bucket

    def decided(action: str, resource: str) -> Decision:
        caller = Principal("AWS", own.arn)
        return policy.decide(Request(action=action, resource=resource, principal=caller, context={}))

    for area in AREAS:
        # Of its own stack and of others, whose names nobody knows here.
        for stack in (f"{naming.PROJECT}/automation", "shop/prod"):
            key = f"arn:aws:s3:::{bucket}/{area.name}/{stack}/1.json"
            assert decided("s3:GetObject", key).allowed is (area.name != "plans"), key
            for action in ("s3:PutObject", "s3:DeleteObject"):
                assert decided(action, key) is Decision.EXPLICIT_DENY
    assert decided("s3:GetObject", f"arn:aws:s3:::{bucket}-2/log/shop/prod/1.json") is Decision.IMPLICIT_DENY
    for action in (
        "kms:Decrypt",
        "kms:GenerateDataKey",
        "sts:AssumeRole",
        "iam:PassRole",
        "s3:PutBucketPolicy",
    ):
        assert not decided(action, "*").allowed


def test_its_job_takes_of_the_app_what_it_needs_and_leaves_the_rest() -> None:
    (job,) = gate.jobs.values()
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert job["environment"] == {"name": "infra-gate", "deployment": False}
    (token,) = [step["with"] for step in job["steps"] if "create-github-app-token@" in step.get("uses", "")]
    taken = {
        key.removeprefix("permission-").replace("-", "_"): access
        for key, access in token.items()
        if key.startswith("permission-")
    }
    # Every token reads metadata.
    assert {**taken, "metadata": "read"} == {one.key: one.access for one in GATE}
    # Of this repository alone, because no other is named.
    assert not {"owner", "repositories"} & set(token)
    assert job["steps"][-1]["run"] == ".venv/bin/slipway gate --event --fetch --post"
    assert job["steps"][0]["with"] == {"ref": "main", "fetch-depth": 0, "persist-credentials": False}


def test_what_the_gate_hears_of_is_there() -> None:
    names = {one.content["name"] for one in ours()}
    asked = gate.content["on"]["workflow_run"]
    assert set(asked["workflows"]) <= names
    assert {"Infra apply", "Infra review"} == set(asked["workflows"])
    assert set(asked["types"]) == {"requested", "completed"}
    assert ring.triggers == {"pull_request_review", "merge_group"}
    assert [step for _, step in ring.steps()] == [{"run": "true"}]


def test_no_run_of_the_gate_takes_the_place_of_one_that_looks_at_something_else() -> None:
    group = gate.content["concurrency"]
    assert group["cancel-in-progress"] is False
    # By pull request, by merge group, or all: what waits is replaced by what looks at the same, only later.
    for part in ("pull_request.number", "'merge_group' && github.event.workflow_run.head_sha", "'all'"):
        assert part in group["group"]
