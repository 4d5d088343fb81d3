"""docs/from-zero.md is walked, command by command, on an embedded cloud: cut short, and each run twice."""

import json
import os
import re
import shlex
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML
from typer.testing import CliRunner

from slipway.bootstrap.clients import connect
from slipway.bootstrap.next_steps import commands, first_job
from slipway.bootstrap.run import Watcher, bootstrap, load_plan
from slipway.bootstrap.stack_file import StackFile
from slipway.cli import app
from slipway.cli.seeding import rehearsal_seed
from slipway.engine.offline import render_apart
from slipway.engine.recording import Rendered
from slipway.github import Client, token
from slipway.github import connect as github
from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud
from slipway.localcloud.loopback_http import CALLS_FROM, fetch
from slipway.platform import naming
from slipway.platform.app_key import CLIENT_ID, PRIVATE_KEY
from slipway.platform.github_permissions import required_permissions
from tests.bootstrap import samples
from tests.sampling import drawn
from tests.workflows.workflows import load

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "from-zero.md").read_text()
README = (ROOT / "README.md").read_text()
WORKFLOWS = ROOT / ".github" / "workflows"
APART = {"automation": "111111111111", "staging": "222222222222", "prod": "333333333333"}
LAYOUTS = {
    "an account each": APART,
    "one account": dict.fromkeys(APART, APART["automation"]),
    "workloads together": {**APART, "prod": APART["staging"]},
}
RUNNER, HOSTED = "10.10.3.7", "203.0.113.9"
"""A host of the fleet's private network, and one of the internet."""
MAKES = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS")
UNCHANGED = r"up \w+: (\d+ read, )?\d+ unchanged, [\d.]+ s"
"""What an `up` says that has nothing to do. What one account has once, the second stack there looks up."""
SEEN_BEFORE_CTRL_C = 40
"""Lines of an `up` until somebody loses patience: some resources are there then, and most are not."""


def steps() -> list[str]:
    """The document's commands, in order."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", DOCUMENT, re.DOTALL | re.MULTILINE)
    return [line for block in blocks for line in block.splitlines()]


def run(command: str, folder: Path, **more: str) -> str:
    """A line of the shell, without the settings of whoever runs the tests."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    # Of those also `make test`: a make inside of a make says where it is, between what it prints.
    outside = {name: value for name, value in os.environ.items() if name not in MAKES}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", command],
        cwd=folder,
        env={**outside, **settings, **more},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.fixture
def layout() -> str:
    """How the accounts are; a test may say another."""
    return "an account each"


@pytest.fixture
def accounts(layout: str) -> dict[str, str]:
    """The account of each stack."""
    return LAYOUTS[layout]


@pytest.fixture
def checkout(tmp_path: Path, accounts: dict[str, str]) -> Path:
    """This repository with a remote of its own, whose stack files were never pointed at anything."""
    folder = tmp_path / "platform"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py", *(f"Pulumi.{stack}.yaml" for stack in ("local", *APART))):
        shutil.copy(ROOT / name, folder)
    _write_accounts(folder, accounts)
    for name in ("infra", "components", "runners", "services", "slipway", "examples"):
        (folder / name).symlink_to(ROOT / name)
    for name in ("Makefile", "requirements", "pyproject.toml"):
        (folder / name).symlink_to(ROOT / name)
    (folder / ".venv").symlink_to(Path(sys.executable).parents[1])
    run("git init --quiet --bare remote.git", tmp_path)
    run(
        "git init --quiet --initial-branch=main; git config user.name Administrator; "
        "git config user.email administrator@example.com; git add Pulumi*.yaml; "
        f"git commit --quiet -m Begin; git remote add origin {tmp_path}/remote.git; "
        "git push --quiet --set-upstream origin main",
        folder,
    )
    return folder


def _write_accounts(folder: Path, accounts: dict[str, str]) -> None:
    file, yaml = folder / "Pulumi.yaml", YAML()
    document: Any = yaml.load(file.read_text())
    document["config"]["slipway:organization"]["default"]["accounts"].update(accounts)
    with file.open("w") as opened:
        yaml.dump(document, opened)


