"""The GitHub App: made with the least rights, its secrets straight into their stores, and compared."""

import base64
import http.client
import json
import logging
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from typer.testing import CliRunner

from slipway.apps.manifest import Declared
from slipway.apps.page import AppPage, serving
from slipway.bootstrap.stack_file import StackFile
from slipway.cli import runners as command
from slipway.errors import SlipwayError
from slipway.github import app_token
from slipway.runners import app, app_key
from slipway.runners.fleet import Fleet
from slipway.runners.github import sign
from slipway.runners.manifest import EVENTS, permissions
from tests.runners.cli import fakes

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
PEM = KEY.private_bytes(
    serialization.Encoding.PEM,
    serialization.PrivateFormat.TraditionalOpenSSL,  # the form in which GitHub gives it
    serialization.NoEncryption(),
).decode()
SECRET = "webhook-secret-of-this-test"
MINIMUM = {"actions": "read", "metadata": "read", "organization_self_hosted_runners": "write"}


@pytest.fixture
def ready(fleet: Fleet, github: fakes.FakeGitHub) -> Fleet:
    """A fleet whose stack is up, and a GitHub that makes one App for the code `c0de`."""
    fakes.configure(fleet, app_id=None, installation_id=None)
    fleet.client("secretsmanager").create_secret(Name=fleet.names.webhook_secret, SecretString="old")
    github.routes["POST /app-manifests/c0de/conversions"] = (201, given())

    def agreed(query: dict[str, list[str]]) -> fakes.Answer:
        back = json.loads(github.forms[-1]["manifest"][0])["redirect_url"]
        return 302, f"{back}?code=c0de&state={query['state'][0]}"

    github.routes["POST /organizations/acme/settings/apps/new"] = agreed
    return fleet


def given() -> fakes.Json:
    app_itself = {
        "id": 77,
        "slug": "acme-local-runners",
        "html_url": "https://github.com/apps/acme-local-runners",
    }
    return {**app_itself, "pem": PEM, "webhook_secret": SECRET}


def make(fleet: Fleet, code: str = "c0de", **rest: Any) -> app.Created:
    return app.create(fleet, lambda: code, replaces=app.require_free(fleet, **{"rotate": False, **rest}))


def test_the_key_arrives_in_kms_whole_and_signs_under_its_alias(ready: Fleet) -> None:
    made = make(ready)
    kms: fakes.ImportingKms = ready.client("kms")
    assert kms.imported[made.key_id].private_numbers() == KEY.private_numbers()
    assert kms.asked["WrappingAlgorithm"] == "RSA_AES_KEY_WRAP_SHA_256"
    described = kms.describe_key(KeyId=ready.names.app_key)["KeyMetadata"]
    assert (described["KeyId"], described["Origin"], described["KeyUsage"]) == (
        made.key_id,
        "EXTERNAL",
        "SIGN_VERIFY",
    )


def test_the_secret_is_current_and_the_old_one_still_accepted(ready: Fleet) -> None:
    make(ready)
    read = ready.client("secretsmanager").get_secret_value
    assert read(SecretId=ready.names.webhook_secret)["SecretString"] == SECRET
    assert read(SecretId=ready.names.webhook_secret, VersionStage="AWSPREVIOUS")["SecretString"] == "old"


def test_a_token_is_the_apps_own(ready: Fleet) -> None:
    make(ready)
    text = app_token(77, partial(sign, ready))
    signed, _, signature = text.rpartition(".")
    KEY.public_key().verify(
        base64.urlsafe_b64decode(signature + "=="), signed.encode(), padding.PKCS1v15(), hashes.SHA256()
    )
    claims = json.loads(base64.urlsafe_b64decode(signed.split(".")[1] + "=="))
    assert claims["iss"] == "77"
    assert claims["exp"] - claims["iat"] <= 600


def test_an_app_is_replaced_only_when_asked(ready: Fleet) -> None:
    first = make(ready)
    with pytest.raises(SlipwayError, match="has a GitHub App already") as refused:
        app.require_free(ready, rotate=False)
    assert "--rotate" in refused.value.fix
    second = make(ready, rotate=True)
    assert second.replaced_key == first.key_id != second.key_id
    assert app_key.current_key(ready) == second.key_id


