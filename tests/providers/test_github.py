"""What GitHub's types do beyond the life that all types share."""

import json
import socket
import time

import pytest

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.github import GitHubProvider
from tests.providers.driver import CheckFailed, Driver

LABEL = "github:index/issueLabel:IssueLabel"
SECRET = "github:index/actionsSecret:ActionsSecret"
VARIABLE = "github:index/actionsVariable:ActionsVariable"
ENVIRONMENT = "github:index/repositoryEnvironment:RepositoryEnvironment"
INPUTS = {"repository": "app", "secretName": "KEY", "plaintextValue": "hush-hush"}


@pytest.fixture
def ticking(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stand-in whose clock moves by a second with every write."""
    seconds = iter(range(60))
    monkeypatch.setattr(
        "slipway.localcloud.github.routes.secrets_and_variables.now",
        lambda: f"2026-01-01T00:00:{next(seconds):02}Z",
    )


@pytest.mark.usefixtures("ticking")
def test_a_secret_of_our_own_update_is_no_drift(github: Driver) -> None:
    made = github.create(SECRET, INPUTS)
    made = github.update(made, {**INPUTS, "plaintextValue": "new"})
    read = github.read(made)
    assert read is not None
    assert read.state["plaintextValue"] == "new"
    github.delete(made)


@pytest.mark.usefixtures("ticking")
def test_a_secret_that_somebody_else_wrote_is_written_again(github: Driver) -> None:
    made = github.create(SECRET, INPUTS)
    github.create(SECRET, {**INPUTS, "plaintextValue": "theirs"}, name="other")
    read = github.read(made)
    assert read is not None
    assert "plaintextValue" not in read.state
    assert set(github.diff(read, INPUTS).detailed_diff) == {"plaintextValue"}
    github.delete(made)


def test_a_secret_is_sealed_on_the_wire_and_secret_in_the_state(
    github: Driver, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    cloud = github.provider.cloud("")
    send = cloud.client.send

    def spy(method: str, place: str, body: object = None) -> object:
        sent.append(json.dumps(body))
        return send(method, place, body)

    monkeypatch.setattr(cloud.client, "send", spy)
    made = github.create(SECRET, INPUTS)
    assert sent
    assert "hush-hush" not in "".join(sent)
    assert "plaintextValue" in made.secrets
    github.delete(made)


def test_a_refused_secret_is_not_quoted(github: Driver) -> None:
    # In a longer word, where it is not the repository's own name and so public.
    inputs = {"repository": "xhush-hushx", "secretName": "KEY", "plaintextValue": "hush-hush"}
    with pytest.raises(ProviderError) as raised:
        github.create(SECRET, inputs, secrets={"plaintextValue"})
    assert "404" in str(raised.value)
    assert "hush-hush" not in str(raised.value)


def test_a_variable_that_exists_is_not_taken_over(github: Driver) -> None:
    inputs = {"repository": "app", "variableName": "ONE", "value": "1"}
    made = github.create(VARIABLE, inputs)
    with pytest.raises(ProviderError, match="409"):
        github.create(VARIABLE, inputs)
    github.delete(made)


def test_a_label_that_exists_is_not_taken_over(github: Driver) -> None:
    inputs = {"repository": "app", "name": "documentation", "color": "c5def5"}
    with pytest.raises(ProviderError, match="422"):
        github.create(LABEL, inputs)
    found = github.invoke("github:index/getIssueLabels:getIssueLabels", {"repository": "app"})
    assert {"documentation", "enhancement", "good first issue"} <= {one["name"] for one in found["labels"]}


def test_a_label_renamed_by_hand_gets_its_name_back(github: Driver) -> None:
    inputs = {"repository": "app", "name": "deploy", "color": "1d76db"}
    made = github.create(LABEL, inputs)
    cloud = github.provider.cloud("")
    cloud.send("PATCH", cloud.repo("app", "labels", "deploy"), {"new_name": "Deploy"})
    read = github.read(made)
    assert read is not None
    assert set(github.diff(read, inputs).detailed_diff) == {"name"}
    assert not github.diff(read, inputs).replaces
    assert github.read(github.update(read, inputs)).state["name"] == "deploy"
    github.delete(made)


@pytest.mark.parametrize("name", ["1ST", "GITHUB_TOKEN", "github_x", "WITH-DASH", ""])
def test_a_name_that_github_would_refuse_is_refused_by_check(name: str, github: Driver) -> None:
    with pytest.raises(CheckFailed) as raised:
        github.check(VARIABLE, {"repository": "app", "variableName": name, "value": "1"})
    assert raised.value.properties == ["variableName"]


def test_the_names_of_environments_travel_whole(github: Driver) -> None:
    made = github.create(ENVIRONMENT, {"repository": "app", "environment": "a/b:c d%2f"})
    assert made.id == "app:a/b:c d%2f"
    assert github.read(made) is not None
    github.delete(made)


def test_lookups(github: Driver) -> None:
    assert github.invoke("github:index/getRepository:getRepository", {"fullName": "acme/app"})["repoId"] == 31
    assert github.invoke("github:index/getUser:getUser", {"username": "ada"})["id"] == "11"
    team = github.invoke("github:index/getTeam:getTeam", {"slug": "release"})
    assert (team["id"], team["members"]) == ("21", ["ada"])
    with pytest.raises(ProviderError, match="404"):
        github.invoke("github:index/getRepository:getRepository", {"name": "nowhere"})
    with pytest.raises(ProviderError, match="no function"):
        github.invoke("github:index/getBranch:getBranch", {})


def test_a_stand_in_that_is_not_there_is_named_with_what_to_do() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        driver = Driver(GitHubProvider())
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        driver.configure({"baseUrl": url, "token": "stand-in", "owner": "acme"})
        started = time.monotonic()
        for call in (driver.provider.cloud("").get, driver.provider.cloud("").every):
            with pytest.raises(ProviderError, match="does not answer") as raised:
                call("/orgs/acme")
            assert raised.value.fix == "slipway cloud start"
            assert raised.value.where == url
    assert time.monotonic() - started < 5
