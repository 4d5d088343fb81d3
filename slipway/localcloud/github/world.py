"""What exists on the GitHub stand-in: owners, repositories, people and tokens, and how they are seeded.

`POST /slipway/seed` takes any of these lists; what exists already is kept and brought up to date, and a
repository whose id differs is a new one of the same name, with nothing of the old one.

    organizations  login, id, plan (free|team|enterprise; enterprise), type (Organization|User; Organization)
    users          login, id, repositories (names that they can read; all), writes (those they can write to)
    teams          organization, slug, id, members (logins; none), repositories (names that it can read; all)
    repositories   owner, name, id, visibility (private), default_branch (main), immutable_subject (true)
    tokens         token, permissions {name: read|write}, repositories ("owner/name"; all),
                   user (login; an App's without one), app ({id, slug}; github-actions),
                   limit (requests an hour; 15000), points_per_minute (0: not enforced), spent (requests; 0)
    apps           organization, id, installation_id: the numbers that its next App gets, so that a stack file
                   can name an App before it is made
"""

import itertools
import tempfile
import threading
import time
from pathlib import Path
from typing import cast

from slipway.localcloud.github.automation import Automation
from slipway.localcloud.github.faults import Faults
from slipway.localcloud.github.model import Json, Owner, Repository, Scope, Token
from slipway.localcloud.github.webhooks import Webhooks

APP_TOKEN = "stand-in"  # noqa: S105  a name that is public on purpose; it opens this stand-in only
APP_PERMISSIONS: dict[str, str] = {
    # The App that pulumi-github and the gate need on a real organisation: exactly these.
    "actions": "read",
    "administration": "write",
    "environments": "write",
    "issues": "write",
    "metadata": "read",
    "pull_requests": "read",
    "secrets": "write",
    "statuses": "write",
    "actions_variables": "write",
    "members": "read",
    "organization_administration": "write",
    "organization_secrets": "write",
    "organization_self_hosted_runners": "write",
}

DEFAULT_LABELS = (
    ("bug", "d73a4a", "Something isn't working"),
    ("documentation", "0075ca", "Improvements or additions to documentation"),
    ("duplicate", "cfd3d7", "This issue or pull request already exists"),
    ("enhancement", "a2eeef", "New feature or request"),
    ("good first issue", "7057ff", "Good for newcomers"),
    ("help wanted", "008672", "Extra attention is needed"),
    ("invalid", "e4e669", "This doesn't seem right"),
    ("question", "d876e3", "Further information is requested"),
    ("wontfix", "ffffff", "This will not be worked on"),
)
"""What each new repository has: name, colour and description.
https://docs.github.com/en/issues/using-labels-and-milestones-to-track-work/managing-labels#about-default-labels"""


class SeedError(ValueError):
    """A seed that names what is not there, or lacks what is required."""


