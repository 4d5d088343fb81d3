"""What a service is: the file `services/<name>.yaml`, which its team owns and every stack reads.

What an environment is for is told by its name unless the file says otherwise: one table holds the defaults,
so that a file needs to list names only. Refs are GitHub deployment branch and tag policies: `*` does not
match `/`, and a job of a pull request runs on `refs/pull/<n>/merge` (GitHub docs: "Deployments and
environments").
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Final, Literal

from pydantic import ConfigDict, Field

from slipway.platform.declaration import SubjectForm
from slipway.platform.mistakes import text_of
from slipway.platform.model import Model
from slipway.platform.stack import Stack
from slipway.platform.values import (
    ChartPath,
    EnvironmentName,
    Hostname,
    Images,
    Namespace,
    OwnNamespace,
    RefPatterns,
    RepositorySlug,
    ReviewerNames,
    ServiceName,
    ValuesPath,
)


class JobKind(StrEnum):
    """What one job of a service does; each kind has its own grants."""

    BUILD = "build"
    CHART = "chart"
    PROMOTE = "promote"
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


PULL_REQUESTS = "refs/pull/*/merge"
"""A pull request that is closed by merging is not among them: that event's ref is the branch that it was
merged to (https://docs.github.com/en/actions/reference/workflows-and-actions/variables, GITHUB_REF). What a
pull request was given can be taken down again only where its environment admits that branch, too."""

QA: Final = EnvironmentDefaults(stack=Stack.STAGING, jobs=(JobKind.DEPLOY,), branches=(PULL_REQUESTS, "main"))
"""Of `qa1`, `qa2` and so on."""

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
    "promote": EnvironmentDefaults(
        stack=Stack.AUTOMATION, jobs=(JobKind.PROMOTE,), branches=("main", "release/*"), tags=("v*",)
    ),
    "preview": EnvironmentDefaults(
        stack=Stack.STAGING, jobs=(JobKind.PREVIEW,), branches=(PULL_REQUESTS, "main")
    ),
    "dev": EnvironmentDefaults(stack=Stack.STAGING, jobs=(JobKind.DEPLOY,), branches=("main",)),
    "hotfix": EnvironmentDefaults(
        stack=Stack.STAGING, jobs=(JobKind.DEPLOY,), branches=(PULL_REQUESTS, "release/*")
    ),
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
"""By name, but for `QA`."""


def defaults_for(name: str) -> EnvironmentDefaults | None:
    """Defaults of an environment by its name; None for a name that says nothing, which must then say all."""
    if name.startswith("qa") and name[2:].isdigit():
        return QA
    return DEFAULTS.get(name)


def known_names() -> tuple[str, ...]:
    """Names with defaults, for messages."""
    return (*sorted(DEFAULTS), "qa1…qaN")


class DatabaseSettings(Model):
    """The in-cluster Secret that a chart reads its connection from."""

    secret: Namespace
    """Its name, in the environment's namespace."""
    key: Annotated[
        str, text_of(r"^[-._a-zA-Z0-9]{1,253}$", "a key of a Secret: up to 253 letters, digits and . _ -")
    ]
    """The key in it that holds the URL."""


class Package(Model):
    """What is built and released as one: images, a chart, a host."""

    images: Images
    """What is built: an ECR repository `<package>/<image>` for each."""
    hostname: Hostname
    """The host in production; an environment below it gets `<environment>.<hostname>`."""
    chart: ChartPath | None = None
    """A chart in this repository; without one, the chart that the service's own jobs have pushed."""
    values: ValuesPath | None = None
    """A file with the chart's values that hold in every environment; published for the deploy jobs."""
    database: DatabaseSettings | None = None


class EnvironmentSettings(Model):
    """One GitHub environment. A block left empty takes everything from its name (docs/settings.md)."""

    stack: Literal[Stack.AUTOMATION, Stack.STAGING, Stack.PROD] | None = None
    """Where it is; needed only for a name that says nothing."""
    jobs: Annotated[tuple[JobKind, ...], Field(min_length=1)] | None = None
    """What its jobs do, each kind with rights of its own."""
    branches: RefPatterns | None = None
    """Branches whose jobs may use it, as GitHub's patterns."""
    tags: RefPatterns | None = None
    """Tags whose jobs may use it."""
    reviewers: ReviewerNames | None = None
    """Who approves, in place of the organisation's reviewers; within its limits."""
    wait_minutes: Annotated[int, Field(ge=0, le=43_200)] = 0
    """How long a job waits before it begins, in minutes."""
    prevent_self_review: bool = True
    """Whether whoever started a job may not approve it."""
    namespace: OwnNamespace | None = None
    """Where it deploys to."""
    hostname: Hostname | None = None
    """Its host; `<environment>.<hostname>` below production."""


class ServiceSettings(Model):
    """One service: a repository, its environments, and the packages that are built there."""

    model_config = ConfigDict(
        json_schema_extra={"oneOf": [{"required": ["images", "hostname"]}, {"required": ["packages"]}]}
    )

    repository: RepositorySlug
    """Where it is built and deployed from."""
    repository_id: Annotated[int, Field(gt=0, examples=[70001])]
    """Its number: `gh api repos/<owner>/<name> --jq .id`. A new repository of that name has another."""
    environments: Annotated[dict[EnvironmentName, EnvironmentSettings], Field(min_length=1)]
    """A list of names, or a block for each name that says more than the name does."""
    images: Annotated[Images | None, Field(examples=[["server"]])] = None
    """What is built: an ECR repository `<service>/<image>` for each."""
    hostname: Hostname | None = None
    """The host in production; an environment below it gets `<environment>.<hostname>`."""
    chart: ChartPath | None = None
    """A chart in this repository; without one, the chart that the service's own jobs have pushed."""
    values: ValuesPath | None = None
    """A file with the chart's values that hold in every environment; published for the deploy jobs."""
    database: DatabaseSettings | None = None
    packages: Annotated[dict[ServiceName, Package], Field(min_length=1)] | None = None
    """Instead of the five keys above, where a repository holds several packages."""
    visibility: Literal["public", "private", "internal"] = "private"
    """As GitHub has it; the plan may protect less in a private repository."""
    subject: SubjectForm = SubjectForm.IMMUTABLE
    """Which form of `sub` its tokens carry. `gh api repos/<owner>/<name>/actions/oidc/customization/sub --jq
    .use_immutable_subject` tells: true is `immutable`, false `legacy`; `both` while it moves."""
    enforce: bool = False
    """Rulesets, required checks and SHA pinning: switched on once the repository has its workflows."""
    role_arn_as_secret: bool = False
    """Whether `AWS_ROLE_ARN` is a secret besides, for workflows that still read `secrets.AWS_ROLE_ARN`."""
    status_checks: tuple[str, ...] = ()
    """Checks that a pull request must pass, where `enforce` is on."""
    qa_environments: Annotated[int, Field(ge=0, le=20)] = 0
    """How many `deploy/qa<n>` labels the repository has."""

    def packages_of(self, service: str) -> dict[str, Package]:
        """The packages by name; a service without the block `packages` is one, of its own name.

        Args:
            service: the service's name.
        """
        if self.packages is not None:
            return dict(self.packages)
        if self.images is None or self.hostname is None:
            return {}
        package = Package(
            images=self.images,
            hostname=self.hostname,
            chart=self.chart,
            values=self.values,
            database=self.database,
        )
        return {service: package}


PACKAGE_KEYS = tuple(Package.model_fields)
"""Keys of a service that say what its one package is; they stand under `packages` where it has several."""
