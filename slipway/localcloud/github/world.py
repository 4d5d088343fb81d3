"""What exists on the GitHub stand-in: owners, repositories, people and tokens, and how they are seeded.

`POST /slipway/seed` takes any of these lists; what exists already is kept and brought up to date, and a
repository whose id differs is a new one of the same name, with nothing of the old one.

    organizations  login, id, plan (free|team|enterprise; enterprise), type (Organization|User; Organization)
    users          login, id
    teams          organization, slug, id, members (logins; none)
    repositories   owner, name, id, visibility (private), default_branch (main)
    tokens         token, permissions {name: read|write}, repositories ("owner/name"; all),
                   limit (requests an hour; 15000), points_per_minute (0: not enforced), spent (requests; 0)
    apps           organization, id, installation_id: the numbers that its next App gets, so that a stack file
                   can name an App before it is made
"""

import itertools
import threading
from typing import cast

from slipway.localcloud.github.automation import Automation
from slipway.localcloud.github.faults import Faults
from slipway.localcloud.github.model import Json, Owner, Repository, Scope, Token
from slipway.localcloud.github.webhooks import Webhooks

APP_TOKEN = "stand-in"  # noqa: S105  a name that is public on purpose; it opens this stand-in only
APP_PERMISSIONS: dict[str, str] = {
    # The App (or fine-grained token) that pulumi-github needs on a real organisation: exactly these.
    "actions": "read",
    "administration": "write",
    "environments": "write",
    "issues": "write",
    "metadata": "read",
    "secrets": "write",
    "actions_variables": "write",
    "members": "read",
    "organization_administration": "write",
    "organization_secrets": "write",
    "organization_self_hosted_runners": "write",
}


class SeedError(ValueError):
    """A seed that names what is not there, or lacks what is required."""


class World:
    """Everything the stand-in knows. Callers hold `lock` for the length of a request."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.owners: dict[str, Owner] = {}
        self.users: dict[str, int] = {}
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.tokens: dict[str, Token] = {APP_TOKEN: Token(permissions=dict(APP_PERMISSIONS))}
        self.automation = Automation()
        self.webhooks = Webhooks()
        self.faults = Faults()
        self._ids = itertools.count(1001)

    def next_id(self) -> int:
        return next(self._ids)

    def seed(self, body: Json) -> Json:
        """Add or update what `body` lists (see the module); the number of each that now exists.

        Raises SeedError, with nothing changed, where the body is not of that form.
        """
        _check_seed(body)
        with self.lock:
            for one in body.get("organizations", []):
                self._seed_owner(one)
            for one in body.get("users", []):
                self.users[str(one["login"])] = int(one["id"])
            self._check_references(body)
            for one in body.get("teams", []):
                team: Json = {
                    "id": int(one["id"]),
                    "slug": str(one["slug"]),
                    "members": list(one.get("members", [])),
                }
                self.owners[str(one["organization"]).lower()].teams[str(one["slug"])] = team
            for one in body.get("repositories", []):
                self._seed_repository(one)
            for one in body.get("tokens", []):
                self._seed_token(one)
            for one in body.get("apps", []):
                numbers = (int(one["id"]), int(one["installation_id"]))
                self.automation.reserved[str(one["organization"]).lower()] = numbers
            return self.counts()

    def counts(self) -> dict[str, int]:
        """How many of each thing exist, for the status page."""
        with self.lock:
            repositories = list(self.repositories.values())
            environments = [held for one in repositories for held in one.environments.values()]
            scopes: list[Scope] = [*self.owners.values(), *repositories, *environments]
            found = {
                "Organizations": len(self.owners),
                "Repositories": len(repositories),
                "Environments": len(environments),
                "Branch and tag policies": sum(len(one.policies) for one in environments),
                "Variables": sum(len(one.variables) for one in scopes),
                "Secrets": sum(len(one.secrets) for one in scopes),
                "Rulesets": sum(len(one.rulesets) for one in repositories),
                "Labels": sum(len(one.labels) for one in repositories),
                "Runner groups": sum(len(one.runner_groups) for one in self.owners.values()),
                "Comments": sum(len(one.comments) for one in repositories),
                **self.automation.counts(),
            }
            return {name: number for name, number in found.items() if number}

    def _seed_owner(self, one: Json) -> None:
        login = str(one["login"])
        owner = self.owners.setdefault(login.lower(), Owner(login=login, id=int(one["id"])))
        owner.login, owner.id = login, int(one["id"])
        owner.plan = one.get("plan", owner.plan)
        owner.type = one.get("type", owner.type)

    def _check_references(self, body: Json) -> None:
        wanted = [("teams", one["organization"]) for one in body.get("teams", [])]
        wanted += [("repositories", one["owner"]) for one in body.get("repositories", [])]
        wanted += [("apps", one["organization"]) for one in body.get("apps", [])]
        for kind, login in wanted:
            if str(login).lower() not in self.owners:
                msg = f"{kind}: there is no organization {login!r}; seed it first or in the same call"
                raise SeedError(msg)

    def _seed_repository(self, one: Json) -> None:
        owner = self.owners[str(one["owner"]).lower()]
        key = (owner.login.lower(), str(one["name"]).lower())
        held = self.repositories.get(key)
        if held is None or held.id != int(one["id"]):
            held = Repository(owner=owner, name=str(one["name"]), id=int(one["id"]))
            self.repositories[key] = held
        held.visibility = one.get("visibility", held.visibility)
        held.default_branch = one.get("default_branch", held.default_branch)

    def _seed_token(self, one: Json) -> None:
        repositories = one.get("repositories")
        token = Token(permissions={str(key): str(level) for key, level in one["permissions"].items()})
        token.repositories = (
            None if repositories is None else frozenset(str(slug).lower() for slug in repositories)
        )
        token.allowance.limit = int(one.get("limit", token.allowance.limit))
        token.allowance.points_per_minute = int(one.get("points_per_minute", 0))
        token.allowance.spent = int(one.get("spent", 0))
        self.tokens[str(one["token"])] = token


_REQUIRED = {
    "organizations": ("login", "id"),
    "users": ("login", "id"),
    "teams": ("organization", "slug", "id"),
    "repositories": ("owner", "name", "id"),
    "tokens": ("token", "permissions"),
    "apps": ("organization", "id", "installation_id"),
}


def _check_seed(body: Json) -> None:
    for kind, listed in body.items():
        required = _REQUIRED.get(kind)
        if required is None:
            msg = f"{kind!r} cannot be seeded; what can: {', '.join(_REQUIRED)}"
            raise SeedError(msg)
        if not isinstance(listed, list):
            msg = f"{kind} is not a list"
            raise SeedError(msg)
        for one in cast("list[object]", listed):
            missing = [name for name in required if not isinstance(one, dict) or name not in one]
            if missing:
                msg = f"{kind}: an entry lacks {', '.join(missing)}"
                raise SeedError(msg)
