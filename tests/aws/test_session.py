"""Sessions with the real AWS and with stand-ins: neither takes what is the other's."""

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from slipway.aws import AwsError, caller_in, connect, error_code
from slipway.errors import ServiceError, SlipwayError
from tests.platform.test_loopback import ELSEWHERE

REGION = "eu-west-1"
HOSTILE = {
    "AWS_ACCESS_KEY_ID": "AKIAAMBIENTAMBIENT00",
    "AWS_SECRET_ACCESS_KEY": "ambient-secret",
    "AWS_SESSION_TOKEN": "ambient-token",
    "AWS_PROFILE": "a-profile-that-is-nowhere",
    "AWS_REGION": "us-west-2",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_MAX_ATTEMPTS": "99",
    "AWS_RETRY_MODE": "legacy",
    "HTTP_PROXY": "http://127.0.0.1:1",
}


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in HOSTILE:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def answered(client: Any, sent: list[Any]) -> None:
    """Record what a client would send, instead of sending it."""

    class Raw:
        status_code = 200
        headers: dict[str, str] = {}  # noqa: RUF012
        content = b"{}"

    def keep(request: Any, **_: Any) -> Any:
        sent.append(request)
        return Raw()

    client.meta.events.register("before-send.*.*", keep)


def test_a_stand_in_gets_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in HOSTILE.items():
        monkeypatch.setenv(name, value)
    session = connect(REGION, endpoint="http://127.0.0.1:4566", account="123456789012")
    client, sent = session.client("ssm"), []
    answered(client, sent)
    client.describe_parameters()
    text = f"{sent[0].url} {sent[0].headers}"
    assert sent[0].url == "http://127.0.0.1:4566/"
    assert "ambient" not in text.lower()
    assert f"/{REGION}/ssm/" in text
    assert sent[0].headers["x-moto-account-id"] == b"123456789012"
    assert client.meta.config.retries["total_max_attempts"] == 3
    assert client.meta.config.proxies == {}


def test_the_real_one_gets_the_callers_credentials_and_our_region_and_retries(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_RETRY_MODE"):
        monkeypatch.setenv(name, HOSTILE[name])
    client, sent = connect(REGION).client("ssm"), []
    answered(client, sent)
    client.describe_parameters()
    assert sent[0].url == f"https://ssm.{REGION}.amazonaws.com/"
    assert "AKIAAMBIENTAMBIENT00" in str(sent[0].headers["Authorization"])
    assert "x-moto-account-id" not in sent[0].headers
    assert client.meta.config.retries == {"mode": "standard", "total_max_attempts": 5}


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SSM"])
@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "https://ssm.amazonaws.com.evil.example", "http://ssm.amazonaws.com"]
)
def test_the_real_one_goes_to_aws_only(name: str, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, url)
    with pytest.raises(SlipwayError, match="which is not AWS"):
        connect(REGION).client("ssm")


def test_an_address_for_another_service_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:4566")
    assert connect(REGION).client("sts").meta.endpoint_url == f"https://sts.{REGION}.amazonaws.com"


def test_an_address_in_the_profile_is_seen_too(tmp_path: Path) -> None:
    (tmp_path / "config").write_text("[default]\nendpoint_url = http://127.0.0.1:4566\n")
    with pytest.raises(SlipwayError, match="which is not AWS"):
        connect(REGION).client("kms")


@pytest.mark.parametrize("url", ELSEWHERE)
def test_a_stand_in_is_on_this_machine(url: str) -> None:
    with pytest.raises(SlipwayError, match="not on this machine"):
        connect(REGION, endpoint=url)


def test_a_client_is_made_once() -> None:
    session = connect(REGION, endpoint="http://127.0.0.1:4566")
    assert session.client("s3") is session.client("s3")


class Sts:
    def __init__(self, answer: dict[str, str] | Exception) -> None:
        self._answer = answer

    def get_caller_identity(self) -> dict[str, str]:
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


def refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetCallerIdentity")


def test_who_calls_is_known_once_they_are_in_the_account() -> None:
    here = {"Account": "333333333333", "Arn": "arn:aws:iam::333333333333:user/ada"}
    assert caller_in(Sts(here), "333333333333", names="accounts") == here["Arn"]
    with pytest.raises(SlipwayError, match="you are in account 333333333333, and the stack is in 1"):
        caller_in(Sts(here), "111111111111", names="accounts")


def test_an_error_of_aws_keeps_its_code() -> None:
    with pytest.raises(AwsError, match="does not say who you are") as raised:
        caller_in(Sts(refusal("ExpiredToken")), "333333333333", names="accounts")
    assert isinstance(raised.value, ServiceError)
    assert (raised.value.service, raised.value.code) == ("AWS", "ExpiredToken")
    silent = EndpointConnectionError(endpoint_url="https://sts.amazonaws.com")
    with pytest.raises(AwsError) as raised:
        caller_in(Sts(silent), "333333333333", names="accounts")
    assert raised.value.code == error_code(silent) == ""
