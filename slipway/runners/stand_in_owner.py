"""On `local`, does what a browser and an organisation's owner do on GitHub: opens the page and agrees."""

import html
import http.client
import re
from urllib.parse import urlencode, urlsplit

from slipway.errors import SlipwayError
from slipway.runners.app_page import AppPage

_FORM = re.compile(r'action="([^"]*)".*name="manifest" value="([^"]*)"', re.DOTALL)


def agree(page: AppPage) -> None:
    """Post the page's form to the stand-in and follow it back, as a browser would.

    Raises:
        SlipwayError: the stand-in does not send back.
    """
    _, shown, _ = _fetch("GET", page.url)
    found = _FORM.search(shown)
    if found is None:
        raise SlipwayError("the page of the manifest flow has no form", where=page.url)
    action, manifest = html.unescape(found[1]), html.unescape(found[2])
    status, _, location = _fetch("POST", action, {"manifest": manifest})
    if status != http.client.FOUND or not location.startswith(f"http://{page.host}/"):
        raise SlipwayError(
            f"the GitHub stand-in answers {status} to the manifest",
            where=page.action.partition("?")[0],
            fix="stop the embedded cloud and bring it up again: `make down`, `make up`",
        )
    _fetch("GET", location)


def _fetch(method: str, url: str, form: dict[str, str] | None = None) -> tuple[int, str, str]:
    """Status, body and Location of one request, by a client that knows no proxies and follows nothing."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=10)
    headers = {"Content-Type": "application/x-www-form-urlencoded"} if form else {}
    try:
        path = f"{address.path}?{address.query}" if address.query else address.path
        connection.request(method, path, urlencode(form) if form else None, headers)
        response = connection.getresponse()
        return response.status, response.read().decode(), response.getheader("Location", "")
    finally:
        connection.close()
