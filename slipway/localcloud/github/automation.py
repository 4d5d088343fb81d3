"""What the stand-in knows of GitHub Apps, runners and jobs."""

import hashlib
from dataclasses import dataclass, field
from typing import Literal

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from slipway.localcloud.github.model import Allowance, Json, Owner, Repository, now

Status = Literal["queued", "waiting", "in_progress", "completed"]


@dataclass(kw_only=True)
class App:
    """A GitHub App, and its one installation, in the organisation that owns it, on all repositories.

    The private key is handed out once, and not kept.
    """

    id: int
    installation_id: int
    slug: str
    client_id: str
    organization: str
    manifest: Json
    public_key: RSAPublicKey
    hook: Json = field(repr=False)
    """`url`, `secret`, `content_type`, `insecure_ssl`."""
    allowance: Allowance
    installation_allowance: Allowance
    created_at: str = field(default_factory=now)

    @property
    def permissions(self) -> dict[str, str]:
        asked: dict[str, str] = self.manifest.get("default_permissions") or {}
        return {**asked, "metadata": "read"}

    @property
    def events(self) -> list[str]:
        listed: list[str] = self.manifest.get("default_events") or []
        return sorted(listed)


@dataclass(kw_only=True)
class Runner:
    """A just-in-time runner: registered by its configuration, online once it is used, gone after one job."""

    id: int
    name: str
    organization: str
    group_id: int
    labels: tuple[str, ...]
    config_digest: str
    connected: bool = False
    online: bool = False
    job_id: int | None = None

    @property
    def busy(self) -> bool:
        return self.job_id is not None

    def has(self, labels: tuple[str, ...]) -> bool:
        """Whether it has every label that a job asks for; GitHub ignores their case."""
        return {label.lower() for label in labels} <= {label.lower() for label in self.labels}

    def shown(self) -> Json:
        """https://docs.github.com/en/rest/actions/self-hosted-runners"""
        return {
            "id": self.id,
            "name": self.name,
            "os": "unknown" if not self.connected else "linux",
            "status": "online" if self.online else "offline",
            "busy": self.busy,
            "ephemeral": True,
            "runner_group_id": self.group_id,
            "labels": [
                {"id": number, "name": label, "type": "custom"} for number, label in enumerate(self.labels, 1)
            ],
        }


@dataclass(kw_only=True)
class Run:
    """One workflow run; `head` is the repository that its code comes from.

    `path` is the workflow's file; `branch` and `sha` are what it is of.
    """

    id: int
    repository: Repository
    event: str
    head: Json
    path: str
    branch: str
    sha: str
    attempt: int = 1
    created_at: str = field(default_factory=now)


@dataclass(kw_only=True)
class Job:
    """One job of one attempt of a run."""

    id: int
    run: Run
    attempt: int
    name: str
    labels: tuple[str, ...]
    status: Status = "queued"
    conclusion: str | None = None
    runner_id: int | None = None
    runner_name: str | None = None
    runner_group_id: int | None = None
    created_at: str = field(default_factory=now)
    started_at: str | None = None
    completed_at: str | None = None

    def shown(self) -> Json:
        """The fields that the REST form, the webhook's form and the control routes have in common."""
        return {
            "id": self.id,
            "run_id": self.run.id,
            "run_attempt": self.attempt,
            "name": self.name,
            "labels": list(self.labels),
            "status": self.status,
            "conclusion": self.conclusion,
            "runner_id": self.runner_id,
            "runner_name": self.runner_name,
            "runner_group_id": self.runner_group_id,
            "created_at": self.created_at,
            "started_at": self.started_at,
            "completed_at": self.completed_at,
        }


@dataclass
class Automation:
    """All Apps, runners, runs and jobs, by id."""

    apps: dict[int, App] = field(default_factory=dict[int, App])
    reserved: dict[str, tuple[int, int]] = field(default_factory=dict[str, tuple[int, int]])
    """By organisation: the numbers of its next App and of that one's installation."""
    conversions: dict[str, Json] = field(default_factory=dict[str, Json])
    """By code: what the conversion of an App's manifest answers, once."""
    runners: dict[int, Runner] = field(default_factory=dict[int, Runner])
    used_configs: set[str] = field(default_factory=set[str])
    runs: dict[int, Run] = field(default_factory=dict[int, Run])
    jobs: dict[int, Job] = field(default_factory=dict[int, Job])

    def jobs_of(self, run: Run, attempt: int) -> list[Job]:
        return [job for job in self.jobs.values() if job.run is run and job.attempt == attempt]

    def counts(self) -> dict[str, int]:
        """For the status page."""
        return {
            "GitHub Apps": len(self.apps),
            "Runners": len(self.runners),
            "Jobs": len(self.jobs),
        }


def runner_groups(owner: Owner) -> dict[int, Json]:
    """The organisation's groups by id; one is there from the start."""
    groups = owner.runner_groups
    if not groups:
        default: Json = {"id": 1, "name": "Default", "default": True, "inherited": False, "visibility": "all"}
        default |= {"allows_public_repositories": False, "restricted_to_workflows": False}
        groups[1] = {**default, "selected_workflows": [], "selected_repository_ids": []}
    return groups


def digest(config: str) -> str:
    """What is kept of a runner's configuration: enough to know it again, not to use it."""
    return hashlib.sha256(config.encode()).hexdigest()
