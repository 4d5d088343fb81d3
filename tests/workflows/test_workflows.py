"""The rules that every workflow keeps, ours and the examples'."""

import re
import subprocess

import pytest

from slipway.platform import reading
from slipway.platform.platform_roles import platform_roles
from tests.workflows.workflows import ROOT, Workflow, environments_of, examples, load, ours, stacks

EVERY = [*ours(), *examples()]
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")
PINNED_LINE = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+\b")
ONE_COMMAND = re.compile(r'true|(\.venv/bin/slipway|make) [\w "$./^=-]+?( >> "\$GITHUB_STEP_SUMMARY")?')
# Every exception that a workflow takes from zizmor, with the file it is in. The reason stands beside it
# there.
EXCEPTIONS = {
    (".github/workflows/infra-apply.yml", "github-app"),
    (".github/workflows/infra-up.yml", "github-app"),
    (".github/workflows/infra-drift.yml", "github-app"),
    (".github/workflows/infra-gate.yml", "dangerous-triggers"),
    (".github/workflows/infra-dashboard.yml", "dangerous-triggers"),
    (".github/workflows/infra-comment.yml", "dangerous-triggers"),
}
AFTER_A_STRANGER = {"infra-comment"}
"""Workflows on `workflow_run`: main's code follows what a pull request's has done."""

AFTER_MAIN = {"infra-dashboard"}
"""What comes after runs of main alone; see its own test."""

every = pytest.mark.parametrize("workflow", EVERY, ids=lambda one: one.name)


def test_the_workflows_are_there() -> None:
    assert [one.path.stem for one in ours()] == [
        "ci",
        "infra-apply",
        "infra-comment",
        "infra-dashboard",
        "infra-drift",
        "infra-gate",
        "infra-preview",
        "infra-review",
        "infra-up",
        "nightly",
        "runner-image",
    ]
    assert [one.path.stem for one in examples()] == ["build", "ci", "deploy", "migrate"]


@every
def test_actions_are_pinned_by_commit_with_their_version_beside(workflow: Workflow) -> None:
    uses = [step["uses"] for _, step in workflow.steps() if "uses" in step]
    uses += [job["uses"] for job in workflow.jobs.values() if "uses" in job]
    outside = [one for one in uses if not one.startswith("$/")]
    assert outside or workflow.path.stem == "infra-review"  # which only rings
    assert [one for one in outside if not PINNED.fullmatch(one)] == []
    assert len(PINNED_LINE.findall(workflow.text)) == len(outside)


def test_one_action_has_one_commit_everywhere() -> None:
    pins: dict[str, set[str]] = {}
    for workflow in EVERY:
        for _, step in workflow.steps():
            action, _, commit = step.get("uses", "").partition("@")
            pins.setdefault(action, set()).add(commit)
    assert {action: commits for action, commits in pins.items() if len(commits) > 1} == {}


@every
def test_images_of_services_are_pinned_by_digest(workflow: Workflow) -> None:
    for job in workflow.jobs.values():
        for service in job.get("services", {}).values():
            assert re.search(r"@sha256:[0-9a-f]{64}$", service["image"])


@every
def test_nothing_is_permitted_until_a_job_asks(workflow: Workflow) -> None:
    assert workflow.content["permissions"] == {}
    for job in workflow.jobs.values():
        assert job["permissions"] or workflow.path.stem == "infra-review"
        given = set(job["permissions"].items()) - {("actions", "read"), ("contents", "read")}
        # Who may write an issue or a comment gets no role, and no secret of an environment.
        telling = given in ({("issues", "write")}, {("pull-requests", "write")})
        assert given <= {("id-token", "write")} or (telling and "environment" not in job)


@every
def test_every_job_ends(workflow: Workflow) -> None:
    for job in workflow.jobs.values():
        # A job that calls a workflow takes the limits of that workflow's jobs, and may not have one itself.
        assert "uses" in job or 0 < job["timeout-minutes"] <= 240


