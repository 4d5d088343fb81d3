"""Makes a fleet's GitHub App by GitHub's manifest flow, and compares a live one with what is declared.

What GitHub hands out for the App goes from memory into KMS and Secrets Manager. Nothing writes it to a file,
a log or a terminal.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from slipway.apps.flow import convert
from slipway.apps.manifest import Difference
from slipway.aws import AWS_ERRORS, AwsError
from slipway.errors import SlipwayError
from slipway.runners import app_key, state
from slipway.runners.fleet import Fleet
from slipway.runners.github import AppApi
from slipway.runners.manifest import declared

Json = dict[str, Any]
Code = Callable[[], str]


@dataclass(frozen=True, kw_only=True)
class Created:
    """An App that was made, and where its secrets are; none of them is in here."""

    app_id: int
    slug: str
    html_url: str
    key_id: str
    replaced_key: str | None
    """Id of the key that signed until now."""

    @property
    def installation_url(self) -> str:
        return f"{self.html_url}/installations/new"


@dataclass(frozen=True, kw_only=True)
class Check:
    """A live App beside what is declared."""

    app_id: int
    slug: str
    installation_id: int | None
    declared_installation: int | None
    webhook: str
    """URL that GitHub sends its events to."""
    declared_webhook: str
    differences: list[Difference] = field(default_factory=list[Difference])

    @property
    def ok(self) -> bool:
        """Whether the App is installed and is exactly what is declared."""
        return self.as_declared and self.installation_matches

    @property
    def as_declared(self) -> bool:
        """Whether it is, but for the numbers that the stack file has of it, which can be written there."""
        exact = not self.differences and self.webhook == self.declared_webhook
        return self.installation_id is not None and exact

    @property
    def installation_matches(self) -> bool:
        """Whether the fleet's configuration names this installation, or none yet."""
        return self.declared_installation in (None, 0, self.installation_id)


def require_free(fleet: Fleet, *, rotate: bool) -> str | None:
    """Check that there is no App yet, or that it is to be replaced; the id of the key that signs for it.

    Raises:
        SlipwayError: there is one, and nobody asked for another; or the fleet has no place for its secret.
    """
    key_id = app_key.current_key(fleet)
    if key_id is not None and not rotate:
        raise SlipwayError(
            "the fleet has a GitHub App already",
            where=f"{fleet.names.app_key} is key {key_id}",
            fix="--rotate makes another and hands over to it; `slipway runners app check` looks at this one",
        )
    try:
        fleet.client("secretsmanager").describe_secret(SecretId=fleet.names.webhook_secret)
    except AWS_ERRORS as error:
        raise AwsError(
            "there is nowhere to put the webhook's secret",
            error,
            where=f"secret {fleet.names.webhook_secret}",
            fix=f"slipway up {fleet.stack} makes it, with the rest of the fleet",
        ) from error
    return key_id


def create(fleet: Fleet, code: Code, *, replaces: str | None = None) -> Created:
    """Make the App's place in KMS, get its code, and put away what GitHub gives for it.

    Args:
        fleet: whose App it becomes.
        code: asks the person, or a browser, for GitHub's code; called when KMS is ready.
        replaces: id of the key that signs until now, from `require_free`.

    Raises:
        SlipwayError: refused by GitHub, KMS or Secrets Manager. The fleet then goes on as it was.
    """
    empty = app_key.prepare(fleet)
    try:
        given = convert(fleet.github_api, code(), "webhook_secret")
        app_key.fill(fleet, empty, str(given["pem"]))
    except BaseException:
        app_key.discard(fleet, empty)
        raise
    # From here on a failure leaves two Apps that both work: the old secret is still accepted beside the new.
    _keep_secret(fleet, str(given["webhook_secret"]))
    app_key.point(fleet, empty.key_id)
    return Created(
        app_id=int(given["id"]),
        slug=str(given["slug"]),
        html_url=str(given["html_url"]),
        key_id=empty.key_id,
        replaced_key=replaces,
    )


def check(fleet: Fleet, app_id: int | None = None) -> Check:
    """Compare the live App, and its installation, with the declared minimum.

    Args:
        fleet: whose App it is.
        app_id: of an App that is not in the fleet's configuration yet.

    Raises:
        SlipwayError: the fleet names no App, its key does not sign, or GitHub refuses.
    """
    configuration = state.configuration(fleet)
    number = app_id or _number(fleet)
    api = AppApi(fleet, number)
    live, installation, webhook = api.app(), api.installation(), api.webhook()
    minimum = declared(fleet, configuration)
    differing = minimum.differences(live)
    # An owner has to agree to every change of an App, so that the installation may be behind the App.
    known = {item.what for item in differing}
    differing += [item for item in minimum.differences(installation or live) if item.what not in known]
    return Check(
        app_id=number,
        slug=str(live.get("slug") or ""),
        installation_id=int(installation["id"]) if installation else None,
        declared_installation=int(configuration.get("installation_id") or 0) or None,
        webhook=webhook,
        declared_webhook=minimum.webhook,
        differences=differing,
    )


def renew_secret(fleet: Fleet) -> int:
    """Have GitHub sign with a new secret; the App's number.

    The new secret is current here before GitHub has it, and the old one stays valid beside it: no event is
    refused in between.

    Raises:
        SlipwayError: the fleet names no App, or GitHub or Secrets Manager refuses.
    """
    number = _number(fleet)
    api = AppApi(fleet, number)
    api.app()  # a key that GitHub does not know is noticed before anything is changed
    secret = secrets.token_hex(32)
    _keep_secret(fleet, secret)
    api.set_webhook(secret=secret)
    return number


def renew_key(fleet: Fleet, pem: str) -> str:
    """Sign with another private key of the same App from now on; the id of its key in KMS.

    Args:
        fleet: whose App it is.
        pem: the new private key, as GitHub gives it.

    Raises:
        SlipwayError: it is no such key, or KMS refuses. The fleet then goes on with the old one.
    """
    empty = app_key.prepare(fleet)
    try:
        app_key.fill(fleet, empty, pem)
    except BaseException:
        app_key.discard(fleet, empty)
        raise
    app_key.point(fleet, empty.key_id)
    return empty.key_id


def _number(fleet: Fleet) -> int:
    number = int(state.configuration(fleet).get("app_id") or 0)
    if not number:
        raise SlipwayError(
            "the fleet's configuration names no GitHub App",
            where=f"Pulumi.{fleet.stack}.yaml",
            fix=f"slipway runners app create {fleet.stack}; before it is in the stack file, --app-id",
        )
    return number


def _keep_secret(fleet: Fleet, secret: str) -> None:
    """Make it current; the one before stays valid as AWSPREVIOUS, which the webhook accepts too."""
    try:
        fleet.client("secretsmanager").put_secret_value(
            SecretId=fleet.names.webhook_secret, SecretString=secret
        )
    except AWS_ERRORS as error:
        raise AwsError(
            "the webhook's secret cannot be stored",
            error,
            where=f"secret {fleet.names.webhook_secret}",
            fix="delete the App on GitHub and run this again",
        ) from error
