"""The platform's GitHub App: made with what the stacks need, its key with the jobs and nowhere else."""

import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner, Result

from slipway.apps.platform import declared
from slipway.cli import app
from slipway.errors import SlipwayError
from slipway.platform.app_key import CLIENT_ID, NEW_KEY, PRIVATE_KEY
from slipway.platform.github_permissions import required_permissions
from tests.bootstrap import github

ROOT = Path(__file__).parents[2]
ENVIRONMENTS = [
    f"infra-{stack}-{kind}" for stack in ("automation", "staging", "prod") for kind in ("apply", "plan")
]

CLOSED = {"deployment_branch_policy": {"protected_branches": False, "custom_branch_policies": True}}


@pytest.fixture
def stand_in() -> Iterator[github.StandIn]:
    with github.serving() as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The project's files, which name another App."""
    for name in ("Pulumi.yaml", "Pulumi.automation.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    for name in ("services", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


def make_environments(stand_in: github.StandIn) -> None:
    for name in ENVIRONMENTS:
        stand_in.client.put(f"/repos/acme/platform/environments/{name}", CLOSED)


def invoke(folder: Path, stand_in: github.StandIn, *words: str, given: str = "") -> Result:
    return CliRunner().invoke(
        app, ["app", *words, "--endpoint", stand_in.url, "--root", str(folder)], input=given
    )


def named(folder: Path) -> str:
    """The lines of the rehearsal's Pulumi.yaml that the project's own has not."""
    ours = (folder / "Pulumi.yaml").read_text().splitlines()
    copy = (folder / ".slipway" / "rehearsal" / "Pulumi.yaml").read_text().splitlines()
    return "\n".join(line for line in copy if line not in ours)


def test_it_is_made_with_what_the_stacks_need_and_every_job_gets_its_key(
    folder: Path, stand_in: github.StandIn
) -> None:
    make_environments(stand_in)
    result = invoke(folder, stand_in, "create", "--json")
    assert result.exit_code == 0, result.exception
    told = json.loads(result.output)
    [made] = stand_in.github.world.automation.apps.values()
    assert made.manifest["default_permissions"] == {one.key: one.access for one in required_permissions()}
    assert made.manifest["hook_attributes"]["active"] is False
    assert (told["app_id"], told["client_id"]) == (made.id, made.client_id)
    for name in ENVIRONMENTS:
        found = stand_in.environment(name)
        assert (found["variables"], found["secrets"]) == ({CLIENT_ID: made.client_id}, [PRIVATE_KEY])
    assert named(folder).strip() == f"app_id: {made.id}"
    files = [path for path in folder.rglob("*") if path.is_file() and not path.is_symlink()]
    assert not [path for path in files if "PRIVATE KEY" in path.read_text()]


def test_a_second_run_says_what_there_is_and_makes_nothing(folder: Path, stand_in: github.StandIn) -> None:
    make_environments(stand_in)
    invoke(folder, stand_in, "create")
    before = list(stand_in.changes)
    for words in (["create"], ["check"]):
        result = invoke(folder, stand_in, *words)
        assert result.exit_code == 0, result.output
        assert "exactly as declared, installed, and every job has its key" in result.output
    assert stand_in.changes == before


def test_an_environment_that_was_opened_with_its_key_in_it_is_told(
    folder: Path, stand_in: github.StandIn
) -> None:
    make_environments(stand_in)
    invoke(folder, stand_in, "create")
    stand_in.client.put("/repos/acme/platform/environments/infra-staging-plan", {})
    result = invoke(folder, stand_in, "check")
    assert result.exit_code == 1, result.output
    assert "infra-staging-plan is open to other branches" in result.output
    assert "slipway bootstrap staging --github" in result.output
    assert NEW_KEY in result.output
    assert "infra-staging-apply" not in result.output


def test_without_a_place_for_its_key_none_is_made(folder: Path, stand_in: github.StandIn) -> None:
    result = invoke(folder, stand_in, "create")
    assert isinstance(result.exception, SlipwayError)
    assert "slipway bootstrap automation --github" in result.exception.fix
    assert stand_in.changes == []


@pytest.mark.parametrize("command", ["create", "key"])
@pytest.mark.parametrize("policy", [None, {"protected_branches": True, "custom_branch_policies": False}])
@pytest.mark.parametrize("name", ["infra-staging-plan", "infra-prod-apply"])
def test_its_key_goes_into_no_environment_that_any_branch_may_use(
    folder: Path, stand_in: github.StandIn, name: str, policy: dict[str, bool] | None, command: str
) -> None:
    """GitHub makes an environment that a job names and nobody has made, open to every branch."""
    make_environments(stand_in)
    place = f"/repos/acme/platform/environments/{name}"
    stand_in.client.put(place, {"deployment_branch_policy": policy})
    before = list(stand_in.changes)
    result = invoke(folder, stand_in, command, given="key")
    assert isinstance(result.exception, SlipwayError)
    assert f"{name} is open to other branches" in str(result.exception)
    assert result.exception.fix == f"slipway bootstrap {name.split('-')[1]} --github"
    assert stand_in.changes == before


@pytest.mark.parametrize("command", ["create", "check"])
def test_an_app_that_was_deleted_on_github_has_a_way_out(
    folder: Path, stand_in: github.StandIn, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environments(stand_in)
    invoke(folder, stand_in, "create")
    apps = stand_in.github.world.automation.apps
    [gone] = apps
    apps.clear()
    apps.clear()
    result = invoke(folder, stand_in, command)
    assert result.exit_code == 1
    [way] = [line.strip() for line in result.output.splitlines() if "gh variable delete" in line]
    program = folder / "gh"
    program.write_text(f"#!{sys.executable}\nfrom tests.bootstrap import gh\ngh.main()\n")
    program.chmod(stat.S_IRWXU)
    monkeypatch.setenv("GH_HOST_URL", stand_in.url)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    subprocess.run(["bash", "-euo", "pipefail", "-c", way], check=True)
    assert invoke(folder, stand_in, "create").exit_code == 0
    [made] = apps
    assert made != gone
    assert invoke(folder, stand_in, "check").exit_code == 0


@pytest.mark.parametrize("number", [2, 5, 8, 13])
def test_cut_short_it_goes_on_with_another_key_of_the_same_app(
    folder: Path, stand_in: github.StandIn, number: int
) -> None:
    """Of the fourteen calls the first two make the App, the next six name it, the others give its key."""
    make_environments(stand_in)
    stand_in.refuse = len(stand_in.changes) + number
    result = invoke(folder, stand_in, "create")
    assert isinstance(result.exception, SlipwayError)
    assert "slipway app key --client-id" in result.exception.fix
    stand_in.refuse = None
    [made] = stand_in.github.world.automation.apps.values()
    if number > 2:
        again = invoke(folder, stand_in, "create")
        assert again.exit_code == 1
        assert "its key is lacking in" in again.output
    key = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
    made.public_key = key.public_key()  # as its page on GitHub makes another
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    ).decode()
    result = invoke(folder, stand_in, "key", "--client-id", made.client_id, given=pem)
    assert result.exit_code == 0, result.exception
    assert invoke(folder, stand_in, "check").exit_code == 0
    assert [one.id for one in stand_in.github.world.automation.apps.values()] == [made.id]


@pytest.mark.parametrize("pem", ["nothing", "of another App"])
def test_what_is_no_key_of_it_is_refused(folder: Path, stand_in: github.StandIn, pem: str) -> None:
    make_environments(stand_in)
    invoke(folder, stand_in, "create")
    if pem == "of another App":
        stranger: Any = rsa.generate_private_key(public_exponent=65_537, key_size=2048)
        pem = stranger.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ).decode()
    before = list(stand_in.changes)
    assert isinstance(invoke(folder, stand_in, "key", given=pem).exception, SlipwayError)
    assert stand_in.changes == before


