"""The block `runners` of a stack file: the fleet, and its classes, each with the rules that it must keep."""

import datetime
import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, ValidationInfo, field_validator

from slipway.platform.aws_names import architecture_of
from slipway.platform.fleet_names import FLEET_NAME, LONGEST_NAME, RESERVED_NAMES
from slipway.platform.mistakes import text_of
from slipway.platform.model import Model
from slipway.platform.values import RepositorySlug

_LABEL = re.compile(r"[A-Za-z0-9._-]{1,100}")


def _labels(value: tuple[str, ...]) -> tuple[str, ...]:
    # A job waits for ever for a label that no runner has, so odd ones are refused here.
    for label in value:
        if not _LABEL.fullmatch(label):
            message = f"{label!r} must be 1 to 100 letters, digits or any of . _ -"
            raise ValueError(message)
    if len({label.lower() for label in value}) != len(value):
        message = "must not name a label twice: GitHub ignores case in labels"
        raise ValueError(message)
    return value


def _not_reserved(name: str) -> str:
    if name.split("-", maxsplit=1)[0] in RESERVED_NAMES:
        message = (
            f"a name that does not begin with '{name.split('-', maxsplit=1)[0]}', as the fleet's own parts do"
        )
        raise ValueError(message)
    return name


def _day(value: str) -> str:
    try:
        datetime.date.fromisoformat(value)
    except ValueError as error:
        message = "must be a day such as '2026-11-20', in quotes"
        raise ValueError(message) from error
    return value


ClassName = Annotated[
    str,
    text_of(
        rf"^{FLEET_NAME.pattern}$",
        "lower-case letters, digits and single hyphens, beginning with a letter",
        max_length=LONGEST_NAME,
    ),
    AfterValidator(_not_reserved),
]
"""A runner class. Its instance role is `runner-<stack>-<class>`, and IAM takes 64 characters."""

Labels = Annotated[tuple[str, ...], Field(min_length=1, examples=[["self-hosted"]]), AfterValidator(_labels)]
InstanceType = Annotated[str, text_of(r"^[a-z0-9-]+\.[a-z0-9-]+$", "an EC2 instance type, such as m7i.large")]
ImageId = Annotated[str, text_of(r"^ami-[0-9a-f]{8,17}$", "an AMI's id: ami- and 8 to 17 of 0-9 a-f")]
WorkflowRef = Annotated[
    str,
    text_of(
        r"^[\w.-]+/[\w.-]+/\.github/workflows/[\w./-]+\.ya?ml@[\w./-]+$",
        "a workflow as owner/repository/.github/workflows/file.yml@ref",
    ),
]
"""`owner/repository/.github/workflows/file.yml@ref` (GitHub REST, runner groups, selected_workflows)."""


class RunnerImage(Model):
    """A runner image, as the job that built it prints it: its id, and what its tags say."""

    id: ImageId
    """The AMI."""
    built: Annotated[str, AfterValidator(_day)]
    """The day that it was built on, `"2026-11-20"`, quoted in YAML."""
    runner_version: Annotated[str, text_of(r"^\d+\.\d+\.\d+$", "a version of three numbers, such as 2.330.0")]
    """Version of GitHub's runner in it."""


