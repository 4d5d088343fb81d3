"""What the GitHub stand-in is made of: owners, repositories and what they hold, and credentials."""

import math
import secrets
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

Json = dict[str, Any]
Plan = Literal["free", "team", "enterprise"]


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
class Repository(Scope):
    """One repository. Names of environments and labels are keyed in lower case: GitHub ignores their case."""

    owner: Owner
    name: str
    id: int
    visibility: Literal["public", "private", "internal"] = "private"
    default_branch: str = "main"
    environments: dict[str, Environment] = field(default_factory=dict[str, Environment])
    rulesets: dict[int, Json] = field(default_factory=dict[int, Json])
    labels: dict[str, Json] = field(default_factory=dict[str, Json])
    comments: dict[int, Json] = field(default_factory=dict[int, Json])
    settings: dict[str, Json] = field(default_factory=dict[str, Json])

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
    expires_at: float = math.inf
    allowance: Allowance = field(default_factory=Allowance)

    def reaches(self, owner: Owner) -> bool:
        return self.organization in {"", owner.login.lower()}

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


def now() -> str:
    """The time as GitHub writes it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
