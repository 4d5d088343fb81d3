"""What a fleet is told: its classes, its code and where it runs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pulumi

from slipway.errors import SlipwayError
from slipway.platform import aws_names
from slipway.platform.fleet_names import FleetNames
from slipway.platform.naming import GITHUB_API
from slipway.platform.runner_classes import RunnerClassSettings, RunnerSettings

LOG_DAYS = 30
"""How long the logs of functions, API and boots are kept."""

UserData = Callable[[str, str], str]
"""The text that an instance boots with, by class and address of the fleet's API."""


@dataclass(frozen=True, kw_only=True)
class CodeArgs:
    """The folders that the functions are zipped from, unless they come as a container image."""

    root: Path
    """The folder that holds the package `runners`."""
    build: Path
    """Where the zip files are written, named by their content."""


@dataclass(frozen=True, kw_only=True)
class RunnerFleetArgs:
    """A fleet in one account and region, for one GitHub organisation."""

    fleet: str
    account: str
    region: str
    boundary_arn: str
    organization: str
    runners: RunnerSettings
    """The fleet as a stack file describes it: its App, its classes and where alarms go to."""
    repository_ids: Mapping[str, int]
    """Numeric ids of the repositories that its classes serve, by `owner/name`."""
    cicd_role_arns: Mapping[str, str] = field(default_factory=dict[str, str])
    """The CICD role of each class that opts in."""
    subnet_ids: pulumi.Input[Sequence[str]]
    """All private subnets: one per zone."""
    security_group_id: pulumi.Input[str]
    """The group that lets instances out to port 443 and nothing in."""
    image_build_security_group_id: pulumi.Input[str]
    """The group of the instance that an image is built on."""
    code: CodeArgs
    user_data: UserData
    minimum_runner_version: str
    github_api_url: str = GITHUB_API
    function_endpoint: str | None = None
    """Where the functions find AWS; only on the embedded cloud."""
    protect_table: bool = True
    """Whether the table cannot be deleted, and the webhook's secret only after a week."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for names that AWS would refuse, and for what a class needs and is not given."""
        where = f"runner fleet {self.fleet}"
        aws_names.check_boundary(self.boundary_arn, where)
        FleetNames(fleet=self.fleet, account=self.account, region=self.region)
        for arn in self.cicd_role_arns.values():
            aws_names.check_role_arn(arn, where)
        for name, runner_class in self.runners.classes.items():
            if runner_class.cicd and name not in self.cicd_role_arns:
                raise SlipwayError(f"class {name} opts in to a CICD role that is not given", where=where)
            unknown = sorted(set(runner_class.repositories) - set(self.repository_ids))
            if unknown:
                raise SlipwayError(f"class {name} serves {unknown[0]}, whose id is not given", where=where)

    @property
    def names(self) -> FleetNames:
        """What everything of the fleet is called."""
        return FleetNames(fleet=self.fleet, account=self.account, region=self.region)

    @property
    def classes(self) -> Mapping[str, RunnerClassSettings]:
        """The classes, by name."""
        return self.runners.classes
