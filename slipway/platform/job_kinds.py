"""What a GitHub environment is for, told by its name unless the stack file says otherwise.

One table holds the defaults of every environment that the pipeline seeds name, so that a service block needs
to list names only. Refs are GitHub deployment branch and tag policies: `*` does not match `/`, and a job of a
pull request runs on `refs/pull/<n>/merge` (GitHub docs: "Deployments and environments").
"""

from dataclasses import dataclass
from enum import StrEnum


class JobKind(StrEnum):
    """What one job of a service does; each kind has its own grants."""

    BUILD = "build"
    CHART = "chart"
    PREVIEW_BUILD = "preview-build"
    PREVIEW = "preview"
    DEPLOY = "deploy"
    MIGRATE = "migrate"

    @property
    def in_workload(self) -> bool:
        """Whether the job works on a cluster, so that its role belongs to a workload account."""
        return self in (JobKind.PREVIEW, JobKind.DEPLOY, JobKind.MIGRATE)


@dataclass(frozen=True, kw_only=True)
class EnvironmentDefaults:
    """Jobs and refs of an environment whose block in the stack file is empty."""

    jobs: tuple[JobKind, ...]
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reviewed: bool = False
    """Whether somebody must approve: the stack's reviewers are asked unless the block names others."""

    own_namespace: bool = True
    """False where the environment shares the namespace that carries the service's plain name."""


PULL_REQUESTS = "refs/pull/*/merge"

_PULL_REQUEST_DEPLOY = EnvironmentDefaults(jobs=(JobKind.DEPLOY,), branches=(PULL_REQUESTS,))

_DEFAULTS = {
    "build": EnvironmentDefaults(jobs=(JobKind.BUILD,), branches=("main",), tags=("v*",)),
    "hotfix-build": EnvironmentDefaults(jobs=(JobKind.BUILD,), branches=("release/*",)),
    "preview-build": EnvironmentDefaults(jobs=(JobKind.PREVIEW_BUILD,), branches=(PULL_REQUESTS,)),
    "chart": EnvironmentDefaults(jobs=(JobKind.CHART,), branches=("main",)),
    "preview": EnvironmentDefaults(jobs=(JobKind.PREVIEW,), branches=(PULL_REQUESTS,)),
    "dev": EnvironmentDefaults(jobs=(JobKind.DEPLOY,), branches=("main",)),
    "hotfix": _PULL_REQUEST_DEPLOY,
    "staging": EnvironmentDefaults(
        jobs=(JobKind.DEPLOY, JobKind.MIGRATE), branches=("main",), tags=("v*",), own_namespace=False
    ),
    "production": EnvironmentDefaults(
        jobs=(JobKind.DEPLOY,), branches=("release/*",), tags=("v*",), reviewed=True, own_namespace=False
    ),
    "prod": EnvironmentDefaults(
        jobs=(JobKind.MIGRATE,), branches=("main",), tags=("v*",), reviewed=True, own_namespace=False
    ),
}


def defaults_for(name: str) -> EnvironmentDefaults | None:
    """Defaults of an environment by its name; None for a name that says nothing, which must then say all."""
    if name.startswith("qa") and name[2:].isdigit():
        return _PULL_REQUEST_DEPLOY
    return _DEFAULTS.get(name)


def known_names() -> tuple[str, ...]:
    """Names with defaults, for messages."""
    return (*sorted(_DEFAULTS), "qa1…qaN")
