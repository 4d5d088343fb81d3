"""An App's webhook deliveries: what became of them, and sending one again.

https://docs.github.com/en/rest/apps/webhooks
"""

from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.automation import App
from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.protocol import AS_APP, MAX_PER_PAGE, Area, Ask
from slipway.localcloud.github.webhooks import Delivery
from slipway.localcloud.web import json_response

area = Area()

_CURSOR = "v1_"


@area.route("GET", "/app/hook/deliveries", needs=AS_APP)
def list_deliveries(ask: Ask) -> Response:
    """The newest first; `cursor` in the Link header leads on to older ones."""
    size = ask.request.args.get("per_page", "30")
    count = min(int(size), MAX_PER_PAGE) if size.isdecimal() and int(size) else 30
    cursor = ask.request.args.get("cursor", "")
    before = cursor.removeprefix(_CURSOR)
    if cursor and not (cursor.startswith(_CURSOR) and before.isdecimal()):
        raise invalid("Invalid cursor")
    found = ask.world.webhooks.newest(_app(ask), int(before) if cursor else None, count + 1)
    page, headers = found[:count], dict[str, str]()
    if len(found) > count:
        url = f"{ask.request.base_url}?per_page={count}&cursor={_CURSOR}{page[-1].id}"
        headers["Link"] = f'<{url}>; rel="next"'
    return json_response([one.shown() for one in page], headers=headers)


@area.route("GET", "/app/hook/deliveries/{delivery}", needs=AS_APP)
def get_delivery(ask: Ask) -> Response:
    found = _delivery(ask)
    sent = {"headers": {"X-GitHub-Delivery": found.guid, "X-GitHub-Event": found.event}}
    return json_response(
        {
            **found.shown(),
            "url": found.app.hook["url"],
            "request": {**sent, "payload": found.payload},
            "response": {"headers": {}, "payload": found.response},
        }
    )


@area.route("POST", "/app/hook/deliveries/{delivery}/attempts", needs=AS_APP)
def redeliver(ask: Ask) -> Response:
    ask.world.webhooks.redeliver(_delivery(ask))
    return json_response({}, HTTPStatus.ACCEPTED)


def _app(ask: Ask) -> App:
    return ask.world.automation.apps[ask.token.app_id or 0]


def _delivery(ask: Ask) -> Delivery:
    number = ask.path["delivery"]
    found = ask.world.webhooks.find(_app(ask), int(number)) if number.isdecimal() else None
    if found is None:
        raise not_found()
    return found
