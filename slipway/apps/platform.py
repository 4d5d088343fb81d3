"""The platform's own GitHub App: its jobs take a token of it to change GitHub's settings.

Its private key goes from GitHub's answer, sealed, into the environments of those jobs, and its client id
beside it. Nothing writes the key to a file, a log or a terminal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from slipway.apps.flow import convert
from slipway.apps.manifest import Declared, Difference
from slipway.errors import SlipwayError
from slipway.github import Client, Signer, as_app, connect, path
from slipway.github.values import closed, has_secret, set_secret, set_variable, variable
from slipway.platform.app_key import CLIENT_ID, PRIVATE_KEY
from slipway.platform.github_permissions import app_permissions

Json = dict[str, Any]


def declared(organization: str) -> Declared:
    """The App: what the stacks' resources and lookups need of GitHub, and nothing else."""
    return Declared(
        organization=organization,
        suffix="slipway",
        description="Changes GitHub's settings for the platform's stacks, in the jobs that apply them.",
        permissions=app_permissions(),
    )


@dataclass(frozen=True, kw_only=True)
class Found:
    """What there is of the App."""

    client_id: str | None
    """As the environments have it; None where none has."""
    app_id: int | None
    """None where it is not installed, so that nothing tells."""
    slug: str
    installation: str
    """Page of its installation."""
    naming: tuple[str, ...]
    """Environments with a client id."""
    lacking: tuple[str, ...]
    """Environments without its client id or its key."""
    read_by_any: tuple[str, ...] = ()
    """Environments with its key that are open to other branches than those named."""
    differences: list[Difference] = field(default_factory=list[Difference])


@dataclass(frozen=True, kw_only=True)
class Made:
    """An App whose key was put away; it is not in here."""

    app_id: int
    slug: str
    html_url: str
    client_id: str

    @property
    def installation_url(self) -> str:
        """Where an owner installs it."""
        return f"{self.html_url}/installations/new"


class PlatformApp:
    """The App of one platform repository, seen and kept by an owner of the organisation."""

    def __init__(
        self, github: Client, repository: str, environments: Sequence[str], later: Sequence[str] = ()
    ) -> None:
        """Look at nothing yet.

        Args:
            github: as an owner of the organisation, who also administers the repository.
            repository: the platform's own, `owner/name`.
            environments: those of the jobs that apply and compare the stacks.
            later: those that a stack makes; one counts as soon as it is there, and closed.
        """
        self._github = github
        self._repository = path("repos", *repository.split("/"))
        self._organization = repository.partition("/")[0]
        self._first = tuple(environments)
        self._later = tuple(later)

    @cached_property
    def declared(self) -> Declared:
        """What it is to be."""
        return declared(self._organization)

    def require_environments(self) -> None:
        """Check that there is a place for its key, which jobs of no other branch can read.

        Raises:
            SlipwayError: an environment is not there, or the token does not see it; or it is open.
        """
        for name in self._first:
            found = self._github.find(self._scope(name))
            if found is None or not closed(found):
                wrong = f"environment {name} is open to other branches than those named"
                raise SlipwayError(
                    f"{wrong if found else f'there is no environment {name}'}, which the App's key goes into",
                    where=self._repository.removeprefix("/repos/"),
                    fix=f"slipway bootstrap {name.split('-')[1]} --github",
                )

    @cached_property
    def _environments(self) -> tuple[str, ...]:
        """Those that the key belongs into now."""
        made = ((name, self._github.find(self._scope(name))) for name in self._later)
        return (*self._first, *(name for name, found in made if found is not None and closed(found)))

    def look(self) -> Found:
        """What is there, by the environments and the organisation's installations."""
        ids = {name: variable(self._github, self._scope(name), CLIENT_ID) for name in self._environments}
        client_id = next((value for value in ids.values() if value), None)
        lacking = tuple(
            name
            for name, value in ids.items()
            if not value or value != client_id or not has_secret(self._github, self._scope(name), PRIVATE_KEY)
        )
        installed = self._installed(client_id) if client_id else None
        return Found(
            client_id=client_id,
            naming=tuple(name for name, value in ids.items() if value),
            read_by_any=tuple(
                name
                for name in self._environments
                if has_secret(self._github, self._scope(name), PRIVATE_KEY)
                and not closed(self._github.find(self._scope(name)) or {})
            ),
            app_id=int(installed["app_id"]) if installed else None,
            slug=str(installed["app_slug"]) if installed else "",
            installation=str(installed.get("html_url") or "") if installed else "",
            lacking=lacking,
            differences=self.declared.differences(installed) if installed else [],
        )

    def create(self, code: Callable[[], str]) -> Made:
        """Have GitHub make it, and give its key to every environment.

        Args:
            code: asks the owner, or a browser, for GitHub's code.

        Raises:
            SlipwayError: GitHub refuses; where it has made the App by then, how to go on with that.
        """
        given = convert(self._github.url, code(), "client_id")
        made = _made(given)
        self._keep(made.client_id, str(given["pem"]), made.slug)
        return made

    def take_key(self, pem: str, client_id: str | None = None) -> Made:
        """Give another private key of the App to every environment.

        Args:
            pem: the key as GitHub's page of the App gives it.
            client_id: of the App, where no environment has it yet.

        Raises:
            SlipwayError: it is no private key, or not one of this App.
        """
        known = client_id or self.look().client_id
        if known is None:
            raise SlipwayError(
                "no environment says which App this is",
                where=self._repository.removeprefix("/repos/"),
                fix="give --client-id, which GitHub's page of the App shows",
            )
        app = cast("Json", connect(as_app(known, signer(pem)), self._github.url).get("/app"))
        made = _made({**app, "client_id": known})
        self._keep(known, pem, made.slug)
        return made

    def _keep(self, client_id: str, pem: str, slug: str) -> None:
        try:
            # First by what the next run knows that there is an App.
            for name in self._environments:
                set_variable(self._github, self._scope(name), CLIENT_ID, client_id)
            for name in self._environments:
                set_secret(self._github, self._scope(name), PRIVATE_KEY, pem)
        except SlipwayError as error:
            raise SlipwayError(
                f"the App {slug} is there, and not every environment has its key: {error.what}",
                where=error.where,
                fix="on GitHub's page of the App make another private key, and give it to them: "
                f"slipway app key --client-id {client_id} < FILE",
            ) from error

    def _installed(self, client_id: str) -> Json | None:
        """https://docs.github.com/en/rest/orgs/orgs#list-app-installations-for-an-organization"""
        listed = self._github.every(path("orgs", self._organization, "installations"), "installations")
        return next((one for one in listed if one.get("client_id") == client_id), None)

    def _scope(self, environment: str) -> str:
        return self._repository + path("environments", environment)


def signer(pem: str) -> Signer:
    """Signs as the App by its private key.

    Raises:
        SlipwayError: it is none. Nothing of the key is in the message.
    """
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise SlipwayError("this is no private key as GitHub gives one", where="standard input") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SlipwayError("the App's private key is an RSA key", where="standard input")
    return lambda message: key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def _made(app: Json) -> Made:
    return Made(
        app_id=int(app["id"]),
        slug=str(app["slug"]),
        html_url=str(app["html_url"]),
        client_id=str(app["client_id"]),
    )
