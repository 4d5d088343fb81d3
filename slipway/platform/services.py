"""What a service is: the file `services/<name>.yaml`, which its team owns and every stack reads."""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from slipway.platform.declaration import SubjectForm
from slipway.platform.job_kinds import JobKind
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


class DatabaseSettings(Model):
    """The in-cluster Secret that a chart reads its connection from."""

    secret: Namespace
    """Its name, in the environment's namespace."""
    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
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
    """Which form of `sub` its tokens carry; `both` only while it moves from one to the other."""
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
