"""Who may call: no other user of this machine, and nobody whom a browser brings here from elsewhere."""

import json
from typing import Any

import pytest

from slipway.localcloud.cloud import SERVICES, Cloud
from slipway.localcloud.web import Routes, is_loopback_name, raw_segments
from tests.localcloud.conftest import Client
from tests.localcloud.strangers import run_as_another_user


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
    "origin",
    ["https://evil.example.com", "null", "http://127.0.0.1.evil.example.com:80", "http://127.0.0.1:1", ""],
)
def test_a_page_of_another_origin_is_refused(cloud: Cloud, service: str, origin: str) -> None:
    assert Client(getattr(cloud, service))("POST", "/", headers={"Origin": origin}).status == 403


@pytest.mark.parametrize("service", SERVICES)
def test_a_page_of_one_of_our_ports_may_not_call_another(cloud: Cloud, service: str) -> None:
    other = cloud.github if service == "aws" else cloud.aws
    assert Client(getattr(cloud, service))("POST", "/", headers={"Origin": other}).status == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_link_or_an_image_on_another_page_asks_in_vain(cloud: Cloud, service: str, site: str) -> None:
    assert Client(getattr(cloud, service))("GET", "/", headers={"Sec-Fetch-Site": site}).status == 403


def test_an_image_on_another_page_makes_nothing(cloud: Cloud, aws: Any) -> None:
    scope = "X-Amz-Credential=any/20260101/us-east-1/iam/aws4_request"
    address = f"/?{scope}&Action=CreateUser&UserName=planted&Version=2010-05-08"
    answer = Client(cloud.aws)("GET", address, headers={"Sec-Fetch-Site": "same-site"})
    assert answer.status == 403
    assert "planted" not in [user["UserName"] for user in aws("iam").list_users()["Users"]]


def test_our_own_page_is_shown_and_may_ask(cloud: Cloud) -> None:
    console = Client(cloud.console)
    for site in ("none", "same-origin"):
        assert console("GET", "/", headers={"Sec-Fetch-Site": site, "Origin": cloud.console}).status == 200


ATTACK = """
import http.client, json, sys
answers = []
for target in sys.argv[1:]:
    method, host, path, signed = target.split(" ", 3)
    connection = http.client.HTTPConnection(host, timeout=120)
    headers = {"Authorization": signed} if signed else {}
    connection.request(method, path, "{}", headers)
    answer = connection.getresponse()
    answers.append([answer.status, answer.read().decode()])
print(json.dumps(answers))
"""


def test_another_user_of_this_machine_is_refused_on_every_port(cloud: Cloud, aws: Any) -> None:
    scope = (
        "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=0"
    )
    hosts = {service: getattr(cloud, service).removeprefix("http://") for service in SERVICES}
    told = run_as_another_user(
        ATTACK,
        f"POST {hosts['aws']} /2015-03-31/functions {scope.format('lambda')}",
        f"PUT {hosts['aws']} /planted {scope.format('s3')}",
        f"GET {hosts['aws']} /slipway/records ",
        f"GET {hosts['github']} /rate_limit Bearer stand-in",
        f"GET {hosts['kubernetes']} /api/v1/secrets Bearer stand-in",
        f"GET {hosts['console']} /status.json ",
    )
    answers = json.loads(told)
    assert [status for status, _ in answers] == [403] * 6
    assert all("only the processes of the user" in body for _, body in answers)
    assert "planted" not in [bucket["Name"] for bucket in aws("s3").list_buckets()["Buckets"]]


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
