"""Routes of the stand-in that GitHub does not have: what tests and simulations steer it by.

PUT  GET  /slipway/webhooks                     what happens to deliveries (see `webhooks.Weather`)
POST      /slipway/webhooks/flush               send all that waits
POST GET  /slipway/workflow-jobs                a run with jobs; all jobs
GET       /slipway/workflow-jobs/<id>
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

from dataclasses import asdict
from http import HTTPStatus
from typing import cast

from werkzeug.wrappers import Request, Response

from slipway.localcloud.github import jobs
from slipway.localcloud.github.automation import Job, Run, Runner, digest
from slipway.localcloud.github.errors import GitHubError, invalid, not_found
from slipway.localcloud.github.model import Json
from slipway.localcloud.github.protocol import Area, Ask, require
from slipway.localcloud.github.webhooks import Webhooks
from slipway.localcloud.web import json_response, read_object

area = Area()

FLUSH_S = 30.0


@area.route("GET", "/slipway/webhooks", needs="")
def get_weather(ask: Ask) -> Response:
    return json_response(ask.world.webhooks.counts())


@area.route("PUT", "/slipway/webhooks", needs="")
def put_weather(ask: Ask) -> Response:
    try:
        return json_response(ask.world.webhooks.set_weather(ask.body()))
    except TypeError as error:
        raise invalid(str(error)) from None


def flush(request: Request, webhooks: Webhooks) -> Response:
    """Wait until all is sent; without the world's lock, for whoever gets an event may call back."""
    body = read_object(request) or {}
    settled = webhooks.flush(float(body.get("timeout_s", FLUSH_S)))
    return json_response({"settled": settled, **webhooks.counts()})


@area.route("POST", "/slipway/workflow-jobs", needs="")
def create_jobs(ask: Ask) -> Response:
    body, world = ask.body(), ask.world
    require(body, [("repository", str), ("labels", list)])
    owner, _, name = str(body["repository"]).lower().partition("/")
    repository = world.repositories.get((owner, name))
    if repository is None:
        raise not_found()
    labels = tuple(str(one) for one in cast("list[object]", body["labels"]))
    count, title = int(body.get("count", 1)), str(body.get("name", "build"))

    def made(run: Run) -> list[Job]:
        names = [title] if count == 1 else [f"{title} ({number})" for number in range(1, count + 1)]
        status = "waiting" if body.get("waiting") else "queued"
        return [
            Job(id=world.next_id(), run=run, attempt=run.attempt, name=one, labels=labels, status=status)
            for one in names
        ]

    event, head = str(body.get("event", "push")), str(body.get("head_repository") or "")
    created = jobs.create_run(world, repository, event=event, head=head, job=made)
    answer = {"run_id": created[0].run.id if created else None, "jobs": [_shown(one) for one in created]}
    return json_response(answer, HTTPStatus.CREATED)


@area.route("GET", "/slipway/workflow-jobs", needs="")
def list_jobs(ask: Ask) -> Response:
    status, slug = ask.request.args.get("status"), ask.request.args.get("repository", "").lower()
    found = [
        _shown(one)
        for one in ask.world.automation.jobs.values()
        if status in {None, one.status} and slug in {"", one.run.repository.slug.lower()}
    ]
    return json_response({"total_count": len(found), "jobs": found})


@area.route("GET", "/slipway/workflow-jobs/{job}", needs="")
def get_job(ask: Ask) -> Response:
    return json_response(_shown(_job(ask)))


@area.route("POST", "/slipway/workflow-jobs/{job}/release", needs="")
def release_job(ask: Ask) -> Response:
    job = _job(ask)
    try:
        jobs.release(ask.world, job)
    except jobs.NotPossible as error:
        raise GitHubError(HTTPStatus.CONFLICT, str(error)) from None
    return json_response(_shown(job))


