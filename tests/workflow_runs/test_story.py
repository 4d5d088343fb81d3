"""Infrastructure delivery from a pull request to a mended drift, through the workflow files themselves."""

from typing import Any

import pytest

from slipway.platform.naming import GATE, GATE_STATUS
from tests.workflow_runs.act import Running
from tests.workflow_runs.service import APP_ID, APP_SLUG, Refused
from tests.workflow_runs.world import SLUG, World, payload_of, payload_of_run

REVIEWED, PLANS = "infra-automation-apply", "infra-automation-plan"
STACK_FILE = "Pulumi.automation.yaml"
_CONCERNS = "concerns slipway/automation, slipway/prod, slipway/staging"


@pytest.mark.slow
def test_what_is_merged_is_planned_approved_and_applied_and_what_drifts_is_found(world: World) -> None:
    _first_apply(world)
    pull = _opened(world, "shorter", "nat: one\n", "nat: one\n      flow_log_days: 30\n")
    _previewed(world, pull)
    _attacked(world, pull)
    other = _opened(world, "another", "nat: one\n", "nat: one\n      flow_log_days: 60\n")
    assert _judged(world, other) == ("success", _CONCERNS)
    _merged(world, pull)
    assert _days(world) == 90
    _applied(world, other)
    assert _days(world) == 30
    _drifts(world)


def _first_apply(world: World) -> None:
    first = world.start("infra-up.yml", "workflow_dispatch", "refs/heads/main", "ada", {}, stack="automation")
    job = world.service.wait_for(REVIEWED, first.over)
    with pytest.raises(Refused, match="ada started the run"):
        world.service.review(job, "ada")
    with pytest.raises(Refused, match="mallory does not review"):
        world.service.review(job, "mallory")
    world.service.review(job, "grace")
    assert "up automation: " in first.wait()
    # What was brought up without a plan has no record yet, and the gate waits for one.
    world.keep_key(GATE)
    again = world.start("infra-apply.yml", "workflow_dispatch", "refs/heads/main", "ada", {})
    world.service.review(world.service.wait_for(REVIEWED, again.over), "grace")
    again.wait(ok=False)
    assert _job_ended(again, "apply automation", "succeeded")
    _require_gate(world)


def _require_gate(world: World) -> None:
    required = [{"context": GATE_STATUS, "integration_id": APP_ID}]
    parameters = {"required_status_checks": required, "strict_required_status_checks_policy": False}
    ruleset = {
        "name": "main",
        "target": "branch",
        "enforcement": "active",
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
        "rules": [{"type": "required_status_checks", "parameters": parameters}],
    }
    world.service.github.post(f"/repos/{SLUG}/rulesets", ruleset)


def _opened(world: World, branch: str, old: str, new: str) -> dict[str, Any]:
    """A pull request from main, by Ada."""
    world.git("checkout", "--quiet", "-B", branch, "main")
    file = world.folder / STACK_FILE
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    world.push(branch, "Keep flow logs for less long")
    return world.open("ada", branch, "Keep flow logs for less long")


def _previewed(world: World, pull: dict[str, Any]) -> None:
    """What everybody gets, a fork as well: no credential is there to be had."""
    ref = f"refs/pull/{pull['number']}/merge"
    seen = world.start("infra-preview.yml", "pull_request", ref, "ada", payload_of(pull, "opened"))
    text = seen.wait()
    assert "network-flow-logs" in text
    (job,) = [one for one in world.service.jobs if one.run is seen.run]
    assert (job.environment, job.permissions) == ("", {"contents": "read"})
    event = payload_of_run(seen, pull)
    world.start("infra-comment.yml", "workflow_run", "refs/heads/main", "ada", event).wait()
    (comment,) = world.person("ada").every(f"/repos/{SLUG}/issues/{pull['number']}/comments")
    assert "network-flow-logs" in comment["body"]
    assert comment["user"]["login"] == "github-actions[bot]"


def _judged(world: World, pull: dict[str, Any], after: Running | None = None) -> tuple[str, str]:
    """What the gate says of a pull request's head, when that has changed or when an apply has ended."""
    if after is None:
        run = world.start(
            "infra-gate.yml", "pull_request_target", "refs/heads/main", "ada", payload_of(pull, "opened")
        )
    else:
        run = world.start("infra-gate.yml", "workflow_run", "refs/heads/main", "ada", payload_of_run(after))
    run.wait()
    (job,) = [one for one in world.service.jobs if one.run is run.run]
    assert (job.environment, job.permissions) == (GATE, {"contents": "read", "id-token": "write"})
    listed = world.person("ada").every(f"/repos/{SLUG}/commits/{pull['head']['sha']}/statuses")
    newest = next(one for one in listed if one["context"] == GATE_STATUS)
    assert newest["creator"]["login"] == f"{APP_SLUG}[bot]"
    return newest["state"], newest["description"]


