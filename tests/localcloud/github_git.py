"""A GitHub stand-in in this process with one repository, and what tests of its git model do to it."""

import base64
import itertools
import os
import subprocess
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from werkzeug.serving import make_server

from slipway.localcloud.github.app import GitHub
from slipway.localcloud.web import RequestLog
from tests.localcloud.http_client import Answer, Client
from tests.providers.conftest import QuietHandler

WRITE = dict.fromkeys(
    (
        "contents",
        "pull_requests",
        "issues",
        "statuses",
        "checks",
        "deployments",
        "administration",
        "actions",
    ),
    "write",
) | {"metadata": "read"}
_IDS = itertools.count(1)


@dataclass
class Hub:
    """The stand-in at `url`; `call` acts as an App's token, `person` as somebody's."""

    url: str
    app: GitHub
    slug: str = ""

    def use(self, *, name: str = "", branch: str = "main") -> "Hub":
        """A new repository."""
        number = next(_IDS)
        name = name or f"repo-{number}"
        given = {"owner": "acme", "name": name, "id": number, "default_branch": branch}
        self.app.world.seed({"repositories": [given]})
        return Hub(self.url, self.app, f"acme/{name}")

    @property
    def folder(self) -> Path:
        return self.app.world.git_folder() / f"{self.slug}.git"

    def token(self, name: str, **fields: object) -> Client:
        self.app.world.seed({"tokens": [{"token": name, "permissions": WRITE, **fields}]})
        return Client(self.url, {"Authorization": f"Bearer {name}"})

    def call(self, method: str, path: str, body: object = None) -> Answer:
        return self.token("writer")(method, f"/repos/{self.slug}{path}", body)

    def as_user(self, login: str, method: str, path: str, body: object = None) -> Answer:
        return self.token(f"token-of-{login}", user=login)(method, f"/repos/{self.slug}{path}", body)

    def ok(self, method: str, path: str, body: object = None) -> Any:
        answer = self.call(method, path, body)
        assert answer.status < 300, (method, path, answer.status, answer.text)
        return answer.json if answer.text else None

    def write(self, path: str, text: str, branch: str = "main") -> str:
        """Write a file by the contents API; the commit."""
        url = f"/contents/{quote(path)}"
        answer = self.call("GET", f"{url}?ref={branch}")
        old = {"sha": answer.json["sha"]} if answer.status == 200 else {}
        content = base64.b64encode(text.encode()).decode()
        body = {"message": f"Write {path}", "content": content, "branch": branch, **old}
        return str(self.ok("PUT", url, body)["commit"]["sha"])

    def branch(self, name: str, start: str = "main") -> str:
        sha = self.ok("GET", f"/git/ref/heads/{start}")["object"]["sha"]
        self.ok("POST", "/git/refs", {"ref": f"refs/heads/{name}", "sha": sha})
        return str(sha)

    def pull(self, head: str, base: str = "main", **more: object) -> int:
        return int(self.ok("POST", "/pulls", {"title": head, "head": head, "base": base, **more})["number"])

    def git(self, *arguments: str, folder: Path | None = None) -> str:
        return git(folder or self.folder, *arguments)


def git(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What git prints, with no configuration but its own."""
    who = {f"GIT_{role}_{part}": "t@t" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    own = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **who}
    done = subprocess.run(
        ["git", "-C", str(folder), *arguments],
        env={**own, **(environment or {})},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stderr)
    return done.stdout.decode(errors="surrogateescape").strip("\n")


@contextmanager
def hub(folder: Path) -> Generator[Hub]:
    app = GitHub(RequestLog(), folder)
    app.world.seed({"organizations": [{"login": "acme", "id": 1}]})
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield Hub(f"http://127.0.0.1:{server.server_port}", app)
    server.shutdown()
    server.server_close()