class RunnerClassSettings(Model):
    """One class of runners: which jobs it serves, and on what."""

    labels: Labels
    """A job that asks for no other labels than these is served."""
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    """Of image and instance types."""
    instance_types: Annotated[
        tuple[InstanceType, ...], Field(min_length=1, max_length=40, examples=[["m7i.large"]])
    ]
    """In order of preference, all of `architecture` (Auto Scaling API, LaunchTemplate.Overrides: 40)."""
    every_repository: bool = False
    """Whether it serves every service's repository and the platform's own, but for public ones."""
    repositories: Annotated[
        tuple[RepositorySlug, ...], Field(validate_default=True, examples=[["acme/app"]])
    ] = ()
    """Repositories whose jobs it serves, among the services' and the platform's own."""
    workflows: tuple[WorkflowRef, ...] = ()
    """The only workflows that may use it; every workflow of those repositories if empty."""
    maximum: Annotated[int, Field(ge=1, le=500)] = 10
    """Instances at most."""
    minimum: Annotated[int, Field(ge=0, le=500)] = 0
    """Instances that are always there."""
    spares: Annotated[int, Field(ge=0, le=100)] = 0
    """Instances kept waiting for the next job."""
    capacity: Literal["spot", "on_demand"] = "spot"
    """Spot instances cost less, and one may be taken away from under its job."""
    warm_pool: Annotated[int, Field(ge=0, le=100)] = 0
    """Stopped instances kept ready; only for an on-demand class."""
    image: RunnerImage | None = None
    """The runner image; without one the class comes up with a maximum of 0."""
    disk_gib: Annotated[int, Field(ge=20, le=16_384)] = 60
    """The disk of an instance, in GiB."""
    cicd: bool = False
    """Whether its jobs may use their service's CICD role, and with it what `cicd_chain` leads to."""
    public: bool = False
    """Whether jobs of public repositories are served: anyone's pull request may be one."""
    forks: bool = False
    """Whether jobs of pull requests from forks are served."""
    rerun_interrupted: bool = False
    """Whether a job whose spot instance was taken is run again; not every job can be."""
    max_minutes: Annotated[int, Field(ge=5, le=7_200)] = 360
    """How long a job may take, in minutes."""
    idle_minutes: Annotated[int, Field(ge=1, le=1_440)] = 10
    """How long an instance waits for a job before it ends, in minutes."""
    boot_minutes: Annotated[int, Field(ge=2, le=60)] = 15
    """How long an instance may take to become a runner, and its runner then to get a job, in minutes."""

    @field_validator("instance_types")
    @classmethod
    def _of_the_architecture(cls, types: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        wanted = info.data.get("architecture", "x86_64")
        for name in types:
            if architecture_of(name) != wanted:
                message = (
                    f"types for {wanted}, not {name}, which is for {architecture_of(name)}: "
                    "a class has one image"
                )
                raise ValueError(message)
        return types

    @field_validator("repositories")
    @classmethod
    def _some_or_every(cls, repositories: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if bool(repositories) == bool(info.data.get("every_repository")):
            message = "at least one, or 'every_repository: true' and none"
            raise ValueError(message)
        return repositories

    @field_validator("minimum", "spares", "warm_pool")
    @classmethod
    def _not_above_the_maximum(cls, number: int, info: ValidationInfo) -> int:
        maximum = info.data.get("maximum")
        if isinstance(maximum, int) and number > maximum:
            message = f"at most maximum ({maximum})"
            raise ValueError(message)
        return number

    @field_validator("warm_pool")
    @classmethod
    def _only_where_auto_scaling_has_one(cls, number: int, info: ValidationInfo) -> int:
        """No warm pool of spot instances (EC2 Auto Scaling User Guide, "Limitations" of warm pools)."""
        if number and info.data.get("capacity") != "on_demand":
            message = "0, or 'capacity: on_demand': spot instances cannot be stopped and kept"
            raise ValueError(message)
        return number

    @field_validator("public", "forks")
    @classmethod
    def _no_outsider_gets_the_cicd_role(cls, served: bool, info: ValidationInfo) -> bool:
        if served and info.data.get("cicd"):
            message = "false beside 'cicd: true': every job of the class gets the CICD role, outsiders' too"
            raise ValueError(message)
        return served

    @property
    def life_minutes(self) -> int:
        """The longest that an instance lives: it boots, waits, and runs one job."""
        return self.boot_minutes + self.idle_minutes + self.max_minutes

    @property
    def limit(self) -> int:
        """The most instances that there may be: none before there is an image to start them from."""
        return self.maximum if self.image else 0

    @property
    def label_set(self) -> frozenset[str]:
        """The labels as GitHub compares them: without case."""
        return frozenset(label.lower() for label in self.labels)


class RunnerSettings(Model):
    """The fleet. Its GitHub App is made by `slipway runners app create`, which prints both numbers."""

    app_id: Annotated[int, Field(gt=0)]
    """The App's number."""
    installation_id: Annotated[int, Field(gt=0)]
    """The number of its installation in the organisation."""
    classes: Annotated[dict[ClassName, RunnerClassSettings], Field(min_length=1)]
    """Kinds of runners."""
    functions_image: (
        Annotated[
            str,
            text_of(
                r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$",
                "the address of an image in ECR by its digest, that ends in @sha256:…",
            ),
        ]
        | None
    ) = None
    """A container image with the functions, by digest, where they are not deployed as zip files."""
    alarm_topic: (
        Annotated[
            str,
            text_of(
                r"^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]+$",
                "an SNS topic's ARN, arn:aws:sns:REGION:ACCOUNT:NAME",
            ),
        ]
        | None
    ) = None
    """The SNS topic that alarms go to; they only change colour if there is none."""
    webhook_rate: Annotated[int, Field(ge=1, le=10_000)] = 100
    """Webhooks a second that are taken, twice as many in a burst: a job makes about four."""

    def serving(self, repositories: Mapping[str, str]) -> "RunnerSettings":
        """The fleet with the repositories filled in of the classes that serve every one.

        Args:
            repositories: the visibility of each, by slug. Public ones are only for a public class.
        """
        classes = {
            name: block.model_copy(
                update={
                    "repositories": tuple(
                        slug
                        for slug, visibility in repositories.items()
                        if visibility != "public" or block.public
                    )
                }
            )
            if block.every_repository
            else block
            for name, block in self.classes.items()
        }
        return self.model_copy(update={"classes": classes})
