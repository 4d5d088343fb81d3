"""What a killed run leaves: whose it is, who still holds the stack, and what becomes of it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pulumi import Output, ResourceOptions

from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.interruption import Answers, Finding, advised
from slipway.engine.locks import (
    Folder,
    HeldLock,
    LocalLocks,
    Lock,
    ended_here,
    held_here,
    lock_folder,
    process_began,
)
from slipway.engine.ownership import somebody_elses, stack_tags
from slipway.engine.state import ResourceState
from slipway.engine.values import Secret
from slipway.errors import SlipwayError
from tests.engine.toy import Thing

ROLE = "aws:iam/role:Role"
OURS = {"slipway:stack": "local", "slipway:managed": "pulumi"}
TRUST = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["a", "b"]}]})


def state(name: str = "a", type_: str = ROLE, **fields: Any) -> ResourceState:
    return ResourceState(f"urn:pulumi:local::demo::{type_}::{name}", type_, custom=True, **fields)


def found(*, tags: dict[str, str] | None = None, **inputs: Any) -> ResourceState:
    return state(id="build", inputs=inputs, outputs={**inputs, "tagsAll": tags or {}})


class TestWhoseItIs:
    asked = state(
        inputs={"name": "build", "assumeRolePolicy": TRUST, "tags": {"team": "a"}, "rules": ["x", "y"]}
    )

    @pytest.mark.parametrize(
        ("there", "owner"),
        [
            (found(tags={**OURS, "team": "a"}, name="build", assumeRolePolicy=TRUST), ""),
            # Half made: nobody knows how far the creation got.
            (found(tags=OURS, name="build", assumeRolePolicy="{}"), ""),
            (found(name="build"), ""),
            (found(name="build", assumeRolePolicy=TRUST, rules=["y", "x"], path="/"), ""),
            (found(name="build", assumeRolePolicy=json.dumps(json.loads(TRUST), indent=1)), ""),
            (found(tags={**OURS, "slipway:stack": "prod"}, name="build"), "its tags say slipway:stack=prod"),
            (
                found(tags={"team": "a"}, name="build", assumeRolePolicy=TRUST),
                "it does not have the tags slipway:managed, slipway:stack of this stack",
            ),
            (
                found(name="build", assumeRolePolicy='{"Statement": [{"Effect": "Deny"}]}'),
                "it has another assumeRolePolicy#Statement[0].Effect",
            ),
        ],
    )
    def test_tags_decide_and_else_the_content(self, there: ResourceState, owner: str) -> None:
        assert somebody_elses(self.asked, there, OURS) == owner

    def test_its_own_tags_decide_where_the_stack_gives_none(self) -> None:
        assert (
            somebody_elses(self.asked, found(tags={"team": "b"}, name="build"), {}) == "its tags say team=b"
        )

    def test_no_value_is_told(self) -> None:
        asked = state(inputs={"value": Secret("hunter22"), "name": "a"})
        there = state(id="a", inputs={"value": Secret("hunter23"), "name": "a"})
        assert somebody_elses(asked, there, {}) == "it has another value"

    @pytest.mark.parametrize("given", [{"tags": OURS}, json.dumps({"tags": OURS})])
    def test_the_tags_of_a_stack_are_those_of_its_provider(self, given: Any) -> None:
        assert stack_tags({"defaultTags": given, "region": "eu-west-1"}) == OURS
        assert stack_tags({"defaultTags": "no json"}) == stack_tags({}) == {}


def lock(host: str = "", pid: int = 0, since: datetime | None = None, name: str = "0b1c") -> Lock:
    host, pid = host or socket.gethostname(), pid or os.getpid()
    key = f"{lock_folder('demo', 'local')}/{name}.json"
    return Lock(key=key, user="ada", host=host, pid=pid, since=since or datetime.now(UTC))


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    return process.pid


class TestHolders:
    def test_a_holder_is_over_where_its_machine_has_no_such_process(self) -> None:
        assert "no process" in ended_here(lock(pid=dead_process()))

    def test_one_that_is_at_work_is_not(self) -> None:
        assert ended_here(lock()) == ""

    def test_one_of_another_machine_is_not_known_to_be(self) -> None:
        assert ended_here(lock(host="elsewhere", pid=dead_process())) == ""

    def test_a_process_that_began_after_the_lock_is_another_one(self) -> None:
        long_ago = datetime.now(UTC) - timedelta(days=30)
        assert "another one" in ended_here(
            lock(since=long_ago), began=lambda _: datetime.now(UTC).timestamp()
        )
        assert ended_here(lock(since=long_ago), began=lambda _: 0.0) == ""

    def test_one_that_has_ended_and_nobody_waited_for_is_over(self) -> None:
        with subprocess.Popen([sys.executable, "-c", ""], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.read()
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
            assert process_began(process.pid) is None

    def test_one_of_this_machine_that_runs_is_at_work(self) -> None:
        assert held_here(lock()).at_work
        assert not held_here(lock(pid=dead_process())).at_work
        assert not held_here(lock(host="elsewhere")).at_work

    def test_locks_are_read_as_pulumi_writes_them(self, tmp_path: Path) -> None:
        folder = tmp_path / lock_folder("demo", "local")
        folder.mkdir(parents=True)
        document = {
            "pid": dead_process(), "username": "ada", "hostname": socket.gethostname(),
            "timestamp": "2026-11-29T11:38:11.123456789+02:00",
        }  # fmt: skip
        (folder / "0b1c-22.json").write_text(json.dumps(document))
        (tmp_path / lock_folder("demo", "other")).mkdir()
        locks = LocalLocks(Folder(tmp_path), "demo", "local")
        (held,) = locks.held()
        assert (held.lock.name, held.lock.since.isoformat()[:19]) == ("0b1c-22", "2026-11-29T09:38:11")
        assert held.over
        locks.clear(held.lock)
        assert locks.held() == []

    def test_a_lock_that_was_cut_short_is_one_whose_holder_a_person_has_to_know(self, tmp_path: Path) -> None:
        files = Folder(tmp_path)
        locks = LocalLocks(files, "demo", "local")
        for content in (b"", b'{"pid": 7', b"{}", b"[]"):
            files.write(f"{lock_folder('demo', 'local')}/0b1c.json", content)
            (held,) = locks.held()
            assert (held.over, held.at_work, held.lock.name) == ("", False, "0b1c")
            assert "left no name" in held.lock.holder


# --- the embedded engine ---


def program() -> None:
    first = Thing("a", value="1")
    Thing("b", ResourceOptions(depends_on=[first]), value="2")


def kill_in(folder: Path, name: str) -> str:
    """Make the state as a kill within the creation of `name` leaves it; the resource's URN."""
    path = folder / "state" / "local.json"
    document = json.loads(path.read_text())
    deployment = document["deployment"]
    (record,) = [item for item in deployment["resources"] if item["urn"].endswith(f"::{name}")]
    deployment["resources"].remove(record)
    pending = {key: item for key, item in record.items() if key not in ("id", "outputs")}
    deployment["pending_operations"] = [{"resource": pending, "type": "creating"}]
    path.write_text(json.dumps(document))
    (folder / "state" / "local.journal").unlink()
    return record["urn"]


