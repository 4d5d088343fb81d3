"""Callbacks: genuine to who checks them, sent again where that helps, and to nobody else."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.errors import ServiceError, SlipwayError
from slipway.stacks.drift import sending
from slipway.stacks.drift.callbacks import (
    DELIVERY,
    MAX_RESOURCES,
    SIGNATURE,
    Message,
    datadog,
    payload,
    require_safe,
    signed,
)
from slipway.stacks.drift.report import Report, report_of
from slipway.stacks.drift.sending import ATTEMPTS, send
from slipway.stacks.summary import Property, Step
from tests.stacks.plans import HOSTILE, summary
from tests.stacks.receiver import receiver
from tests.stacks.test_drift_issue import hostile, report

KEY = b"a key"
VALUE = "a-value-that-stays-here"
ADDRESS = "https://hooks.example.com/x"


def genuine(body: bytes, headers: Any) -> bool:
    """As a receiver checks it who knows the secret and GitHub's rule."""
    digest = hmac.new(KEY, body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(headers[SIGNATURE], f"sha256={digest}")


def valued() -> Report:
    """A look whose summaries have values and messages in them."""
    told = hostile(30)
    step = Step("update", "urn:x", "t", "n", properties=(Property("p", "update", VALUE, f"{VALUE} 2"),))
    cloud = replace(told.cloud, steps=(step, *told.cloud.steps))
    return report_of(cloud, replace(told.program, steps=(step, *told.program.steps)))


def test_it_is_taken_at_the_third_attempt_and_the_same_each_time() -> None:
    waited: list[float] = []
    with receiver() as hooks:
        send(signed(report(), hooks.url, KEY), sleep=waited.append)
    assert hooks.statuses == [503, 503, 204]
    assert len({*hooks.bodies}) == len({headers[DELIVERY] for headers in hooks.headers}) == 1
    assert all(map(genuine, hooks.bodies, hooks.headers))
    assert not genuine(hooks.bodies[0] + b" ", hooks.headers[0])
    assert 0.5 <= waited[0] <= 1 <= waited[1] <= 2
    assert json.loads(hooks.bodies[0])["stack"] == "shop/prod"


@pytest.mark.parametrize(
    ("answers", "sent"),
    [([429, 200], 2), ([500], ATTEMPTS), ([404], 1), ([401], 1), ([302], 1), ([429], ATTEMPTS)],
)
def test_what_helps_nothing_is_not_tried_again(answers: list[int], sent: int) -> None:
    with receiver(*answers) as hooks, receiver(200) as elsewhere:
        hooks.location = elsewhere.url
        message = signed(report(), f"{hooks.url}?token=hidden", KEY)
        if answers[-1] == 200:
            send(message, sleep=lambda _: None)
        else:
            with pytest.raises(ServiceError, match=f"it answers {answers[-1]}") as caught:
                send(message, sleep=lambda _: None)
            assert "hidden" not in str(caught.value)
    assert len(hooks.statuses) == sent
    assert elsewhere.statuses == []


def test_who_does_not_answer_in_time_is_asked_again() -> None:
    with receiver(200, delay_s=0.5) as hooks:
        with pytest.raises(ServiceError, match="no answer \\(ReadTimeout\\)"):
            send(signed(report(), hooks.url, KEY), sleep=lambda _: None, timeout=(1, 0.05))
        address = hooks.url
    assert len(hooks.bodies) == ATTEMPTS
    with pytest.raises(ServiceError, match="no answer"):
        send(signed(report(), address, KEY), sleep=lambda _: None)


def test_neither_proxies_nor_passwords_of_the_environment_are_taken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login ada password hidden\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    with receiver(200) as hooks:
        send(signed(report(), hooks.url, KEY))
        # Elsewhere a proxy is what the environment says, but no password.
        monkeypatch.delenv("HTTP_PROXY")
        monkeypatch.setattr(sending, "is_loopback", lambda _: False)
        send(signed(report(), hooks.url, KEY))
    assert len(hooks.headers) == 2
    assert all("Authorization" not in headers for headers in hooks.headers)


@pytest.mark.parametrize(
    "address",
    [
        "http://hooks.example.com/x", "http://127.0.0.1.example.com/", "http://user:pw@127.0.0.1/", "",
        "https://user:pw@hooks.example.com/x", "https://hooks.example.com\\@evil.example/", "ftp://127.0.0.1/",
        "https://", "https:///x", "https://h.example/\nx", "https://h.example:port/", "https://h.example/ x",
        "file:///etc/passwd", "//hooks.example.com/x", "http://localhost.evil.example/", "http://[::2]/",
    ],
)  # fmt: skip
def test_an_address_that_shows_it_to_others_is_refused(address: str) -> None:
    makes: tuple[Callable[[], Message], ...] = (
        lambda: signed(report(), address, KEY),
        lambda: datadog(report(), address, "key"),
    )
    for make in makes:
        with pytest.raises(SlipwayError, match="with https"):
            make()


def test_https_and_this_machine_are_taken() -> None:
    for address in (
        ADDRESS,
        "http://127.0.0.1:8/x",
        "http://[::1]:8/",
        "http://localhost/x",
        "https://127.0.0.1/",
    ):
        require_safe(address)


def test_without_a_secret_nothing_is_sent() -> None:
    with pytest.raises(SlipwayError, match="no secret"):
        signed(report(), ADDRESS, b"")
    for key in ("", "a b", "a\r\nHost: x", "ключ"):
        with pytest.raises(SlipwayError, match="letters and digits"):
            datadog(report(), ADDRESS, key)


def test_names_go_out_and_values_do_not() -> None:
    told = valued()
    for message in (signed(told, ADDRESS, KEY), datadog(told, ADDRESS, "0ddkey")):
        assert VALUE.encode() not in message.body
        assert b"0ddkey" not in message.body
        assert KEY not in message.body
        assert b'"n"' in message.body or b"n (t)" in message.body
        # What the engine said may hold anything.
        assert all(each.text.encode() not in message.body for each in summary(2, 1).messages[:1])


def test_a_callback_counts_all_and_names_the_first() -> None:
    told = payload(report(drifted=MAX_RESOURCES + 50), issue="https://github.com/acme/shop/issues/1")
    assert (told["status"], told["cloud"]["changed"], told["issue"][-1]) == ("drift", 150, "1")
    assert len(told["cloud"]["resources"]) == MAX_RESOURCES
    calm = payload(report(drifted=0))
    assert (calm["status"], calm["cloud"]["changed"], calm["issue"], calm["unapplied"]) == (
        "none",
        0,
        None,
        None,
    )


def test_an_event_of_datadog_is_one_that_it_takes() -> None:
    for told in (report(drifted=500), hostile(200), report(drifted=0)):
        message = datadog(told, "https://api.datadoghq.eu/", "0ddkey")
        event = json.loads(message.body)
        assert message.address == "https://api.datadoghq.eu/api/v1/events"
        assert message.headers["DD-API-KEY"] == "0ddkey"
        assert event["alert_type"] == ("warning" if told.found else "success")
        assert len(event["text"]) <= 4_000
        assert "@" not in event["title"] + event["text"]
        assert not event["text"].startswith("%%%")
        assert len(event["aggregation_key"]) <= 100
        assert event["tags"][-1] == "event:drift"
    assert json.loads(datadog(report(), ADDRESS, "k").body)["date_happened"] == 1_796_000_400


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_told_and_call_nobody(name: str) -> None:
    told, name = report(), name.encode(errors="replace").decode()
    bad = replace(told.cloud, project=name, steps=(Step("update", "urn:x", name, name),))
    told = replace(told, cloud=bad)
    assert json.loads(signed(told, ADDRESS, KEY).body)["cloud"]["changed"] == 1
    event = json.loads(datadog(told, ADDRESS, "k").body)
    assert "@" not in event["title"] + event["text"]
    assert len(event["text"].splitlines()) == 2
    assert all(tag.isascii() and len(tag) <= 200 for tag in event["tags"])
