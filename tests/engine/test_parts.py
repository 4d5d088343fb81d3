"""A plan of a part of a stack: Pulumi is asked for it, asked for just that again, and does just that."""

import json
import os
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from slipway.cli import app
from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.errors import EngineError
from slipway.engine.fence import Fence
from slipway.engine.plan import Plan, PlanRefused
from slipway.errors import SlipwayError

URNS = ("urn:pulumi:prod::demo::toy:index:Thing::a", "urn:pulumi:prod::demo::toy:index:Thing::b*")
FILE = json.dumps({"resources": [{"type": "toy:index:Thing", "name": "a", "id": "a-1"}]})

PULUMI = """
import json, os, sys
words = sys.argv[1:]
read = {word: open(word).read() for word in words if word.startswith("/dev/fd/") and "import" in words}
with open(os.environ["ASKED"], "a") as file:
    file.write(json.dumps([words, list(read.values())]) + chr(10))
if "--save-plan" in words:
    open(words[words.index("--save-plan") + 1], "w").write('{"resourcePlans": {}}')
if words[0] == "stack":
    print("{}")
"""
"""Pulumi as far as words go: it says that there is nothing, and notes what it was asked."""


class Asked:
    """An engine on that program, and what it has been asked but for the state."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "asked"
        program = folder / "pulumi"
        program.write_text(f"#!{sys.executable}{PULUMI}")
        program.chmod(stat.S_IRWXU)
        environment = {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "ASKED": str(self.file)}
        self.engine = PulumiEngine(folder, "demo", "prod", environment)

    def words(self) -> list[Any]:
        lines = [json.loads(line) for line in self.file.read_text().splitlines()]
        self.file.write_text("")
        kept = (
            "--target",
            "--yes",
            "--preview-only",
            "--plan",
            "--save-plan",
            "--generate-code=false",
            *URNS,
        )
        return [
            ([words[0], *(word for word in words if word in kept)], read)
            for words, read in lines
            if words[0] in ("preview", "up", "destroy", "import")
        ]


@pytest.fixture
def asked(tmp_path: Path) -> Asked:
    return Asked(tmp_path)


CONFINED = ["--target", URNS[0], "--target", URNS[1]]


def test_targets_are_planned_compared_and_applied_and_nothing_else(asked: Asked) -> None:
    plan = asked.engine.plan(targets=URNS)
    assert (plan.targets, plan.whole) == (URNS, False)
    assert any(URNS[0] in told.message for told in plan.result.diagnostics), "who approves is told"
    assert asked.words() == [(["preview", *CONFINED, "--save-plan"], [])]
    plan = Plan.from_bundle(plan.bundle())
    assert asked.engine.apply(plan).ok
    assert asked.words() == [
        (["preview", *CONFINED, "--save-plan"], []),
        (["up", *CONFINED, "--yes", "--plan"], []),
    ]


def test_a_destroy_of_targets_likewise(asked: Asked) -> None:
    plan = Plan.from_bundle(asked.engine.plan(destroy=True, targets=URNS).bundle())
    assert plan.operation == "destroy"
    assert asked.engine.apply(plan).ok
    looked = (["destroy", *CONFINED, "--preview-only"], [])
    assert [(words[:-1] if "--yes" in words else words, read) for words, read in asked.words()] == [
        looked,
        looked,
        (["destroy", *CONFINED], []),
    ]


def test_an_import_reads_the_file_as_it_was_planned(asked: Asked) -> None:
    plan = Plan.from_bundle(asked.engine.plan(imports=FILE).bundle())
    assert (plan.operation, plan.imports, plan.whole) == ("import", FILE, False)
    assert asked.engine.apply(plan).ok
    looked = (["import", "--generate-code=false", "--preview-only"], [FILE])
    assert asked.words() == [looked, looked, (["import", "--generate-code=false", "--yes"], [FILE])]


def test_all_of_a_stack_is_asked_for_as_before(asked: Asked) -> None:
    plan = asked.engine.plan()
    assert plan.whole
    assert asked.engine.apply(plan).ok
    assert asked.words() == [
        (["preview", "--save-plan"], []),
        (["preview", "--save-plan"], []),
        (["up", "--yes", "--plan"], []),
    ]


def test_a_plan_of_another_engine_is_none(asked: Asked) -> None:
    plan = asked.engine.plan(targets=URNS)
    with pytest.raises(PlanRefused, match="for the engine"):
        asked.engine.apply(replace(plan, result=replace(plan.result, engine="embedded")))


@pytest.mark.parametrize("part", [{"targets": URNS}, {"imports": FILE}])
def test_the_embedded_engine_says_why_it_does_not(tmp_path: Path, part: dict[str, Any]) -> None:
    engine = EmbeddedEngine(lambda: None, "demo", "prod", {}, tmp_path, {}, fence=Fence())
    with pytest.raises(EngineError, match="plans a stack whole") as told:
        engine.plan(**part)
    assert "--engine pulumi" in told.value.fix


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--target", "a"], "'a' is no resource of this stack"),
        (["--target", "urn:pulumi:staging::slipway::t::a"], "is no resource of this stack"),
        (["--import", "FILE", "--destroy"], "does not go with --destroy"),
        (["--import", "FILE", "--target", URNS[0]], "does not go with --target"),
        (["--import", "EMPTY"], "names no resources to import"),
        (["--import", "TEXT"], "this is no JSON"),
    ],
)
def test_what_no_stack_has_is_refused_before_anything_is_run(
    tmp_path: Path, words: list[str], said: str
) -> None:
    given = {"FILE": FILE, "EMPTY": "{}", "TEXT": "resources"}
    for name, text in given.items():
        (tmp_path / name).write_text(text)
    words = [str(tmp_path / word) if word in given else word for word in words]
    root = Path(__file__).parents[2]
    store = f"file://{tmp_path / 'plans'}"
    done = CliRunner().invoke(app, ["plan", "prod", *words, "--store", store, "--root", str(root)])
    assert done.exit_code
    shown = str(done.exception) if isinstance(done.exception, SlipwayError) else done.output
    assert said in " ".join(shown.split())
