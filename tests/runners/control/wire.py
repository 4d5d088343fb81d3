"""GitHub on the wire: the functions' own client and credentials, over the schedule's model of GitHub."""

import json
from typing import Any
from urllib.parse import parse_qsl

from runners.control.config import Fleet
from runners.control.github import Answer, GitHubClientError, GitHubRest, Spent
from runners.control.tokens import AppCredentials
from tests.runners.control.model import Odds
from tests.runners.control.schedule import Schedule

TOKEN, JIT = "ghs_TheInstallationTokenThatNobodyMayKeep", "SklUQ29uZmlndXJhdGlvblRoYXROb2JvZHlNYXlLZWVw" * 4


class Kms:
    """Keeps what is encrypted from being read, and signs."""

    def sign(self, **_: Any) -> dict[str, bytes]:
        return {"Signature": b"signed"}

    def encrypt(self, *, Plaintext: bytes, **_: Any) -> dict[str, bytes]:
        return {"CiphertextBlob": bytes(byte ^ 0x5A for byte in Plaintext)}

    def decrypt(self, *, CiphertextBlob: bytes, **_: Any) -> dict[str, bytes]:
        return {"Plaintext": bytes(byte ^ 0x5A for byte in CiphertextBlob)}


class Wired(Schedule):
    """A schedule whose functions talk HTTP; each claim comes to one of several containers."""

    def __init__(self, seed: int, jobs: int, odds: Odds, **settings: Any) -> None:
        super().__init__(seed, jobs, odds, **{"boot_minutes": 15, "idle_minutes": 10, **settings})
        self.asked: list[str] = []
        self.minutes = self.now // 60_000
        self.handed: list[str] = []
        self.containers = [self.container() for _ in range(5)]
        for one in self.containers:
            one.connect = self.client
        self.functions = self.containers[0]

    def is_minute(self) -> bool:
        """Time passes here as it does: 700 ms a step, a tick each minute."""
        passed = self.now // 60_000
        fires, self.minutes = passed > self.minutes, passed
        return fires

    def minute(self) -> None:
        if self.choices():
            self.now -= 60_000
        super().minute()

    def client(self, fleet: Fleet) -> GitHubRest:
        spent = Spent()
        credentials = AppCredentials(
            fleet="test",
            app_id=fleet.app_id,
            installation_id=fleet.installation_id,
            url="http://github",
            kms=Kms(),
            app_key="alias/a",
            token_key="alias/t",
            table=self.table,
            transport=self.answer,
            clock=lambda: self.now,
            sleep=lambda _: None,
            spent=spent,
        )
        return GitHubRest(
            "http://github", fleet.organization, credentials, self.answer, spent, clock=lambda: self.now
        )

    def run(self, function: Any) -> Any:
        self.functions = self.random.choice(self.containers)
        return super().run(function)

    def answer(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        path = url.removeprefix("http://github")
        self.asked.append(f"{method} {path.partition('?')[0]}")
        try:
            told = self.told(method, path, json.loads(body or b"{}"), headers["authorization"])
        except GitHubClientError as error:
            return Answer(error.status, {})
        return Answer(200, {"x-ratelimit-remaining": "4000"}, json.dumps(told).encode())

    def told(self, method: str, path: str, body: dict[str, Any], authorization: str) -> Any:
        if path.endswith("/access_tokens"):
            ends = "2099-01-01T00:00:00Z"
            return {"token": f"{TOKEN}{len(self.asked)}", "expires_at": ends}
        if path.endswith("/generate-jitconfig"):
            assert authorization.startswith(f"token {TOKEN}")
            _, number = self.github.mint_runner(body["name"], body["runner_group_id"], tuple(body["labels"]))
            self.handed.append(f"{JIT}{number}")
            return {"encoded_jit_config": self.handed[-1], "runner": {"id": number, "busy": True}}
        if path.startswith("/app/hook/"):
            return self.told_of_hooks(method, path)
        return self.told_of_runners(method, path)

    def told_of_runners(self, method: str, path: str) -> Any:
        if "/actions/runs/" in path:
            job = self.jobs[int(path.rsplit("/", 1)[1]) - 100]
            status = "completed" if job.state == "done" else "in_progress"
            return {"status": status, "head_repository": {"id": 1}, "repository": {"id": 1}}
        if "/actions/jobs/" in path:
            return self.github.job("", int(path.rsplit("/", 1)[1]))
        if "/actions/runners?" in path:
            asked = {key: int(value) for key, value in parse_qsl(path.partition("?")[2])}
            first = asked["per_page"] * (asked["page"] - 1)
            found = [
                {"id": number, "name": name, "status": "online" if online else "offline", "busy": False}
                for number, name, online in self.github.runners()
            ]
            return {"runners": found[first : first + asked["per_page"]]}
        if method == "DELETE":
            if not self.github.delete_runner(int(path.rsplit("/", 1)[1])):
                raise GitHubClientError("busy", 422)
            return {}
        raise GitHubClientError("not found", 404)

    def told_of_hooks(self, method: str, path: str) -> Any:
        if method == "POST":
            self.github.redeliver(int(path.split("/")[4]))
            return {}
        found, _ = self.github.deliveries("")
        return [
            {
                "id": one.id,
                "guid": one.guid,
                "event": one.event,
                "status_code": 502 if one.failed else 202,
                "redelivery": one.redelivery,
            }
            for one in found
        ]
