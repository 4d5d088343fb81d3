"""An App's webhook deliveries: what became of them, and sending one again.

https://docs.github.com/en/rest/apps/webhooks
"""

from http import HTTPStatus

from werkzeug.wrappers import Response

from slipway.localcloud.github.automation import App
from slipway.localcloud.github.errors import invalid, not_found
from slipway.localcloud.github.protocol import AS_APP, MAX_PER_PAGE, Area, Call
from slipway.localcloud.github.webhooks import Delivery
from slipway.localcloud.web import json_response

area = Area()

_CURSOR = "v1_"


@area.route("GET", "/app/hook/deliveries", needs=AS_APP)
def list_deliveries(call: Call) -> Response:
    """The newest first; `cursor` in the Link header leads on to older ones."""
    size = call.request.args.get("per_page", "30")
    count = min(int(size), MAX_PER_PAGE) if size.isdecimal() and int(size) else 30
    cursor = call.request.args.get("cursor", "")
    before = cursor.removeprefix(_CURSOR)
    if cursor and not (cursor.startswith(_CURSOR) and before.isdecimal()):
        raise invalid("Invalid cursor")
    deliveries = call.world.webhooks.newest(_app(call), int(before) if cursor else None, count + 1)
    page, headers = deliveries[:count], dict[str, str]()
    if len(deliveries) > count:
        url = f"{call.request.base_url}?per_page={count}&cursor={_CURSOR}{page[-1].id}"
        headers["Link"] = f'<{url}>; rel="next"'
    return json_response([delivery.shown() for delivery in page], headers=headers)


@area.route("GET", "/app/hook/deliveries/{delivery}", needs=AS_APP)
def get_delivery(call: Call) -> Response:
    delivery = _delivery(call)
    sent = {"headers": {"X-GitHub-Delivery": delivery.guid, "X-GitHub-Event": delivery.event}}
    return json_response(
        {
            **delivery.shown(),
            "url": delivery.app.hook["url"],
            "request": {**sent, "payload": delivery.payload},
            "response": {"headers": {}, "payload": delivery.response},
        }
    )


@area.route("POST", "/app/hook/deliveries/{delivery}/attempts", needs=AS_APP)
def redeliver(call: Call) -> Response:
    call.world.webhooks.redeliver(_delivery(call))
    return json_response({}, HTTPStatus.ACCEPTED)


def _app(call: Call) -> App:
    return call.world.automation.apps[call.token.app_id or 0]


def _delivery(call: Call) -> Delivery:
    number = call.path["delivery"]
    delivery = call.world.webhooks.find(_app(call), int(number)) if number.isdecimal() else None
    if delivery is None:
        raise not_found()
    return delivery
