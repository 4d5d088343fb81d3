"""On a real stack: who holds the backend's locks, which run they were of, and what a killed run made."""

from __future__ import annotations

import io
import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.engine.interface import Diagnostic, Result
from slipway.engine.locks import Folder, Lock, lock_folder
from slipway.engine.state import ResourceState, decode
from slipway.engine.values import Secret
from slipway.errors import SlipwayError
from slipway.recovery import BackendLocks, ProviderLookup, Runs, backends, runs
from slipway.recovery.backends import Bucket, files_of

JOB = {
    "GITHUB_ACTIONS": "true",
    "GITHUB_REPOSITORY": "acme/platform",
    "GITHUB_RUN_ID": "31",
    "GITHUB_RUN_ATTEMPT": "2",
    "GITHUB_TOKEN": "ghs_job",
}


class GitHub:
    """GitHub's answers about runs, by path."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runs: dict[str, Any] = {}
        monkeypatch.setattr(runs, "connect", lambda auth, url: self)

    def find(self, place: str) -> Any:
        found = self.runs.get(place)
        if isinstance(found, SlipwayError):
            raise found
        return found


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> GitHub:
    return GitHub(monkeypatch)


def locks(folder: Path, environment: dict[str, str]) -> BackendLocks:
    return BackendLocks(folder.as_uri, "", "demo", "prod", Runs(environment))


def write_lock(folder: Path, *, pid: int, host: str = "fv-az1-2", since: float | None = None) -> Lock:
    key = f"{lock_folder('demo', 'prod')}/0b1c.json"
    at = datetime.fromtimestamp(time.time() if since is None else since, UTC)
    document = {"pid": pid, "username": "runner", "hostname": host, "timestamp": at.isoformat()}
    Folder(folder).write(key, json.dumps(document).encode())
    return Lock(key=key, user="runner", host=host, pid=pid, since=at)


def killed_in_a_job(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A job's process 7 takes the lock on a machine of GitHub's, and both are gone."""
    monkeypatch.setattr("socket.gethostname", lambda: "fv-az1-2")
    with locks(folder, JOB).attended(7):
        kept = {path: path.read_bytes() for path in folder.rglob("*-7.json")}
    for path, content in kept.items():
        path.write_bytes(content)
    write_lock(folder, pid=7)
    monkeypatch.undo()


PLACE = "/repos/acme/platform/actions/runs/31/attempts/2"


@pytest.mark.parametrize(
    ("answer", "over"),
    [
        ({"status": "completed", "conclusion": "cancelled"}, True),
        ({"status": "in_progress", "conclusion": None}, False),
        (None, False),
        (SlipwayError("GitHub does not answer"), False),
    ],
)
def test_a_holder_in_a_job_is_over_where_github_says_that_its_run_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Any, over: bool
) -> None:
    killed_in_a_job(tmp_path, monkeypatch)
    GitHub(monkeypatch).runs[PLACE] = answer
    (held,) = locks(tmp_path, {"GH_TOKEN": "mine"}).held()
    assert bool(held.over) is over
    if over:
        assert "run 31 of acme/platform, attempt 2, is over (cancelled)" in held.over
        locks(tmp_path, {}).clear(held.lock)
        assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_without_a_token_nobody_is_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    killed_in_a_job(tmp_path, monkeypatch)
    GitHub(monkeypatch).runs[PLACE] = {"status": "completed"}
    (held,) = locks(tmp_path, {}).held()
    assert not held.over


