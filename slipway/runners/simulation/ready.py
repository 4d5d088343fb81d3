"""Makes the embedded cloud ready for a rehearsal: a GitHub App that works, and a repository on no list."""

import json
from typing import Any

from runners.control.items import CONFIG
from slipway.errors import SlipwayError
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.runners import app, app_flow, state
from slipway.runners.fleet import Fleet
from slipway.runners.github import AppApi

Json = dict[str, Any]
STRANGER = "runner-stranger"
"""A repository that no class lets in."""
_STRANGER_ID = 1_999_999_001


def cloud_of(fleet: Fleet) -> Cloud:
    """The embedded cloud of `local`. Raises SlipwayError for a real stack: only a stand-in is played with."""
    if fleet.cloud is None:
        raise SlipwayError(
            "a rehearsal runs on the embedded cloud only",
            fix="slipway runners simulate, with the stack local",
        )
    return fleet.cloud


def classes(fleet: Fleet) -> dict[str, Json]:
    """The classes that may have instances, by name. Raises SlipwayError where there is none."""
    found: dict[str, Json] = state.configuration(fleet)["classes"]
    usable = {
        name: one
        for name, one in sorted(found.items())
        if one.get("image") and one["maximum"] and one["repositories"]
    }
    if not usable:
        raise SlipwayError(
            "no class of the fleet may have an instance",
            where=f"stack {fleet.stack}",
            fix="give one an image, a maximum and a repository, then `make up`",
        )
    return usable


def app_works(fleet: Fleet) -> str:
    """Make sure that the fleet has an App on the stand-in; what was done, empty where nothing had to be.

    A stand-in's App is gone with its cloud, and the number of the next one is not in the stack file; so the
    fleet's configuration is pointed at it here, where on a real stack a person writes it into the stack file.
    """
    configuration = state.configuration(fleet)
    webhook = f"{fleet.api}/webhook"
    number = int(configuration.get("app_id") or 0)
    installation = _installation(fleet, number)
    done = ""
    if installation is None:
        held = app.require_free(fleet, rotate=True)
        number = app.create(fleet, lambda: app_flow.code(fleet, lambda _: None), replaces=held).app_id
        installation = _installation(fleet, number)
        if installation is None:
            raise SlipwayError("the GitHub stand-in does not install the App", where=fleet.github_api)
        done = f"made GitHub App {number} on the stand-in"
    if (number, installation) != (configuration.get("app_id"), configuration.get("installation_id")):
        configuration |= {"app_id": number, "installation_id": installation}
        fleet.client("dynamodb").update_item(
            TableName=fleet.table,
            Key={"pk": {"S": CONFIG}},
            UpdateExpression="SET #body = :body",
            ExpressionAttributeNames={"#body": "body"},
            ExpressionAttributeValues={":body": {"S": json.dumps(configuration)}},
        )
    api = AppApi(fleet, number)
    if api.webhook() != webhook:  # the fleet was made anew since
        api.set_webhook(url=webhook)
    return done


def stranger(fleet: Fleet) -> str:
    """Make the repository that no class lets in; its slug."""
    repository = {
        "owner": fleet.organization,
        "name": STRANGER,
        "id": _STRANGER_ID,
        "visibility": "private",
    }
    runtime.seed(cloud_of(fleet), {"repositories": [repository]})
    return f"{fleet.organization}/{STRANGER}"


def _installation(fleet: Fleet, app_id: int) -> int | None:
    if not app_id:
        return None
    try:
        found = AppApi(fleet, app_id).installation()
    except SlipwayError:  # no key yet, or one of an App that is gone
        return None
    return int(found["id"]) if found else None