@dataclass
class Walk:
    """Whoever follows the document, in a checkout, with the embedded cloud for AWS and GitHub."""

    checkout: Path
    cloud: Cloud
    tools: Path
    accounts: dict[str, str]
    applied: list[str] = field(default_factory=list[str])
    fleet_app: str = ""
    """The number of the fleet's App, for which the document has 4711."""

    @property
    def copy(self) -> Path:
        return self.checkout / ".slipway" / "rehearsal"

    @property
    def github(self) -> Client:
        return github(token("stand-in"), self.cloud.github)

    def slipway(self, words: list[str], status: int = 0) -> str:
        """A command as the document says to rehearse it."""
        stand_in = words[0] in ("bootstrap", "app")
        more = (
            ["--endpoint", "cloud", "--root", str(self.checkout)]
            if stand_in
            else ["--root", str(self.checkout if words[0] == "preview" else self.copy)]
        )
        result = CliRunner().invoke(app, [*words, *more], input="y\ny\n")
        assert result.exit_code == status, (words, result.output, result.exception)
        if stand_in and self.copy.is_dir():
            # A rehearsal leaves the real files alone; from here on it is as on real accounts.
            for file in self.copy.glob("Pulumi*.yaml"):
                shutil.copy(file, self.checkout)
        return result.output

    def up(self, stack: str, patience: int | None = None) -> str:
        """What the job of that stack in infra-up.yml does at its end; with `patience`, until Ctrl-C."""
        job = load(WORKFLOWS / "infra-up.yml")["jobs"][stack]
        command = shlex.split(job["steps"][-1]["run"])
        assert command[0] == ".venv/bin/slipway"
        running = subprocess.Popen(
            [str(Path(sys.executable).parent / "slipway"), *command[1:], "--root", str(self.copy)],
            cwd=self.checkout,
            env={**os.environ, **({} if stack == "automation" else {CALLS_FROM: self.place(RUNNER)})},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert running.stdout is not None
        seen: list[str] = []
        for line in running.stdout:
            seen.append(line)
            if len(seen) == patience:
                running.send_signal(signal.SIGINT)
        wrong = [line for line in seen if line.startswith(("error", "up "))] or seen[-20:]
        assert (running.wait() == 0) is (patience is None), "".join(wrong)
        return "".join(seen)

    def place(self, address: str) -> str:
        """The address of this machine that stands for a host elsewhere."""
        place = f"127.0.8.{int(address.rpartition('.')[2])}"
        record = json.dumps({"address": address})
        reply = fetch("PUT", f"{self.cloud.console}/slipway/records/place/{place}", record, timeout_s=10)
        assert reply.status in (200, 201)
        return place

    def answers(self, stack: str, address: str) -> bool:
        """Whether the stack's API server answers to a host."""
        server = f"{self.cloud.kubernetes}/clusters/{self.accounts[stack]}-slipway-{stack}/version"
        try:
            return fetch("GET", server, timeout_s=0.5, source=self.place(address)).status == 200
        except OSError:
            return False

    def environment(self, name: str) -> str:
        return f"/repos/acme/platform/environments/{name}"

    def variables(self, name: str) -> dict[str, str]:
        listed = self.github.every(f"{self.environment(name)}/variables", "variables")
        return {str(item["name"]): str(item["value"]) for item in listed}

    def image(self) -> str:
        """The job of runner-image.yml, with programs in place of Packer and Session Manager's plugin."""
        workflow = load(WORKFLOWS / "runner-image.yml")
        job = workflow["jobs"]["build"]
        values = {**self.variables(job["environment"]), "ARCHITECTURE": "x86_64"}
        given = {
            name: re.sub(r"\$\{\{ vars\.(\w+) \}\}", lambda found: values[found[1]], str(text))
            for name, text in job["env"].items()
        }
        given |= {"ARCHITECTURE": "x86_64", "PATH": f"{self.tools}{os.pathsep}{os.environ['PATH']}"}
        made = [step["run"] for step in job["steps"] if str(step.get("run", "")).startswith("make image")]
        assert [line.split()[:2] for line in made] == [["make", "image"], ["make", "image-block"]]
        run(made[0], self.checkout, **given)
        return run(made[1].partition(" >>")[0], self.checkout, **given)

    def give_image(self, printed: str) -> None:
        """Put what the job's summary says below each class, as somebody does by hand."""
        yaml: Any = YAML()
        yaml.width = 4096
        block = yaml.load(re.sub(r"(?m)^ {10}", "", printed))
        for file in (self.copy, self.checkout):
            path = file / "Pulumi.automation.yaml"
            document = yaml.load(path.read_text())
            for one in document["config"]["slipway:platform"]["runners"]["classes"].values():
                one["image"] = dict(block["image"])
            with path.open("w") as opened:
                yaml.dump(document, opened)


@pytest.fixture
def walk(
    checkout: Path, accounts: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Walk]:
    for name in ("GITHUB_TOKEN", "GH_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    render_each_once(monkeypatch)
    tools = tmp_path / "tools"
    tools.mkdir()
    programs = {
        "gh": f"#!{sys.executable}\nfrom tests.bootstrap import gh\ngh.main()\n",
        "session-manager-plugin": "#!/bin/sh\n",
        "packer": PACKER,
    }
    for name, text in programs.items():
        (tools / name).write_text(text)
        (tools / name).chmod(stat.S_IRWXU)
    cloud = runtime.start(checkout)
    try:
        runtime.seed(cloud, rehearsal_seed(checkout))
        yield Walk(checkout, cloud, tools, accounts)
    finally:
        runtime.stop(checkout)


def render_each_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Render a stack anew only where its files have changed: most commands here begin with that."""
    known: dict[tuple[str, bytes], Rendered] = {}

    def rendered(root: Path, stack: str, nonce: str) -> Rendered:
        files = b"".join((root / name).read_bytes() for name in ("Pulumi.yaml", f"Pulumi.{stack}.yaml"))
        if (stack, files) not in known:
            known[stack, files] = render_apart(root, stack, nonce)
        return known[stack, files]

    monkeypatch.setattr("slipway.bootstrap.run.render_apart", rendered)


PACKER = """#!/bin/sh
# Packer as far as the walk goes: told where to build and how to reach it, it says that it did.
test "$1" = build || exit 0
test "$PKR_VAR_ssh_interface" = session_manager && test "$PKR_VAR_fleet" = automation || exit 7
case "$PKR_VAR_subnet_id/$PKR_VAR_security_group_id" in subnet-*/sg-*) ;; *) exit 8 ;; esac
cat > .slipway/build/runner-image-x86_64.json <<'END'
{"last_run_uuid": "1", "builds": [{"packer_run_uuid": "1", "artifact_id": "eu-west-1:ami-0123456789abcdef0",
 "custom_data": {"architecture": "x86_64", "built": "2026-11-28", "runner_version": "2.337.0"}}]}