class World:
    """Everything the stand-in knows. Callers hold `lock` for the length of a request."""

    def __init__(self, git_folder: Path | None = None) -> None:
        """Git repositories are made in `git_folder`, or where none is given in one that goes with this."""
        self._git_folder = git_folder
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self.lock = threading.RLock()
        self.owners: dict[str, Owner] = {}
        self.users: dict[str, int] = {}
        self.readable: dict[str, list[str]] = {}
        """Login -> names of the repositories that are all that a person can read; anybody else reads all."""
        self.writable: dict[str, list[str]] = {}
        """Login -> names of the repositories that a person can write to."""
        self.repositories: dict[tuple[str, str], Repository] = {}
        self.tokens: dict[str, Token] = {APP_TOKEN: Token(permissions=dict(APP_PERMISSIONS))}
        self.automation = Automation()
        self.webhooks = Webhooks()
        self.faults = Faults()
        self._ids = itertools.count(1001)

    def git_folder(self) -> Path:
        """Where the bare repositories are: `<owner>/<name>.git`, made by the first request that needs one."""
        if self._git_folder is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="slipway-git-")
            self._git_folder = Path(self._temporary.name)
        return self._git_folder

    def person_reads(self, login: str, repository: Repository) -> bool:
        """Whether a person can read a repository, by whatever way."""
        names = self.readable.get(login)
        return repository.visibility == "public" or names is None or repository.name.lower() in names

    def person_writes(self, login: str, repository: Repository) -> bool:
        """Whether a person can write to a repository, by whatever way."""
        return repository.name.lower() in self.writable.get(login, [])

    @staticmethod
    def seconds() -> int:
        """Now, since the epoch."""
        return int(time.time())

    def next_id(self) -> int:
        return next(self._ids)

    def seed(self, body: Json) -> Json:
        """Add or update what `body` lists (see the module); the number of each that now exists.

        Raises SeedError, with nothing changed, where the body is not of that form.
        """
        _check_seed(body)
        with self.lock:
            for given in body.get("organizations", []):
                self._seed_owner(given)
            for given in body.get("users", []):
                self.users[str(given["login"])] = int(given["id"])
                for name, kept in (("repositories", self.readable), ("writes", self.writable)):
                    if name in given:
                        kept[str(given["login"])] = [str(each).lower() for each in given[name]]
            self._check_references(body)
            for given in body.get("teams", []):
                team: Json = {
                    "id": int(given["id"]),
                    "slug": str(given["slug"]),
                    "members": list(given.get("members", [])),
                    "repositories": None,
                }
                if "repositories" in given:
                    team["repositories"] = [str(name).lower() for name in given["repositories"]]
                self.owners[str(given["organization"]).lower()].teams[str(given["slug"])] = team
            for given in body.get("repositories", []):
                self._seed_repository(given)
            for given in body.get("tokens", []):
                self._seed_token(given)
            for given in body.get("apps", []):
                numbers = (int(given["id"]), int(given["installation_id"]))
                self.automation.reserved[str(given["organization"]).lower()] = numbers
            return self.counts()

    def counts(self) -> dict[str, int]:
        """How many of each thing exist, for the status page."""
        with self.lock:
            repositories = list(self.repositories.values())
            environments = [
                environment for repository in repositories for environment in repository.environments.values()
            ]
            scopes: list[Scope] = [*self.owners.values(), *repositories, *environments]
            counted = {
                "Organizations": len(self.owners),
                "Repositories": len(repositories),
                "Environments": len(environments),
                "Branch and tag policies": sum(len(environment.policies) for environment in environments),
                "Variables": sum(len(scope.variables) for scope in scopes),
                "Secrets": sum(len(scope.secrets) for scope in scopes),
                "Rulesets": sum(len(repository.rulesets) for repository in repositories),
                "Labels": sum(len(repository.labels) for repository in repositories),
                "Runner groups": sum(len(owner.runner_groups) for owner in self.owners.values()),
                "Comments": sum(len(repository.comments) for repository in repositories),
                **self.automation.counts(),
            }
            return {name: number for name, number in counted.items() if number}

    def _seed_owner(self, given: Json) -> None:
        login = str(given["login"])
        owner = self.owners.setdefault(login.lower(), Owner(login=login, id=int(given["id"])))
        owner.login, owner.id = login, int(given["id"])
        owner.plan = given.get("plan", owner.plan)
        owner.type = given.get("type", owner.type)

    def _check_references(self, body: Json) -> None:
        wanted = [("teams", given["organization"]) for given in body.get("teams", [])]
        wanted += [("repositories", given["owner"]) for given in body.get("repositories", [])]
        wanted += [("apps", given["organization"]) for given in body.get("apps", [])]
        for kind, login in wanted:
            if str(login).lower() not in self.owners:
                msg = f"{kind}: there is no organization {login!r}; seed it first or in the same call"
                raise SeedError(msg)

    def _seed_repository(self, given: Json) -> None:
        owner = self.owners[str(given["owner"]).lower()]
        key = (owner.login.lower(), str(given["name"]).lower())
        repository = self.repositories.get(key)
        if repository is None or repository.id != int(given["id"]):
            repository = Repository(owner=owner, name=str(given["name"]), id=int(given["id"]))
            repository.labels = self._default_labels()
            self.repositories[key] = repository
        repository.visibility = given.get("visibility", repository.visibility)
        repository.default_branch = given.get("default_branch", repository.default_branch)
        repository.immutable_subject = given.get("immutable_subject", repository.immutable_subject)

    def _default_labels(self) -> dict[str, Json]:
        return {
            name: {
                "id": self.next_id(),
                "name": name,
                "color": color,
                "description": description,
                "default": True,
            }
            for name, color, description in DEFAULT_LABELS
        }

    def _seed_token(self, given: Json) -> None:
        repositories = given.get("repositories")
        token = Token(permissions={str(key): str(level) for key, level in given["permissions"].items()})
        token.repositories = (
            None if repositories is None else frozenset(str(slug).lower() for slug in repositories)
        )
        token.user = str(given.get("user", ""))
        if "app" in given:
            token.app = (int(given["app"]["id"]), str(given["app"]["slug"]))
        token.allowance.limit = int(given.get("limit", token.allowance.limit))
        token.allowance.points_per_minute = int(given.get("points_per_minute", 0))
        token.allowance.spent = int(given.get("spent", 0))
        self.tokens[str(given["token"])] = token


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
        for entry in cast("list[object]", listed):
            missing = [name for name in required if not isinstance(entry, dict) or name not in entry]
            if missing:
                msg = f"{kind}: an entry lacks {', '.join(missing)}"
                raise SeedError(msg)
