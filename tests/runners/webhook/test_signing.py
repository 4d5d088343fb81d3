"""Requests to AWS are signed as AWS's own library signs them, and moto's servers take them."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from moto.server import ThreadedMotoServer

from runners.webhook import aws as own
from runners.webhook import handler
from tests.runners.webhook.payloads import job, request

AT = 1_795_000_000.0


@pytest.mark.parametrize("service", ["sqs", "secretsmanager"])
@pytest.mark.parametrize("token", ["", "a-session-token"])
def test_the_signature_is_botocores(monkeypatch: pytest.MonkeyPatch, service: str, token: str) -> None:
    body, target = b'{"a":"\xc3\xa9"}', "Target.Action"
    host = f"{service}.eu-west-1.amazonaws.com"
    headers = own.signed_headers(
        service=service,
        region="eu-west-1",
        host=host,
        target=target,
        body=body,
        at=AT,
        credentials=("AKIDEXAMPLE", "secret", token),
    )
    given = {"Content-Type": headers["content-type"], "X-Amz-Target": target, "Host": host}
    theirs = AWSRequest("POST", f"https://{host}/", headers=given, data=body)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: _time(headers["x-amz-date"]))
    SigV4Auth(Credentials("AKIDEXAMPLE", "secret", token or None), service, "eu-west-1").add_auth(theirs)
    assert headers["authorization"] == theirs.headers["Authorization"]


def _time(stamp: str) -> Any:
    return datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    for name, value in {
        "AWS_ENDPOINT_URL": url,
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "_webhook", None)
    yield url
    server.stop()


def test_it_works_on_motos_queue_and_secret_store(moto: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sqs, store = boto3.client("sqs", endpoint_url=moto), boto3.client("secretsmanager", endpoint_url=moto)
    queue = sqs.create_queue(QueueName="events")["QueueUrl"]
    secret = store.create_secret(Name="webhook")["ARN"]
    monkeypatch.setenv("QUEUE_URL", queue)
    monkeypatch.setenv("SECRET_ID", secret)
    assert handler.handle(request(job()))["statusCode"] == 503  # no value yet
    store.put_secret_value(SecretId=secret, SecretString="current")
    assert handler.handle(request(job()))["statusCode"] == 202
    store.put_secret_value(SecretId=secret, SecretString="next")
    monkeypatch.setattr(handler, "_webhook", None)
    assert handler.handle(request(job(), secret="next"))["statusCode"] == 202
    assert handler.handle(request(job(), secret="current"))["statusCode"] == 202
    received = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    assert len(received) == 3
    assert {json.loads(one["Body"])["job"]["id"] for one in received} == {11}
