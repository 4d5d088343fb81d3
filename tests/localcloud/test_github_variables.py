"""Variables and secrets at every level; secrets go in sealed and never come out."""

import base64
from typing import Any
from urllib.parse import quote

import pytest
from nacl.public import PublicKey, SealedBox

from slipway.localcloud.cloud import Cloud
from tests.localcloud.conftest import Client

REPOSITORY = "/repos/acme/app/actions"
ENVIRONMENT = "/repos/acme/app/environments/staging"
ORGANIZATION = "/orgs/acme/actions"
VALUE = "correct-horse-battery-staple"


@pytest.fixture(params=[REPOSITORY, ENVIRONMENT, ORGANIZATION])
def place(request: pytest.FixtureRequest, github: Client) -> tuple[Client, str, dict[str, Any]]:
    """A client that may, the place's path, and what a body there needs besides."""
    github("PUT", ENVIRONMENT, {})
    everywhere = {"visibility": "all"} if request.param == ORGANIZATION else {}
    return github, request.param, everywhere


def seal(client: Client, place: str, value: str) -> dict[str, str]:
    key = client("GET", f"{place}/secrets/public-key").json
    box = SealedBox(PublicKey(base64.b64decode(key["key"])))
    return {
        "encrypted_value": base64.b64encode(box.encrypt(value.encode())).decode(),
        "key_id": key["key_id"],
    }


@pytest.mark.parametrize("base", [REPOSITORY, ENVIRONMENT])
def test_a_variable_is_created_read_changed_and_deleted(github: Client, base: str) -> None:
    github("PUT", ENVIRONMENT, {})
    client, path = github, f"{base}/variables"
    assert client("POST", path, {"name": "aws_region", "value": "eu-west-1"}).status == 201
    assert client("GET", f"{path}/AWS_REGION").json["name"] == "AWS_REGION"
    assert client("POST", path, {"name": "AWS_REGION", "value": "x"}).status == 409
    assert client("PATCH", f"{path}/aws_region", {"value": "eu-west-2"}).status == 204
    assert client("GET", f"{path}/AWS_REGION").json["value"] == "eu-west-2"
    assert "AWS_REGION" in [one["name"] for one in client("GET", path).json["variables"]]
    assert client("PATCH", f"{path}/AWS_REGION", {"name": "RENAMED"}).status == 204
    assert client("GET", f"{path}/AWS_REGION").status == 404
    assert client("DELETE", f"{path}/RENAMED").status == 204
    assert client("DELETE", f"{path}/RENAMED").status == 404


@pytest.mark.parametrize("name", ["GITHUB_TOKEN", "github_x", "1ST", "WITH-DASH", "WITH SPACE", "", "Ä"])
@pytest.mark.parametrize("kind", ["variables", "secrets"])
def test_names_that_github_refuses_are_refused(github: Client, kind: str, name: str) -> None:
    if kind == "variables":
        answer = github("POST", f"{REPOSITORY}/variables", {"name": name, "value": "x"})
    elif name:
        answer = github("PUT", f"{REPOSITORY}/secrets/{quote(name)}", seal(github, REPOSITORY, "x"))
    else:
        return  # a secret's name is in its path
    assert answer.status == 422


def test_a_value_may_have_48_kilobytes(github: Client) -> None:
    path = f"{REPOSITORY}/variables"
    assert github("POST", path, {"name": "LARGEST", "value": "x" * 49_152}).status == 201
    assert github("POST", path, {"name": "TOO_LARGE", "value": "x" * 49_153}).status == 422
    assert (
        github("PUT", f"{REPOSITORY}/secrets/LARGEST", seal(github, REPOSITORY, "x" * 49_152)).status == 201
    )
    assert (
        github("PUT", f"{REPOSITORY}/secrets/TOO_LARGE", seal(github, REPOSITORY, "x" * 49_153)).status == 422
    )


def test_an_environment_has_room_for_a_hundred(github: Client) -> None:
    github("PUT", "/repos/acme/app/environments/full", {})
    path = "/repos/acme/app/environments/full/variables"
    for number in range(100):
        assert github("POST", path, {"name": f"V{number}", "value": ""}).status == 201
    assert github("POST", path, {"name": "ONE_MORE", "value": ""}).status == 422


