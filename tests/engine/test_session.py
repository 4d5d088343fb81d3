"""What is kept of a stack on a stand-in stays in step with its world, whichever engine runs it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from slipway.cli.session import Session, local_stacks, open_session
from slipway.engine.interface import Result, Silent, Step
from slipway.engine.interruption import Finding, Interruption
from slipway.engine.local_stacks import Record
from slipway.engine.locks import HeldLock, Lock
from slipway.engine.plan import Plan
from slipway.engine.state import ResourceState
from slipway.errors import SlipwayError
from slipway.localcloud.cloud import Cloud

PROGRAM = """
import pulumi
pulumi.export("stack", pulumi.get_stack())
pulumi.export("endpoints", pulumi.Config("slipway").require_object("endpoints"))
if pulumi.get_stack() == "demo-app":
    pulumi.export("of", pulumi.StackReference("demo-network").require_output("stack"))
"""


def cloud(id_: str = "cloud-1", aws: str = "http://127.0.0.1:1") -> Cloud:
    return Cloud(
        id=id_,
        pid=1,
        aws=aws,
        github="http://127.0.0.1:2",
        kubernetes="http://127.0.0.1:3",
        console="http://127.0.0.1:4",
        started_at="",
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    root.mkdir()
    (root / "Pulumi.yaml").write_text("name: demo\nruntime: python\n")
    (root / "__main__.py").write_text(PROGRAM)
    return root


class Scripted:
    """An engine that writes down what it was asked for, and finds the drift that it is told to find."""

    name = "embedded"

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.drifts = False
        self.fails = False

    def _result(self, operation: str) -> Result:
        self.asked.append(operation)
        steps = (Step("update", "urn", "t", "n"),) if operation == "drift" and self.drifts else ()
        return Result(operation, "demo", "s", self.name, steps, ok=not self.fails)

    def __getattr__(self, operation: str):
        return lambda *_: self._result(operation)


def scripted(root: Path, name: str = "s") -> Session:
    opened = open_session(root, name, "embedded", cloud=cloud())
    return Session(root, name, Scripted(), opened.kept)  # type: ignore[arg-type]


def test_several_stacks_without_a_file_run_on_one_cloud_and_refer_to_each_other(root):
    for name in ("demo-network", "demo-app"):
        session = open_session(root, name, "embedded", cloud=cloud())
        assert "cloud: embedded, http://127.0.0.1:4" in session.where
        result = session.up()
        assert result.ok, result.diagnostics
        assert (result.stack, result.outputs["stack"]) == (name, name)
        assert result.outputs["endpoints"]["aws"] == "http://127.0.0.1:1"
    assert result.outputs["of"] == "demo-network"
    assert local_stacks(root).names("demo-") == ["demo-app", "demo-network"]
    assert open_session(root, "demo-app", cloud=cloud()).destroy().ok
    assert local_stacks(root).names() == ["demo-network"]


def test_a_plan_is_made_and_applied_through_a_session(root):
    plan = open_session(root, "demo-network", "embedded", cloud=cloud()).plan()
    assert local_stacks(root).names() == []
    assert open_session(root, "demo-network", "embedded", cloud=cloud()).apply(plan).ok
    assert local_stacks(root).find("demo-network") == Record("embedded", "cloud-1")
    gone = open_session(root, "demo-network", cloud=cloud()).plan(destroy=True)
    assert open_session(root, "demo-network", cloud=cloud()).apply(gone).ok
    assert local_stacks(root).names() == []


@pytest.mark.parametrize("address", ["https://sts.amazonaws.com", "http://10.0.0.1:80"])
def test_a_cloud_that_is_not_on_this_machine_is_none(root, address):
    with pytest.raises(SlipwayError, match="is no stand-in"):
        open_session(root, "demo-1", "embedded", cloud=cloud(aws=address))


def test_a_stack_of_no_file_and_no_cloud_is_unknown(root):
    with pytest.raises(SlipwayError, match="there is no stack 'demo-1'"):
        open_session(root, "demo-1", "embedded")
    (root / "Pulumi.demo-1.yaml").write_text("config: {}\n")
    with pytest.raises(SlipwayError, match="'demo-1' is real"):
        open_session(root, "demo-1", "embedded")


def test_states_of_a_cloud_that_is_gone_are_forgotten(root):
    open_session(root, "demo-network", "embedded", cloud=cloud()).up()
    open_session(root, "demo-app", "embedded", cloud=cloud()).up()
    said: list[str] = []

    class Progress:
        def __getattr__(self, name):
            return lambda *arguments: said.extend(map(str, arguments))

    again = open_session(root, "demo-app", "embedded", Progress(), cloud=cloud("cloud-2"))  # type: ignore[arg-type]
    assert "the embedded cloud was started anew and is empty" in said[0]
    assert local_stacks(root).names() == []
    assert "there is no stack 'demo-network'" in again.up().errors[0].message


def test_an_engine_keeps_the_state_that_it_made(root):
    open_session(root, "demo-network", "embedded", cloud=cloud()).up()
    with pytest.raises(SlipwayError, match="belongs to the engine 'embedded'"):
        open_session(root, "demo-network", "pulumi", cloud=cloud())


def test_after_drift_the_next_up_begins_with_a_refresh_and_only_that_one(root):
    session = scripted(root)
    session.up()
    session.drift()
    session.up()
    session.engine.drifts = True  # type: ignore[attr-defined]
    session.drift()
    session.up()
    session.up()
    session.up(refresh=True)
    assert session.engine.asked == [  # type: ignore[attr-defined]
        "up", "drift", "up", "drift", "refresh", "up", "up", "refresh", "up",
    ]  # fmt: skip


def test_where_the_refresh_fails_nothing_is_applied_and_it_is_tried_again(root):
    session = scripted(root)
    engine = session.engine
    session.up()
    engine.drifts = True  # type: ignore[attr-defined]
    session.drift()
    engine.fails = True  # type: ignore[attr-defined]
    assert not session.up().ok
    engine.fails = False  # type: ignore[attr-defined]
    assert session.up().ok
    assert engine.asked == ["up", "drift", "refresh", "refresh", "up"]  # type: ignore[attr-defined]


def test_a_destroy_that_fails_keeps_the_record(root):
    session = scripted(root)
    session.up()
    session.engine.fails = True  # type: ignore[attr-defined]
    session.destroy()
    assert local_stacks(root).names() == ["s"]
    session.engine.fails = False  # type: ignore[attr-defined]
    session.destroy()
    assert local_stacks(root).names() == []


@pytest.mark.parametrize(("targets", "kept"), [((), []), (("urn",), ["s"])])
def test_a_destroy_of_a_part_keeps_the_record(root, targets, kept):
    session = scripted(root)
    session.up()
    gone = Plan("destroy", Result("preview", "demo", "s", "embedded"), "", "", b"", targets=targets)
    assert session.apply(gone).ok
    assert local_stacks(root).names() == kept


class Interrupted(Scripted):
    """Pulumi's engine after a kill: with a lock, and a creation that nobody saw the end of."""

    name = "pulumi"

    def __init__(self, *, over: str = "no process 7", unknown: str = "") -> None:
        super().__init__()
        self.looked: list[bool] = []
        lock = Lock(key="l/1.json", user="ada", host="here", pid=7, since=datetime.now(UTC))
        asked = ResourceState("urn:pulumi:s::demo::t:i:T::build", "t:i:T", custom=True)
        found = None if unknown else replace(asked, id="build-1")
        finding = Finding(asked, found, unknown=unknown)
        self.left = Interruption("demo", "s", self.name, (HeldLock(lock, over),), (finding,))

    def interrupted(self, answers: object = None, *, look: bool = True) -> Interruption:
        self.looked.append(look)
        return self.left

    def recover(self, left: Interruption) -> Result:
        left.require_decided()
        self.left = Interruption("demo", "s", self.name)
        return self._result("recover")