def resources(folder: Path) -> dict[str, str]:
    deployment = json.loads((folder / "state" / "local.json").read_text())["deployment"]
    assert not deployment.get("pending_operations")
    return {
        item["urn"].rpartition("::")[2]: item.get("id", "")
        for item in deployment["resources"]
        if item["type"] == "toy:index:Thing"
    }


def test_what_is_ours_is_recovered(engine, world, tmp_path):
    engine(program).up()
    urn = kill_in(tmp_path, "b")
    left = engine(program).interrupted()
    assert [step.op for step in left.result().steps] == ["import"]
    assert left.result().ok
    assert engine(program).recover(left).ok
    assert resources(tmp_path) == {"a": "id-1", "b": "id-2"}
    assert not engine(program).interrupted()
    done = engine(program).up()
    assert {step.name: step.op for step in done.steps if step.type == "toy:index:Thing"} == {
        "a": "same",
        "b": "update",
    }
    assert len(world.objects) == 2
    assert urn in {step.urn for step in done.steps}


@pytest.mark.parametrize("operation", ["recover", "up"])
def test_a_secret_stays_one_although_the_service_that_is_read_knows_of_none(
    engine, world, tmp_path, operation
):
    def secretive() -> None:
        first = Thing("a", value="1")
        Thing("b", ResourceOptions(depends_on=[first]), value=Output.secret("hunter22"))

    engine(secretive).up()
    kill_in(tmp_path, "b")
    world.fail = lambda asked, name: "no" if asked == "update" else None
    if operation == "recover":
        engine(secretive).recover(engine(secretive).interrupted())
    else:
        engine(secretive).up()
    assert resources(tmp_path)["b"] == "id-2"
    for path in (tmp_path / "state").iterdir():
        assert "hunter22" not in path.read_text(), path