ATTACK = """\
name: Infra preview
on: pull_request
permissions: {id-token: write, contents: read}
jobs:
  preview:
    runs-on: ubuntu-24.04
    ENVIRONMENT
    steps:
      - uses: aws-actions/configure-aws-credentials@e6de054238d6b7531b4efff3b6587d9aade6a06c # v6.2.3
        with:
          role-to-assume: arn:aws:iam::111111111111:role/slipway/infra/infra-automation-KIND
          aws-region: eu-west-1
          role-session-name: gha-infra-apply-1
"""


def _attacked(world: World, pull: dict[str, Any]) -> None:
    """A pull request that writes its own workflow is the preview that it asks for, and no more."""
    file = world.folder / ".github" / "workflows" / "infra-preview.yml"
    ours = file.read_text()
    for kind in ("apply", "plan"):
        for environment, why in (
            (f"environment: infra-automation-{kind}", "is not allowed to deploy to"),
            ("env: {}", "Not authorized to perform sts:AssumeRoleWithWebIdentity"),
        ):
            file.write_text(ATTACK.replace("ENVIRONMENT", environment).replace("KIND", kind))
            world.push("shorter", "Ask for more")
            world.person("ada").get(f"/repos/{SLUG}/pulls/{pull['number']}")
            ref = f"refs/pull/{pull['number']}/merge"
            run = world.start(
                "infra-preview.yml", "pull_request", ref, "ada", payload_of(pull, "synchronize")
            )
            assert why in run.wait(ok=False)
    file.write_text(ours)
    world.push("shorter", "Ask for no more")


def _merged(world: World, pull: dict[str, Any]) -> None:
    """Once the gate says so: what whoever writes to the repository says in its name counts for nothing."""
    place = f"/repos/{SLUG}/pulls/{pull['number']}"
    pull = world.person("ada").get(place)
    said = {"state": "success", "context": GATE_STATUS, "description": "trust me"}
    world.person("ada").post(f"/repos/{SLUG}/statuses/{pull['head']['sha']}", said)
    assert world.person("grace").exchange("PUT", f"{place}/merge", {}).status == 405
    assert _judged(world, pull) == ("success", _CONCERNS)
    answer = world.person("grace").exchange("PUT", f"{place}/merge", {})
    assert answer.status == 200, answer.text


def _applied(world: World, other: dict[str, Any]) -> None:
    """Until it is, nobody merges another change of the stack."""
    run = world.start("infra-apply.yml", "push", "refs/heads/main", "grace", {"ref": "refs/heads/main"})
    job = world.service.wait_for(REVIEWED, run.over)
    assert _days(world) == 90
    state, why = _judged(world, other)
    assert (state, "slipway/automation: " in why) == ("failure", True), why
    merge = f"/repos/{SLUG}/pulls/{other['number']}/merge"
    assert world.person("grace").exchange("PUT", merge, {}).status == 405
    world.service.review(job, "ada")
    # The other stacks have no account yet: their jobs end at the role that nobody made.
    text = run.wait(ok=False)
    assert "Job 'plan staging' failed" in text
    assert _job_ended(run, "apply automation", "succeeded")
    # Nothing of the other's is awaited any more, but what was reviewed of it is not what a merge would make.
    state, why = _judged(world, other, after=run)
    assert (state, "another change was merged to it since this one left" in why) == ("failure", True), why


def _job_ended(run: Running, job: str, how: str) -> bool:
    return any(f"/{job}" in line and f"Job {how}" in line for line in run.lines)


def _drifts(world: World) -> None:
    """Nothing has, after what jobs did; then somebody changes something, which is told until it is mended."""
    assert "Cloud against state: <b>no difference</b>. Program against state: <b>no changes</b>" in _looked(
        world
    )
    assert _issues(world) == []
    group = _flow_logs(world)["logGroupName"]
    world.aws("logs").put_retention_policy(logGroupName=group, retentionInDays=400)
    assert "Cloud against state: <b>1 changed</b>. Program against state: <b>no changes</b>" in _looked(world)
    (told,) = _issues(world)
    assert (told["title"], told["state"], told["user"]["type"]) == (
        "Drift: slipway/automation",
        "open",
        "Bot",
    )
    assert "+ retentionInDays: 400" in told["body"]
    world.aws("logs").put_retention_policy(logGroupName=group, retentionInDays=30)
    _looked(world)
    (mended,) = _issues(world)
    assert (mended["number"], mended["state"]) == (told["number"], "closed")


def _looked(world: World) -> str:
    """What the nightly run says. Of the two stacks without an account it cannot tell, and is red for that."""
    run = world.start("infra-drift.yml", "schedule", "refs/heads/main", "ada", {"schedule": "23 4 * * *"})
    return run.wait(ok=False)


def _issues(world: World) -> list[dict[str, Any]]:
    """All but pull requests."""
    listed = world.person("ada").every(f"/repos/{SLUG}/issues?state=all")
    return [one for one in listed if "pull_request" not in one]


def _days(world: World) -> int:
    return int(_flow_logs(world)["retentionInDays"])


def _flow_logs(world: World) -> dict[str, Any]:
    found = world.aws("logs").describe_log_groups()["logGroups"]
    return next(one for one in found if "flow" in one["logGroupName"])
