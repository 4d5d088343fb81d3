"""Sends a callback, again where that may help, and never to another address than the one that was given."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

import requests

from slipway.errors import ServiceError
from slipway.platform.loopback import is_loopback
from slipway.stacks.drift.callbacks import Message

ATTEMPTS: Final = 5
_FIRST_WAIT_S: Final = 1.0
_LONGEST_WAIT_S: Final = 30.0
_TIMEOUT_S: Final = (5, 10)
"""To connect, and between two bytes of the answer."""


def send(
    message: Message,
    *,
    sleep: Callable[[float], None] = time.sleep,
    timeout: tuple[float, float] = _TIMEOUT_S,
) -> None:
    """Send a message until it is taken: again after no answer, a 429 or a 5xx, ever later.

    Raises:
        ServiceError: it was not taken. Nothing of the message is in it, and of its address the host alone.
    """
    said = ""
    with requests.Session() as session:
        # What the environment says of proxies is not for this machine.
        session.trust_env = not is_loopback(message.address)
        for attempt in range(ATTEMPTS):
            if attempt:
                longest = min(_FIRST_WAIT_S * 2 ** (attempt - 1), _LONGEST_WAIT_S)
                sleep(longest * random.uniform(0.5, 1))  # noqa: S311 - not for a secret
            status, said = _once(session, message, timeout)
            if 200 <= status < 300:
                return
            if 0 < status < 500 and status != 429:
                break
    raise ServiceError(
        f"the callback was not taken: {said}",
        service="callback",
        where=message.place,
        fix="see that it takes a POST there, and run the command again",
    )


def _once(session: requests.Session, message: Message, timeout: tuple[float, float]) -> tuple[int, str]:
    """The status, 0 without an answer; and what to say of it."""
    try:
        with session.post(
            message.address,
            data=message.body,
            headers=dict(message.headers),
            auth=_as_nobody,
            timeout=timeout,
            allow_redirects=False,
            stream=True,  # nobody reads what it answers
        ) as answer:
            return answer.status_code, f"it answers {answer.status_code}"
    except requests.RequestException as error:
        return 0, f"no answer ({type(error).__name__})"


def _as_nobody(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Given so that requests takes no password from ~/.netrc."""
    return request
