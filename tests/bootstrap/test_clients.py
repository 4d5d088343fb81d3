"""The fence between the real AWS and a stand-in: each with its own credentials, neither with the other's."""

from pathlib import Path
from typing import Any

import pytest

from slipway.bootstrap.clients import caller, connect
from slipway.errors import SlipwayError
from tests.bootstrap import samples

AMBIENT = {
    "AWS_ACCESS_KEY_ID": "AKIAAMBIENTAMBIENT00",
    "AWS_SECRET_ACCESS_KEY": "ambient-secret",
    "AWS_SESSION_TOKEN": "ambient-token",
    "AWS_PROFILE": "a-profile-that-is-nowhere",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ENDPOINT_URL_KMS": "http://127.0.0.1:1",
}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in AMBIENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def test_a_stand_in_gets_nothing_of_the_environment(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # moto, in this very process, reads the environment when a service is first used.
    before = connect(samples.ACCOUNT, samples.REGION, endpoint)
    for look in (before.kms.list_keys, before.iam.list_roles, before.s3.list_buckets):
        look()
    caller(before, samples.ACCOUNT)
    for name, value in AMBIENT.items():
        monkeypatch.setenv(name, value)
    clients = connect(samples.ACCOUNT, samples.REGION, endpoint)
    sent: list[str] = []

    def record(request: Any, **_: Any) -> None:
        sent.append(str(request.headers) + request.url)

    for client in vars(clients).values():
        client.meta.events.register("before-send.*.*", record)
    assert caller(clients, samples.ACCOUNT).startswith("arn:aws:sts::333333333333")
    clients.kms.list_keys()
    clients.iam.list_roles()
    clients.s3.list_buckets()
    assert len(sent) == 4
    for text in sent:
        assert "AMBIENT" not in text
        assert "ambient" not in text
        assert endpoint in text


@pytest.mark.parametrize(
    "url",
    ["https://kms.eu-west-1.amazonaws.com", "http://10.0.0.1:5000", "http://localhost.evil.example", "x"],
)
def test_a_stand_in_is_on_this_machine(url: str) -> None:
    with pytest.raises(SlipwayError, match="not on this machine"):
        connect(samples.ACCOUNT, samples.REGION, url)


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_KMS", "AWS_ENDPOINT_URL_S3"])
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "https://aws.example.com", "http://s3.amazonaws.com"]
)
def test_a_real_run_goes_to_aws_only(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(SlipwayError, match="which is not AWS"):
        connect(samples.ACCOUNT, samples.REGION, None)


def test_an_endpoint_in_the_profile_is_seen_too(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:4566\n")
    with pytest.raises(SlipwayError, match="which is not AWS"):
        connect(samples.ACCOUNT, samples.REGION, None)


def test_a_real_run_is_in_the_stacks_region() -> None:
    clients = connect(samples.ACCOUNT, samples.REGION, None)
    assert clients.kms.meta.endpoint_url == "https://kms.eu-west-1.amazonaws.com"


def test_without_credentials_it_says_so() -> None:
    clients = connect(samples.ACCOUNT, samples.REGION, None)
    with pytest.raises(SlipwayError, match="does not say who you are"):
        caller(clients, samples.ACCOUNT)
