"""What only S3 does: answers that are lost, conflicts that are no answer, and rights that are not there."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse

from slipway.aws import AwsError, AwsSession
from slipway.store import KeyTaken, S3Store, VersionChanged
from slipway.store import s3 as module
from tests.store.conftest import ACCOUNT, BUCKET, session


class Interference:
    """Stands before the wire of a client: `answers` are given instead of S3's, which is asked or not."""

    def __init__(self, client: Any, operation: str = "PutObject") -> None:
        self.sent = 0
        self.answers: list[Callable[[], AWSResponse | None] | None] = []
        client.meta.events.register(f"before-send.s3.{operation}", self._send)

    def _send(self, request: Any, **_: Any) -> AWSResponse | None:
        self.sent += 1
        answer = self.answers.pop(0) if self.answers else None
        return answer() if answer else None


class _Raw:
    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Any:
        yield self._content


def error(status: int, code: str) -> Callable[[], AWSResponse]:
    body = f"<Error><Code>{code}</Code><Message>as S3 says</Message></Error>".encode()
    return lambda: AWSResponse("http://s3", status, {"content-type": "application/xml"}, _Raw(body))


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FIRST_PAUSE_S", 0)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0)


@pytest.fixture
def connected(endpoint: str) -> AwsSession:
    return session(endpoint)


@pytest.fixture
def place(connected: AwsSession, request: pytest.FixtureRequest) -> S3Store:
    prefix = request.node.name.replace("[", "-").replace("]", "").replace(" ", "")
    return S3Store(connected, BUCKET, account=ACCOUNT, prefix=prefix)


def lost_after(place: S3Store, act: Callable[[Any], None]) -> Callable[[], AWSResponse]:
    """S3 does what it was asked, and the answer is a 500."""

    def answer() -> AWSResponse:
        act(place)
        return error(500, "InternalError")()

    return answer


def behind(endpoint: str, place: S3Store) -> S3Store:
    """Another client of the same place, whose requests are not interfered with."""
    return S3Store(session(endpoint), BUCKET, account=ACCOUNT, prefix=place._prefix.strip("/"))


@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "OperationAborted"])
def test_a_conflict_is_asked_again(place: S3Store, connected: AwsSession, code: str) -> None:
    wire = Interference(connected.client("s3"))
    wire.answers = [error(409, code), error(409, code)]
    version = place.put_once("a", b"1")
    assert wire.sent == 3
    wire.answers = [error(409, code)]
    place.update("a", b"2", version)
    wire.answers = [error(409, code)]
    with pytest.raises(VersionChanged):
        place.update("a", b"3", version)
    wire.answers = [error(409, code)]
    with pytest.raises(KeyTaken):
        place.put_once("a", b"4")


def test_conflicts_without_end_are_an_error(place: S3Store, connected: AwsSession) -> None:
    wire = Interference(connected.client("s3"))
    wire.answers = [error(409, "ConditionalRequestConflict")] * 20
    with pytest.raises(AwsError, match="a cannot be written") as raised:
        place.put_once("a", b"1")
    assert raised.value.code == "ConditionalRequestConflict"
    assert wire.sent == module._ATTEMPTS


def same_request(endpoint: str, request_of: dict[str, Any]) -> Callable[[], AWSResponse]:
    """S3 does what was asked, by another connection, and answers 500 to it."""

    def answer() -> AWSResponse:
        session(endpoint).client("s3").put_object(**request_of)
        return error(500, "InternalError")()

    return answer


@pytest.fixture
def recorded(connected: AwsSession) -> dict[str, Any]:
    """The parameters of the latest PutObject."""
    latest: dict[str, Any] = {}

    def keep(params: dict[str, Any], **_: Any) -> None:
        latest.clear()
        latest.update(params)

    connected.client("s3").meta.events.register("provide-client-params.s3.PutObject", keep)
    return latest


def test_a_write_whose_answer_was_lost_is_known_as_ours(
    endpoint: str, place: S3Store, connected: AwsSession, recorded: dict[str, Any]
) -> None:
    wire = Interference(connected.client("s3"))
    wire.answers = [same_request(endpoint, recorded)]
    version = place.put_once("a", b"1")
    assert wire.sent == 2  # the second was answered 412
    wire.answers = [same_request(endpoint, recorded)]
    newer = place.update("a", b"2", version)
    entry = place.get("a")
    assert entry is not None
    assert (entry.content, entry.version) == (b"2", newer)
    # A 409 behind the lost answer makes it no less ours.
    wire.answers = [same_request(endpoint, recorded), error(409, "ConditionalRequestConflict")]
    assert place.update("a", b"3", newer) != newer


def test_another_s_write_is_not_taken_for_ours_although_its_content_is_the_same(
    endpoint: str, place: S3Store, connected: AwsSession
) -> None:
    other = behind(endpoint, place)

    def other_first() -> AWSResponse:
        other.put_once("a", b"1")
        return error(503, "SlowDown")()

    wire = Interference(connected.client("s3"))
    wire.answers = [other_first]
    with pytest.raises(KeyTaken):
        place.put_once("a", b"1")


def test_a_write_that_never_gets_an_answer_is_an_error_or_done(
    endpoint: str, place: S3Store, connected: AwsSession, recorded: dict[str, Any]
) -> None:
    wire = Interference(connected.client("s3"))
    wire.answers = [error(500, "InternalError")] * 3
    with pytest.raises(AwsError, match="a cannot be written"):
        place.put_once("a", b"1")
    wire.answers = [error(500, "InternalError")] * 2 + [same_request(endpoint, recorded)]
    assert place.put_once("a", b"1")


def test_who_may_not_read_puts_once_and_is_told_where_that_is_not_clear(
    endpoint: str, place: S3Store, connected: AwsSession, recorded: dict[str, Any]
) -> None:
    reads = Interference(connected.client("s3"), "HeadObject")
    reads.answers = [error(403, "AccessDenied")]
    Interference(connected.client("s3"), "GetObject").answers = [error(403, "AccessDenied")]
    place.put_once("a", b"1")
    with pytest.raises(KeyTaken):
        place.put_once("a", b"2")
    assert reads.sent == 0
    Interference(connected.client("s3")).answers = [same_request(endpoint, recorded)]
    with pytest.raises(AwsError, match="whether b was written is not known"):
        place.put_once("b", b"1")


@pytest.mark.parametrize("code", ["AccessDenied", "NoSuchBucket"])
def test_a_refusal_is_neither_taken_nor_missing(place: S3Store, connected: AwsSession, code: str) -> None:
    for operation, call in (
        ("PutObject", lambda: place.put_once("a", b"")),
        ("PutObject", lambda: place.update("a", b"", "v")),
        ("GetObject", lambda: place.get("a")),
        ("ListObjectsV2", lambda: place.list("")),
    ):
        Interference(connected.client("s3"), operation).answers = [error(403, code)]
        with pytest.raises(AwsError) as raised:
            call()
        assert raised.value.code == code


def test_all_pages_are_listed(place: S3Store, connected: AwsSession, monkeypatch: pytest.MonkeyPatch) -> None:
    keys = [f"log/{number:03}" for number in range(7)]
    for key in keys:
        place.put_once(key, b"")
    client = connected.client("s3")

    def small(params: dict[str, Any], **_: Any) -> None:
        params["MaxKeys"] = 3

    client.meta.events.register("provide-client-params.s3.ListObjectsV2", small)
    assert place.list("log/") == keys