@area.route("POST", "/slipway/workflow-jobs/{job}/complete", needs="")
def complete_job(ask: Ask) -> Response:
    job = _job(ask)
    try:
        jobs.complete(ask.world, job, str(ask.body().get("conclusion", "success")))
    except jobs.NotPossible as error:
        raise GitHubError(HTTPStatus.CONFLICT, str(error)) from None
    return json_response(_shown(job))


@area.route("GET", "/slipway/runners", needs="")
def list_runners(ask: Ask) -> Response:
    found = [
        {
            **one.shown(),
            "labels": list(one.labels),
            "connected": one.connected,
            "job_id": one.job_id,
        }
        for one in ask.world.automation.runners.values()
    ]
    return json_response({"total_count": len(found), "runners": found})


@area.route("POST", "/slipway/runners/connect", needs="")
def connect_runner(ask: Ask) -> Response:
    """409 where the configuration was used before, 404 where its runner is not, or no longer, registered."""
    body, automation = ask.body(), ask.world.automation
    require(body, [("encoded_jit_config", str)])
    known = digest(body["encoded_jit_config"])
    if known in automation.used_configs:
        raise GitHubError(HTTPStatus.CONFLICT, "The configuration was used already")
    found = next((one for one in automation.runners.values() if one.config_digest == known), None)
    if found is None:
        raise not_found()
    automation.used_configs.add(known)
    found.connected = found.online = True
    answer: Json = {"id": found.id, "name": found.name, "labels": list(found.labels)}
    return json_response({**answer, "runner_group_id": found.group_id})


@area.route("POST", "/slipway/runners/{runner}/disconnect", needs="")
def disconnect_runner(ask: Ask) -> Response:
    runner = _runner(ask)
    jobs.disconnect(ask.world, runner, fail_job=bool(ask.body().get("fail_job", True)))
    return json_response(runner.shown())


@area.route("POST", "/slipway/assignments", needs="")
def assign(ask: Ask) -> Response:
    assigned = [
        {"job_id": job.id, "runner_id": runner.id, "runner_name": runner.name}
        for job, runner in jobs.assign(ask.world, ask.body().get("seed"))
    ]
    return json_response({"assigned": assigned})


@area.route("GET", "/slipway/faults", needs="")
def get_faults(ask: Ask) -> Response:
    return json_response({"rules": [asdict(one) for one in ask.world.faults.rules]})


@area.route("PUT", "/slipway/faults", needs="")
def put_faults(ask: Ask) -> Response:
    body = ask.body()
    require(body, [("rules", list)])
    try:
        ask.world.faults.replace(body["rules"], int(body.get("seed", 0)))
    except TypeError as error:
        raise invalid(str(error)) from None
    return get_faults(ask)


@area.route("PUT", "/slipway/limits", needs="")
def put_limits(ask: Ask) -> Response:
    """Of installations that are there now, with nothing spent yet."""
    body = ask.body()
    for app in ask.world.automation.apps.values():
        allowance = app.installation_allowance
        allowance.limit = int(body.get("limit", allowance.limit))
        allowance.points_per_minute = int(body.get("points_per_minute", allowance.points_per_minute))
        allowance.spent = 0
        allowance.points.clear()
    return json_response(body)


@area.route("GET", "/slipway/calls", needs="")
def get_calls(ask: Ask) -> Response:
    calls = ask.world.faults.calls
    return json_response({"total": calls.total(), "by_route": dict(calls)})


@area.route("DELETE", "/slipway/calls", needs="")
def delete_calls(ask: Ask) -> Response:
    ask.world.faults.calls.clear()
    return json_response(None, HTTPStatus.NO_CONTENT)


def _shown(job: Job) -> Json:
    return {**job.shown(), "repository": job.run.repository.slug}


def _job(ask: Ask) -> Job:
    number = ask.path["job"]
    found = ask.world.automation.jobs.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found


def _runner(ask: Ask) -> Runner:
    number = ask.path["runner"]
    found = ask.world.automation.runners.get(int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found
