"""What a fleet is told: its classes, their images, its code and where it runs."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import pulumi

from components.network.network import RETENTION_DAYS
from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.fleet_names import CLASS_NAME, LONGEST_NAME, RESERVED_NAMES, FleetNames

_LABEL = re.compile(r"[A-Za-z0-9._-]{1,100}")
_SLUG = re.compile(r"(?P<owner>[\w-]+)/[\w.-]+", re.ASCII)
_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*[0-9][a-z0-9-]*\.[a-z0-9-]+")
_WORKFLOW = re.compile(r"[\w.-]+/[\w.-]+/\.github/workflows/[\w./-]+\.ya?ml@[\w./-]+")
_IMAGE = re.compile(r"ami-[0-9a-f]{8,17}")
_VERSION = re.compile(r"[0-9]+(?:\.[0-9]+){2}")
_TOPIC = re.compile(r"arn:aws:sns:[a-z0-9-]+:[0-9]{12}:[\w-]{1,256}", re.ASCII)
_BY_DIGEST = re.compile(r"[^@\s]+@sha256:[0-9a-f]{64}")
_MOST_TYPES = 40  # Auto Scaling API Reference, LaunchTemplate.Overrides
_SMALLEST_DISK_GIB, _LARGEST_DISK_GIB = 20, 16_384  # EBS User Guide, volume types: gp3


@dataclass(frozen=True, kw_only=True)
class CodeArgs:
    """Where the functions come from: folders that are zipped here, or a container image by digest."""

    root: Path
    """The folder that holds the package `runners`."""
    build: Path
    """Where the zip files are written, named by their content."""
    image_uri: str | None = None

    def __post_init__(self) -> None:
        """Raise SlipwayError for an image by its tag, which could change behind the stack's back."""
        if self.image_uri is not None and not _BY_DIGEST.fullmatch(self.image_uri):
            raise SlipwayError(
                f"{self.image_uri!r} does not name one image", where="runner functions", fix="give its digest"
            )


@dataclass(frozen=True, kw_only=True)
class ImageArgs:
    """A runner image as its tags describe it; `created` is the day it was built, as 2026-11-20."""

    id: str
    created: str
    runner_version: str

    def __post_init__(self) -> None:
        """Raise SlipwayError for what is no image, no version or no day."""
        if not _IMAGE.fullmatch(self.id):
            raise SlipwayError(f"{self.id!r} is no image", where="runner image", fix="give ami-...")
        if not _VERSION.fullmatch(self.runner_version):
            raise SlipwayError(
                f"{self.runner_version!r} is no runner version", where=self.id, fix="give one such as 2.330.0"
            )
        try:
            date.fromisoformat(self.created)
        except ValueError as error:
            raise SlipwayError(
                f"{self.created!r} is no day", where=self.id, fix="give one such as 2026-11-20"
            ) from error


