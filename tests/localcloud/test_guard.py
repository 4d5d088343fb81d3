"""Who may call: nobody whom a browser brings here from elsewhere."""

import pytest

from slipway.localcloud.cloud import SERVICES, Cloud
from slipway.localcloud.web import Routes, is_loopback_name, raw_segments
from tests.localcloud.conftest import Client


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "host", ["evil.example.com", "127.0.0.1.evil.example.com", "127.0.0.1@evil.example.com", "[::1", ""]
)
def test_a_foreign_host_is_refused(cloud: Cloud, service: str, host: str) -> None:
    answer = Client(getattr(cloud, service))("GET", "/", headers={"Host": host})
    assert answer.status == 403
    assert "127.0.0.1" in answer.json["message"]


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "origin", ["https://evil.example.com", "null", "http://127.0.0.1.evil.example.com:80"]
)
def test_a_page_of_another_origin_is_refused(cloud: Cloud, service: str, origin: str) -> None:
    assert Client(getattr(cloud, service))("POST", "/", headers={"Origin": origin}).status == 403


@pytest.mark.parametrize("service", SERVICES)
def test_no_other_origin_is_invited(cloud: Cloud, service: str) -> None:
    answer = Client(getattr(cloud, service))("OPTIONS", "/", headers={"Origin": getattr(cloud, service)})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_localhost_is_this_machine(cloud: Cloud) -> None:
    host = cloud.console.removeprefix("http://").replace("127.0.0.1", "localhost")
    assert Client(cloud.console)("GET", "/healthz", headers={"Host": host}).status == 200


def test_a_seed_cannot_be_posted_by_a_form(cloud: Cloud) -> None:
    answer = Client(cloud.github)("POST", "/slipway/seed", "{}", {"Content-Type": "text/plain"})
    assert answer.status == 415


def test_a_body_beyond_all_reason_is_refused_unread(cloud: Cloud) -> None:
    assert Client(cloud.console)("GET", "/", headers={"Content-Length": str(10**12)}).status == 413
    assert Client(cloud.console)("GET", "/", headers={"Content-Length": "many"}).status == 400


@pytest.mark.parametrize(
    ("name", "loopback"), [("127.0.0.1:80", True), ("localhost", True), ("127.0.0.2", False)]
)
def test_loopback_names(name: str, loopback: bool) -> None:
    assert is_loopback_name(name) is loopback


def test_an_encoded_slash_stays_in_its_segment() -> None:
    assert raw_segments({"RAW_URI": "/a/b%2Fc/d%20e?x=/y"}) == ["a", "b/c", "d e"]
    assert raw_segments({"RAW_URI": "http://127.0.0.1/a/b"}) == ["a", "b"]


def test_a_literal_segment_outranks_a_name() -> None:
    routes: Routes[str] = Routes()
    routes.add("GET", "a/{name}", "named")
    routes.add("GET", "a/public-key", "literal")
    assert routes.find("GET", ["a", "public-key"]) == ("literal", {})
    assert routes.find("GET", ["a", "b"]) == ("named", {"name": "b"})
    assert routes.find("PUT", ["a", "b"]) is None
    assert routes.find("GET", ["a"]) is None
