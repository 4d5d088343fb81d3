"""Routes of the stand-in that GitHub does not have: what tests and simulations steer it by.

PUT  GET  /slipway/webhooks                     what happens to deliveries (see `webhooks.Disturbances`)
POST      /slipway/webhooks/flush               send all that waits
POST GET  /slipway/workflow-jobs                a run with jobs; all jobs
GET       /slipway/workflow-jobs/<id>
POST      /slipway/workflow-jobs/<id>/hold      let a queued job wait for an approval
POST      /slipway/workflow-jobs/<id>/release   let a waiting job go on
POST      /slipway/workflow-jobs/<id>/complete
GET       /slipway/runners
POST      /slipway/runners/connect              as a runner does, with its configuration
POST      /slipway/runners/<id>/disconnect
POST      /slipway/assignments                  hand queued jobs to runners
PUT  GET  /slipway/faults                       calls that fail (see `faults.Rule`)
PUT       /slipway/limits                       the allowance of every installation
GET  DELETE /slipway/calls                      how often each route of GitHub's was called
"""

from collections.abc import Callable
from dataclasses import asdict
from http import HTTPStatus
from typing import cast

from werkzeug.wrappers import Request, Response

from slipway.localcloud.github import jobs
from slipway.localcloud.github.automation import Job, Run, Runner, digest
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Json
from slipway.localcloud.github.protocol import Area, Call, created, no_content, require
from slipway.localcloud.github.webhooks import Webhooks
from slipway.localcloud.github.world import World
from slipway.localcloud.web import json_response, read_object

area = Area()

FLUSH_S = 30.0


@area.route("GET", "/slipway/webhooks", needs="")
def get_disturbances(call: Call) -> Response:
    return json_response(call.world.webhooks.counts())


@area.route("PUT", "/slipway/webhooks", needs="")
def put_disturbances(call: Call) -> Response:
    try:
        return json_response(call.world.webhooks.disturb(call.body()))
    except TypeError as error:
        raise invalid(str(error)) from None


def flush(request: Request, webhooks: Webhooks) -> Response:
    """Wait until all is sent; without the world's lock, for whoever gets an event may call back."""
    body = read_object(request) or {}
    settled = webhooks.flush(float(body.get("timeout_s", FLUSH_S)))
    return json_response({"settled": settled, **webhooks.counts()})


@area.route("POST", "/slipway/workflow-jobs", needs="")
def create_jobs(call: Call) -> Response:
    body, world = call.body(), call.world
    require(body, [("repository", str), ("labels", list)])
    owner, _, name = str(body["repository"]).lower().partition("/")
    repository = world.repositories.get((owner, name))
    if repository is None:
        raise not_found()
    labels = tuple(str(label) for label in cast("list[object]", body["labels"]))
    count, title = int(body.get("count", 1)), str(body.get("name", "build"))

    def made(run: Run) -> list[Job]:
        names = [title] if count == 1 else [f"{title} ({number})" for number in range(1, count + 1)]
        status = "waiting" if body.get("waiting") else "queued"
        return [
            Job(id=world.next_id(), run=run, attempt=run.attempt, name=job_name, labels=labels, status=status)
            for job_name in names
        ]

    event, head = str(body.get("event", "push")), str(body.get("head_repository") or "")
    of = {name: str(body[name]) for name in ("path", "branch", "sha") if name in body}
    jobs_of_run = jobs.create_run(world, repository, event=event, head=head, job=made, of=of)
    answer = {
        "run_id": jobs_of_run[0].run.id if jobs_of_run else None,
        "jobs": [_public(job) for job in jobs_of_run],
    }
    return created(answer)


@area.route("GET", "/slipway/workflow-jobs", needs="")
def list_jobs(call: Call) -> Response:
    status, slug = call.request.args.get("status"), call.request.args.get("repository", "").lower()
    listed = [
        _public(job)
        for job in call.world.automation.jobs.values()
        if status in {None, job.status} and slug in {"", job.run.repository.slug.lower()}
    ]
    return json_response({"total_count": len(listed), "jobs": listed})


@area.route("GET", "/slipway/workflow-jobs/{job}", needs="")
def get_job(call: Call) -> Response:
    return json_response(_public(_job(call)))


@area.route("POST", "/slipway/workflow-jobs/{job}/hold", needs="")
def hold_job(call: Call) -> Response:
    return _moved(call, jobs.hold)


