"""On a stand-in, does what a browser and an organisation's owner do on GitHub: opens the page and agrees."""

import html
import re
from http import HTTPStatus
from urllib.parse import urlencode

from slipway.apps.page import AppPage
from slipway.errors import SlipwayError
from slipway.localcloud.loopback_http import fetch

_FORM = re.compile(r'action="([^"]*)".*name="manifest" value="([^"]*)"', re.DOTALL)


def agree(page: AppPage) -> None:
    """Post the page's form to the stand-in and follow it back, as a browser would.

    Raises:
        SlipwayError: the stand-in does not send back.
    """
    _, shown, _ = _fetch("GET", page.url)
    form_match = _FORM.search(shown)
    if form_match is None:
        raise SlipwayError("the page of the manifest flow has no form", where=page.url)
    action, manifest = html.unescape(form_match[1]), html.unescape(form_match[2])
    status, _, location = _fetch("POST", action, {"manifest": manifest})
    if status != HTTPStatus.FOUND or not location.startswith(f"http://{page.host}/"):
        raise SlipwayError(
            f"the GitHub stand-in answers {status} to the manifest",
            where=page.action.partition("?")[0],
            fix="stop the embedded cloud and bring it up again: `make down`, `make up`",
        )
    _fetch("GET", location)


def _fetch(method: str, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, body and Location of one request."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    reply = fetch(method, url, urlencode(form) if form else None, headers, timeout_s=10)
    return reply.status, reply.content.decode(), reply.headers.get("location", "")
