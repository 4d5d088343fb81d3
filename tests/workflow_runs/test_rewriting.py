"""What act gets to run is what the files say, apart from the changes that are listed."""

import json

import pytest

from slipway.errors import SlipwayError
from tests.workflow_runs.act import STANDS_FOR
from tests.workflow_runs.rewriting import ADMIT, rewrite
from tests.workflows.workflows import Workflow, load, ours

API = "http://127.0.0.1:1"
DELIVERY = [one for one in ours() if one.path.stem.startswith("infra-")]
each = pytest.mark.parametrize("workflow", DELIVERY, ids=lambda one: one.path.stem)


@each
def test_every_step_is_run_in_its_order_and_one_of_ours_comes_first(workflow: Workflow) -> None:
    made = rewrite(workflow.content, API)
    for name, job in workflow.jobs.items():
        first, *steps = made.content["jobs"][name]["steps"]
        assert first["run"] == ADMIT
        assert [(step.get("run"), step.get("uses")) for step in steps] == [
            (step.get("run"), step.get("uses")) for step in job["steps"]
        ]
        assert json.loads(first["env"]["STORY_PERMISSIONS"]) == job.get(
            "permissions", workflow.content["permissions"]
        )
        rest = {key: value for key, value in made.content["jobs"][name].items() if key != "steps"}
        assert rest == {key: job[key] for key in job if key not in ("steps", "environment", "env")}
        assert sum(line.startswith(f"{name}: ") for line in made.changes) >= 2


@each
def test_no_step_reads_what_act_has_one_of_for_all_jobs(workflow: Workflow) -> None:
    made = rewrite(workflow.content, API)
    steps = json.dumps([job["steps"] for job in made.content["jobs"].values()])
    for context in ("${{ vars.", "${{ secrets.", "github.token", "secrets.GITHUB_TOKEN"):
        assert context not in steps
    assert workflow.content == load(workflow.path), "the file's own content stays as it is"


@each
def test_each_action_has_something_that_stands_for_it(workflow: Workflow) -> None:
    used = {step["uses"].partition("@")[0] for _, step in workflow.steps() if "uses" in step}
    assert used <= STANDS_FOR.keys()


def test_a_job_of_another_file_is_not_passed_over() -> None:
    with pytest.raises(SlipwayError, match="reusable"):
        rewrite({"jobs": {"one": {"uses": "./.github/workflows/other.yml"}}}, API)
