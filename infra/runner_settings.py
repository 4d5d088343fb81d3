"""The block `runners` of a stack file: the fleet, and its classes."""

import datetime
import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

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


def _day(value: str) -> str:
    try:
        datetime.date.fromisoformat(value)
    except ValueError as error:
        message = "must be a day such as '2026-11-20', in quotes"
        raise ValueError(message) from error
    return value


ClassName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=20)]
"""A runner class. Its instance role is `runner-<stack>-<class>`, and IAM takes 64 characters."""

Labels = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_labels)]
InstanceType = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.[a-z0-9-]+$")]
ImageId = Annotated[str, StringConstraints(pattern=r"^ami-[0-9a-f]{8,17}$")]
WorkflowRef = Annotated[
    str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+/\.github/workflows/[\w./-]+\.ya?ml@[\w./-]+$")
]
"""`owner/repository/.github/workflows/file.yml@ref` (GitHub REST, runner groups, selected_workflows)."""


class RunnerImage(Model):
    """A runner image, as the job that built it prints it: its id, and what its tags say."""

    id: ImageId
    built: Annotated[str, AfterValidator(_day)]
    """The day that it was built on, `"2026-11-20"`, quoted in YAML."""
    runner_version: Annotated[str, StringConstraints(pattern=r"^\d+\.\d+\.\d+$")]


class RunnerClassSettings(Model):
    """One class of runners: which jobs it serves, and on what."""

    labels: Labels
    instance_types: Annotated[tuple[InstanceType, ...], Field(min_length=1, max_length=40)]
    repositories: Annotated[tuple[RepositorySlug, ...], Field(min_length=1)]
    """Repositories whose jobs it serves, of those in this stack file."""
    workflows: tuple[WorkflowRef, ...] = ()
    """The only workflows that may use it; every workflow of those repositories if empty."""
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    minimum: Annotated[int, Field(ge=0, le=500)] = 0
    maximum: Annotated[int, Field(ge=1, le=500)] = 10
    spares: Annotated[int, Field(ge=0, le=100)] = 0
    """Instances kept waiting for the next job."""
    capacity: Literal["spot", "on_demand"] = "spot"
    warm_pool: Annotated[int, Field(ge=0, le=100)] = 0
    """Stopped instances kept ready; only for an on-demand class of one instance type."""
    image: RunnerImage | None = None
    """The runner image; without one the class comes up with a maximum of 0."""
    disk_gib: Annotated[int, Field(ge=20, le=16_384)] = 60
    cicd: bool = False
    """Whether its jobs may use the CICD role, and through it the deploy roles of `cicd_chain`."""
    public: bool = False
    """Whether jobs of public repositories are served: anyone's pull request may be one."""
    forks: bool = False
    """Whether jobs of pull requests from forks are served."""
    rerun_interrupted: bool = False
    """Whether a job whose spot instance was taken is run again; not every job can be."""
    max_minutes: Annotated[int, Field(ge=5, le=7_200)] = 360
    """How long a job may take, in minutes."""
    idle_minutes: Annotated[int, Field(ge=1, le=1_440)] = 10
    boot_minutes: Annotated[int, Field(ge=2, le=60)] = 15


class RunnerSettings(Model):
    """The fleet. Its GitHub App is made by `slipway runners app create`, which prints both numbers."""

    app_id: Annotated[int, Field(gt=0)]
    installation_id: Annotated[int, Field(gt=0)]
    classes: Annotated[dict[ClassName, RunnerClassSettings], Field(min_length=1)]
    functions_image: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^\d{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com/[a-z0-9._/-]+@sha256:[0-9a-f]{64}$"
            ),
        ]
        | None
    ) = None
    """A container image with the functions, by digest, where they are not deployed as zip files."""
    alarm_topic: (
        Annotated[str, StringConstraints(pattern=r"^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]+$")] | None
    ) = None
    """The SNS topic that alarms go to; they only change colour if there is none."""
