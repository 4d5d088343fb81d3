"""What a GitHub environment is for, told by its name unless the service's file says otherwise.

One table holds the defaults of every environment that the pipeline seeds name, so that a service's file needs
to list names only. Refs are GitHub deployment branch and tag policies: `*` does not match `/`, and a job of a
pull request runs on `refs/pull/<n>/merge` (GitHub docs: "Deployments and environments").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Final

from slipway.platform.stack import Stack


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
    """What an environment is whose block in the service's file is empty."""

    stack: Stack
    jobs: tuple[JobKind, ...]
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    reviewed: bool = False
    """Whether somebody must approve: the organisation's reviewers are asked unless the block names others."""

    own_namespace: bool = True
    """False where the environment uses the namespace that carries the package's plain name."""

    below_production: bool = True
    """Whether its host carries the environment's name."""

    @property
    def admits_pull_requests(self) -> bool:
        """Whether code that nobody has reviewed may run there, as far as that cannot be ruled out."""
        patterns = self.branches or (() if self.tags else ("*",))
        return any(
            pattern.startswith("refs/") or fnmatchcase("refs/pull/1/merge", pattern) for pattern in patterns
        )


PULL_REQUESTS = "refs/pull/*/merge"

_PULL_REQUEST_DEPLOY = EnvironmentDefaults(
    stack=Stack.STAGING, jobs=(JobKind.DEPLOY,), branches=(PULL_REQUESTS,)
)

DEFAULTS: Final[Mapping[str, EnvironmentDefaults]] = {
    "build": EnvironmentDefaults(
        stack=Stack.AUTOMATION, jobs=(JobKind.BUILD,), branches=("main",), tags=("v*",)
    ),
    "hotfix-build": EnvironmentDefaults(
        stack=Stack.AUTOMATION, jobs=(JobKind.BUILD,), branches=("release/*",)
    ),
    "preview-build": EnvironmentDefaults(
        stack=Stack.AUTOMATION, jobs=(JobKind.PREVIEW_BUILD,), branches=(PULL_REQUESTS,)
    ),
    "chart": EnvironmentDefaults(stack=Stack.AUTOMATION, jobs=(JobKind.CHART,), branches=("main",)),
    "preview": EnvironmentDefaults(stack=Stack.STAGING, jobs=(JobKind.PREVIEW,), branches=(PULL_REQUESTS,)),
    "dev": EnvironmentDefaults(stack=Stack.STAGING, jobs=(JobKind.DEPLOY,), branches=("main",)),
    "hotfix": _PULL_REQUEST_DEPLOY,
    "staging": EnvironmentDefaults(
        stack=Stack.STAGING,
        jobs=(JobKind.DEPLOY, JobKind.MIGRATE),
        branches=("main",),
        tags=("v*",),
        own_namespace=False,
    ),
    "production": EnvironmentDefaults(
        stack=Stack.PROD,
        jobs=(JobKind.DEPLOY,),
        branches=("release/*",),
        tags=("v*",),
        reviewed=True,
        own_namespace=False,
        below_production=False,
    ),
    "prod": EnvironmentDefaults(
        stack=Stack.PROD,
        jobs=(JobKind.MIGRATE,),
        branches=("main",),
        tags=("v*",),
        reviewed=True,
        own_namespace=False,
        below_production=False,
    ),
}
"""By name; `qa1`, `qa2` and so on are all alike."""


def defaults_for(name: str) -> EnvironmentDefaults | None:
    """Defaults of an environment by its name; None for a name that says nothing, which must then say all."""
    if name.startswith("qa") and name[2:].isdigit():
        return _PULL_REQUEST_DEPLOY
    return DEFAULTS.get(name)


def known_names() -> tuple[str, ...]:
    """Names with defaults, for messages."""
    return (*sorted(DEFAULTS), "qa1…qaN")