def test_what_differs_is_named_and_fails(folder: Path, stand_in: github.StandIn) -> None:
    make_environments(stand_in)
    invoke(folder, stand_in, "create")
    [made] = stand_in.github.world.automation.apps.values()
    del made.manifest["default_permissions"]["issues"]
    made.manifest["default_permissions"]["contents"] = "write"
    scope = stand_in.github.world.repositories["acme", "platform"].environments[ENVIRONMENTS[3]]
    scope.secrets.clear()
    result = invoke(folder, stand_in, "check")
    assert result.exit_code == 1
    assert "permission issues: none, declared write (lacking)" in result.output
    assert "permission contents: write, declared none (more than it needs)" in result.output
    assert f"its key is lacking in {ENVIRONMENTS[3]}" in result.output


def test_a_token_is_read_from_the_environment_or_standard_input_and_never_an_argument(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(app, ["app", "check", "--root", str(folder)], input="")
    assert isinstance(result.exception, SlipwayError)
    assert "there is no token" in str(result.exception)
    options = {word for command in ("create", "check", "key") for word in help_of(command).split()}
    assert not [word for word in options if word.startswith("--") and "token" in word]


def help_of(command: str) -> str:
    return CliRunner().invoke(app, ["app", command, "--help"]).output


def test_its_name_tells_it_from_the_fleets() -> None:
    assert declared("acme").manifest("https://github.com", "")["name"] == "acme-slipway"


@pytest.mark.parametrize(("policy", "gets"), [(CLOSED, True), ({"deployment_branch_policy": None}, False)])
def test_what_a_stack_makes_later_gets_the_key_as_soon_as_it_is_there_and_closed(
    folder: Path, stand_in: github.StandIn, policy: dict[str, Any], gets: bool
) -> None:
    make_environments(stand_in)
    stand_in.client.put("/repos/acme/platform/environments/infra-gate", policy)
    assert invoke(folder, stand_in, "create").exit_code == 0
    found = stand_in.environment("infra-gate")
    assert found["secrets"] == ([PRIVATE_KEY] if gets else [])
    result = invoke(folder, stand_in, "check")
    assert result.exit_code == 0, result.output


def test_the_gates_environment_without_the_key_is_told(folder: Path, stand_in: github.StandIn) -> None:
    make_environments(stand_in)
    invoke(folder, stand_in, "create")
    stand_in.client.put("/repos/acme/platform/environments/infra-gate", CLOSED)
    result = invoke(folder, stand_in, "check")
    assert result.exit_code == 1
    assert "its key is lacking in infra-gate" in result.output
