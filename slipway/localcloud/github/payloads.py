"""What GitHub sends about runs and jobs, as far as anybody reads it.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job and #workflow_run
"""

from slipway.localcloud.github.automation import Job, Run
from slipway.localcloud.github.model import Json, Owner, Repository

_WORKFLOW = {"id": 1, "name": "CI", "path": ".github/workflows/ci.yml", "state": "active"}
_SENDER = {"login": "octocat", "id": 1, "type": "User"}


def job_event(job: Job, action: str) -> Json:
    """The payload of `workflow_job`, without the installation, which is the App's."""
    return {"action": action, "workflow_job": job_fields(job), **_common(job.run.repository)}


def run_event(run: Run, action: str, status: str, conclusion: str | None = None) -> Json:
    """The payload of `workflow_run`, without the installation."""
    fields = run_fields(run, status, conclusion)
    return {"action": action, "workflow_run": fields, "workflow": _WORKFLOW, **_common(run.repository)}


def job_fields(job: Job) -> Json:
    """The REST form of a job too: https://docs.github.com/en/rest/actions/workflow-jobs"""
    slug = job.run.repository.slug
    return {
        **job.shown(),
        "started_at": job.started_at or job.created_at,
        "node_id": f"CR_{job.id}",
        "run_url": f"https://api.github.com/repos/{slug}/actions/runs/{job.run.id}",
        "url": f"https://api.github.com/repos/{slug}/actions/jobs/{job.id}",
        "html_url": f"https://github.com/{slug}/actions/runs/{job.run.id}/job/{job.id}",
        "workflow_name": _WORKFLOW["name"],
        "head_branch": job.run.branch,
        "head_sha": job.run.sha,
        "steps": [],
        "runner_group_name": None,
    }


def run_fields(run: Run, status: str, conclusion: str | None) -> Json:
    """The REST form of a run too: https://docs.github.com/en/rest/actions/workflow-runs"""
    return {
        "id": run.id,
        "name": _WORKFLOW["name"],
        "event": run.event,
        "status": status,
        "conclusion": conclusion,
        "run_attempt": run.attempt,
        "run_number": run.id,
        "workflow_id": _WORKFLOW["id"],
        "path": run.path,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "head_repository": run.head,
        "repository": repository_fields(run.repository),
        "created_at": run.created_at,
        "updated_at": run.created_at,
        "run_started_at": run.created_at,
    }


def repository_fields(repository: Repository) -> Json:
    return {
        "id": repository.id,
        "node_id": f"R_{repository.id}",
        "name": repository.name,
        "full_name": repository.slug,
        "private": repository.visibility != "public",
        "visibility": repository.visibility,
        "fork": False,
        "owner": _account(repository.owner),
        "default_branch": repository.default_branch,
    }


def _common(repository: Repository) -> Json:
    return {
        "repository": repository_fields(repository),
        "organization": {"login": repository.owner.login, "id": repository.owner.id},
        "sender": _SENDER,
    }


def _account(owner: Owner) -> Json:
    return {"login": owner.login, "id": owner.id, "type": owner.type}