@area.route("POST", "/slipway/workflow-jobs/{job}/release", needs="")
def release_job(call: Call) -> Response:
    return _moved(call, jobs.release)


def _moved(call: Call, move: Callable[[World, Job], None]) -> Response:
    job = _job(call)
    try:
        move(call.world, job)
    except jobs.NotPossible as error:
        raise GitHubError(HTTPStatus.CONFLICT, str(error)) from None
    return json_response(_public(job))


@area.route("POST", "/slipway/workflow-jobs/{job}/complete", needs="")
def complete_job(call: Call) -> Response:
    job = _job(call)
    try:
        jobs.complete(call.world, job, str(call.body().get("conclusion", "success")))
    except jobs.NotPossible as error:
        raise GitHubError(HTTPStatus.CONFLICT, str(error)) from None
    return json_response(_public(job))


@area.route("GET", "/slipway/runners", needs="")
def list_runners(call: Call) -> Response:
    listed = [
        {
            **runner.shown(),
            "labels": list(runner.labels),
            "connected": runner.connected,
            "job_id": runner.job_id,
        }
        for runner in call.world.automation.runners.values()
    ]
    return json_response({"total_count": len(listed), "runners": listed})


@area.route("POST", "/slipway/runners/connect", needs="")
def connect_runner(call: Call) -> Response:
    """409 where the configuration was used before, 404 where its runner is not, or no longer, registered."""
    body, automation = call.body(), call.world.automation
    require(body, [("encoded_jit_config", str)])
    known = digest(body["encoded_jit_config"])
    if known in automation.used_configs:
        raise GitHubError(HTTPStatus.CONFLICT, "The configuration was used already")
    runner = next(
        (registered for registered in automation.runners.values() if registered.config_digest == known), None
    )
    if runner is None:
        raise not_found()
    automation.used_configs.add(known)
    runner.connected = runner.online = True
    answer: Json = {"id": runner.id, "name": runner.name, "labels": list(runner.labels)}
    return json_response({**answer, "runner_group_id": runner.group_id})


@area.route("POST", "/slipway/runners/{runner}/disconnect", needs="")
def disconnect_runner(call: Call) -> Response:
    runner = _runner(call)
    jobs.disconnect(call.world, runner, fail_job=bool(call.body().get("fail_job", True)))
    return json_response(runner.shown())


@area.route("POST", "/slipway/assignments", needs="")
def assign(call: Call) -> Response:
    assigned = [
        {"job_id": job.id, "runner_id": runner.id, "runner_name": runner.name}
        for job, runner in jobs.assign(call.world, call.body().get("seed"))
    ]
    return json_response({"assigned": assigned})


@area.route("GET", "/slipway/faults", needs="")
def get_faults(call: Call) -> Response:
    return json_response({"rules": [asdict(rule) for rule in call.world.faults.rules]})


@area.route("PUT", "/slipway/faults", needs="")
def put_faults(call: Call) -> Response:
    body = call.body()
    require(body, [("rules", list)])
    try:
        call.world.faults.replace(body["rules"], int(body.get("seed", 0)))
    except TypeError as error:
        raise invalid(str(error)) from None
    return get_faults(call)


@area.route("PUT", "/slipway/limits", needs="")
def put_limits(call: Call) -> Response:
    """Of installations that are there now, with nothing spent yet."""
    body = call.body()
    for app in call.world.automation.apps.values():
        allowance = app.installation_allowance
        allowance.limit = int(body.get("limit", allowance.limit))
        allowance.points_per_minute = int(body.get("points_per_minute", allowance.points_per_minute))
        allowance.spent = 0
        allowance.points.clear()
    return json_response(body)


@area.route("GET", "/slipway/calls", needs="")
def get_calls(call: Call) -> Response:
    calls = call.world.faults.calls
    return json_response({"total": calls.total(), "by_route": dict(calls)})


@area.route("DELETE", "/slipway/calls", needs="")
def delete_calls(call: Call) -> Response:
    call.world.faults.calls.clear()
    return no_content()


def _public(job: Job) -> Json:
    return {**job.shown(), "repository": job.run.repository.slug}


def _job(call: Call) -> Job:
    return call.numbered(call.world.automation.jobs, "job")


def _runner(call: Call) -> Runner:
    return call.numbered(call.world.automation.runners, "runner")
