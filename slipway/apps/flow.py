"""Makes an App of what is declared: an owner agrees at a browser, and GitHub gives its key for a code."""

from collections.abc import Callable
from typing import Any

from slipway.apps.manifest import Declared
from slipway.apps.page import AppPage, serving
from slipway.apps.stand_in_owner import agree
from slipway.errors import SlipwayError
from slipway.github import connect, path
from slipway.platform.loopback import is_loopback

Json = dict[str, Any]

PATIENCE_S = 3600.0
"""GitHub takes the code for an hour.
https://docs.github.com/en/apps/sharing-github-apps/registering-a-github-app-from-a-manifest"""


def code(declared: Declared, github_web: str, shown: Callable[[str], None]) -> str:
    """The code, once an owner of the organisation has agreed; on a stand-in, at once.

    Args:
        declared: what the App will be.
        github_web: base URL of GitHub's pages, or of a stand-in on loopback.
        shown: hears the page's URL, where a person has to open it.

    Raises:
        SlipwayError: nobody agreed in time.
    """
    page = AppPage(
        github_web, declared.organization, lambda redirect: declared.manifest(github_web, redirect)
    )
    with serving(page):
        if is_loopback(github_web):
            agree(page)
        else:
            shown(page.url)
        return page.wait(PATIENCE_S)


def convert(github_api: str, given: str, *needed: str) -> Json:
    """What GitHub gives for a code, once: the App with its private key.

    Args:
        github_api: base URL of GitHub's API.
        given: the code.
        needed: what the answer must have besides `id`, `slug`, `html_url` and `pem`.

    Raises:
        SlipwayError: GitHub refuses, or its answer lacks something.
    """
    answer = connect(url=github_api).post(path("app-manifests", given, "conversions"))
    app: Json = answer if isinstance(answer, dict) else {}  # pyright: ignore[reportUnknownVariableType]
    missing = [key for key in ("id", "slug", "html_url", "pem", *needed) if not app.get(key)]
    if missing:
        raise SlipwayError(
            f"GitHub's answer to the code lacks {', '.join(missing)}",
            where=github_api,
            fix="delete the App on GitHub and run this again",
        )
    return app
