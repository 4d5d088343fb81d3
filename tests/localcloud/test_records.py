"""Records: the same objects on the console port and on the AWS port."""

from urllib.parse import quote

import pytest

from slipway.localcloud.cloud import Cloud
from slipway.localcloud.records import RECORDED
from tests.localcloud.conftest import Client

TYPE = quote("aws:eks/accessEntry:AccessEntry", safe="")


@pytest.fixture(params=["aws", "console"])
def records(request: pytest.FixtureRequest, cloud: Cloud) -> Client:
    client = Client(getattr(cloud, request.param))
    for id_ in client("GET", f"/slipway/records/{TYPE}").json:
        client("DELETE", f"/slipway/records/{TYPE}/{quote(id_)}")
    return client


def test_a_record_is_created_read_replaced_and_deleted(records: Client) -> None:
    path = f"/slipway/records/{TYPE}/demo%3Aarn%3Aaws%3Aiam%3A%3A1%3Arole%2Fci%2Fapp"
    assert records("GET", path).status == 404
    assert records("PUT", path, {"groups": ["app"]}).status == 201
    assert records("GET", path).json == {"groups": ["app"]}
    assert records("PUT", path, {"groups": []}).status == 200
    assert records("GET", f"/slipway/records/{TYPE}").json == {
        "demo:arn:aws:iam::1:role/ci/app": {"groups": []}
    }
    assert records("GET", "/slipway/records").json["aws:eks/accessEntry:AccessEntry"] == 1
    assert records("DELETE", path).status == 204
    assert records("DELETE", path).status == 404
    assert records("GET", f"/slipway/records/{TYPE}").json == {}


def test_slashes_in_an_id_need_no_encoding(records: Client) -> None:
    records("PUT", f"/slipway/records/{TYPE}/demo/role/ci", {"a": 1})
    assert records("GET", f"/slipway/records/{TYPE}/demo%2Frole%2Fci").json == {"a": 1}


def test_both_ports_show_the_same(cloud: Cloud) -> None:
    Client(cloud.aws)("PUT", "/slipway/records/one/x", {"from": "aws"})
    assert Client(cloud.console)("GET", "/slipway/records/one/x").json == {"from": "aws"}


def test_a_create_does_not_replace_what_is_there(records: Client) -> None:
    path, only_new = f"/slipway/records/{TYPE}/x", {"If-None-Match": "*"}
    assert records("PUT", path, {"n": 1}, only_new).status == 201
    assert records("PUT", path, {"n": 2}, only_new).status == 412
    assert records("GET", path).json == {"n": 1}


@pytest.mark.parametrize("body", ["", "[]", "{", "1", "null"])
def test_only_objects_are_recorded(records: Client, body: str) -> None:
    answer = records("PUT", f"/slipway/records/{TYPE}/x", body)
    if body == "":
        assert answer.status == 201  # an empty body is an empty object
    else:
        assert answer.status == 400
        assert records("GET", f"/slipway/records/{TYPE}/x").status == 404


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_other_methods_are_refused(records: Client, method: str) -> None:
    assert records(method, f"/slipway/records/{TYPE}/x", {}).status == 405
    assert records("DELETE", f"/slipway/records/{TYPE}").status == 405


def test_every_recorded_type_says_why() -> None:
    assert all(reason for reason in RECORDED.values())
