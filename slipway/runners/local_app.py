"""On `local`, what an owner does by hand elsewhere: makes the GitHub App that sends the fleet its events."""

from slipway.apps import flow
from slipway.aws import ClientError, error_code
from slipway.errors import SlipwayError
from slipway.runners import app, state
from slipway.runners.fleet import Fleet
from slipway.runners.github import AppApi
from slipway.runners.manifest import declared


def ensure(fleet: Fleet) -> str:
    """Make sure that the App of the stack file is on the stand-in, and sends to the fleet; the webhook's URL.

    The stand-in gives the first App of an organisation the numbers that the stack file has for it.

    Raises:
        SlipwayError: the fleet is not up, or a stand-in refuses.
    """
    configuration = state.configuration(fleet)
    number, webhook = int(configuration["app_id"]), f"{fleet.api}/webhook"
    if not _installed(fleet, number):
        made = app.create(
            fleet, lambda: flow.code(declared(fleet, configuration), fleet.github_web, lambda _: None)
        )
        if (made.app_id, _installed(fleet, number)) != (number, True):
            raise SlipwayError(
                f"the GitHub stand-in made App {made.app_id}, and the stack file names {number}",
                where="slipway:platform.runners.app_id",
                fix="`make down` and `make up`: a stand-in gives each number once",
            )
        return webhook
    api = AppApi(fleet, number)
    if api.webhook() != webhook or not _has_secret(fleet):
        api.set_webhook(url=webhook)  # the fleet was made anew since, and its secret with it
        app.renew_secret(fleet)
    return webhook


def _installed(fleet: Fleet, app_id: int) -> bool:
    try:
        return AppApi(fleet, app_id).installation() is not None
    except SlipwayError:  # no key yet, or one of an App that is gone
        return False


def _has_secret(fleet: Fleet) -> bool:
    client = fleet.client("secretsmanager")
    try:
        return bool(client.get_secret_value(SecretId=fleet.names.webhook_secret)["SecretString"])
    except ClientError as error:
        if error_code(error) == "ResourceNotFoundException":
            return False
        raise
