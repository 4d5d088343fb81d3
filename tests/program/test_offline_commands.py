"""The commands that need nothing, as a person types them: real stacks, PATH and HOME alone, no network."""

import json
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from slipway.access import render
from slipway.access.selection import Question, answer
from slipway.access.world import World
from slipway.cli.options import Form
from slipway.cli.stacks import show
from slipway.engine import display
from slipway.engine.compare import compare
from slipway.engine.fingerprints import Fingerprints
from slipway.engine.interface import Result
from slipway.engine.recording import Rendered
from slipway.stacks.summary import Summary
from tests.program.conftest import AS, SLIPWAY, Clone

STACKS = ("automation", "staging", "prod")
_TREES = Path(__file__).parent / "trees"

# One line of each stack file, and the one property of the one resource that it means.
CHANGES = {
    "automation": (
        "nat: one\n",
        "nat: one\n      flow_log_days: 30\n",
        "network-flow-logs",
        ("retentionInDays", 90, 30),
    ),
    "staging": ("maximum: 6}", "maximum: 7}", "cluster-default", ("scalingConfig.maxSize", 6, 7)),
    "prod": (
        "flow_log_days: 365",
        "flow_log_days: 400",
        "network-flow-logs",
        ("retentionInDays", 365, 400),
    ),
}


def reviewed(stack: str) -> set[tuple[str, str]]:
    """Name and type of everything in the reviewed snapshot."""
    lines = (_TREES / f"{stack}.txt").read_text().splitlines()
    return {(name, type_) for name, type_ in (line.split() for line in lines)}


def resources(stack: str) -> set[str]:
    """The names of those that are no component: what a person is told of."""
    return {name for name, type_ in reviewed(stack) if not type_.startswith("slipway:")}


def test_a_preview_shows_all_of_several_stacks(cloned: Clone) -> None:
    told = json.loads(cloned.ok("preview", *STACKS, "--offline", "--json"))
    for shown, stack in zip(told["previews"], STACKS, strict=True):
        facts = [shown[key] for key in ("engine", "operation", "stack", "ok")]
        assert facts == ["offline", "preview", stack, True]
        assert {step["op"] for step in shown["steps"]} == {"create"}
        assert {(step["name"], step["type"]) for step in shown["steps"]} == reviewed(stack)


def names_all(stack: str, shown: str) -> bool:
    is_summed_up = re.search(rf"^preview {stack}: \d+ to create", shown, re.MULTILINE)
    return resources(stack) <= set(re.findall(r"[^\s*]+", shown)) and is_summed_up is not None


def test_a_preview_names_every_resource_to_people(cloned: Clone, rendered: Mapping[str, Rendered]) -> None:
    shown = cloned.ok("preview", "prod", "--offline")
    assert names_all("prod", shown)
    # Not cut at the width of a terminal that is none.
    assert {line for one in reviewed("prod") if (line := "  ".join(one)) not in shown} == set()
    whole = display.markdown(compare(None, rendered["automation"], Fingerprints()))
    assert names_all("automation", whole)


def test_a_base_leaves_the_one_step_of_each_changed_line(
    cloned: Clone, capsys: pytest.CaptureFixture[str]
) -> None:
    for stack, (old, new, *_) in CHANGES.items():
        cloned.edit(stack, old, new)
    told = json.loads(cloned.ok("preview", *CHANGES, "--offline", "--base", "HEAD", "--json"))
    for shown, (stack, (_, _, name, change)) in zip(told["previews"], CHANGES.items(), strict=True):
        (step,) = shown["steps"]
        assert (step["op"], step["name"], shown["counts"]) == ("update", name, {"update": 1})
        assert [(one["path"], one["old"], one["new"]) for one in step["diff"]] == [change]
        for form in ("text", "markdown"):
            show(Result.from_json(shown), cast(Form, form))
            is_one_line(stack, capsys.readouterr().out)


def is_one_line(stack: str, shown: str) -> None:
    """It is what a person is told of one changed line."""
    _, _, name, (path, before, after) = CHANGES[stack]
    assert re.search(rf"~\W+{name}\W", shown)
    assert f"{path}: {before} => {after}" in shown
    assert shown.count(" => ") == 1
    assert re.search(rf"^preview {stack}: 1 to update, [\d.]+ s$", shown, re.MULTILINE)
    others = resources(stack) - {name}
    assert others
    assert not others & set(re.findall(r"[^\s*]+", shown))


def test_a_repository_in_another_case_is_no_change_and_a_rename_is_told(cloned: Clone) -> None:
    file = cloned.root / "services" / "skill-pool.yaml"
    text = file.read_text()
    command = ("preview", "prod", "--offline", "--base", "HEAD", "--json")
    file.write_text(text.replace("acme/skill-pool", "acme/Skill-Pool"))
    shown = json.loads(cloned.ok(*command))
    assert shown["steps"] == []
    assert "acme/Skill-Pool is acme/skill-pool in another case" in shown["diagnostics"][0]["message"]

    file.write_text(text.replace("acme/skill-pool", "acme/skills"))
    shown = json.loads(cloned.ok(*command))
    assert "the repository 70001 is acme/skills now" in shown["diagnostics"][0]["message"]
    # What GitHub holds moves along in place, as the provider that applies it has it.
    assert set(shown["counts"]) == {"update"}