def test_without_a_place_for_the_secret_github_is_not_asked(fleet: Fleet, github: fakes.FakeGitHub) -> None:
    fakes.configure(fleet)
    with pytest.raises(SlipwayError, match="nowhere to put"):
        app.require_free(fleet, rotate=False)
    assert github.calls == []


@pytest.mark.parametrize("broken", ["refused", "incomplete", "no key", "other key"])
def test_a_failure_changes_nothing_and_leaves_no_empty_key(
    ready: Fleet, github: fakes.FakeGitHub, broken: str
) -> None:
    elliptic = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    answers: dict[str, fakes.Answer] = {
        "refused": (404, {"message": "Not Found"}),
        "incomplete": (201, {**given(), "webhook_secret": None}),
        "no key": (201, {**given(), "pem": PEM[:200]}),
        "other key": (201, {**given(), "pem": elliptic.decode()}),
    }
    github.routes["POST /app-manifests/c0de/conversions"] = answers[broken]
    with pytest.raises(SlipwayError) as error:
        make(ready)
    assert PEM[40:60] not in str(error.value)
    assert app_key.current_key(ready) is None
    kms: Any = ready.client("kms")
    states = [
        kms.describe_key(KeyId=one["KeyId"])["KeyMetadata"]["KeyState"] for one in kms.list_keys()["Keys"]
    ]
    assert states == ["PendingDeletion"]
    read = ready.client("secretsmanager").get_secret_value
    assert read(SecretId=ready.names.webhook_secret)["SecretString"] == "old"


def invoke(monkeypatch: pytest.MonkeyPatch, fleet: Fleet, *arguments: str) -> Any:
    monkeypatch.setattr(command, "_fleet", lambda *_: fleet)
    monkeypatch.setattr(Fleet, "api", "https://hooks.example.com")
    return CliRunner().invoke(command.app, ["app", *arguments])


def test_on_local_the_whole_flow_runs_by_itself_and_shows_no_secret(
    ready: Fleet,
    github: fakes.FakeGitHub,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("moto").setLevel(logging.WARNING)
    monkeypatch.chdir(tmp_path)
    result = invoke(monkeypatch, ready, "create", "local")
    assert result.exit_code == 0, result.exception
    assert "app_id: 77" in result.output
    assert "https://github.com/apps/acme-local-runners/installations/new" in result.output
    posted = json.loads(github.forms[0]["manifest"][0])
    assert posted["default_permissions"] == MINIMUM
    assert posted["default_events"] == ["workflow_job", "workflow_run"]
    assert posted["hook_attributes"] == {"url": "https://hooks.example.com/webhook", "active": True}
    # botocore's debug log shows request bodies; it is off unless a program turns it on, and ours does not.
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("botocore")]
    for secret in (SECRET, PEM.splitlines()[1]):
        assert secret not in result.output
        assert not any(secret in text for text in ours)
    assert list(tmp_path.iterdir()) == []


