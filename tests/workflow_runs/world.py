"""The platform's repository on the GitHub stand-in, its account on the embedded cloud, and two people."""

import itertools
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from typer.testing import CliRunner

from slipway import aws
from slipway.cli import app
from slipway.github import Client, connect, token
from slipway.github.values import set_secret, set_variable
from slipway.localcloud.cloud import Cloud
from slipway.platform.app_key import CLIENT_ID, PRIVATE_KEY
from tests.workflow_runs.act import ROOT, Act, Running
from tests.workflow_runs.service import Run, Service

SLUG = "acme/platform"
PEOPLE = ("ada", "grace")
_IDS = itertools.count(7001)


@dataclass
class World:
    """What the story plays in. `folder` is the platform's repository as Ada has it."""

    folder: Path
    cloud: Cloud
    service: Service
    act: Act
    seen: list[Running] = field(default_factory=list[Running])

    @property
    def bare(self) -> Path:
        return Path(self.cloud.git) / f"{SLUG}.git"

    def git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], cwd=self.folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, (words, done.stderr)
        return done.stdout.strip()

    def person(self, login: str) -> Client:
        return connect(token(f"token-of-{login}"), self.cloud.github)

    def push(self, branch: str, message: str) -> str:
        """Commit all of the work tree to a branch, and push that; the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", message)
        self.git("push", "--quiet", "origin", f"HEAD:refs/heads/{branch}")
        return self.git("rev-parse", "HEAD")

    def open(self, login: str, branch: str, title: str) -> dict[str, Any]:
        """A pull request of a branch."""
        body = {"title": title, "head": branch, "base": "main"}
        return cast("dict[str, Any]", self.person(login).post(f"/repos/{SLUG}/pulls", body))

    def start(
        self, file: str, event: str, ref: str, actor: str, payload: dict[str, Any], **inputs: str
    ) -> Running:
        """Begin a run of a workflow as it is at a ref, on what lies there."""
        sha = self.commit(ref)
        run = Run(id=str(next(_IDS)), workflow=file, event=event, ref=ref, sha=sha, actor=actor)
        self.lay_out(sha)
        self.seen.append(
            self.act.start(self.act.checkout / ".github" / "workflows" / file, run, payload, inputs)
        )
        return self.seen[-1]

    def commit(self, ref: str) -> str:
        return subprocess.check_output(["git", "rev-parse", ref], cwd=self.bare, text=True).strip()

    def lay_out(self, sha: str) -> None:
        """The commit that a run is of, where act reads which commit that is."""
        checkout = self.act.checkout
        if not checkout.is_dir():
            subprocess.run(["git", "clone", "--quiet", str(self.bare), str(checkout)], check=True)
            checkout.chmod(0o700)
        fetch = ["git", "fetch", "--quiet", "--force", "origin", "+refs/*:refs/remotes/origin/*"]
        subprocess.run(fetch, cwd=checkout, check=True)
        subprocess.run(["git", "checkout", "--quiet", "--force", "--detach", sha], cwd=checkout, check=True)

    def slipway(self, *words: str) -> str:
        """A command of an administrator or an owner."""
        done = CliRunner().invoke(
            app, [*words, "--endpoint", "cloud", "--root", str(self.folder)], input="y\ny\n"
        )
        assert done.exit_code == 0, (words, done.output)
        return done.output

    def keep_key(self, environment: str) -> None:
        """What step 4 of docs/from-zero.md leaves there; how an App is made is another test's."""
        scope = f"/repos/{SLUG}/environments/{environment}"
        set_secret(self.service.github, scope, PRIVATE_KEY, "the App's private key")
        set_variable(self.service.github, scope, CLIENT_ID, "Iv1.platform")

    def aws(self, service: str, account: str = "111111111111") -> Any:
        return aws.connect("eu-west-1", endpoint=self.cloud.aws, account=account).client(service)


def lay_out_repository(folder: Path) -> None:
    """The project as it is here, whether or not it is committed, without what tests alone need."""
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    for name in filter(None, listed):
        source = ROOT / name
        if source.is_file() and not name.startswith(("tests/", "docs/images/")):
            target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)


def people() -> dict[str, Any]:
    write = dict.fromkeys(("contents", "pull_requests", "issues", "actions", "statuses"), "write")
    return {
        "users": [{"login": login, "id": number} for number, login in enumerate(PEOPLE, 900)],
        "tokens": [
            {"token": f"token-of-{login}", "permissions": {**write, "metadata": "read"}, "user": login}
            for login in PEOPLE
        ],
    }


def payload_of(pull: dict[str, Any], action: str) -> dict[str, Any]:
    """The event of a pull request."""
    return json.loads(json.dumps({"action": action, "number": pull["number"], "pull_request": pull}))


def payload_of_run(seen: Running, pull: dict[str, Any] | None = None) -> dict[str, Any]:
    """The event `workflow_run` of a run that has ended, which was of a pull request or of main."""
    run = seen.run
    repository = {"full_name": SLUG, "owner": {"login": SLUG.partition("/")[0]}}
    told = {
        "id": int(run.id),
        "event": run.event,
        "status": "completed",
        "conclusion": "success" if seen.process.returncode == 0 else "failure",
        # Of a pull request it is its head, and no merge of it.
        "head_branch": pull["head"]["ref"] if pull else run.ref.removeprefix("refs/heads/"),
        "head_sha": pull["head"]["sha"] if pull else run.sha,
        "html_url": f"https://github.com/{SLUG}/actions/runs/{run.id}",
        "run_started_at": "2026-11-30T08:00:00Z",
        "repository": repository,
        "head_repository": repository,
    }
    return {"action": "completed", "workflow_run": told}