def test_what_was_not_made_is_forgotten(engine, world, tmp_path):
    engine(program).up()
    kill_in(tmp_path, "b")
    del world.objects["id-2"]
    left = engine(program).interrupted()
    assert ["had not been made" in item.message for item in left.result().diagnostics] == [True]
    engine(program).recover(left)
    assert resources(tmp_path) == {"a": "id-1"}


@pytest.mark.parametrize("operation", ["recover", "up", "destroy"])
def test_what_is_somebody_elses_is_named_and_left_alone(engine, world, tmp_path, operation):
    engine(program).up()
    kill_in(tmp_path, "b")
    world.objects["id-2"]["value"] = "theirs"
    left = engine(program).interrupted()
    (said,) = left.result().diagnostics
    assert "'id-2' is there already and is not ours: it has another value" in said.message
    if operation == "recover":
        result = engine(program).recover(left)
    else:
        result = getattr(engine(program), operation)()
    assert "id-2" not in resources(tmp_path).values()
    assert world.objects["id-2"]["value"] == "theirs"
    assert any("not ours" in item.message for item in result.diagnostics)


def test_destroy_leaves_nothing_of_an_interrupted_creation_behind(engine, world, tmp_path):
    engine(program).up()
    kill_in(tmp_path, "b")
    assert engine(program).destroy().ok
    assert world.objects == {}


# --- the Pulumi CLI, by what it prints and takes ---


class Backend:
    """Locks, and a state that `pulumi stack export` prints and `import` replaces."""

    def __init__(self, deployment: dict[str, Any], *held: HeldLock) -> None:
        self.document = {"version": 3, "deployment": deployment}
        self.locks = [*held]
        self.imports = 0
        self.readable = True

    def held(self) -> list[HeldLock]:
        return list(self.locks)

    def clear(self, lock: Lock) -> None:
        self.locks = [item for item in self.locks if item.lock != lock]

    def settled(self) -> bool:
        return False

    def attended(self, pid: int) -> Any:
        return nullcontext()

    def call(self, *arguments: str, files: tuple[int, ...] = ()) -> str:
        if arguments[:2] == ("stack", "import"):
            assert not self.locks, "Pulumi would refuse"
            self.document = json.loads(Path(f"/dev/fd/{files[0]}").read_bytes())
            self.imports += 1
        text = json.dumps(self.document)
        if "--show-secrets" in arguments:
            return text.replace('"ciphertext": "v1:abc"', '"plaintext": "\\"abc\\""')
        return text


def record(name: str, **fields: Any) -> dict[str, Any]:
    return {"urn": f"urn:pulumi:prod::demo::{ROLE}::{name}", "custom": True, "type": ROLE, **fields}


CREATION = record("build", inputs={"name": "build"}, parent="urn:pulumi:prod::demo::x:y:Z::top")
TOP = {"urn": "urn:pulumi:prod::demo::x:y:Z::top", "type": "x:y:Z"}
LATER = record("later", id="later", dependencies=[CREATION["urn"]])


@pytest.fixture
def cli(tmp_path, monkeypatch):
    (tmp_path / "pulumi").write_text("#!/bin/sh\nexit 1\n")
    (tmp_path / "pulumi").chmod(0o755)

    def make(backend: Backend, lookup: Any) -> PulumiEngine:
        environment = {"PATH": str(tmp_path)}
        engine = PulumiEngine(tmp_path, "demo", "prod", environment, locks=backend, lookup=lookup)
        monkeypatch.setattr(engine, "_call", backend.call)
        return engine

    return make


def there(**fields: Any):
    """A lookup that finds everything as it was asked for, or as `fields` say."""

    def look(asked, state, ids):
        items = [replace(item, id=ids.get(item.urn, item.name), outputs={"arn": "arn:1"}) for item in asked]
        return [Finding(item, one, **fields) for item, one in zip(asked, items, strict=True)]

    return look