def test_a_code_by_hand_needs_no_page(
    ready: Fleet, github: fakes.FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = invoke(monkeypatch, ready, "create", "local", "--code", "c0de", "--json")
    told = json.loads(result.output)
    assert told["app_id"] == 77
    assert told["installation_url"].endswith("/installations/new")
    assert github.forms == []


def page() -> AppPage:
    return AppPage("https://github.com", "acme", lambda redirect: {"redirect_url": redirect, "name": 'a"b'})


def get(served: AppPage, path: str, host: str | None = None) -> tuple[int, str, http.client.HTTPMessage]:
    connection = http.client.HTTPConnection(served.host, timeout=120)
    connection.request("GET", path, headers={"Host": host or served.host})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    return response.status, body, response.headers


def test_the_page_takes_one_code_and_only_with_its_state() -> None:
    with serving(page()) as served:
        for query in ("code=c&state=wrong", "code=c", f"state={served.state}", "code=c&state=%C3%A9"):
            assert get(served, f"/created?{query}")[0] == 403
        with pytest.raises(SlipwayError, match="sent nobody back"):
            served.wait(0)
        assert get(served, f"/created?code=right&state={served.state}")[0] == 200
        assert get(served, f"/created?code=late&state={served.state}")[0] == 410
        assert served.wait(5) == "right"


def test_the_page_shows_itself_only_at_its_own_address() -> None:
    with serving(page()) as served:
        assert served.host.startswith("127.0.0.1:")
        assert get(served, "/")[0] == 404
        entrance = urlsplit(served.url).path
        assert get(served, entrance, host="attacker.example.com")[0] == 421
        status, body, headers = get(served, entrance)
        assert status == 200
        assert 'a"b' not in body
        assert "form-action 'self' https://github.com;" in headers["Content-Security-Policy"]
        assert parse_qs(urlsplit(served.action).query)["state"] == [served.state]


def test_actions_may_be_written_only_where_a_class_reruns() -> None:
    assert permissions({"classes": {"a": {}, "b": {"rerun_interrupted": False}}}) == MINIMUM
    assert permissions({"classes": {"a": {}, "b": {"rerun_interrupted": True}}}) == {
        **MINIMUM,
        "actions": "write",
    }


def test_the_name_is_as_long_as_github_lets_it_be() -> None:
    app_itself = Declared(organization="a" * 30, suffix="runners", description="", permissions={})
    assert len(app_itself.manifest("https://github.com", "")["name"]) <= 34


def test_every_difference_is_named_with_its_direction() -> None:
    declared_app = Declared(
        organization="acme", suffix="runners", description="", permissions=MINIMUM, events=EVENTS
    )
    live = {
        "permissions": {"actions": "write", "metadata": "read", "contents": "read"},
        "events": ["workflow_job", "push"],
    }
    found = {one.what: one.lacking for one in declared_app.differences(live)}
    assert found == {
        "permission actions": False,
        "permission contents": False,
        "permission organization_self_hosted_runners": True,
        "event workflow_run": True,
        "event push": False,
    }


@pytest.mark.parametrize(
    ("live", "installation", "code", "said"),
    [
        ({}, {}, 0, "exactly as declared"),
        (
            {"permissions": {**MINIMUM, "contents": "write"}},
            {},
            1,
            "permission contents: write, declared none",
        ),
        ({}, {"permissions": {"metadata": "read"}}, 1, "permission actions: none, declared read (lacking)"),
        ({}, {"id": 6}, 1, "names installation 5"),
        ({}, None, 1, "not installed"),
        ({"hook": "https://old.example.com/webhook"}, {}, 1, "its events go to https://old.example.com"),
    ],
)
def test_the_live_app_is_compared_with_its_installation(
    *,
    ready: Fleet,
    github: fakes.FakeGitHub,
    monkeypatch: pytest.MonkeyPatch,
    live: fakes.Json,
    installation: fakes.Json | None,
    code: int,
    said: str,
) -> None:
    fakes.configure(ready, app_id=77, installation_id=5)
    make(ready)
    whole = {"permissions": MINIMUM, "events": ["workflow_job", "workflow_run"], "slug": "runners"}
    github.routes["GET /app"] = (200, {**whole, **live})
    hook = live.get("hook", "https://hooks.example.com/webhook")
    github.routes["GET /app/hook/config"] = (200, {"url": hook})
    if installation is not None:
        github.routes["GET /orgs/acme/installation"] = (200, {**whole, "id": 5, **installation})
    result = invoke(monkeypatch, ready, "check", "local")
    assert said in result.output
    assert result.exit_code == code


@pytest.mark.parametrize(
    ("installation", "hook", "code", "said"),
    [
        ({"id": 6}, "https://hooks.example.com/webhook", 0, "Pulumi.local.yaml names it"),
        ({"id": 6}, "https://old.example.com/webhook", 1, "Pulumi.local.yaml names it"),
        ({"id": 6, "events": []}, "https://hooks.example.com/webhook", 1, "Pulumi.local.yaml names it"),
        (None, "https://hooks.example.com/webhook", 1, "not installed yet, nothing written"),
    ],
)
def test_writing_its_numbers_hides_nothing_else_that_differs(
    *,
    ready: Fleet,
    github: fakes.FakeGitHub,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    installation: fakes.Json | None,
    hook: str,
    code: int,
    said: str,
) -> None:
    fakes.configure(ready, app_id=77, installation_id=5)
    make(ready)
    whole = {"permissions": MINIMUM, "events": ["workflow_job", "workflow_run"], "slug": "runners"}
    github.routes["GET /app"] = (200, whole)
    github.routes["GET /app/hook/config"] = (200, {"url": hook})
    if installation is not None:
        github.routes["GET /orgs/acme/installation"] = (200, {**whole, **installation})
    file = tmp_path / "Pulumi.local.yaml"
    file.write_text(before := "config:\n  slipway:platform:\n    runners:\n      app_id: 77\n")
    result = invoke(monkeypatch, ready, "check", "local", "--write", "--root", str(tmp_path))
    assert said in result.output, result.exception
    assert result.exit_code == code
    assert file.read_text() == before + ("      installation_id: 6\n" if installation else "")


def test_a_new_secret_is_current_here_and_at_github_and_the_old_one_accepted(
    ready: Fleet, github: fakes.FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.configure(ready, app_id=77, installation_id=5)
    make(ready)
    github.routes |= {"GET /app": (200, {}), "PATCH /app/hook/config": (200, {})}
    result = invoke(monkeypatch, ready, "rotate-secret", "local")
    assert result.exit_code == 0, result.exception
    read = ready.client("secretsmanager").get_secret_value
    new = read(SecretId=ready.names.webhook_secret)["SecretString"]
    assert json.loads(github.bodies[-1]) == {"secret": new}
    assert len(new) == 64
    assert new not in result.output
    assert read(SecretId=ready.names.webhook_secret, VersionStage="AWSPREVIOUS")["SecretString"] == SECRET


def test_a_secret_is_kept_where_the_key_does_not_work(
    ready: Fleet, github: fakes.FakeGitHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes.configure(ready, app_id=77, installation_id=5)
    make(ready)
    github.routes["GET /app"] = (401, {"message": "A JSON web token could not be decoded"})
    assert invoke(monkeypatch, ready, "rotate-secret", "local").exit_code == 1
    read = ready.client("secretsmanager").get_secret_value
    assert read(SecretId=ready.names.webhook_secret)["SecretString"] == SECRET


def test_a_new_key_comes_from_standard_input_and_a_broken_one_changes_nothing(
    ready: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make(ready)
    monkeypatch.setattr(command, "_fleet", lambda *_: ready)
    broken = CliRunner().invoke(command.app, ["app", "rotate-key", "local"], input=PEM[:300])
    assert broken.exit_code == 1
    assert app_key.current_key(ready) == first.key_id
    result = CliRunner().invoke(command.app, ["app", "rotate-key", "local"], input=PEM)
    assert result.exit_code == 0, result.exception
    assert PEM.splitlines()[1] not in result.output
    new = app_key.current_key(ready)
    assert new != first.key_id
    assert new in ready.client("kms").imported


def test_its_numbers_are_written_into_the_stack_file_and_nothing_else(tmp_path: Path) -> None:
    runners = "    runners:\n      app_id: 1\n      classes: {}\n"
    before = f"config:\n  slipway:platform:\n    region: eu-west-1  # Ireland\n{runners}"
    file = tmp_path / "Pulumi.automation.yaml"
    file.write_text(before)
    assert StackFile(tmp_path, "automation").set_fleet_app(77, 78)
    assert file.read_text() == before.replace("app_id: 1\n", "app_id: 77\n      installation_id: 78\n")
    assert not StackFile(tmp_path, "automation").set_fleet_app(77, 78)
    file.write_text("config:\n  slipway:platform: {region: eu-west-1}\n")
    with pytest.raises(SlipwayError, match="no runner fleet"):
        StackFile(tmp_path, "automation").set_fleet_app(77, 78)