def test_what_a_change_newly_allows_is_told_before_what_it_does(cloned: Clone) -> None:
    cloned.edit("services/skill-pool.yaml", "qa1, qa2,", "qa1, qa2, qa3,")
    out = ("--out", str(cloned.root / "preview"))
    shown = cloned.ok("preview", "automation", "staging", "--offline", "--base", "HEAD", *out)
    first, *rest = shown.split("\n\n")[0].splitlines()
    assert "+     assume it" in rest
    assert all(line.startswith("+     ") for line in rest)
    assert first == "+ acme/skill-pool in qa3 from branch main, pull request: skill-pool-qa3 in 222222222222"
    assert shown.index("\npreview automation: ") < shown.index("\npreview staging: ")
    # The same for the comment: each stack tells of the roles in its account.
    told = [Summary.from_bytes(file.read_bytes()) for file in sorted((cloned.root / "preview").iterdir())]
    assert [(each.name, each.engine) for each in told] == [
        ("slipway/automation", "offline"),
        ("slipway/staging", "offline"),
    ]
    assert [{row.environment for row in each.access} for each in told] == [set(), {"qa3"}]
    assert all(row.allowed for row in told[1].access)
    assert "access-widened" in {risk.kind for risk in told[1].risks}


@pytest.mark.parametrize(
    ("base", "form"),
    [((), "text"), (("--base", "HEAD"), "markdown"), (("--base", "HEAD"), "json")],
)
def test_a_preview_says_once_what_the_program_warns_of(
    cloned: Clone, base: tuple[str, ...], form: str
) -> None:
    cloned.edit("Pulumi.yaml", "plan: enterprise", "plan: free")
    done = cloned.run("preview", "staging", "--offline", *base, *AS[form])
    assert (done.returncode, done.stderr) == (0, "")
    if form == "json":
        diagnostics = json.loads(done.stdout)["diagnostics"]
        assert {item["severity"] for item in diagnostics} == {"warning"}
        told = [item["message"] for item in diagnostics]
    else:
        told = done.stdout.splitlines()
    warnings = [line for line in told if "no deploy role" in line]
    named = [re.findall(r"environment '([\w-]+)'", warning) for warning in warnings]
    assert sorted(name for (name,) in named) == [
        "dev",
        "hotfix",
        "infra-staging-plan",
        "preview",
        "qa1",
        "qa2",
        "staging",
    ]


@pytest.mark.parametrize("form", list(AS))
def test_access_says_who_reaches_what(cloned: Clone, world: World, form: str) -> None:
    if form == "json":
        matrix: dict[str, Any] = json.loads(cloned.ok("access", "--json"))
        assert not matrix["problems"]
        held = {
            (row["environment"], row["role"]) for row in matrix["rows"] if row["who"] == "acme/skill-pool"
        }
    else:
        found = answer(world, Question())
        shown = render.to_text(found) if form == "text" else render.to_markdown(found)
        _, section = re.split(r"^(?:### )?acme/skill-pool\n", shown, flags=re.MULTILINE)
        section = re.split(r"\n\n(?=\w|###)", section)[0]
        # A line, or a row of a table: the environment, and which role in which account.
        lines = re.findall(r"^(?:\| |  )(\S+) .*?\b(skill-pool-[\w-]+) in (\d{12})", section, re.MULTILINE)
        held = {(name, f"arn:aws:iam::{account}:role/slipway/ci/{role}") for name, role, account in lines}
    assert held == {
        (name, f"arn:aws:iam::{account}:role/slipway/ci/skill-pool-{name}")
        for account, names in {
            "111111111111": ("build", "chart", "promote", "preview-build", "hotfix-build"),
            "222222222222": ("preview", "dev", "staging", "hotfix", "qa1", "qa2"),
            "333333333333": ("production", "prod"),
        }.items()
        for name in names
    }


def test_access_names_what_a_change_newly_allows(cloned: Clone) -> None:
    cloned.edit("services/skill-pool.yaml", "qa1, qa2,", "qa1, qa2, qa3,")
    difference = json.loads(cloned.ok("access", "--diff", "HEAD", "--stack", "staging", "--json"))
    (row,) = difference["newly_allowed"]
    assert not difference["no_longer_allowed"]
    assert (row["who"], row["environment"], row["refs"]) == (
        "acme/skill-pool",
        "qa3",
        ["branch main", "pull request"],
    )
    assert row["role"] == "arn:aws:iam::222222222222:role/slipway/ci/skill-pool-qa3"
    assert "assume it" in row["what"]


def test_the_guard_of_these_tests_works(cloned: Clone) -> None:
    done = subprocess.run(
        [str(SLIPWAY.parent / "python"), "-c", "import socket; socket.create_connection(('127.0.0.1', 9))"],
        env=cloned.environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode != 0
    with pytest.raises(AssertionError, match=r"socket\.getaddrinfo"):
        cloned.ok("--help")
