"""Nothing leaves this machine, whatever the environment holds."""

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.localcloud.providers.aws import AwsProvider
from slipway.localcloud.providers.errors import FenceError, ProviderError
from slipway.localcloud.providers.fence import Rest, loopback
from slipway.localcloud.providers.github import GitHubProvider
from tests.providers.conftest import Served, aws_arguments
from tests.providers.driver import Driver

KEY = "AKIAREALLOOKING00000"
SECRET = "real-looking-secret-key"


@pytest.fixture
def hostile(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[list[Any]]:
    """Real-looking credentials everywhere, proxies that must not be used, and every connection noted."""
    (tmp_path / ".aws").mkdir()
    profile = f"aws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\nregion = us-west-2\n"
    profile += "endpoint_url = http://192.0.2.1:1\n"
    for name in ("config", "credentials"):
        (tmp_path / ".aws" / name).write_text(
            f"[default]\n{profile}[profile real]\n{profile}[real]\n{profile}"
        )
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login me password secret\n")
    environment = {
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET,
        "AWS_SESSION_TOKEN": "real-looking-token",
        "AWS_PROFILE": "real",
        "AWS_DEFAULT_PROFILE": "absent",
        "AWS_REGION": "us-west-2",
        "AWS_DEFAULT_REGION": "us-west-2",
        "AWS_ENDPOINT_URL": "http://192.0.2.1:1",
        "AWS_ENDPOINT_URL_IAM": "http://192.0.2.1:1",
        "AWS_USE_FIPS_ENDPOINT": "true",
        "AWS_CONFIG_FILE": str(tmp_path / ".aws" / "config"),
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(tmp_path / "token"),
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/real",
        "HTTP_PROXY": "http://192.0.2.2:1",
        "HTTPS_PROXY": "http://192.0.2.2:1",
        "ALL_PROXY": "http://192.0.2.2:1",
        "GITHUB_TOKEN": "ghp_real",
        "GITHUB_BASE_URL": "https://github.example",
        "GITHUB_OWNER": "real",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
        if "PROXY" in name:
            monkeypatch.setenv(name.lower(), value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    reached: list[Any] = []
    connect = socket.socket.connect

    def noted(self: socket.socket, address: Any) -> None:
        reached.append(address)
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", noted)
    yield reached
    assert {address[0] for address in reached if isinstance(address, tuple)} <= {"127.0.0.1", "::1"}


def signed_with(driver: Driver) -> str:
    """The Authorization header of a request that the provider's IAM client sends."""
    seen: list[str] = []
    client = driver.provider.cloud("").client("iam")
    client.meta.events.register(
        "before-send", lambda request, **_: seen.append(str(request.headers["Authorization"]))
    )
    client.list_roles()
    return seen[0]


@pytest.fixture
def warm_server(aws: Driver, aws_server: Served) -> Served:
    """moto, in this process too, looks for a profile on its first use; that is not the provider's doing."""
    made = aws.create("aws:ssm/parameter:Parameter", {"name": "/warm", "type": "String", "value": "x"})
    aws.delete(made)
    aws.provider.cloud("").client("iam").list_roles()
    return aws_server


def test_aws_uses_its_own_keys_region_and_endpoint_alone(warm_server: Served, hostile: list[Any]) -> None:
    driver = Driver(AwsProvider())
    driver.configure(aws_arguments(warm_server.url))
    header = signed_with(driver)
    assert KEY not in header
    assert "Credential=test/" in header
    assert "us-west-2" not in header
    made = driver.create("aws:ssm/parameter:Parameter", {"name": "/fence", "type": "String", "value": "x"})
    assert ":eu-west-1:" in made.state["arn"]
    driver.delete(made)
    assert hostile


@pytest.mark.usefixtures("hostile")
def test_github_uses_its_own_token_and_address_alone(github_server: Served) -> None:
    driver = Driver(GitHubProvider())
    driver.configure({"baseUrl": github_server.url, "token": "stand-in", "owner": "acme"})
    assert driver.invoke("github:index/getRepository:getRepository", {"name": "app"})["repoId"] == 31


@pytest.mark.parametrize(
    "url",
    [
        "https://iam.amazonaws.com",
        "http://192.168.1.1:80",
        "http://0.0.0.0:80",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://me:secret@127.0.0.1",
        "ftp://127.0.0.1",
        "file:///etc/passwd",
        "127.0.0.1:80",
        "",
    ],
)
def test_only_loopback_is_spoken_to(url: str) -> None:
    with pytest.raises(FenceError) as raised:
        loopback(url, "the endpoint")
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566/", "http://localhost:80", "http://[::1]:80", "https://127.8.9.1"]
)
def test_loopback_is_taken(url: str) -> None:
    assert loopback(url, "the endpoint") == url.rstrip("/")


@pytest.mark.parametrize(
    "endpoints", [None, "[]", json.dumps([{}]), json.dumps([{"iam": "https://iam.amazonaws.com"}])]
)
def test_aws_does_not_start_without_endpoints_of_its_own(endpoints: str | None) -> None:
    with pytest.raises(FenceError):
        Driver(AwsProvider()).configure({"region": "eu-west-1", "endpoints": endpoints})


def test_a_service_without_an_endpoint_is_refused_by_name(aws_server: Served) -> None:
    driver = Driver(AwsProvider())
    driver.configure({"region": "eu-west-1", "endpoints": json.dumps([{"iam": aws_server.url}])})
    with pytest.raises(FenceError, match="no endpoint for ssm"):
        driver.create("aws:ssm/parameter:Parameter", {"name": "/x", "type": "String", "value": "x"})


@pytest.mark.parametrize("missing", ["baseUrl", "token", "owner"])
@pytest.mark.usefixtures("hostile")
def test_github_takes_nothing_from_the_environment(missing: str, github_server: Served) -> None:
    arguments = {"baseUrl": github_server.url, "token": "stand-in", "owner": "acme"}
    with pytest.raises(FenceError, match=missing):
        Driver(GitHubProvider()).configure({**arguments, missing: ""})


def test_an_address_where_nobody_answers_says_what_to_do() -> None:
    with contextlib.closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]  # bound, so that nobody else gets it, and nobody listens
        with pytest.raises(ProviderError, match="slipway cloud start"):
            Rest(f"http://127.0.0.1:{port}", "the stand-in").request("GET", "/")
