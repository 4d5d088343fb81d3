"""Runs and jobs of workflows: looked at, and run again.

https://docs.github.com/en/rest/actions/workflow-runs and …/workflow-jobs
"""

from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github import jobs
from slipway.localcloud.github.automation import Job, Run
from slipway.localcloud.github.errors import GitHubError, not_found
from slipway.localcloud.github.payloads import job_fields, run_fields
from slipway.localcloud.github.protocol import Area, Call, created
from slipway.localcloud.web import json_response

area = Area()

_ACTIONS = "/repos/{owner}/{repo}/actions"


@area.route("GET", _ACTIONS + "/runs", needs="actions:read")
def list_runs(call: Call) -> Response:
    """The newest first; of the filters that by commit."""
    repository, sha = call.repository(), call.request.args.get("head_sha")
    runs = [
        run
        for run in call.world.automation.runs.values()
        if run.repository is repository and sha in {None, run.sha}
    ]
    newest = sorted(runs, key=lambda run: run.id, reverse=True)
    return call.counted_list(
        "workflow_runs", [run_fields(run, *jobs.status_of(call.world, run)) for run in newest]
    )


@area.route("GET", _ACTIONS + "/runs/{run}", needs="actions:read")
def get_run(call: Call) -> Response:
    run = _run(call)
    return json_response(run_fields(run, *jobs.status_of(call.world, run)))


@area.route("GET", _ACTIONS + "/runs/{run}/jobs", needs="actions:read")
def list_jobs(call: Call) -> Response:
    run = _run(call)
    jobs_of_run = call.world.automation.jobs_of(run, run.attempt)
    return call.counted_list("jobs", [job_fields(job) for job in jobs_of_run])


@area.route("GET", _ACTIONS + "/jobs/{job}", needs="actions:read")
def get_job(call: Call) -> Response:
    return json_response(job_fields(_job(call)))


@area.route("POST", _ACTIONS + "/jobs/{job}/rerun", needs="actions:write")
def rerun_job(call: Call) -> Response:
    """403 while the run is not over."""
    try:
        jobs.rerun(call.world, _job(call))
    except jobs.NotPossible as error:
        raise GitHubError(HTTPStatus.FORBIDDEN, str(error)) from None
    return created({})


def _run(call: Call) -> Run:
    run = call.numbered(call.world.automation.runs, "run")
    if run.repository is not call.repository():
        raise not_found()
    return run


def _job(call: Call) -> Job:
    job = call.numbered(call.world.automation.jobs, "job")
    if job.run.repository is not call.repository():
        raise not_found()
    return job
