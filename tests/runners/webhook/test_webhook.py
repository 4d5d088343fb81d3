"""The webhook takes what GitHub signed, and nothing else; what it cannot keep it does not accept."""

import json
from typing import Any

import pytest

from runners.control.messages import JobEvent, RunEvent, parse_message
from runners.webhook import handler, secrets
from runners.webhook.handler import MAX_BYTES
from tests.runners.webhook.conftest import Answer
from tests.runners.webhook.payloads import job, request, run, signature
from tests.runners.webhook.stand_in import Aws


@pytest.mark.parametrize("encoded", [False, True])
@pytest.mark.parametrize("action", ["queued", "waiting", "in_progress", "completed"])
def test_a_signed_job_is_queued_as_the_planner_reads_it(
    aws: Aws, status: Answer, action: str, *, encoded: bool
) -> None:
    assert status(request(job(action, run_attempt=3), encoded=encoded)) == 202
    (sent,) = aws.messages
    read = parse_message(json.dumps(sent))
    assert isinstance(read, JobEvent)
    assert (read.action, read.job_id, read.attempt) == (action, 11, 3)
    assert (read.repository, read.private, read.labels) == ("acme/skill-pool", True, ("self-hosted", "linux"))
    assert "free text" not in json.dumps(sent)


@pytest.mark.parametrize(("head", "own"), [(33, True), (99, False), (None, False)])
def test_a_run_says_whether_its_code_is_the_repositorys_own(
    aws: Aws, status: Answer, head: int | None, *, own: bool
) -> None:
    assert status(request(run(head=head), event="workflow_run")) == 202
    read = parse_message(json.dumps(aws.messages[0]))
    assert isinstance(read, RunEvent)
    assert read.own is own


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        ("ping", {"zen": "x"}),
        ("push", {"ref": "x"}),
        ("workflow_job", {"action": "unheard-of"}),
        ("workflow_run", {"action": "completed"}),
        ("", {}),
    ],
)
def test_what_nobody_waits_for_is_accepted_and_not_queued(
    aws: Aws, status: Answer, event: str, payload: dict[str, Any]
) -> None:
    assert status(request(payload, event=event)) == 202
    assert not aws.messages


@pytest.mark.parametrize(
    "given",
    [
        "",
        "sha256=",
        "sha256=abc",
        "sha1=" + "0" * 64,
        "sha256=" + "g" * 64,
        "sha256=" + "0" * 64,
        "0" * 64,
        "sha256=" + "0" * 63,
        "sha256=" + "0" * 65,
        "sha256=é" + "0" * 63,
    ],
)
def test_a_missing_short_or_wrong_signature_is_refused(aws: Aws, status: Answer, given: str) -> None:
    assert status(request(job(), headers={"x-hub-signature-256": given})) == 401
    assert not aws.messages


def test_a_body_that_differs_by_one_byte_is_refused(aws: Aws, status: Answer) -> None:
    event = request(job())
    event["body"] = event["body"].replace("11", "12")
    assert status(event) == 401
    event = request(job())
    del event["headers"]["x-hub-signature-256"]
    assert status(event) == 401
    assert not aws.messages


def test_headers_are_found_whatever_their_case(aws: Aws, status: Answer) -> None:
    event = request(job())
    event["headers"] = {name.title(): value for name, value in event["headers"].items()}
    assert status(event) == 202
    assert len(aws.messages) == 1


@pytest.mark.parametrize("encoded", [False, True])
def test_too_large_a_body_is_refused_before_it_is_hashed_or_parsed(
    aws: Aws, status: Answer, monkeypatch: pytest.MonkeyPatch, *, encoded: bool
) -> None:
    def never(*_: object) -> None:
        raise AssertionError("it was hashed")

    event = request(b'"' + b"x" * MAX_BYTES + b'"', encoded=encoded)
    monkeypatch.setattr("hmac.new", never)
    assert status(event) == 413
    assert not aws.calls
    if encoded:
        monkeypatch.setattr("base64.b64decode", never)
        event["body"] = "A" * (2 * MAX_BYTES)
        assert status(event) == 413


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b'{"action": "queued"}',
        b"not json",
        b"[" * 100_000,
        json.dumps(job(labels="linux")).encode(),
        json.dumps(job(labels=["x"] * 101)).encode(),
        json.dumps(job(id="11")).encode(),
        json.dumps(job(id=True)).encode(),
        json.dumps({**job(), "repository": None}).encode(),
        json.dumps({**job(), "installation": []}).encode().replace(b"[]", b'"x"'),
    ],
)
def test_a_signed_payload_of_another_shape_is_a_bad_request(aws: Aws, status: Answer, payload: bytes) -> None:
    assert status(request(payload)) == 400
    assert not aws.messages