END
"""


def take(walk: Walk, command: str) -> str:
    """One command of the document; what it printed."""
    words = shlex.split(command)
    match words:
        case ["slipway", "up", _] | ["pulumi", *_]:
            return ""  # the job's own, by hand: those that bootstrap prints, which another test compares
        case ["slipway", *rest]:
            printed = walk.slipway([word.replace("4711", walk.fleet_app) for word in rest])
            walk.fleet_app = found[1] if (found := re.search(r"--app-id (\d+)", printed)) else walk.fleet_app
            return printed
        case ["gh", "workflow", "run", file, *rest]:
            return started(walk, file, rest[-1])
        case ["gh", "api", "--method", "PUT", place] if "/actions/workflows/" in place:
            # GitHub's switch; that the file which it names is there is all that a stand-in could say.
            assert (WORKFLOWS / place.split("/")[-2]).is_file()
            return ""
        case ["gh" | "git", *_]:
            path = f"{walk.tools}{os.pathsep}{os.environ['PATH']}"
            return run(command, walk.checkout, GH_HOST_URL=walk.cloud.github, PYTHONPATH=str(ROOT), PATH=path)
        case _:
            pytest.fail(f"nothing runs {command}")


def started(walk: Walk, file: str, choice: str) -> str:
    """What a workflow's job does; a stack's first one is interrupted, and started again."""
    if file == "runner-image.yml":
        printed = walk.image()
        walk.give_image(printed)
        return printed
    assert file == "infra-up.yml"
    stack = choice.removeprefix("stack=")
    if stack not in walk.applied:
        walk.up(stack, patience=SEEN_BEFORE_CTRL_C)
        walk.applied.append(stack)
    return walk.up(stack)


@pytest.mark.slow
@pytest.mark.parametrize("layout", drawn(list(LAYOUTS), 1))
def test_the_whole_order_runs_interrupted_and_twice(walk: Walk) -> None:
    for command in steps():
        if command.startswith("slipway bootstrap") and command.endswith("--github"):
            _cut_short(walk, command)
        take(walk, command)
        if (
            command.startswith(("slipway bootstrap", "slipway app", "gh ", "git "))
            and "--dry-run" not in command
        ):
            again = take(walk, command)
            assert not re.search(r"^(created|updated) ", again, re.MULTILINE), (command, again)
            if "infra-up.yml" in command and "workflow run" in command:
                assert re.search(UNCHANGED, again), again[-500:]
    assert "no image" not in walk.up("automation")
    # Neither stack has taken anything from another one that shares its account.
    for stack in APART:
        assert re.search(UNCHANGED, walk.up(stack)), stack
    # What applied the two came from a runner; one of GitHub's own would have waited for ever.
    reached = [walk.answers(stack, host) for stack in ("staging", "prod") for host in (RUNNER, HOSTED)]
    assert reached == [True, False] * 2
    _compare(walk)


def _cut_short(walk: Walk, command: str) -> None:
    """Once, GitHub refuses the second variable; the next run goes on from there."""
    rule = {"method": "POST", "path": "*/variables", "status": 422, "times": 1}
    walk.github.put("/slipway/faults", {"rules": [rule]})
    walk.slipway(shlex.split(command)[1:], status=1)
    walk.github.put("/slipway/faults", {"rules": []})


def _compare(walk: Walk) -> None:
    for stack, account in walk.accounts.items():
        clients = connect(account, "eu-west-1", walk.cloud.aws)
        role = clients.iam.get_role(RoleName=f"infra-{stack}-apply")["Role"]
        assert role["Arn"] == f"arn:aws:iam::{account}:role/slipway/infra/infra-{stack}-apply"
        assert (
            run(f"git show origin/main:Pulumi.{stack}.yaml", walk.checkout).count("state_key: arn:aws:kms")
            == 1
        )
        for kind in ("apply", "plan"):
            name = f"infra-{stack}-{kind}"
            assert walk.variables(name).keys() == wanted(kind), name
            policies = walk.github.every(
                f"{walk.environment(name)}/deployment-branch-policies", "branch_policies"
            )
            assert [policy["name"] for policy in policies] == ["main"], name
    pulumi = run("git show origin/main:Pulumi.yaml", walk.checkout)
    assert "app_id: 424242" not in pulumi, "the App that was made is named"
    assert run("git status --porcelain --untracked-files=no", walk.checkout) == "", (
        "all that changed is on main"
    )


def wanted(kind: str) -> set[str]:
    """The variables that the workflow of that environment reads."""
    return read_by({"apply": "infra-up.yml", "plan": "infra-drift.yml"}[kind], "vars")


def read_by(file: str, context: str) -> set[str]:
    """What the jobs of a workflow read once they run, of their environment's `vars` or `secrets`."""
    jobs = [{**job, "runs-on": ""} for job in load(WORKFLOWS / file)["jobs"].values()]
    return set(re.findall(rf"{context}\.(\w+)", json.dumps(jobs)))