@dataclass(frozen=True, kw_only=True)
class RunnerClassArgs:
    """One kind of runner: which jobs it serves, on what, and for how long (minutes)."""

    name: str
    labels: tuple[str, ...]
    instance_types: tuple[str, ...]
    """In order of preference; all of `architecture`."""
    repositories: Mapping[str, int]
    """Repositories whose jobs it serves, `owner/name`, with their numeric ids."""
    architecture: Literal["x86_64", "arm64"] = "x86_64"
    workflows: tuple[str, ...] = ()
    """The only workflows that may use it, as `owner/name/.github/workflows/file.yml@ref`; all if empty."""
    image: ImageArgs | None = None
    minimum: int = 0
    maximum: int = 10
    spares: int = 0
    capacity: Literal["spot", "on_demand"] = "spot"
    warm_pool: int = 0
    disk_gib: int = 60
    cicd_role_arn: str | None = None
    """The CICD role, where the class opts in to it."""
    public: bool = False
    forks: bool = False
    rerun_interrupted: bool = False
    max_minutes: int = 360
    idle_minutes: int = 10
    boot_minutes: int = 15

    def __post_init__(self) -> None:
        """Raise SlipwayError for what AWS or GitHub would refuse, and for what would let strangers in."""
        if not CLASS_NAME.fullmatch(self.name) or len(self.name) > LONGEST_NAME:
            raise SlipwayError(
                f"{self.name!r} cannot be a runner class's name",
                where=self._where,
                fix=f"use at most {LONGEST_NAME} of a-z 0-9 -",
            )
        if self.name.split("-")[0] in RESERVED_NAMES:
            raise SlipwayError(
                f"{self.name!r} begins like the fleet's own parts", where=self._where, fix="rename it"
            )
        self._check_jobs()
        self._check_machines()
        self._check_numbers()
        self._check_warm_pool()
        self._check_chain()

    @property
    def _where(self) -> str:
        return f"runner class {self.name}"

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

    def _check_jobs(self) -> None:
        wrong = [label for label in self.labels if not _LABEL.fullmatch(label)]
        if not self.labels or wrong:
            raise SlipwayError(
                f"{wrong[0] if wrong else 'nothing'!r} as a label",
                where=self._where,
                fix="use A-Z a-z 0-9 . _ -",
            )
        if len(self.label_set) != len(self.labels):
            raise SlipwayError(
                "a label twice: GitHub ignores their case", where=self._where, fix="name each label once"
            )
        unknown = [ref for ref in self.workflows if not _WORKFLOW.fullmatch(ref)]
        if unknown:
            raise SlipwayError(
                f"{unknown[0]!r} is no workflow",
                where=self._where,
                fix="give owner/name/.github/workflows/file.yml@refs/heads/main",
            )
        if not self.repositories:
            raise SlipwayError("it serves no repository", where=self._where, fix="name at least one")
        for slug, number in self.repositories.items():
            if not _SLUG.fullmatch(slug) or number <= 0:
                raise SlipwayError(
                    f"{slug!r} with id {number} is no repository",
                    where=self._where,
                    fix="give owner/name: id",
                )

    def _check_machines(self) -> None:
        wrong = [one for one in self.instance_types if not _INSTANCE_TYPE.fullmatch(one)]
        if wrong or not 1 <= len(self.instance_types) <= _MOST_TYPES:
            raise SlipwayError(
                f"{', '.join(wrong) or len(self.instance_types)} as instance types",
                where=self._where,
                fix=f"give 1 to {_MOST_TYPES} such as m7i.large",
            )
        misfits = [one for one in self.instance_types if aws_names.architecture_of(one) != self.architecture]
        if misfits:
            raise SlipwayError(
                f"{', '.join(misfits)} cannot run an image for {self.architecture}",
                where=self._where,
                fix="make a class for each architecture",
            )
        if not _SMALLEST_DISK_GIB <= self.disk_gib <= _LARGEST_DISK_GIB:
            raise SlipwayError(
                f"a disk of {self.disk_gib} GiB",
                where=self._where,
                fix=f"give {_SMALLEST_DISK_GIB} to {_LARGEST_DISK_GIB}",
            )

    def _check_numbers(self) -> None:
        if not 0 <= self.minimum <= self.maximum or self.maximum < 1:
            raise SlipwayError(
                f"from {self.minimum} to {self.maximum} instances",
                where=self._where,
                fix="give 0 <= minimum <= maximum and maximum >= 1",
            )
        if not 0 <= self.spares <= self.maximum:
            raise SlipwayError(
                f"{self.spares} spares of at most {self.maximum} instances",
                where=self._where,
                fix="give 0 to the maximum",
            )
        if min(self.max_minutes, self.idle_minutes, self.boot_minutes) < 1:
            raise SlipwayError("a time of no minutes", where=self._where, fix="give at least 1 minute each")

    def _check_warm_pool(self) -> None:
        """Auto Scaling has no warm pool for a group with a mixed instances policy or spot instances
        (EC2 Auto Scaling User Guide, ec2-auto-scaling-warm-pools, "Limitations")."""
        if not 0 <= self.warm_pool <= self.maximum:
            raise SlipwayError(
                f"a warm pool of {self.warm_pool}", where=self._where, fix="give 0 to the maximum"
            )
        if self.warm_pool and (self.capacity != "on_demand" or len(self.instance_types) != 1):
            raise SlipwayError(
                "a warm pool with spot capacity or several instance types",
                where=self._where,
                fix="set capacity to on_demand and name one type, or leave warm_pool out",
            )

    def _check_chain(self) -> None:
        if self.cicd_role_arn is None:
            return
        aws_names.check_role_arn(self.cicd_role_arn, self._where)
        if self.public or self.forks:
            raise SlipwayError(
                "strangers' jobs could deploy: the CICD role goes to every job of the class",
                where=self._where,
                fix="give the CICD role to a class without public repositories and forks",
            )