@every
def test_the_token_is_not_left_in_the_checkout(workflow: Workflow) -> None:
    checkouts = [step for _, step in workflow.steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@every
def test_each_step_is_one_command_without_expressions(workflow: Workflow) -> None:
    for _, step in workflow.steps():
        if "run" in step:
            assert "${{" not in step["run"]
            assert ONE_COMMAND.fullmatch(step["run"]), step["run"]


@every
def test_no_strangers_code_meets_a_credential(workflow: Workflow) -> None:
    # What the others may do, and what those that a pull request causes run: test_gate.py.
    if workflow.path.stem != "infra-gate":
        allowed = {"workflow_run"} if workflow.path.stem in AFTER_MAIN | AFTER_A_STRANGER else set[str]()
        assert not workflow.triggers & {"pull_request_target", "workflow_run", "issue_comment"} - allowed
    if "pull_request" in workflow.triggers:
        assert "id-token" not in workflow.text
        assert "secrets." not in workflow.text
        assert all("environment" not in job for job in workflow.jobs.values())


@every
def test_a_job_that_may_ask_for_a_role_runs_in_an_environment(workflow: Workflow) -> None:
    for job in workflow.jobs.values():
        if "id-token" in job["permissions"] and "uses" not in job:
            assert environments_of(job)
            assert all(name == name.lower() for name in environments_of(job) if "${{" not in name)


@every
def test_a_role_session_names_its_workflow_and_run(workflow: Workflow) -> None:
    sessions = [
        step["with"]["role-session-name"]
        for _, step in workflow.steps()
        if step.get("uses", "").startswith("aws-actions/")
    ]
    assert all(one == f"gha-{workflow.path.stem}-${{{{ github.run_id }}}}" for one in sessions)


@every
def test_no_apply_is_ever_cancelled(workflow: Workflow) -> None:
    for job in workflow.jobs.values():
        if "id-token" in job["permissions"]:
            for group in (job.get("concurrency", {}), workflow.content.get("concurrency", {})):
                assert not group.get("cancel-in-progress", False)


def by_name(name: str) -> Workflow:
    return next(one for one in ours() if one.path.stem == name)


def test_every_stack_is_watched_and_has_its_issue() -> None:
    jobs = by_name("infra-drift").jobs
    assert list(jobs) == ["drift", "issue"]
    for job in jobs.values():
        assert sorted(job["strategy"]["matrix"]["stack"]) == stacks()
        assert job["strategy"]["fail-fast"] is False


def test_who_writes_the_issue_has_no_right_in_a_cloud_and_takes_the_look_as_data() -> None:
    looks, tells = by_name("infra-drift").jobs.values()
    assert "issues" not in looks["permissions"]
    assert (tells["permissions"], tells["needs"]) == ({"contents": "read", "issues": "write"}, "drift")
    assert "secrets." not in str(tells)
    assert tells["if"] == "${{ !cancelled() }}"
    put, (taken, told) = looks["steps"][-1]["with"], tells["steps"][-2:]
    assert put["path"] == "${{ runner.temp }}/report.json"
    assert '--out "$RUNNER_TEMP/report.json" ' in looks["steps"][-2]["run"]
    assert taken["with"] == {"name": put["name"], "path": "${{ runner.temp }}/drift"}
    assert told["run"] == '.venv/bin/slipway drift "$STACK" --from "$RUNNER_TEMP/drift/report.json" --issue'
    assert told["env"] == {"GITHUB_TOKEN": "${{ github.token }}"}


def test_every_stack_is_applied_in_its_own_environment_and_order() -> None:
    assert by_name("infra-up").triggers == {"workflow_dispatch"}
    jobs = by_name("infra-up").jobs
    assert list(jobs) == ["automation", "staging", "prod"]
    assert sorted(jobs) == stacks()
    assert [job.get("needs") for job in jobs.values()] == [None, "automation", "staging"]
    for stack, job in jobs.items():
        assert job["environment"] == f"infra-{stack}-apply"
        assert job["concurrency"]["group"] == f"infra-{stack}"
        assert job["steps"][-1]["run"] == f".venv/bin/slipway up {stack} --yes"


def test_a_push_is_planned_without_the_right_to_apply_and_only_the_plan_is_applied() -> None:
    workflow = by_name("infra-apply")
    assert workflow.triggers == {"push", "workflow_dispatch"}
    assert list(workflow.jobs) == [
        name for stack in ("automation", "staging", "prod") for name in (f"plan-{stack}", stack)
    ]
    assert [job.get("needs") for job in workflow.jobs.values()] == [None, *list(workflow.jobs)[:-1]]
    for stack in stacks():
        planned, applied = workflow.jobs[f"plan-{stack}"], workflow.jobs[stack]
        assert planned["environment"] == {"name": f"infra-{stack}-plan", "deployment": False}
        assert planned["outputs"] == {"apply": "${{ steps.plan.outputs.apply }}"}
        asked = [step for step in planned["steps"] if step.get("id") == "plan"]
        assert [step["run"] for step in asked] == [f".venv/bin/slipway plan {stack} --out plans --job-output"]
        # What shows it needs no token.
        assert planned["steps"][-1] == {
            "run": f".venv/bin/slipway comment plans/slipway.{stack}.json --job-summary"
        }
        assert applied["environment"] == f"infra-{stack}-apply"
        # Without a function of status GitHub leaves out what is anywhere below a job that was left out
        # (https://github.com/actions/runner/issues/2205): staging, where automation had nothing to apply.
        planned_well = f"needs.plan-{stack}.result == 'success' && needs.plan-{stack}.outputs.apply == 'true'"
        assert applied["if"] == f"${{{{ !cancelled() && {planned_well} }}}}"
        assert applied["concurrency"] == {"group": f"infra-{stack}", "cancel-in-progress": False}
        assert applied["steps"][0]["with"]["fetch-depth"] == 0
        assert applied["steps"][-1]["run"] == f".venv/bin/slipway apply {stack} --yes"


def test_the_dashboard_comes_after_runs_of_main_and_runs_nothing_but_main_to_read_with() -> None:
    workflow = by_name("infra-dashboard")
    after = workflow.content["on"]["workflow_run"]
    assert after["branches"] == ["main"]
    before = [one for one in ours() if one.content["name"] in after["workflows"]]
    assert sorted(one.path.stem for one in before) == ["infra-apply", "infra-drift"]
    # None of them runs for a pull request, whose branch may be called main as well.
    assert {trigger for one in before for trigger in one.triggers} <= {
        "push",
        "schedule",
        "workflow_dispatch",
    }
    assert before[0].content["on"]["push"] == {"branches": ["main"]}
    (job,) = workflow.jobs.values()
    # Of all roles the one that may do least: it reads the records of the store.
    assert job["environment"] == {"name": "infra-gate", "deployment": False}
    assert job["permissions"] == {"actions": "read", "contents": "read", "id-token": "write"}
    assert job["steps"][0]["with"]["ref"] == "main"
    # The App's key lies in that environment, and nothing here asks for it.
    assert "secrets." not in workflow.text
    written, kept = job["steps"][-2:]
    assert written["run"] == f".venv/bin/slipway dashboard --out {kept['with']['path']}"
    assert written["env"] == {"GITHUB_TOKEN": "${{ github.token }}"}


def test_drift_never_waits_in_the_place_of_an_apply() -> None:
    groups = {job["concurrency"]["group"] for job in by_name("infra-drift").jobs.values()}
    for name in ("infra-up", "infra-apply"):
        jobs = by_name(name).jobs.values()
        assert groups.isdisjoint(job["concurrency"]["group"] for job in jobs if "concurrency" in job)


def test_the_preview_needs_no_credential_and_compares_with_the_base() -> None:
    (job,) = by_name("infra-preview").jobs.values()
    assert by_name("infra-preview").triggers == {"pull_request"}
    # All in one command: the stacks are rendered once, for what changes and for what is newly allowed.
    named, _, options = job["steps"][-2]["run"].removeprefix(".venv/bin/slipway preview ").partition(" --")
    assert sorted(named.split()) == stacks()
    assert options.startswith("offline --base HEAD^1 --out preview --markdown")
    assert job["steps"][0]["with"]["fetch-depth"] == 2
    assert job["permissions"] == {"contents": "read"}


def test_what_a_pull_request_made_is_shown_by_mains_code_which_has_no_credential() -> None:
    workflow, preview = by_name("infra-comment"), by_name("infra-preview")
    assert workflow.content["on"]["workflow_run"] == {
        "workflows": [preview.content["name"]],
        "types": ["completed"],
    }
    (job,) = workflow.jobs.values()
    assert "workflow_run.event == 'pull_request'" in job["if"]
    assert "secrets." not in workflow.text
    assert "id-token" not in workflow.text
    checkout, *_, taken, told = job["steps"]
    # Without a ref it is the default branch, whatever the event is about.
    assert checkout["with"] == {"persist-credentials": False}
    (made,) = preview.jobs["preview"]["steps"][-1:]
    assert taken["with"] == {
        "name": made["with"]["name"],
        "path": "${{ runner.temp }}/preview",
        "run-id": "${{ github.event.workflow_run.id }}",
        "github-token": "${{ github.token }}",
    }
    # Whose pull request it is, is not for the artifact to say.
    assert told == {
        "run": '.venv/bin/slipway comment "$RUNNER_TEMP/preview" --of-run',
        "env": {"GITHUB_TOKEN": "${{ github.token }}"},
    }


def test_the_cli_is_the_one_that_the_program_is_pinned_to() -> None:
    pinned = re.search(r'"pulumi==([\d.]+)"', (ROOT / "pyproject.toml").read_text())
    assert pinned
    versions = {
        step["with"]["pulumi-version"]
        for workflow in ours()
        for _, step in workflow.steps()
        if step.get("uses", "").startswith("pulumi/actions@")
    }
    assert versions == {pinned[1]}


def required_environments() -> set[str]:
    """The environments that this repository's workflows run in; the access declaration must have them all."""
    return {name for one in ours() for job in one.jobs.values() for name in environments_of(job)}


def test_the_access_declaration_has_every_environment_of_the_workflows() -> None:
    declared: set[str] = set()
    for stack in stacks():
        own = platform_roles(reading.load(ROOT, stack))
        declared |= {
            job.environment
            for role in (own.plan, own.apply, own.gate, own.image)
            if role
            for job in role.jobs
        }
    assert required_environments() <= declared


def test_the_image_job_is_declared_as_its_workflow_runs_it() -> None:
    role = platform_roles(reading.load(ROOT, "automation")).image
    assert role
    assert set(role.jobs[0].events) == by_name("runner-image").triggers


def test_the_firewall_s_tests_can_run_where_all_tests_do() -> None:
    for name, test in (("ci", "make test"), ("nightly", "make test-long")):
        steps = [step["run"] for _, step in by_name(name).steps() if "run" in step]
        assert steps == ["make firewall", test]
    target = (ROOT / "Makefile").read_text().partition("\nfirewall:")[2].partition("\n\n")[0]
    assert "nftables" in target
    assert "kernel.apparmor_restrict_unprivileged_userns=0" in target


def test_every_night_the_large_figures_are_tested_whole() -> None:
    assert by_name("nightly").triggers == {"schedule", "workflow_dispatch"}
    recipes = (ROOT / "Makefile").read_text()
    whole = recipes.partition("\ntest-long:")[2].partition("\n\n")[0]
    sample = recipes.partition("\ntest:")[2].partition("\n\n")[0]
    assert "--long" in whole
    assert "--long" not in sample


def test_zizmor_finds_nothing() -> None:
    done = subprocess.run(
        [ROOT / ".venv/bin/zizmor", "--offline", "--no-progress", "--quiet", ".github", "examples"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_exception_from_zizmor_is_known() -> None:
    found = {
        (one.name, rule)
        for one in EVERY
        for rules in re.findall(r"zizmor: ignore\[([\w,-]+)\]", one.text)
        for rule in rules.split(",")
    }
    assert found == EXCEPTIONS


def test_dependencies_are_looked_at_every_week() -> None:
    updates = load(ROOT / ".github/dependabot.yml")["updates"]
    assert {one["package-ecosystem"] for one in updates} == {"pip", "github-actions", "gomod"}
    for one in updates:
        assert one["schedule"]["interval"] == "weekly"
        (group,) = one["groups"].values()
        assert group["update-types"] == ["minor", "patch"]
