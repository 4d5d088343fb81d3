"""Runs and jobs of workflows: looked at, and run again.

https://docs.github.com/en/rest/actions/workflow-runs and …/workflow-jobs
"""

from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github import jobs
from slipway.localcloud.github.automation import Job, Run
from slipway.localcloud.github.errors import GitHubError, not_found
from slipway.localcloud.github.payloads import job_fields, run_fields
from slipway.localcloud.github.protocol import Area, Ask
from slipway.localcloud.web import json_response

area = Area()

_ACTIONS = "/repos/{owner}/{repo}/actions"


@area.route("GET", _ACTIONS + "/runs/{run}", needs="actions:read")
def get_run(ask: Ask) -> Response:
    run = _run(ask)
    return json_response(run_fields(run, *jobs.status_of(ask.world, run)))


@area.route("GET", _ACTIONS + "/runs/{run}/jobs", needs="actions:read")
def list_jobs(ask: Ask) -> Response:
    run = _run(ask)
    return ask.listed("jobs", [job_fields(one) for one in ask.world.automation.jobs_of(run, run.attempt)])


@area.route("GET", _ACTIONS + "/jobs/{job}", needs="actions:read")
def get_job(ask: Ask) -> Response:
    return json_response(job_fields(_job(ask)))


@area.route("POST", _ACTIONS + "/jobs/{job}/rerun", needs="actions:write")
def rerun_job(ask: Ask) -> Response:
    """403 while the run is not over."""
    try:
        jobs.rerun(ask.world, _job(ask))
    except jobs.NotPossible as error:
        raise GitHubError(HTTPStatus.FORBIDDEN, str(error)) from None
    return json_response({}, HTTPStatus.CREATED)


def _run(ask: Ask) -> Run:
    number = ask.path["run"]
    found = ask.world.automation.runs.get(int(number)) if number.isdecimal() else None
    if found is None or found.repository is not ask.repository():
        raise not_found()
    return found


def _job(ask: Ask) -> Job:
    number = ask.path["job"]
    found = ask.world.automation.jobs.get(int(number)) if number.isdecimal() else None
    if found is None or found.run.repository is not ask.repository():
        raise not_found()
    return found
