"""Infrastructure delivery from a pull request to a mended drift, through the workflow files themselves."""

from typing import Any

import pytest

from tests.workflow_runs.act import Running
from tests.workflow_runs.service import Refused
from tests.workflow_runs.world import SLUG, World, payload_of

REVIEWED, PLANS = "infra-automation-apply", "infra-automation-plan"
STACK_FILE = "Pulumi.automation.yaml"


@pytest.mark.slow
def test_what_is_merged_is_planned_approved_and_applied_and_what_drifts_is_found(world: World) -> None:
    _first_apply(world)
    pull = _opened(world, "nat: one\n", "nat: one\n      flow_log_days: 30\n")
    _previewed(world, pull)
    _attacked(world, pull)
    _merged(world, pull)
    assert _days(world) == 90
    _applied(world)
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


def _opened(world: World, old: str, new: str) -> dict[str, Any]:
    file = world.folder / STACK_FILE
    text = file.read_text()
    assert text.count(old) == 1
    file.write_text(text.replace(old, new))
    world.push("shorter", "Keep flow logs for a month")
    return world.open("ada", "shorter", "Keep flow logs for a month")


def _previewed(world: World, pull: dict[str, Any]) -> None:
    """What everybody gets, a fork as well: no credential is there to be had."""
    ref = f"refs/pull/{pull['number']}/merge"
    seen = world.start("infra-preview.yml", "pull_request", ref, "ada", payload_of(pull, "opened"))
    text = seen.wait()
    assert "network-flow-logs" in text
    (job,) = [one for one in world.service.jobs if one.run is seen.run]
    assert (job.environment, job.permissions) == ("", {"contents": "read"})


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
    answer = world.person("grace").exchange("PUT", f"/repos/{SLUG}/pulls/{pull['number']}/merge", {})
    assert answer.status == 200, answer.text


def _applied(world: World) -> None:
    run = world.start("infra-apply.yml", "push", "refs/heads/main", "grace", {"ref": "refs/heads/main"})
    job = world.service.wait_for(REVIEWED, run.over)
    assert _days(world) == 90
    world.service.review(job, "ada")
    # The other stacks have no account yet: their jobs end at the role that nobody made.
    text = run.wait(ok=False)
    assert "Job 'plan staging' failed" in text
    assert _job_ended(run, "apply automation", "succeeded")


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
