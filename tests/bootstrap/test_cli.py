"""The command: what it refuses, what it prints, and that a rehearsal leaves the project as it is."""

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from typer.testing import CliRunner, Result

from slipway.bootstrap import run as running
from slipway.bootstrap.clients import Clients, connect
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.stack_file import StackFile
from slipway.cli import app
from slipway.errors import SlipwayError
from tests.bootstrap import samples
from tests.bootstrap.conftest import STACK_FILE


def load(root: Path, stack: str) -> BootstrapPlan:
    return samples.plan(StackFile(root, stack).read().state_key)


@pytest.fixture(autouse=True)
def _rendered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "load_plan", load)


def invoke(folder: Path, *arguments: str, answer: str = "") -> Result:
    return CliRunner().invoke(app, ["bootstrap", *arguments, "--root", str(folder)], input=answer)


def test_it_shows_asks_makes_and_prints_what_comes_next(folder: Path, endpoint: str) -> None:
    result = invoke(folder, "prod", "--endpoint", endpoint, answer="y\ny\n")
    assert result.exit_code == 0, result.exception
    shown, _, done = result.output.partition("Do this?")
    assert "It trusts jobs that are repo:acme@9001/platform@70000:environment:infra-prod-apply." in shown
    assert "gh api repos/acme/platform/actions/oidc/customization/sub --jq .use_immutable_subject" in shown
    assert "Does it say true?" in shown
    assert f"create S3 bucket {samples.BUCKET}" in " ".join(shown.split())
    assert f"created    S3 bucket {samples.BUCKET}" in done
    assert "This was a rehearsal" in done
    assert "nothing to commit" in done
    assert "  slipway up prod --root .slipway/rehearsal" in done
    assert "git " not in done
    assert "pulumi login" not in done


@pytest.mark.parametrize(
    ("answer", "said"), [("y\nn\n", "not agreed to"), ("n\n", "carry the legacy subject")]
)
def test_a_no_changes_nothing(folder: Path, endpoint: str, answer: str, said: str) -> None:
    result = invoke(folder, "prod", "--endpoint", endpoint, answer=answer)
    assert isinstance(result.exception, SlipwayError)
    assert said in str(result.exception)
    assert connect(samples.ACCOUNT, samples.REGION, endpoint).kms.list_keys()["Keys"] == []


def test_in_earnest_it_prints_what_to_commit_and_to_run(
    folder: Path, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "connect", lambda *_: clients)
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    done = invoke(folder, "prod", "--yes").output
    assert "rehearsal" not in done
    assert "git commit -m 'Point prod at its state'" in done
    assert "  pulumi login 's3://slipway-state-333333333333-eu-west-1?region=eu-west-1'" in done
    assert "  slipway up prod\n" in done


def test_a_rehearsal_points_a_copy(folder: Path, endpoint: str) -> None:
    result = invoke(folder, "prod", "--endpoint", endpoint, "--yes", "--json")
    report = json.loads(result.output)
    copy = folder / ".slipway" / "rehearsal" / "Pulumi.prod.yaml"
    assert report["file"] == {"path": str(copy), "changed": True}
    assert StackFile(copy.parent, "prod").read().state_key
    assert (folder / "Pulumi.prod.yaml").read_text() == STACK_FILE
    again = json.loads(invoke(folder, "prod", "--endpoint", endpoint, "--yes", "--json").output)
    assert {step["action"] for step in again["steps"]} == {"keep"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["local"], "needs no bootstrap"),
        (["local", "--endpoint", "http://127.0.0.1:5000"], "needs no bootstrap"),
        (["prod", "--endpoint", "https://aws.example.com"], "not on this machine"),
        (["nowhere"], "cannot be read"),
        (["prod", "--json"], "cannot ask"),
    ],
)
def test_what_it_cannot_do_it_says(folder: Path, arguments: list[str], message: str) -> None:
    result = invoke(folder, *arguments)
    assert result.exit_code != 0
    assert message in (str(result.exception) + result.output)
    assert sorted(path.name for path in folder.iterdir()) == ["Pulumi.prod.yaml", "Pulumi.yaml"]


def test_with_json_an_error_is_json(folder: Path) -> None:
    result = invoke(folder, "local", "--json")
    assert result.exit_code == 1
    assert "make up" in json.loads(result.output)["error"]["what"]


def test_the_policy_needs_no_account(folder: Path) -> None:
    result = invoke(folder, "prod", "--print-policy")
    assert json.loads(result.output)["Version"] == "2012-10-17"


def test_a_missing_right_is_answered_with_the_rights(
    folder: Path, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(model: Any, **_: Any) -> None:
        error = {"Error": {"Code": "AccessDenied", "Message": "not authorized to perform: iam:CreateRole"}}
        raise ClientError(error, model.name)

    clients.iam.meta.events.register("before-call.iam.CreateRole", deny)
    monkeypatch.setattr(running, "connect", lambda *_: clients)
    result = invoke(folder, "prod", "--yes")
    assert isinstance(result.exception, SlipwayError)
    assert "slipway bootstrap prod --print-policy" in result.exception.fix
    assert result.exception.where == "IAM role infra-prod-apply"
