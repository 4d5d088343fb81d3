"""What the GitHub stand-in is made of: owners, repositories and what they hold, and credentials."""

import math
import secrets
import shutil
import time
import zlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from slipway.localcloud.github.git import Git

Json = dict[str, Any]
Plan = Literal["free", "team", "enterprise"]


def now() -> str:
    """The time as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(kw_only=True)
class Scope:
    """What can hold variables and secrets: an organisation, a repository or an environment."""

    variables: dict[str, Json] = field(default_factory=dict[str, Json])
    secrets: dict[str, Json] = field(default_factory=dict[str, Json])
    key_seed: bytes = field(default_factory=lambda: secrets.token_bytes(32))


@dataclass(kw_only=True)
class Owner(Scope):
    """An organisation, or a person who owns repositories."""

    login: str
    id: int
    plan: Plan = "enterprise"
    type: Literal["Organization", "User"] = "Organization"
    teams: dict[str, Json] = field(default_factory=dict[str, Json])
    settings: dict[str, Json] = field(default_factory=dict[str, Json])
    runner_groups: dict[int, Json] = field(default_factory=dict[int, Json])


@dataclass(kw_only=True)
class Environment(Scope):
    """One deployment environment; `data` is its REST form without the policies."""

    data: Json
    policies: dict[int, Json] = field(default_factory=dict[int, Json])


@dataclass(kw_only=True)
class Pull:
    """What an issue has besides where it is a pull request. Its head is `refs/pull/<number>/head`.

    Args:
        base_sha: the tip of the base once the request is closed; while it is open that is the branch itself.
        seen: head and base at the last look, to tell a push.
    """

    head: str
    base: str
    draft: bool = False
    base_sha: str = ""
    seen: tuple[str, str] = ("", "")
    merged_at: str | None = None
    merged_by: Json | None = None
    merge_sha: str | None = None
    reviews: list[Json] = field(default_factory=list[Json])


@dataclass(kw_only=True)
class Issue:
    """An issue, or with `pull` a pull request: they share their numbers, labels, comments and events."""

    id: int
    number: int
    title: str
    body: str | None
    user: Json
    pull: Pull | None = None
    state: Literal["open", "closed"] = "open"
    labels: list[str] = field(default_factory=list[str])
    """Names in lower case: keys of the repository's labels."""
    events: list[Json] = field(default_factory=list[Json])
    created_at: str = field(default_factory=now)
    updated_at: str = field(default_factory=now)
    closed_at: str | None = None


@dataclass(kw_only=True)
class Repository(Scope):
    """One repository. Names of environments and labels are keyed in lower case: GitHub ignores their case."""

    owner: Owner
    name: str
    id: int
    visibility: Literal["public", "private", "internal"] = "private"
    default_branch: str = "main"
    immutable_subject: bool = True
    environments: dict[str, Environment] = field(default_factory=dict[str, Environment])
    rulesets: dict[int, Json] = field(default_factory=dict[int, Json])
    labels: dict[str, Json] = field(default_factory=dict[str, Json])
    comments: dict[int, Json] = field(default_factory=dict[int, Json])
    settings: dict[str, Json] = field(default_factory=dict[str, Json])
    issues: dict[int, Issue] = field(default_factory=dict[int, Issue])
    statuses: list[Json] = field(default_factory=list[Json])
    check_runs: dict[int, Json] = field(default_factory=dict[int, Json])
    deployments: dict[int, Json] = field(default_factory=dict[int, Json])
    releases: dict[int, Json] = field(default_factory=dict[int, Json])
    latest_release: int = 0
    opened: Git | None = field(default=None, repr=False)

    def git(self, folder: Path) -> Git:
        """Its bare repository in `folder`, made by the first call; another repository's of that name goes."""
        if self.opened is None:
            path = folder / self.owner.login / f"{self.name}.git"
            shutil.rmtree(path, ignore_errors=True)
            self.opened = Git(path, self.default_branch)
        return self.opened

    @property
    def slug(self) -> str:
        return f"{self.owner.login}/{self.name}"


@dataclass(kw_only=True)
class Allowance:
    """How much one may call, and has asked: requests an hour, points a minute (0: not enforced)."""

    limit: int = 15_000
    points_per_minute: int = 0
    spent: int = 0
    resets_at: int = field(default_factory=lambda: int(time.time()) + 3600)
    points: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])


@dataclass(kw_only=True)
class Token:
    """A credential: what it may do, where, until when, and the allowance that it uses."""

    permissions: dict[str, str]
    repositories: frozenset[str] | None = None
    organization: str = ""
    """The login, in lower case, that an installation's token is for; empty for any."""
    app_id: int | None = None
    """The App that has signed the token itself."""
    user: str = ""
    """The person whose token it is; empty for an App's."""
    app: tuple[int, str] = (15_368, "github-actions")
    """Id and slug of the App that acts with it; by default the one behind a workflow's token."""
    expires_at: float = math.inf
    allowance: Allowance = field(default_factory=Allowance)

    def reaches(self, owner: Owner) -> bool:
        return self.organization in {"", owner.login.lower()}

    def actor(self) -> Json:
        """Who acts with it, in the REST form."""
        if self.user:
            return {"login": self.user, "id": zlib.crc32(self.user.encode()), "type": "User"}
        return {"login": f"{self.app[1]}[bot]", "id": self.app[0], "type": "Bot"}

    def allows(self, need: str) -> bool:
        """Whether the token has `name:level`; several are separated by `|` and any one of them does."""
        if not need:
            return True
        for alternative in need.split("|"):
            name, _, level = alternative.partition(":")
            granted = self.permissions.get(name, "")
            if granted == "write" or (granted == "read" and level == "read"):
                return True
        return False


def reads(team: Json, repository: Repository) -> bool:
    """Whether a team of the repository's owner can read it."""
    names = team["repositories"]
    return names is None or repository.name.lower() in names
