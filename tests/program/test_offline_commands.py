"""The commands that need nothing, as a person types them: real stacks, PATH and HOME alone, no network."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

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


@pytest.mark.parametrize("stack", STACKS)
def test_a_preview_shows_the_whole_stack(cloned: Clone, stack: str) -> None:
    shown = json.loads(cloned.ok("preview", stack, "--offline", "--json"))
    assert (shown["engine"], shown["operation"], shown["stack"], shown["ok"]) == (
        "offline",
        "preview",
        stack,
        True,
    )
    assert {step["op"] for step in shown["steps"]} == {"create"}
    assert {(step["name"], step["type"]) for step in shown["steps"]} == reviewed(stack)


@pytest.mark.parametrize(("stack", "form"), [("prod", "text"), ("automation", "markdown")])
def test_a_preview_names_every_resource_to_people(cloned: Clone, stack: str, form: str) -> None:
    shown = cloned.ok("preview", stack, "--offline", *AS[form])
    assert resources(stack) <= set(re.findall(r"[^\s*]+", shown))
    assert re.search(rf"^preview {stack}: \d+ to create", shown, re.MULTILINE)
    if form == "text":
        # Not cut at the width of a terminal that is none.
        assert {line for one in reviewed(stack) if (line := "  ".join(one)) not in shown} == set()


@pytest.mark.parametrize("stack", STACKS)
def test_a_base_leaves_the_one_step_of_a_changed_line(cloned: Clone, stack: str) -> None:
    old, new, name, change = CHANGES[stack]
    cloned.edit(stack, old, new)
    shown = json.loads(cloned.ok("preview", stack, "--offline", "--base", "HEAD", "--json"))
    (step,) = shown["steps"]
    assert (step["op"], step["name"], shown["counts"]) == ("update", name, {"update": 1})
    assert [(one["path"], one["old"], one["new"]) for one in step["diff"]] == [change]


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


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_base_leaves_one_line_to_people(cloned: Clone, form: str) -> None:
    old, new, name, (path, before, after) = CHANGES["automation"]
    cloned.edit("automation", old, new)
    shown = cloned.ok("preview", "automation", "--offline", "--base", "HEAD", *AS[form])
    assert re.search(rf"~\W+{name}\W", shown)
    assert f"{path}: {before} => {after}" in shown
    assert shown.count(" => ") == 1
    assert re.search(r"^preview automation: 1 to update, [\d.]+ s$", shown, re.MULTILINE)
    others = resources("automation") - {name}
    assert others
    assert not others & set(re.findall(r"[^\s*]+", shown))


def test_what_a_change_newly_allows_is_told_before_what_it_does(cloned: Clone) -> None:
    cloned.edit("services/skill-pool.yaml", "qa1, qa2,", "qa1, qa2, qa3,")
    command = ("preview", "automation", "staging", "--offline", "--base", "HEAD")
    shown = cloned.ok(*command)
    first, *_ = shown.splitlines()
    assert first == "+ acme/skill-pool in qa3 from pull request: skill-pool-qa3 in 222222222222"
    assert shown.index("\npreview automation: ") < shown.index("\npreview staging: ")
    told = json.loads(cloned.ok(*command, "--json"))
    assert {row["environment"] for row in told["access"]["newly_allowed"]} == {"qa3"}
    assert [each["stack"] for each in told["previews"]] == ["automation", "staging"]


@pytest.mark.parametrize(
    ("base", "form"),
    [((), "text"), ((), "json"), (("--base", "HEAD"), "markdown"), (("--base", "HEAD"), "json")],
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
        warnings = [item["message"] for item in diagnostics]
    else:
        warnings = [line for line in done.stdout.splitlines() if "no deploy role" in line]
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
def test_access_says_who_reaches_what(cloned: Clone, form: str) -> None:
    shown = cloned.ok("access", *AS[form])
    if form == "json":
        matrix: dict[str, Any] = json.loads(shown)
        assert not matrix["problems"]
        held = {
            (row["environment"], row["role"]) for row in matrix["rows"] if row["who"] == "acme/skill-pool"
        }
    else:
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


@pytest.mark.parametrize("form", list(AS))
def test_access_names_what_a_change_newly_allows(cloned: Clone, form: str) -> None:
    cloned.edit("services/skill-pool.yaml", "qa1, qa2,", "qa1, qa2, qa3,")
    shown = cloned.ok("access", "--diff", "HEAD", "--stack", "staging", *AS[form])
    if form == "json":
        difference = json.loads(shown)
        (row,) = difference["newly_allowed"]
        assert not difference["no_longer_allowed"]
        assert (row["who"], row["environment"], row["refs"]) == ("acme/skill-pool", "qa3", ["pull request"])
        assert row["role"] == "arn:aws:iam::222222222222:role/slipway/ci/skill-pool-qa3"
        assert "assume it" in row["what"]
    elif form == "text":
        first, *rest = shown.strip().splitlines()
        assert first == "+ acme/skill-pool in qa3 from pull request: skill-pool-qa3 in 222222222222"
        assert "+     assume it" in rest
        assert all(line.startswith("+     ") for line in rest)
    else:
        newly, no_longer = shown.split("### No longer allowed")
        (row,) = [line for line in newly.splitlines() if "skill-pool" in line]
        assert row.startswith(
            "| acme/skill-pool | qa3 | pull request | skill-pool-qa3 in 222222222222 | assume it"
        )
        assert no_longer.strip() == "Nothing is taken away."


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