@pytest.mark.parametrize("operation", ["up", "destroy", "refresh"])
def test_on_a_stand_in_what_a_killed_run_left_is_shown_and_cleared_up_first(root, operation):
    said: list[str] = []

    class Progress(Silent):
        def message(self, text: str) -> None:
            said.append(text)

    kept = open_session(root, "s", "embedded", cloud=cloud()).kept
    engine = Interrupted()
    result = getattr(Session(root, "s", engine, kept, progress=Progress()), operation)()  # type: ignore[arg-type]
    assert engine.asked == ["recover", operation]
    assert "the lock of ada@here (process 7)" in said[0]
    assert "takes over 'build-1'" in said[1]
    assert "was cleared" in result.diagnostics[0].message
    assert "took over 'build-1'" in result.diagnostics[1].message


@pytest.mark.parametrize("left", [Interrupted(over=""), Interrupted(unknown="who knows")])
def test_on_a_stand_in_nothing_is_done_over_a_run_that_may_be_at_work(root, left):
    kept = open_session(root, "s", "embedded", cloud=cloud()).kept
    with pytest.raises(SlipwayError, match="slipway recover s"):
        Session(root, "s", left, kept).up()
    assert left.asked == []


@pytest.mark.parametrize("operation", ["up", "destroy", "refresh"])
def test_on_a_real_stack_a_person_clears_up_and_nothing_is_done_before(root, operation):
    engine = Interrupted()
    with pytest.raises(SlipwayError, match="nobody saw the end of the creation of build") as told:
        getattr(Session(root, "s", engine, None), operation)()  # type: ignore[arg-type]
    assert "slipway recover s" in told.value.fix
    assert (engine.asked, engine.looked) == ([], [False])


def test_no_secret_and_no_credential_lies_in_the_records(root):
    open_session(root, "demo-network", "embedded", cloud=cloud()).up()
    records = list((root / ".slipway/stacks").rglob("*.json"))
    assert [set(json.loads(path.read_text())) for path in records] == [{"engine", "cloud", "drifted"}]
