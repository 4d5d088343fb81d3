"""What of a repository a Python program is made of: what it must see, and what it need not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.stacks.python_facts import python_facts
from tests.stacks.clones import Files, InMemory

PROJECT = {
    "p/Pulumi.yaml": "name: p\nruntime: python\ndescription: words\n",
    "p/Pulumi.dev.yaml": "config:\n  p:size: 1\n  p:other: 2\n  aws:region: eu-west-1\n",
}
LOCKED = {"p/requirements.txt": "pulumi==3.260.0\n"}


def is_concerned(program: str, changes: Files, files: Files | None = None) -> bool:
    """Whether a change of files concerns the one stack of a program."""
    before = {**PROJECT, "p/__main__.py": program, **(files or {})}
    return InMemory().concerned(before, {**before, **changes}) == ["p/dev"]


MAIN = "import pulumi\n"
Cases = dict[str, tuple[str, Files, Files]]
CONCERNS: Cases = {
    "an expression": (MAIN, {"p/__main__.py": "import pulumi\n\nx = 1\n"}, {}),
    "a module": (MAIN + "import one\n", {"p/one.py": "x = 2\n"}, {"p/one.py": "x = 1\n"}),
    "a module of a module": (
        MAIN + "import one\n",
        {"p/two.py": "x = 2\n"},
        {"p/one.py": "from two import x\n", "p/two.py": "x = 1\n"},
    ),
    "a module that is imported late": (
        MAIN + "def late():\n    import one\n",
        {"p/one.py": "x = 2\n"},
        {"p/one.py": "x = 1\n"},
    ),
    "a package's own file": (
        MAIN + "from pack import one\n",
        {"p/pack/__init__.py": "x = 2\n"},
        {"p/pack/__init__.py": "", "p/pack/one.py": ""},
    ),
    "a module in front of another": (
        MAIN + "import one\n",
        {"p/one.py": "x = 2\n"},
        {"libs/one.py": "x = 1\n"},
    ),
    "a module by a name that is put together": (
        MAIN + "import importlib\nimportlib.import_module(f'pack.{pulumi.get_stack()}')\n",
        {"p/pack/dev.py": "x = 2\n"},
        {"p/pack/__init__.py": "", "p/pack/dev.py": "x = 1\n"},
    ),
    "any module, where names are computed": (
        MAIN + "import importlib\nimportlib.import_module(input())\n",
        {"elsewhere/one.py": "x = 2\n"},
        {"elsewhere/one.py": "x = 1\n"},
    ),
    "a file that is named": (MAIN + "open('data.json')\n", {"p/data.json": "2"}, {"p/data.json": "1"}),
    "a file beside the module": (
        MAIN + "from pathlib import Path\n(Path(__file__).parent / 'd.txt').read_text()\n",
        {"p/d.txt": "2"},
        {"p/d.txt": "1"},
    ),
    "a file of the stack": (
        MAIN + "open(f'{pulumi.get_stack()}.json')\n",
        {"p/dev.json": "2"},
        {"p/dev.json": "1"},
    ),
    "a file that came": (
        MAIN + "from pathlib import Path\nx = sorted(Path('rules').glob('*.json'))\n",
        {"p/rules/b.json": "2"},
        {"p/rules/a.json": "1"},
    ),
    "any file of its folder, where names are computed": (
        MAIN + "open(input())\n",
        {"p/deep/anything": "2"},
        {"p/deep/anything": "1"},
    ),
    "any file, where a program is started": (
        MAIN + "import subprocess\nsubprocess.run(['make'])\n",
        {"p/Makefile": "2"},
        {"p/Makefile": "1"},
    ),
    "a comment, where a program sees itself": (
        MAIN + "import pulumi.dynamic\n",
        {"p/__main__.py": MAIN + "import pulumi.dynamic\n# a comment\n"},
        {},
    ),
    "a key that is read": (
        MAIN + "pulumi.Config().require('size')\n",
        {"p/Pulumi.dev.yaml": "config:\n  p:size: 9\n  p:other: 2\n  aws:region: eu-west-1\n"},
        {},
    ),
    "a provider's key": (
        MAIN + "pulumi.Config().require('size')\n",
        {"p/Pulumi.dev.yaml": "config:\n  p:size: 1\n  p:other: 2\n  aws:region: eu-west-2\n"},
        {},
    ),
    "any key, where configuration is handed on": (
        MAIN + "print(pulumi.Config())\n",
        {"p/Pulumi.dev.yaml": "config:\n  p:size: 1\n  p:other: 9\n  aws:region: eu-west-1\n"},
        {},
    ),
    "any key, where a package from elsewhere may read it": (
        MAIN + "import acme_standards\npulumi.Config().require('size')\n",
        {"p/Pulumi.dev.yaml": "config:\n  p:size: 1\n  p:other: 9\n  aws:region: eu-west-1\n"},
        {},
    ),
    "any key, where configuration is reached in another way": (
        MAIN + "import pulumi.runtime\npulumi.runtime.get_config('p:other')\n",
        {"p/Pulumi.dev.yaml": "config:\n  p:size: 1\n  p:other: 9\n  aws:region: eu-west-1\n"},
        {},
    ),
    "the lock file": (MAIN, {"p/requirements.txt": "pulumi==3.261.0\n"}, LOCKED),
    "the lock file above": (MAIN, {"uv.lock": "2"}, {"uv.lock": "1"}),
    "the runtime": (
        MAIN,
        {"p/Pulumi.yaml": "name: p\nruntime: {name: python, options: {virtualenv: v}}\n"},
        {},
    ),
    "what is no Python any more": (MAIN, {"p/__main__.py": "import pulumi\nx = = 1\n"}, {}),
}
DOES_NOT: Cases = {
    "a comment": (MAIN, {"p/__main__.py": "# Why.\nimport pulumi\n"}, {}),
    "layout": (MAIN + "x = [1,2]\n", {"p/__main__.py": MAIN + "x = [\n    1,\n    2,\n]\n"}, {}),
    "a module that nothing imports": (MAIN, {"p/one.py": "x = 2\n"}, {"p/one.py": "x = 1\n"}),
    "a module for types alone": (
        MAIN + "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import one\n",
        {"p/one.py": "x = 2\n"},
        {"p/one.py": "x = 1\n"},
    ),
    "a file that nothing names": (MAIN, {"p/notes.txt": "2"}, {"p/notes.txt": "1"}),
    "the file of another stack": (
        MAIN + "open(f'{pulumi.get_stack()}.json')\n",
        {"p/prod.json": "2"},
        {"p/dev.json": "1", "p/prod.json": "1"},
    ),
    "a key that nothing reads": (
        MAIN + "pulumi.Config().require('size')\n",
        {"p/Pulumi.dev.yaml": "config:\n  p:size: 1\n  p:other: 9\n  aws:region: eu-west-1\n"},
        {},
    ),
    "a description": (MAIN, {"p/Pulumi.yaml": "name: p\nruntime: python\ndescription: others\n"}, {}),
    "a module of the same name in another project": (
        MAIN + "import one\n",
        {"q/one.py": "x = 2\n"},
        {"p/one.py": "x = 1\n", "q/one.py": "x = 1\n", "q/Pulumi.yaml": "name: q\nruntime: python\n"},
    ),
    "a module that lies in another project alone": (
        MAIN + "import one\n",
        {"q/one.py": "x = 2\n"},
        {"q/one.py": "x = 1\n", "q/Pulumi.yaml": "name: q\nruntime: python\n"},
    ),
    "a lock file beyond the nearest": (MAIN, {"uv.lock": "2"}, {"uv.lock": "1", **LOCKED}),
    "what `paths` does not name": (
        MAIN + "open(input())\n",
        {"p/deep/anything": "2"},
        {"p/deep/anything": "1", "slipway.yaml": "projects: {p: {paths: [data/**]}}\n"},
    ),
}


@pytest.mark.parametrize(("program", "changes", "files"), CONCERNS.values(), ids=CONCERNS)
def test_a_program_is_made_of(program: str, changes: Files, files: Files) -> None:
    assert is_concerned(program, changes, files)


@pytest.mark.parametrize(("program", "changes", "files"), DOES_NOT.values(), ids=DOES_NOT)
def test_a_program_is_not_made_of(program: str, changes: Files, files: Files) -> None:
    assert not is_concerned(program, changes, files)


def test_what_paths_names_counts_and_of_a_stack_for_that_alone() -> None:
    files = {
        **PROJECT,
        "p/Pulumi.prod.yaml": "",
        "p/__main__.py": MAIN,
        "slipway.yaml": "projects: {p: {paths: [charts/**], stacks: {prod: {paths: [live/*.json]}}}}\n",
        "charts/a/b.yaml": "1",
        "live/x.json": "1",
    }
    assert InMemory().concerned(files, {**files, "charts/a/b.yaml": "2"}) == ["p/dev", "p/prod"]
    assert InMemory().concerned(files, {**files, "live/x.json": "2"}) == ["p/prod"]


@pytest.mark.parametrize(
    ("reference", "upstream"),
    [
        ("'acme/net/dev'", "net/dev"),
        ("'net/prod'", "net/prod"),
        ("f'acme/net/{pulumi.get_stack()}'", "net/dev"),
        ("f'{pulumi.get_organization()}/net/{pulumi.get_stack()}'", "net/dev"),
        ("'/'.join(['acme', 'net', pulumi.get_stack()])", "net/dev"),
        ("pulumi.Config().require('net')", ""),
    ],
)
def test_a_stack_needs_what_it_reads_outputs_of(reference: str, upstream: str) -> None:
    files = {
        **PROJECT,
        "p/__main__.py": f"{MAIN}pulumi.StackReference({reference})\n",
        "net/Pulumi.yaml": "name: net\nruntime: yaml\n",
        "net/Pulumi.dev.yaml": "",
        "net/Pulumi.prod.yaml": "",
    }
    upstreams = InMemory().evidence(files)["p/dev"].upstreams
    assert upstream in upstreams if upstream else upstreams
    assert len(upstreams) == 1, "of a name that only a run knows, the stack of the same name"


def test_a_reference_that_configuration_names_is_found() -> None:
    files = {
        **PROJECT,
        "p/Pulumi.dev.yaml": "config:\n  p:upstream: acme/net/prod\n",
        "p/__main__.py": f"{MAIN}pulumi.StackReference(pulumi.Config().require('upstream'))\n",
        "net/Pulumi.yaml": "name: net\nruntime: yaml\n",
        "net/Pulumi.prod.yaml": "",
    }
    assert InMemory().evidence(files)["p/dev"].upstreams == ("net/prod",)


@given(st.binary(max_size=200))
def test_any_bytes_have_facts_and_what_is_no_python_counts_as_everything(content: bytes) -> None:
    facts = python_facts(content)
    try:
        compile(content, "it", "exec", dont_inherit=True)
    except (SyntaxError, ValueError):
        return
    assert facts == python_facts(content)


NAMES = st.sampled_from(["one", "two", "three", "four"])


@given(st.dictionaries(NAMES, st.sets(NAMES), min_size=1), NAMES, NAMES)
def test_a_module_counts_where_it_can_be_reached(
    imports: dict[str, set[str]], first: str, changed: str
) -> None:
    """Held against a search of the graph by hand."""
    modules = {
        name: "".join(f"import {each}\n" for each in sorted(imports.get(name, ()))) for name in imports
    }
    files = {f"p/{name}.py": text for name, text in modules.items()}
    reached, left = set[str](), [first]
    while left:
        name = left.pop()
        if name in modules and name not in reached:
            reached.add(name)
            left.extend(imports[name])
    told = is_concerned(f"{MAIN}import {first}\n", {f"p/{changed}.py": "x = 'changed'\n"}, files)
    asked_for = {first, *(each for name in reached for each in imports[name])}
    assert told == (changed in asked_for)