def pending(*records: dict[str, Any], type_: str = "creating") -> list[dict[str, Any]]:
    return [{"resource": item, "type": type_} for item in records]


def test_the_lock_of_a_dead_holder_is_cleared_and_what_it_made_is_taken_over(cli):
    deployment = {"resources": [TOP], "pending_operations": pending(CREATION)}
    backend = Backend(deployment, HeldLock(lock(), "there is no process 7 on here"))
    engine = cli(backend, there())
    left = engine.interrupted()
    assert "there is no process 7" in str(left.result().diagnostics)
    assert backend.locks, "nothing is changed before it was shown"
    result = engine.recover(left)
    assert (result.operation, result.ok, result.counts) == ("recover", True, {"import": 1})
    assert backend.locks == []
    assert backend.document["deployment"] == {
        "resources": [
            TOP,
            {
                **CREATION,
                "id": "build",
                "outputs": {"arn": "arn:1"},
                "initErrors": ["its creation was interrupted"],
            },
        ]
    }


def test_a_holder_that_may_be_at_work_keeps_everything_as_it_is(cli):
    backend = Backend({"resources": []}, HeldLock(lock(host="laptop", pid=7)))
    engine = cli(backend, there())
    left = engine.interrupted()
    assert not left.result().ok
    assert "ada@laptop (process 7)" in left.result().errors[0].message
    assert "slipway recover prod --over 0b1c" in left.result().errors[0].message
    with pytest.raises(SlipwayError, match="not decided"):
        engine.recover(left)
    assert backend.locks
    said = engine.interrupted(Answers(over=frozenset({"0b1c"})))
    assert engine.recover(said).ok
    assert backend.locks == []


def test_a_holder_that_is_at_work_is_not_over_whoever_says_so(cli):
    backend = Backend({"resources": []}, HeldLock(lock(pid=7), at_work=True))
    engine = cli(backend, there())
    assert "kill -INT 7" in engine.interrupted().result().errors[0].message
    with pytest.raises(SlipwayError, match="no lock whose holder may be over"):
        engine.interrupted(Answers(over=frozenset({"0b1c"})))


def test_a_look_into_the_backend_is_enough_where_nothing_was_interrupted(cli, tmp_path, monkeypatch):
    files = Folder(tmp_path / "backend")
    locks = LocalLocks(files, "demo", "prod")
    engine = cli(Backend({"resources": [TOP]}), there())
    engine._locks = locks
    assert not locks.settled(), "there is no state that could say so"
    state = {"checkpoint": {"latest": {"resources": [TOP]}}}
    files.write(".pulumi/stacks/demo/prod.json", json.dumps(state).encode())
    assert locks.settled()
    monkeypatch.setattr(engine, "_call", None)
    assert not engine.interrupted()
    state["checkpoint"]["latest"]["pending_operations"] = pending(CREATION)
    files.write(".pulumi/stacks/demo/prod.json", json.dumps(state).encode())
    assert not locks.settled()
    files.write(".pulumi/stacks/demo/prod.json", b"{}")
    files.write(f"{lock_folder('demo', 'prod')}/x.json", b"{}")
    assert not locks.settled()


def test_what_nobody_can_look_up_waits_for_a_person(cli):
    urn = CREATION["urn"]
    backend = Backend({"resources": [TOP], "pending_operations": pending(CREATION)})

    def look(asked, state, ids):
        known = [(item, ids.get(item.urn, "")) for item in asked]
        return [
            Finding(item, replace(item, id=id_) if id_ else None, unknown="" if id_ else "-")
            for item, id_ in known
        ]

    engine = cli(backend, look)
    left = engine.interrupted()
    assert f"--made '{urn}=ID', or --not-made '{urn}'" in left.result().errors[0].message
    with pytest.raises(SlipwayError):
        engine.recover(left)
    assert backend.document["deployment"]["pending_operations"]
    assert engine.interrupted(Answers(gone=frozenset({urn}))).result().ok
    engine.recover(engine.interrupted(Answers(ids={urn: "found-by-hand"})))
    assert backend.document["deployment"]["resources"][-1]["id"] == "found-by-hand"


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (Answers(over=frozenset({"0b1d"})), "there is no lock whose holder may be over, called '0b1d'"),
        (Answers(gone=frozenset({"urn:x"})), "there is no interrupted creation 'urn:x'"),
        (Answers(ids={"urn:x": "a"}), "there is no interrupted creation 'urn:x'"),
    ],
)
def test_an_answer_about_something_else_is_refused(cli, answers, said):
    deployment = {"resources": [TOP], "pending_operations": pending(CREATION)}
    engine = cli(Backend(deployment, HeldLock(lock(), "over")), there())
    with pytest.raises(SlipwayError, match=said) as told:
        engine.interrupted(answers)
    assert "0b1c" in told.value.fix or CREATION["urn"] in told.value.fix