@pytest.mark.parametrize(
    "changes",
    [
        {"id": 10**400},
        {"run_id": 2**63},
        {"run_attempt": 10**39},
        {"id": -1},
        {"runner_group_id": 10**400},
        *({name: "yesterday"} for name in ("created_at", "started_at", "completed_at")),
        {"created_at": "2026-02-30T00:00:00Z"},
        {"labels": ["\ud800"]},
        {"name": "\udfff"},
    ],
    ids=str,
)
def test_what_could_not_be_read_later_is_refused_so_that_github_lists_it_as_failed(
    aws: Aws, status: Answer, changes: dict[str, Any]
) -> None:
    assert status(request(job(**changes))) == 400
    assert not aws.messages


@pytest.mark.parametrize("slug", ["acme", "acme/", "acme/..", "acme/a b", "acme/a/b", "acme/a\n"])
def test_a_repository_whose_name_is_none_is_refused(aws: Aws, status: Answer, slug: str) -> None:
    payload = job()
    payload["repository"]["full_name"] = slug
    assert status(request(payload)) == 400


def test_two_secrets_are_taken_while_one_replaces_the_other(aws: Aws, status: Answer) -> None:
    aws.secrets = {"AWSCURRENT": "new", "AWSPREVIOUS": "old"}
    assert status(request(job(), secret="new")) == 202
    assert status(request(job(), secret="old")) == 202
    assert status(request(job(), secret="older")) == 401


def test_a_rotation_takes_hold_at_once_and_noise_costs_no_calls(
    aws: Aws, status: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [1000.0]
    assert status(request(job())) == 202
    assert handler._webhook is not None
    monkeypatch.setattr(handler._webhook._secrets, "_clock", lambda: now[0])
    monkeypatch.setattr(handler._webhook._secrets, "_read_at", now[0])
    aws.secrets = {"AWSCURRENT": "new", "AWSPREVIOUS": "current"}
    now[0] += secrets.AGAIN_S + 1
    assert status(request(job(), secret="new")) == 202
    before = len(aws.calls)
    for _ in range(50):
        assert status(request(job(), secret="noise")) == 401
    assert aws.calls[before:].count("GetSecretValue") == 0


@pytest.mark.parametrize("broken", ["GetSecretValue", "SendMessage"])
def test_what_cannot_be_reached_is_a_503_and_the_next_request_works(
    aws: Aws, status: Answer, broken: str
) -> None:
    aws.fail = {broken}
    assert status(request(job())) == 503
    assert status(request(job())) == 503
    assert not aws.messages
    aws.fail = set()
    assert status(request(job())) == 202
    assert len(aws.messages) == 1


def test_nobody_listening_is_a_503_and_the_next_request_works(
    aws: Aws, status: Answer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    assert status(request(job())) == 503
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws.url)
    assert status(request(job())) == 202


def test_no_secret_yet_is_a_503(aws: Aws, status: Answer) -> None:
    aws.secrets = {}
    assert status(request(job())) == 503
    aws.secrets = {"AWSCURRENT": ""}
    assert status(request(job(), secret="")) == 503


def test_nothing_of_a_request_or_a_secret_is_logged(
    aws: Aws, status: Answer, capfd: pytest.CaptureFixture[str]
) -> None:
    events = [
        request(job(name="a-name")),
        request(job(name="a-name"), secret="wrong"),
        request(job(labels="a-label")),
        request(b"a-broken-body"),
    ]
    for event in events:
        status(event)
    aws.fail = {"SendMessage"}  # the stand-in repeats in its error what it was sent
    status(events[0])
    out, err = capfd.readouterr()
    said = out + err
    assert "WebhookFailed" in said
    hidden = ["a-name", "a-label", "a-broken-body", "current", "very-secret-key", "session-token"]
    hidden += [event["headers"]["x-hub-signature-256"].removeprefix("sha256=") for event in events]
    hidden += [signature(b"a-broken-body", "current")[7:]]
    for text in hidden:
        assert text not in said, text
    for line in out.splitlines():
        json.loads(line)
