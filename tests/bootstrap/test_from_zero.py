"""docs/from-zero.md is run, command by command: AWS and GitHub are stand-ins, everything else is as it is."""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner
from werkzeug.test import Client

from components.github.permissions import required_permissions
from slipway.bootstrap.clients import connect
from slipway.bootstrap.next_steps import commands, first_job
from slipway.bootstrap.run import Watcher, bootstrap, load_plan
from slipway.bootstrap.stack_file import StackFile
from slipway.cli.bootstrap import register
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.web import RequestLog
from tests.bootstrap import samples

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "from-zero.md").read_text()
README = (ROOT / "README.md").read_text()
ACCOUNTS = {"automation": "111111111111", "staging": "222222222222", "prod": "333333333333"}


def steps() -> list[list[str]]:
    """The document's commands, each as its words, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    return [shlex.split(line) for block in blocks for line in block.splitlines()]


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """This repository with a remote of its own, whose stack files were never pointed at anything."""
    folder = tmp_path / "platform"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copy(ROOT / name, folder)
    for stack in ACCOUNTS:
        shutil.copy(ROOT / f"Pulumi.{stack}.yaml", folder)
    for name in ("infra", "components", "runners", "services", "slipway", "examples"):
        (folder / name).symlink_to(ROOT / name)
    git(tmp_path, "init", "--quiet", "--bare", "remote.git")
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "config", "user.name", "Administrator")
    git(folder, "config", "user.email", "administrator@example.com")
    git(folder, "add", "Pulumi.yaml", *[f"Pulumi.{stack}.yaml" for stack in ACCOUNTS])
    git(folder, "commit", "--quiet", "-m", "Begin")
    git(folder, "remote", "add", "origin", str(tmp_path / "remote.git"))
    git(folder, "push", "--quiet", "--set-upstream", "origin", "main")
    return folder


def git(folder: Path, *arguments: str) -> str:
    """Run git without the settings of whoever runs the tests."""
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    done = subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.fixture
def github() -> Client:
    client = Client(GitHub(RequestLog()))
    seed = {
        "organizations": [{"login": "acme", "id": 9001}],
        "repositories": [{"owner": "acme", "name": "platform", "id": 70000}],
        "tokens": [
            {
                "token": "administrator",
                "permissions": {"administration": "write", "actions": "read", "environments": "write"},
            }
        ],
    }
    assert client.post("/slipway/seed", json=seed).status_code == 200
    return client


def gh(client: Client, words: list[str]) -> Any:
    """`gh api` as far as the document uses it (https://cli.github.com/manual/gh_api)."""
    headers = {"Authorization": "Bearer administrator"}
    if words[2] != "--method":
        _, _, place, _, expression = words
        return client.get(f"/{place}", headers=headers).json[expression.removeprefix(".")]
    assert words[:3] == ["gh", "api", "--method"]
    body: dict[str, Any] = {}
    pairs = iter(words[5:])
    for flag in pairs:
        key, _, text = next(pairs).partition("=")
        value = {"true": True, "false": False}.get(text, text) if flag == "-F" else text
        outer, _, inner = key.partition("[")
        if inner:
            body.setdefault(outer, {})[inner.rstrip("]")] = value
        else:
            body[outer] = value
    answer = client.open(f"/{words[4]}", method=words[3], json=body, headers=headers)
    assert answer.status_code < 300, answer.text
    return answer.json


def slipway(words: list[str], endpoint: str, root: Path) -> str:
    app = typer.Typer()
    app.callback()(lambda: None)
    register(app)
    arguments = [*words[1:], "--endpoint", endpoint, "--root", str(root)]
    result = CliRunner().invoke(app, arguments, input="y\ny\n")
    assert result.exit_code == 0, (words, result.output, result.exception)
    return result.output


def read(client: Client, path: str) -> Any:
    return client.get(f"/{path}", headers={"Authorization": "Bearer administrator"}).json


@pytest.mark.slow
def test_every_step_runs_in_its_order(endpoint: str, checkout: Path, github: Client) -> None:
    printed: dict[str, str] = {}
    for words in steps():
        match words:
            case ["slipway", "bootstrap", stack, *flags]:
                output = slipway(words, endpoint, checkout)
                if "--print-policy" in flags:
                    assert json.loads(output)["Statement"]
                elif "--dry-run" not in flags:
                    printed[stack] = output
                    # A rehearsal leaves the real file alone; from here on it is as on a real account.
                    shutil.copy(checkout / ".slipway" / "rehearsal" / f"Pulumi.{stack}.yaml", checkout)
            case ["git", *rest]:
                git(checkout, *rest)
            case ["gh", "api", *_, ".use_immutable_subject"]:
                assert gh(github, words) is True
            case ["gh", *_]:
                gh(github, words)
            case ["pulumi", *_] | ["slipway", "up", _]:
                # Run with the real Pulumi in the test below, as far as no real account is needed.
                assert shlex.join(words) in _joined(printed["automation"])
            case _:
                pytest.fail(f"nothing runs {words}")
    for stack, account in ACCOUNTS.items():
        clients = connect(account, "eu-west-1", endpoint)
        role = clients.iam.get_role(RoleName=f"infra-{stack}-apply")["Role"]
        assert role["Arn"] == f"arn:aws:iam::{account}:role/slipway/infra/infra-{stack}-apply"
        [key] = clients.kms.list_keys()["Keys"]
        assert key["KeyArn"] in git(checkout, "show", f"origin/main:Pulumi.{stack}.yaml")
        clients.s3.head_bucket(Bucket=f"slipway-state-{account}-eu-west-1")
    environment = "repos/acme/platform/environments/infra-automation-apply"
    variables = read(github, f"{environment}/variables")["variables"]
    assert {item["name"]: item["value"] for item in variables} == {
        "AWS_ROLE_ARN": "arn:aws:iam::111111111111:role/slipway/infra/infra-automation-apply",
        "AWS_REGION": "eu-west-1",
        "PULUMI_BACKEND_URL": "s3://slipway-state-111111111111-eu-west-1?region=eu-west-1",
    }
    policies = read(github, f"{environment}/deployment-branch-policies")["branch_policies"]
    assert [policy["name"] for policy in policies] == ["main"]


def _joined(output: str) -> list[str]:
    return [shlex.join(shlex.split(line)) for line in output.splitlines() if line.startswith("  ")]


@pytest.mark.slow
def test_the_commands_of_automation_are_those_that_bootstrap_prints(checkout: Path) -> None:
    written = [shlex.join(words) for words in steps()]
    for command in commands(load_plan(checkout, "automation")):
        assert shlex.join(shlex.split(command)) in written


def test_the_apps_permissions_are_those_that_the_components_need() -> None:
    rows = re.findall(r"^\| (organization|repository) \| (.+?) \| (read|write) \|$", README, re.MULTILINE)
    needed = {(item.level, item.title, item.access) for item in required_permissions()}
    assert set(rows) == needed
    assert len(rows) == len(needed)
    assert "| level | permission |" not in DOCUMENT, "one table, in one place"


def test_the_names_that_the_jobs_read_are_those_in_the_document() -> None:
    workflow = (ROOT / ".github" / "workflows" / "infra-up.yml").read_text()
    for name in ("SLIPWAY_APP_CLIENT_ID", "SLIPWAY_APP_PRIVATE_KEY", "AWS_ROLE_ARN", "AWS_REGION"):
        assert name in workflow
        assert name in DOCUMENT
    environments = set(re.findall(r"environment: (infra-\w+-apply)", workflow))
    assert environments == {f"infra-{stack}-apply" for stack in ACCOUNTS}
    assert all(f"`{environment}`" in DOCUMENT for environment in environments)


@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
def test_pulumi_takes_the_bucket_and_keeps_the_sealed_key(
    endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pulumi does not say which account it means, so the stand-in has to know.
    monkeypatch.setenv("MOTO_ACCOUNT_ID", ACCOUNTS["prod"])

    def load() -> Any:
        return samples.plan(StackFile(folder, "prod").read().state_key)

    watcher = Watcher(agree=lambda _: True, done=lambda _: None)
    report = bootstrap(folder, load, watcher, endpoint=endpoint)
    assert report is not None
    before = StackFile(folder, "prod").read()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "PULUMI_HOME": str(folder / ".pulumi"),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "stand-in",
        "AWS_SECRET_ACCESS_KEY": "stand-in",
    }
    login, init, _ = first_job(report.plan)
    # The stand-in has one address for all buckets; AWS has one for each.
    login = login.replace("region=", "s3ForcePathStyle=true&region=")
    secret = "pulumi config set --secret --stack prod word open && pulumi config get --stack prod word"
    for command in (login, init, secret):
        done = subprocess.run(
            ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
    assert done.stdout.strip().endswith("open")
    assert StackFile(folder, "prod").read() == before
    connect(ACCOUNTS["prod"], "eu-west-1", endpoint).s3.head_object(
        Bucket=samples.BUCKET, Key=".pulumi/stacks/slipway/prod.json"
    )
