"""The declaration of access: repositories, their jobs, what each may do, and the roles that follow."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming
from slipway.platform.grants import (
    ApplyStack,
    AssumeRoles,
    ChangeFleet,
    DescribeCluster,
    Grant,
    MarkImages,
    PlanStack,
    PullImages,
    PushImages,
    PutPlans,
    ReadFleet,
    ReadParameters,
    ReadPlans,
    ReadState,
    UseState,
)

__all__ = [
    "ApplyStack",
    "AssumeRoles",
    "ChangeFleet",
    "DescribeCluster",
    "Grant",
    "Job",
    "MarkImages",
    "PlanStack",
    "PullImages",
    "PushImages",
    "PutPlans",
    "ReadFleet",
    "ReadParameters",
    "ReadPlans",
    "ReadState",
    "Repository",
    "RoleDeclaration",
    "SubjectForm",
    "UseState",
]

_OWNER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?")
_REPOSITORY = re.compile(r"[A-Za-z0-9._-]{1,100}")
_LONGEST_ENVIRONMENT = 255


class SubjectForm(StrEnum):
    """Which form of `sub` a repository's tokens carry; BOTH only while it moves from one to the other."""

    IMMUTABLE = "immutable"
    LEGACY = "legacy"
    BOTH = "both"


@dataclass(frozen=True, kw_only=True)
class Repository:
    """A GitHub repository, known by name and by the two numbers that a rename or a takeover cannot copy."""

    owner: str
    name: str
    owner_id: int
    id: int
    visibility: Literal["public", "private", "internal"] = "private"
    subject: SubjectForm = SubjectForm.IMMUTABLE

    def __post_init__(self) -> None:
        """Raise SlipwayError for a name that GitHub would refuse or an id that is no id."""
        if not _OWNER.fullmatch(self.owner):
            raise SlipwayError(f"{self.owner!r} cannot be a GitHub owner", where=self.slug)
        if not _REPOSITORY.fullmatch(self.name) or self.name in {".", ".."}:
            raise SlipwayError(f"{self.name!r} cannot be a GitHub repository's name", where=self.slug)
        if self.owner_id <= 0 or self.id <= 0:
            raise SlipwayError(
                f"the ids of {self.slug} must be positive numbers",
                where=self.slug,
                fix=f"gh api repos/{self.slug} --jq '.owner.id, .id'",
            )

    @property
    def slug(self) -> str:
        """`owner/name`."""
        return f"{self.owner}/{self.name}"


@dataclass(frozen=True, kw_only=True)
class Job:
    """One job of a workflow, in the GitHub environment that gives it its role.

    `branches` and `tags` are the patterns of the environment's deployment policy; both empty means any ref.
    """

    name: str
    repository: Repository
    environment: str
    events: tuple[str, ...]
    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()
    runner_labels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Raise SlipwayError for an environment whose name could match two ways, or a job without an event.

        GitHub treats environment names as equal whatever their case, IAM's StringEquals does not
        (https://github.com/Azure/login/issues/492), so only lower-case names are safe on both sides.
        """
        where = f"{self.repository.slug} job {self.name}"
        environment = self.environment
        if not environment or len(environment) > _LONGEST_ENVIRONMENT or environment != environment.strip():
            raise SlipwayError(f"{environment!r} cannot be a GitHub environment's name", where=where)
        if environment != environment.lower() or not environment.isprintable():
            raise SlipwayError(
                f"environment {environment!r} must be in lower case",
                where=where,
                fix=f"call it {environment.lower()!r}",
            )
        if any(character in environment for character in "*?$"):
            raise SlipwayError(
                f"environment {environment!r} has a character that IAM reads as a pattern", where=where
            )
        if not self.events:
            raise SlipwayError("a job needs at least one event", where=where)


@dataclass(frozen=True, kw_only=True)
class RoleDeclaration:
    """One IAM role: for one environment of one repository, for a chain of roles, or for both.

    `grants` belong to the role itself, beside those of its jobs: a role at the middle of a chain has no job.
    `trusted_roles` are the exact ARNs of the roles that may assume it.
    """

    name: str
    account: str
    region: str
    jobs: tuple[Job, ...] = ()
    boundary_arn: str
    path: str = naming.CI_PATH
    trusted_roles: tuple[str, ...] = ()
    grants: tuple[Grant, ...] = ()

    def __post_init__(self) -> None:
        """Raise SlipwayError for what IAM would refuse, and for jobs that do not share one environment."""
        where = f"role {self.name}"
        aws_names.check_role_name(self.name, where)
        aws_names.check_account(self.account, where)
        aws_names.check_role_path(self.path, where)
        aws_names.check_boundary(self.boundary_arn, where)
        if not self.jobs and not self.trusted_roles:
            raise SlipwayError(
                "nobody could assume this role", where=where, fix="give it jobs or trusted_roles"
            )
        if len({(job.repository, job.environment) for job in self.jobs}) > 1:
            raise SlipwayError("the jobs of a role must share one environment of one repository", where=where)
        for arn in self.trusted_roles:
            aws_names.check_role_arn(arn, where)

    @property
    def arn(self) -> str:
        """The role's ARN, computed, so that policies which name it are known before it exists."""
        return naming.role_arn(self.account, self.name, self.path)

    @property
    def all_grants(self) -> tuple[Grant, ...]:
        """The grants of its jobs and its own, each once, in declared order."""
        return tuple(dict.fromkeys([*(grant for job in self.jobs for grant in job.grants), *self.grants]))
