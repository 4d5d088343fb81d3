"""`slipway.yaml`: what a repository says of the delivery of its stacks. Optional, and so is every key in it.

What stands nearer to a stack counts: its own block, then its project's, then `defaults`. Lists of what it is
made of and of what holds it back (`needs`, `paths`, `variables`, `freeze`, `drift`) add up, checks add up by
name; of anything else the nearest one counts alone.
"""

import json
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, Field, ValidationError, model_validator

from slipway.platform.documents import Document, read
from slipway.platform.mistakes import (
    Mistake,
    Place,
    SettingsError,
    from_validation,
    nearest,
    shown,
    text_of,
)
from slipway.platform.model import Model
from slipway.stacks.discovery import SETTINGS_FILE
from slipway.stacks.names import Unknown

FILE = SETTINGS_FILE


class PullRequest(StrEnum):
    """What a pull request gets of a stack that it touches."""

    OFFLINE = "offline"
    REVIEWED = "reviewed"


class Level(StrEnum):
    """What a check's findings do."""

    ADVISORY = "advisory"
    MANDATORY = "mandatory"


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        message = "a path from the top of the repository that does not lead out of it"
        raise ValueError(message)
    return path.rstrip("/")


PathPattern = Annotated[
    str,
    text_of(
        r"^[^\s\\]+$",
        "a path from the top of the repository, without spaces; * is any part of a name, **/ any folders",
        max_length=400,
    ),
    AfterValidator(_inside),
    Field(examples=["services/**"]),
]
Owner = Annotated[
    str,
    text_of(r"^@[\w.-]+(/[\w.-]+)?$", "a user or a team of GitHub, such as @acme/platform"),
    Field(examples=["@acme/platform"]),
]
Need = Annotated[
    str,
    text_of(
        r"^[\w.-]+(/[\w.-]+)?$", "a project, for its stack of the same name, or one stack as project/stack"
    ),
    Field(examples=["network"]),
]
Store = Annotated[
    str,
    text_of(
        r"^(s3://([a-z0-9.-]|\{account\}|\{automation\}|\{region\}){3,80}(/[\w./-]*)?|file://\S+)$",
        "s3://<bucket>[/<prefix>], with {account}, {automation} and {region} in its name, or file://<folder>",
    ),
    Field(examples=["s3://acme-plans-{account}"]),
]
EnvironmentOfGitHub = Annotated[
    str,
    text_of(r"^[^\s/'\"`,;\\]+$", "the name of an environment of GitHub", max_length=255),
    Field(examples=["infra-prod"]),
]
Variable = Annotated[
    str,
    text_of(r"^[A-Za-z_][A-Za-z0-9_]*$", "the name of an environment variable", max_length=255),
    Field(examples=["AWS_REGION"]),
]
Reason = Annotated[str, Field(min_length=3, max_length=400)]


class Check(Model):
    """A command that gets a plan without its secrets as JSON, and answers with findings."""

    run: Annotated[str, Field(min_length=1, max_length=1000, examples=["infracost-findings"])]
    """The command, which gets the plan on its standard input and runs at the top of the repository."""
    level: Level = Level.ADVISORY
    """The highest that its findings have: `mandatory` ones hold the merge and the apply."""


class Freeze(Model):
    """A time in which nothing is applied."""

    begins: AwareDatetime
    """The moment from which on, with its offset, such as 2026-12-20T00:00:00Z."""
    ends: AwareDatetime
    """The moment up to which."""
    reason: Reason
    """Why, for whoever is held back."""

    @model_validator(mode="after")
    def _in_order(self) -> "Freeze":
        if self.begins >= self.ends:
            message = f"`ends` after `begins`, which is {self.begins.isoformat()}"
            raise ValueError(message)
        return self

    def covers(self, moment: datetime) -> bool:
        """Whether a moment lies in it."""
        return self.begins <= moment < self.ends


class DriftIgnore(Model):
    """A difference between cloud and state that is known, until a day."""

    resource: Annotated[str, Field(min_length=1, examples=["aws:autoscaling/group:Group"])]
    """A URN or a type; * is any part of it."""
    properties: tuple[str, ...] = ()
    """Only these of its properties; all of them unless named."""
    until: date
    """The last day on which it is ignored."""
    reason: Reason
    """Why it is not mended."""


class Drift(Model):
    """What the look for drift does."""

    ignore: tuple[DriftIgnore, ...] = ()
    """Differences that are known."""