def test_the_commands_of_automation_are_those_that_bootstrap_prints(checkout: Path) -> None:
    printed = [line for line in commands(load_plan(checkout, "automation")) if not line.startswith("git ")]
    assert [line for line in printed if line not in steps()] == []


def test_the_apps_permissions_are_those_that_the_components_need() -> None:
    rows = re.findall(r"^\| (organization|repository) \| (.+?) \| (read|write) \|$", README, re.MULTILINE)
    needed = {(item.level, item.title, item.access) for item in required_permissions()}
    assert set(rows) == needed
    assert len(rows) == len(needed)
    assert "| level | permission |" not in DOCUMENT, "one table, in one place"


@pytest.mark.parametrize(
    ("file", "kind"),
    [("infra-up.yml", "apply"), ("infra-apply.yml", "apply"), ("infra-drift.yml", "plan")],
)
def test_what_the_jobs_read_is_what_the_commands_give(file: str, kind: str) -> None:
    assert read_by(file, "vars") == {*samples.plan().variables, CLIENT_ID}
    assert read_by(file, "secrets") == {PRIVATE_KEY}
    if kind == "apply":
        jobs = load(WORKFLOWS / file)["jobs"].values()
        named = {job["environment"] for job in jobs if "concurrency" in job}
        assert named == {naming.apply_environment(stack) for stack in APART}
    for name in (CLIENT_ID, PRIVATE_KEY, f"infra-<stack>-{kind}"):
        assert f"`{name}`" in DOCUMENT


@pytest.mark.pulumi_cli
@pytest.mark.skipif(shutil.which("pulumi") is None, reason="the Pulumi CLI is not on PATH")
def test_pulumi_takes_the_bucket_and_keeps_the_sealed_key(
    endpoint: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Pulumi does not say which account it means, so the stand-in has to know.
    monkeypatch.setenv("MOTO_ACCOUNT_ID", APART["prod"])

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
    connect(APART["prod"], "eu-west-1", endpoint).s3.head_object(
        Bucket=samples.BUCKET, Key=".pulumi/stacks/slipway/prod.json"
    )