UserData = Callable[[RunnerClassArgs, str], str]
"""The text that an instance of a class boots with; the second argument is the address of the fleet's API."""


@dataclass(frozen=True, kw_only=True)
class RunnerFleetArgs:
    """A fleet in one account and region, for one GitHub organisation."""

    fleet: str
    account: str
    region: str
    boundary_arn: str
    organization: str
    app_id: int
    installation_id: int
    classes: tuple[RunnerClassArgs, ...]
    subnet_ids: pulumi.Input[Sequence[str]]
    """All private subnets: one per zone."""
    security_group_id: pulumi.Input[str]
    """The group that lets instances out to port 443 and nothing in."""
    image_build_security_group_id: pulumi.Input[str]
    """The group of the instance that an image is built on."""
    code: CodeArgs
    user_data: UserData
    minimum_runner_version: str
    github_api_url: str = "https://api.github.com"
    function_endpoint: str | None = None
    """Where the functions find AWS; only on the embedded cloud."""
    alarm_topic: str | None = None
    """ARN of the SNS topic that alarms go to; without one they only show."""
    log_days: int = 30
    protect_table: bool = True
    """Whether the table cannot be deleted, and the webhook's secret only after a week."""
    webhook_rate: int = 100
    """Webhooks a second that are taken, twice as many in a burst: a job makes about four."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that AWS would refuse, and for classes that cannot be told apart."""
        where = f"runner fleet {self.fleet}"
        aws_names.check_boundary(self.boundary_arn, where)
        FleetNames(fleet=self.fleet, account=self.account, region=self.region)
        if self.app_id <= 0 or self.installation_id <= 0:
            raise SlipwayError(
                "the GitHub App has no id", where=where, fix="make it: slipway runners app create"
            )
        if self.log_days not in RETENTION_DAYS:
            raise SlipwayError(
                f"logs cannot be kept for {self.log_days} days",
                where=where,
                fix=f"choose from {', '.join(map(str, sorted(RETENTION_DAYS)))}",
            )
        if self.alarm_topic is not None and not _TOPIC.fullmatch(self.alarm_topic):
            raise SlipwayError(f"{self.alarm_topic!r} is no SNS topic", where=where, fix="give its ARN")
        if not _VERSION.fullmatch(self.minimum_runner_version):
            raise SlipwayError(f"{self.minimum_runner_version!r} is no runner version", where=where)
        if self.webhook_rate < 1:
            raise SlipwayError("no webhook would be taken", where=where, fix="give a rate of at least 1")
        self._check_classes(where)

    @property
    def names(self) -> FleetNames:
        """What everything of the fleet is called."""
        return FleetNames(fleet=self.fleet, account=self.account, region=self.region)

    def _check_classes(self, where: str) -> None:
        names = [one.name for one in self.classes]
        if not names or len(set(names)) != len(names):
            raise SlipwayError("no class, or one twice", where=where, fix="give each class a name of its own")
        taken: dict[tuple[frozenset[str], str], str] = {}
        for one in self.classes:
            for slug in one.repositories:
                if slug.partition("/")[0].lower() != self.organization.lower():
                    raise SlipwayError(
                        f"{slug} does not belong to {self.organization}", where=f"runner class {one.name}"
                    )
                other = taken.setdefault((one.label_set, slug.lower()), one.name)
                if other != one.name:
                    raise SlipwayError(
                        f"{slug} would find classes {other} and {one.name} by the same labels",
                        where=where,
                        fix="give one of them a label of its own",
                    )