class Block(Model):
    """What can be said of a stack, of all stacks of a project, or of all stacks."""

    needs: tuple[Need, ...] = ()
    """Stacks that are applied before, and whose changes concern this one."""
    paths: tuple[PathPattern, ...] = ()
    """What the program reads by names that it computes; where given, nothing else of that kind is assumed."""
    variables: tuple[Variable, ...] = ()
    """Environment variables that the program reads: a plan is stale where one has another value."""
    owners: tuple[Owner, ...] = ()
    """Who approves, in place of CODEOWNERS."""
    environment: EnvironmentOfGitHub | None = None
    """The environment of GitHub that an apply runs in; `infra-<stack>` unless named."""
    pull_request: PullRequest | None = None
    """`offline`: a preview without any credential; `reviewed`: also a plan, which somebody lets run."""
    checks: dict[str, Check] = Field(default_factory=dict[str, Check])
    """Commands that look at each plan, by name."""
    freeze: tuple[Freeze, ...] = ()
    """Times in which nothing is applied."""
    drift: Drift = Drift()
    """What the look for drift does."""


class ProjectBlock(Block):
    """A project and its stacks."""

    stacks: dict[str, Block] = Field(default_factory=dict[str, Block])
    """What differs from stack to stack, by name."""


class DeliverySettings(Model):
    """How the stacks of a repository are delivered: slipway.yaml at its top."""

    store: Store | None = None
    """Where plans, records and leases lie. {account} and {region} are those of whoever runs a command,
    {automation} is the platform's own account of that name, which then owns the bucket."""
    ignore: tuple[PathPattern, ...] = ()
    """Files that hold no project and no stack, and that no stack is made of."""
    defaults: Block = Block()
    """What counts for every stack."""
    projects: dict[str, ProjectBlock] = Field(default_factory=dict[str, ProjectBlock])
    """By the name that a Pulumi.yaml gives its project."""

    def of(self, project: str, stack: str) -> Block:
        """What counts for a stack."""
        named = self.projects.get(project, ProjectBlock())
        blocks = [named.stacks.get(stack, Block()), named, self.defaults]
        return Block.model_construct(
            needs=_all(block.needs for block in blocks),
            paths=_all(block.paths for block in blocks),
            variables=_all(block.variables for block in blocks),
            owners=next((block.owners for block in blocks if block.owners), ()),
            environment=next((block.environment for block in blocks if block.environment), f"infra-{stack}"),
            pull_request=next(
                (block.pull_request for block in blocks if block.pull_request), PullRequest.OFFLINE
            ),
            checks={name: check for block in reversed(blocks) for name, check in block.checks.items()},
            freeze=tuple(freeze for block in blocks for freeze in block.freeze),
            drift=Drift(ignore=tuple(one for block in blocks for one in block.drift.ignore)),
        )


def _all(lists: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for items in lists for item in items))


def load(root: Path) -> DeliverySettings:
    """The settings of a working tree; those of an empty file where there is none.

    Raises:
        SettingsError: with every mistake of the file.
        SlipwayError: it cannot be read, or is no YAML.
    """
    path = root / FILE
    return parse(read(path, FILE)) if path.is_file() else DeliverySettings()


def parse(document: Document) -> DeliverySettings:
    """Settings from what is written.

    Raises:
        SettingsError: with every mistake at once.
    """
    try:
        # Through JSON: strict there still takes a list for a tuple and text for a date, as in YAML.
        return DeliverySettings.model_validate_json(json.dumps(document.values, default=_plain))
    except ValidationError as error:
        raise SettingsError(FILE, from_validation(Place(FILE), DeliverySettings, error), [document]) from None
    except (TypeError, ValueError, RecursionError):
        wrong = Mistake(
            Place(FILE), shown(dict(document.values)), "plain YAML: text, numbers, lists and maps"
        )
        raise SettingsError(FILE, [wrong], [document]) from None


def _plain(value: object) -> str:
    if isinstance(value, date | datetime):
        return value.isoformat()
    raise TypeError


def refusal_of(unknown: Iterable[Unknown], document: Document) -> SettingsError:
    """What to say of names in the settings that nothing in the repository has."""
    mistakes = [
        Mistake(Place(FILE, one.path), shown(one.name), one.expected, nearest(one.name, one.known))
        for one in unknown
    ]
    return SettingsError(FILE, mistakes, [document])


def schema() -> dict[str, Any]:
    """The JSON schema of slipway.yaml."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **DeliverySettings.model_json_schema(),
        "title": "Delivery: slipway.yaml",
    }