def test_what_is_in_an_environment_goes_with_it(github: Client) -> None:
    github("PUT", "/repos/acme/app/environments/short", {})
    github("POST", "/repos/acme/app/environments/short/variables", {"name": "A", "value": "b"})
    github("DELETE", "/repos/acme/app/environments/short")
    assert github("GET", "/repos/acme/app/environments/short/variables").status == 404
    github("PUT", "/repos/acme/app/environments/short", {})
    assert github("GET", "/repos/acme/app/environments/short/variables").json["total_count"] == 0


def test_a_secret_is_put_listed_and_deleted(place: tuple[Client, str, dict[str, Any]]) -> None:
    client, base, more = place
    sealed = seal(client, base, VALUE)
    assert client("PUT", f"{base}/secrets/deploy_token", {**sealed, **more}).status == 201
    assert client("PUT", f"{base}/secrets/DEPLOY_TOKEN", {**sealed, **more}).status == 204
    assert client("GET", f"{base}/secrets/DEPLOY_TOKEN").json["name"] == "DEPLOY_TOKEN"
    assert "DEPLOY_TOKEN" in [one["name"] for one in client("GET", f"{base}/secrets").json["secrets"]]
    assert client("DELETE", f"{base}/secrets/DEPLOY_TOKEN").status == 204
    assert client("GET", f"{base}/secrets/DEPLOY_TOKEN").status == 404


def test_a_secret_never_comes_out_again(
    cloud: Cloud, place: tuple[Client, str, dict[str, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    client, base, more = place
    sealed = seal(client, base, VALUE)
    answers = [
        client("PUT", f"{base}/secrets/HIDDEN", {**sealed, **more}),
        client("GET", f"{base}/secrets/HIDDEN"),
        client("GET", f"{base}/secrets"),
        Client(cloud.console)("GET", "/"),
        Client(cloud.console)("GET", "/status.json"),
    ]
    logs = [path.read_text() for path in tmp_path_factory.getbasetemp().rglob("cloud.log")]
    assert logs
    for text in [*[answer.text for answer in answers], *logs]:
        for secret in (VALUE, sealed["encrypted_value"], base64.b64encode(VALUE.encode()).decode()):
            assert secret not in text


def test_no_token_and_no_query_is_logged(
    cloud: Cloud, github: Client, tmp_path_factory: pytest.TempPathFactory
) -> None:
    github("GET", "/repos/acme/app?access=very-private-query")
    Client(cloud.aws)("GET", "/bucket/key?X-Amz-Signature=very-private-query")
    texts = [path.read_text() for path in tmp_path_factory.getbasetemp().rglob("cloud.log")]
    texts.append(Client(cloud.console)("GET", "/status.json").text)
    assert all("very-private-query" not in text and "Bearer" not in text for text in texts)


@pytest.mark.parametrize(
    "wrong",
    [
        {"key_id": "1"},
        {"encrypted_value": "not base64!"},
        {"encrypted_value": base64.b64encode(b"x" * 64).decode()},
        {"encrypted_value": None},
    ],
)
def test_a_value_that_is_not_sealed_for_this_place_is_refused(github: Client, wrong: dict[str, Any]) -> None:
    body = {**seal(github, REPOSITORY, VALUE), **wrong}
    assert github("PUT", f"{REPOSITORY}/secrets/WRONG", body).status == 422
    assert github("GET", f"{REPOSITORY}/secrets/WRONG").status == 404


def test_each_place_has_its_own_key(github: Client) -> None:
    body = seal(github, ORGANIZATION, VALUE)
    key_id = github("GET", f"{REPOSITORY}/secrets/public-key").json["key_id"]
    assert body["key_id"] != key_id
    assert github("PUT", f"{REPOSITORY}/secrets/X", {**body, "key_id": key_id}).status == 422


def test_an_organisations_secret_is_for_selected_repositories(github: Client) -> None:
    path, sealed = f"{ORGANIZATION}/secrets/ACTIONS_READER", seal(github, ORGANIZATION, VALUE)
    selected = {**sealed, "visibility": "selected", "selected_repository_ids": [501]}
    assert github("PUT", path, sealed).status == 422
    assert github("PUT", path, {**selected, "selected_repository_ids": [503]}).status == 422
    assert github("PUT", path, selected).status == 201
    assert github("GET", path).json["visibility"] == "selected"
    assert [one["id"] for one in github("GET", f"{path}/repositories").json["repositories"]] == [501]
