"""Gets GitHub's code for a new App: from an owner at a browser, or on `local` from the stand-in at once."""

from collections.abc import Callable

from slipway.runners import state
from slipway.runners.app_page import AppPage, serving
from slipway.runners.fleet import Fleet
from slipway.runners.manifest import manifest
from slipway.runners.stand_in_owner import agree

PATIENCE_S = 3600.0
"""GitHub takes the code for an hour.
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest"""


def code(fleet: Fleet, shown: Callable[[str], None]) -> str:
    """The code, once an owner of the organisation has agreed.

    Args:
        fleet: whose App it will be; its API must be up, because the App sends its events there.
        shown: hears the page's URL, where a person has to open it.

    Raises:
        SlipwayError: nobody agreed in time.
    """
    configuration, webhook = state.configuration(fleet), f"{fleet.api}/webhook"
    page = AppPage(
        fleet.github_web,
        fleet.organization,
        lambda redirect: manifest(fleet, configuration, webhook=webhook, redirect=redirect),
    )
    with serving(page):
        if fleet.cloud is not None:
            agree(page)
        else:
            shown(page.url)
        return page.wait(PATIENCE_S)