def test_a_record_says_nothing_of_a_later_process_with_the_same_number(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed_in_a_job(tmp_path, monkeypatch)
    GitHub(monkeypatch).runs[PLACE] = {"status": "completed"}
    write_lock(tmp_path, pid=7, since=time.time() + 3600)
    (held,) = locks(tmp_path, JOB).held()
    assert not held.over


def test_a_process_that_ends_leaves_no_record_and_one_outside_a_job_makes_none(tmp_path: Path) -> None:
    with locks(tmp_path, JOB).attended(7):
        assert list(tmp_path.rglob("*-7.json"))
    with locks(tmp_path, {}).attended(8):
        assert not list(tmp_path.rglob("*-8.json"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_backend_that_refuses_the_record_stops_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise SlipwayError("denied")

    monkeypatch.setattr(Folder, "write", refuse)
    with locks(tmp_path, JOB).attended(7):
        pass


# --- backends ---


class S3:
    """A bucket in memory, as far as locks need one. The calls are those of boto3."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def get_paginator(self, _: str) -> S3:
        return self

    def paginate(self, *, Bucket: str, Prefix: str) -> list[dict[str, Any]]:
        return [{"Contents": [{"Key": key} for key in self.objects if key.startswith(Prefix)]}, {}]

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return {"Body": io.BytesIO(self.objects[Key])}

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:
        self.objects[Key] = Body

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        self.objects.pop(Key, None)

    def client(self, _: str) -> S3:
        return self


@pytest.mark.parametrize("prefix", ["", "/team/a"])
def test_a_bucket_has_files_as_a_folder_has(tmp_path: Path, prefix: str) -> None:
    s3 = S3()
    for files in (Folder(tmp_path), Bucket(s3, "acme-state", prefix)):  # type: ignore[arg-type]
        files.write("a/b/1.json", b"1")
        files.write("a/b/2.json", b"2")
        files.write("a/b/c/3.json", b"3")
        files.write("a/bc/4.json", b"4")
        assert files.names("a/b") == ["a/b/1.json", "a/b/2.json"]
        assert (files.read("a/b/1.json"), files.read("a/b/9.json")) == (b"1", None)
        files.remove("a/b/1.json")
        files.remove("a/b/1.json")
        assert files.names("a/b") == ["a/b/2.json"]
    assert all(key.startswith(prefix.strip("/")) for key in s3.objects)


@pytest.mark.parametrize(
    ("url", "kind", "region"),
    [
        ("s3://acme-state?region=eu-west-1", Bucket, "eu-west-1"),
        ("s3://acme-state/team", Bucket, "eu-north-1"),
        ("file:///var/state", Folder, ""),
        ("file://~", Folder, ""),
        ("https://api.pulumi.com", type(None), ""),
        ("gs://acme-state", type(None), ""),
        ("s3://acme-state?region=eu-west-1&endpoint=minio.example", type(None), ""),
    ],
)
def test_backends_are_known_by_pulumis_addresses(
    url: str, kind: type, region: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(backends, "connect", lambda place: asked.append(place) or S3())
    assert isinstance(files_of(url, "eu-north-1"), kind)
    assert asked == ([region] if region else [])


def test_locks_of_another_backend_are_none_that_can_be_read(github: GitHub) -> None:
    other = BackendLocks(lambda: "https://api.pulumi.com", "", "demo", "prod", Runs(JOB))
    assert (other.readable, other.held()) == (False, [])
    with other.attended(7):
        pass


# --- looking up ---

PROVIDER = ResourceState(
    "urn:pulumi:prod::demo::pulumi:providers:aws::aws", "pulumi:providers:aws", custom=True, id="p1",
    parent="urn:pulumi:prod::demo::pulumi:pulumi:Stack::demo-prod",
    inputs={"defaultTags": '{"tags": {"slipway:stack": "prod"}}', "secretKey": Secret("hunter22")},
)  # fmt: skip
ROLE = "aws:iam/role:Role"


def role(name: str) -> ResourceState:
    return ResourceState(
        f"urn:pulumi:prod::demo::a:b:C${ROLE}::{name}", ROLE, custom=True, inputs={"name": name},
        parent="urn:pulumi:prod::demo::a:b:C::top", provider=f"{PROVIDER.urn}::p1",
        dependencies=("urn:pulumi:prod::demo::x:y:Z::other",),
    )  # fmt: skip


class Scratch:
    """An engine whose refresh finds what a cloud has: by id, the tags of each role."""

    def __init__(self, cloud: dict[str, dict[str, str]], failing: str = "") -> None:
        self.cloud = cloud
        self.failing = failing
        self.environment: dict[str, str] = {}
        self.written = ""

    def __call__(self, folder: Path, more: dict[str, str]) -> Scratch:
        self.folder, self.environment = folder, more
        return self

    def replace_state(self, deployment: dict[str, Any]) -> None:
        self.written = json.dumps(deployment)
        self.deployment = deployment

    def refresh(self) -> Result:
        kept, errors = [], []
        for item in self.deployment["resources"]:
            if item["type"] == ROLE and item["id"] == self.failing:
                errors.append(Diagnostic("error", "AccessDenied", item["urn"]))
            if item["type"] != ROLE:
                kept.append({**item, "inputs": {}})
            elif item["id"] in self.cloud:
                kept.append({**item, "outputs": {"tagsAll": self.cloud[item["id"]]}})
        self.deployment["resources"] = kept
        return Result("refresh", "demo", "prod", "pulumi", diagnostics=tuple(errors), ok=not errors)

    def readable_state(self) -> dict[str, Any]:
        return {"resources": [item for item in self.deployment["resources"] if item["type"] == ROLE]}


def test_the_providers_say_what_there_is_without_a_touch_of_the_state() -> None:
    cloud = {
        "ours": {"slipway:stack": "prod"},
        "theirs": {"slipway:stack": "staging"},
        "found-by-hand": {"slipway:stack": "prod"},
    }
    scratch = Scratch(cloud, failing="secret")
    lookup = ProviderLookup("demo", scratch, lambda item: "" if item.name == "generated" else item.name)  # type: ignore[arg-type]
    asked = [role(name) for name in ("ours", "theirs", "nowhere", "secret", "generated", "told")]
    told = {asked[-1].urn: "found-by-hand"}
    findings = lookup(asked, [PROVIDER, role("unrelated")], told)
    assert [item.asked for item in findings] == asked
    ours, theirs, nowhere, secret, generated, given = findings
    assert ours.ours is not None
    assert ours.ours.parent == asked[0].parent, "what the state gets is what the program asked for"
    assert theirs.owner == "its tags say slipway:stack=staging"
    assert (nowhere.found, nowhere.unknown) == (None, "")
    assert "AccessDenied" in secret.unknown
    assert "does not follow from its name" in generated.unknown
    assert given.ours is not None
    assert given.ours.id == "found-by-hand"
    assert scratch.environment["PULUMI_BACKEND_URL"].startswith("file://")
    assert not scratch.folder.exists()
    assert "hunter22" not in scratch.written
    written = [decode(item, lambda _: '"x"') for item in scratch.deployment["resources"]]
    assert not [item for item in written if item.parent or item.dependencies]


def test_where_reading_fails_as_a_whole_nobody_can_tell() -> None:
    scratch = Scratch({})
    scratch.refresh = lambda: replace(  # type: ignore[method-assign]
        Result("refresh", "demo", "prod", "pulumi"), ok=False, diagnostics=(Diagnostic("error", "no plugin"),)
    )
    (finding,) = ProviderLookup("demo", scratch, lambda item: item.name)([role("a")], [PROVIDER], {})  # type: ignore[arg-type]
    assert "no plugin" in finding.unknown


def test_nothing_is_run_where_no_id_is_known() -> None:
    def never(*_: object) -> Any:
        raise AssertionError

    (finding,) = ProviderLookup("demo", never, lambda _: "")([role("a")], [PROVIDER], {})
    assert finding.unknown