def test_a_replacement_that_was_being_made_leaves_the_former_one_to_be_deleted(cli):
    old = record("build", id="build-1", inputs={"name": "build-1"}, parent=TOP["urn"])
    deployment = {
        "resources": [TOP, old, LATER],
        "pending_operations": pending({**CREATION, "dependencies": []}),
    }
    backend = Backend(deployment)
    engine = cli(backend, there())
    engine.recover(engine.interrupted())
    resources = backend.document["deployment"]["resources"]
    assert [(item["urn"], item.get("delete", False)) for item in resources if item["type"] == ROLE] == [
        (CREATION["urn"], True), (CREATION["urn"], False), (LATER["urn"], False),
    ]  # fmt: skip


def test_what_the_state_has_already_is_no_find(cli):
    """A replacement under the same name: what is there under that name is the former one."""
    old = record("build", id="build", parent=TOP["urn"])
    backend = Backend({"resources": [TOP, old], "pending_operations": pending(CREATION)})
    engine = cli(backend, there())
    left = engine.interrupted()
    assert left.result().steps == ()
    engine.recover(left)
    assert backend.document["deployment"]["resources"] == [TOP, old]


def test_other_interrupted_operations_are_told_and_cleared(cli):
    backend = Backend({"resources": [TOP, LATER], "pending_operations": pending(LATER, type_="updating")})
    engine = cli(backend, there())
    left = engine.interrupted()
    assert "interrupted while updating" in left.result().diagnostics[0].message
    assert engine.recover(left).ok
    assert not engine.interrupted()


def test_sealed_secrets_stay_sealed_and_read_ones_are_handed_over_readable(cli):
    sig = "4dabf18193072939515e22adb298388d"
    secret = {sig: "1b47061264138c4ac30d75fd1eb44270", "ciphertext": "v1:abc"}
    open_ = {sig: "1b47061264138c4ac30d75fd1eb44270", "plaintext": '"hunter22"'}
    other = record("other", id="other", inputs={"a": secret})
    backend = Backend({"resources": [TOP, other], "pending_operations": pending(CREATION)})
    engine = cli(backend, lambda asked, state, ids: [
        Finding(item, replace(item, id="x", outputs={"token": Secret("hunter22")})) for item in asked
    ])  # fmt: skip
    left = replace(engine.interrupted(), begun=())
    assert "hunter22" not in json.dumps(left.result().to_json())
    engine.recover(left)
    resources = backend.document["deployment"]["resources"]
    assert resources[1]["inputs"] == {"a": secret}
    assert resources[2]["outputs"] == {"token": open_}


def test_the_advice_is_one_that_holds_here():
    locked = (
        "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or "
        "delete the lock file with `pulumi cancel`.\n  file:///x/y.json: created by a@b (pid 7) at z"
    )
    assert "`pulumi cancel`" not in advised(locked, "local")
    assert "`slipway recover local`" in advised(locked, "local")
    assert "created by a@b (pid 7)" in advised(locked, "local")
    warned = (
        "Attempting to deploy or update resources with 1 pending operations from previous deployment.\n"
        "  * urn, interrupted while creating\nThese are in an unknown state.\n\n"
        "Once you have confirmed the status of the interrupted operations, you can repair your stack using "
        "`pulumi refresh` which will …"
    )
    assert "pulumi refresh" not in advised(warned, "prod")
    assert "interrupted while creating" in advised(warned, "prod")
    assert "`pulumi cancel`" in advised(locked, "prod", locks=False)
    assert advised("anything else", "prod") == "anything else"
