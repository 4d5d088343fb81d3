"""Which projects and stacks a repository has."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.errors import SlipwayError
from slipway.stacks.discovery import Catalog
from tests.stacks.clones import Checkout, Files, InMemory

PROJECT = "name: {}\nruntime: yaml\n"


def catalog(files: Files) -> Catalog:
    return InMemory().reading(files).catalog


def test_a_project_is_a_folder_with_a_file_and_its_stacks_lie_beside_that() -> None:
    found = catalog(
        {
            "Pulumi.yaml": PROJECT.format("top"),
            "Pulumi.dev.yaml": "",
            "a/b/Pulumi.yml": PROJECT.format("deep"),
            "a/b/Pulumi.prod.yml": "",
            "a/b/Pulumi.eu-west.1.yaml": "",
            "a/Pulumi.dev.yaml": "a stack of no project",
            "docs/NotPulumi.dev.yaml": "",
            "b/Pulumi.yaml.bak": "",
        }
    )
    assert {name: project.folder for name, project in found.projects.items()} == {"top": "", "deep": "a/b"}
    assert {*found.stacks()} == {"top/dev", "deep/prod", "deep/eu-west.1"}


@pytest.mark.parametrize("key", ["stackConfigDir: stacks", "config: stacks"])
def test_stacks_may_lie_in_a_folder_of_their_own(key: str) -> None:
    found = catalog({"p/Pulumi.yaml": f"{PROJECT.format('p')}{key}\n", "p/stacks/Pulumi.dev.yaml": ""})
    assert {*found.stacks()} == {"p/dev"}


def test_what_others_wrote_and_what_is_ignored_is_no_project() -> None:
    files = {
        f"{folder}/Pulumi.yaml": PROJECT.format(f"p{number}")
        for number, folder in enumerate(("node_modules/x", ".venv/y", "templates/a/b", "kept"))
    }
    files["slipway.yaml"] = "ignore: ['templates/**']\n"
    assert [project.folder for project in catalog(files).projects.values()] == ["kept"]


@pytest.mark.parametrize(
    "text",
    ["", "name: x\n", "runtime: yaml\n", "name: [x]\nruntime: yaml\n", "- x\n", "name: x\nruntime: [\n"],
)
def test_a_file_that_is_no_project_is_a_mistake_and_others_are_found(text: str) -> None:
    found = catalog({"a/Pulumi.yaml": text, "b/Pulumi.yaml": PROJECT.format("b"), "b/Pulumi.dev.yaml": ""})
    assert {*found.stacks()} == {"b/dev"}
    with pytest.raises(SlipwayError) as caught:
        found.require()
    assert caught.value.where.startswith("a/Pulumi.yaml")


def test_two_projects_of_one_name_are_a_mistake_because_they_have_one_state(tmp_path: Path) -> None:
    clone = Checkout.begun(
        tmp_path, {"a/Pulumi.yaml": PROJECT.format("same"), "b/Pulumi.yaml": PROJECT.format("same")}
    )
    told = json.loads(clone.run("--json").stdout)["error"]
    assert "two projects are called 'same'" in told["what"]
    clone.write({"slipway.yaml": "ignore: [b/Pulumi.yaml]\n"})
    assert clone.changes() == {}


def test_a_stack_that_is_ignored_from_now_on_is_not_taken_for_gone(tmp_path: Path) -> None:
    clone = Checkout.begun(tmp_path, {"a/Pulumi.yaml": PROJECT.format("a"), "a/Pulumi.dev.yaml": ""})
    clone.write({"slipway.yaml": "ignore: [a/**]\n"})
    assert clone.changes() == {}


NAMES = st.text("abc-_.0", min_size=1, max_size=6).filter(lambda name: name.strip("."))


@given(st.dictionaries(NAMES, st.sets(NAMES, max_size=3), max_size=4))
def test_every_stack_is_found_once_whatever_it_is_called(projects: dict[str, set[str]]) -> None:
    files: dict[str, str] = {}
    for number, (name, stacks) in enumerate(projects.items()):
        files[f"{number}/Pulumi.yaml"] = f"name: {json.dumps(name)}\nruntime: yaml\n"
        files |= {f"{number}/Pulumi.{stack}.yaml": "" for stack in stacks}
    expected = {f"{name}/{stack}" for name, stacks in projects.items() for stack in stacks}
    assert {*catalog(files).stacks()} == expected
