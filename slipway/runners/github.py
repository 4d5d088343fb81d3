"""GitHub as the fleet's App sees it, by a token that KMS signs: the few calls that the commands make."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from typing import Any, cast

from slipway.aws import AWS_ERRORS, AwsError
from slipway.github import as_app, connect, path
from slipway.runners.fleet import Fleet

Json = dict[str, Any]


class AppApi:
    """GitHub's API as the App itself, which may look at itself and at its webhook's deliveries.

    Every method raises GithubError where GitHub refuses, and AwsError where KMS does not sign.
    """

    def __init__(self, fleet: Fleet, app_id: int) -> None:
        self._organization = fleet.organization
        self._client = connect(as_app(app_id, partial(sign, fleet)), fleet.github_api)

    def app(self) -> Json:
        """The App as it is: its name, permissions and events."""
        return cast("Json", self._client.get("/app"))

    def installation(self) -> Json | None:
        """Its installation in the fleet's organisation; None where it is not installed."""
        return self._client.find(path("orgs", self._organization, "installation"))

    def webhook(self) -> str:
        """URL that GitHub sends the App's events to."""
        return str(cast("Json", self._client.get("/app/hook/config")).get("url", ""))

    def set_webhook(self, **settings: str) -> None:
        """Change the App's webhook: its `url`, or the `secret` that its events are signed with."""
        self._client.patch("/app/hook/config", settings, safe=True)

    def deliveries(self, since_s: float) -> Iterator[Json]:
        """Deliveries of the App's webhook, newest first, as far back as `since_s` (epoch seconds)."""
        for delivery in self._client.every("/app/hook/deliveries"):
            if seconds(str(delivery["delivered_at"])) < since_s:
                return
            yield delivery

    def redeliver(self, delivery_id: int) -> None:
        """Have GitHub send one delivery again."""
        self._client.post(path("app", "hook", "deliveries", delivery_id, "attempts"))


def sign(fleet: Fleet, message: bytes) -> bytes:
    """The signature of the App's key (RS256), which never leaves KMS.

    Raises:
        AwsError: KMS does not sign.
    """
    try:
        answer: Json = fleet.client("kms").sign(
            KeyId=fleet.names.app_key,
            Message=message,
            MessageType="RAW",
            SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
        )
    except AWS_ERRORS as error:
        raise AwsError(
            "KMS does not sign as the App",
            error,
            where=fleet.names.app_key,
            fix=f"slipway runners app create {fleet.stack}",
        ) from error
    return bytes(answer["Signature"])


def seconds(time_text: str) -> float:
    """GitHub's ISO time as epoch seconds."""
    return datetime.fromisoformat(time_text).timestamp()
