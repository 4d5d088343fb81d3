"""A generated repository of 50 projects and 200 stacks in four languages, and changes to it."""

import json
import random
from collections.abc import Callable
from typing import Any

Files = dict[str, str]
STACKS = ("dev", "qa", "staging", "prod")
PYTHON, YAML_, NODE, GO = 22, 10, 9, 9
SHARED = 8
"""Shared Python modules below libs/python/common, each importing the next one but one."""


def repository(seed: int) -> Files:
    """All files by path."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable one is meant
    files: Files = {
        "README.md": "# infrastructure\n",
        "docs/guide.md": "How to work here.\n",
        ".github/workflows/ci.yml": "on: push\n",
        "package.json": json.dumps({"private": True, "workspaces": ["libs/node/*"]}),
        "package-lock.json": '{"lockfileVersion": 3}\n',
        "go.mod": "module example.com/mono\n\ngo 1.24\n",
        "go.sum": "github.com/pulumi/pulumi/sdk/v3 v3.200.0 h1:x=\n",
    }
    _libraries(files)
    names: list[str] = []
    for number in range(PYTHON + YAML_ + NODE + GO):
        name = f"project-{number:02}"
        make: Callable[[Files, str, str, random.Random, list[str]], None] = (
            _python
            if number < PYTHON
            else _yaml
            if number < PYTHON + YAML_
            else _node
            if number < PYTHON + YAML_ + NODE
            else _go
        )
        make(files, f"stacks/team-{number % 5}/{name}", name, chance, names)
        names.append(name)
    files["slipway.yaml"] = _settings(names)
    return files


def _settings(names: list[str]) -> str:
    lines = ["projects:"]
    for place in range(3, len(names), 11):
        lines += [f"  {names[place]}:", f"    needs: [{names[place - 2]}]"]
        lines += [f"    paths: [shared-data/{names[place]}]"] if place < PYTHON else []
    return "\n".join(lines) + "\n"


def _libraries(files: Files) -> None:
    for number in range(SHARED):
        onward = (
            f"from common.part_{number + 2} import value as inner\n" if number + 2 < SHARED else "inner = 0\n"
        )
        lazy = number % 3 == 1
        body = (
            f"def late():\n    from common import late_{number}\n    return late_{number}.value\n\n"
            if lazy
            else ""
        )
        if lazy:
            files[f"libs/python/common/late_{number}.py"] = f"value = {number + 100}\n"
        # `common` has no __init__.py: it is a namespace package, as such folders often are.
        files[f"libs/python/common/part_{number}.py"] = (
            f"# Shared part {number}.\nfrom typing import TYPE_CHECKING\n{onward}\n{body}"
            f"if TYPE_CHECKING:\n    from common.types_only import Thing\n\n"
            f"value = [inner, {number}{', late()' if lazy else ''}]\n"
        )
    files["libs/python/common/types_only.py"] = "class Thing:\n    pass\n"
    for name in ("net", "tags"):
        files[f"libs/node/{name}/package.json"] = json.dumps({"name": f"@acme/{name}", "version": "1.0.0"})
        files[f"libs/node/{name}/index.ts"] = f'export const {name} = "{name}-1";\n'
        files[f"libs/go/{name}/{name}.go"] = f'package {name}\n\nconst Value = "{name}-1"\n'
        files[f"libs/go/{name}/{name}_test.go"] = f"package {name}\n"
    files["libs/node/tags/index.ts"] += 'import { deep } from "../deep/deep";\n'
    files["libs/node/deep/deep.ts"] = 'export const deep = "deep-1";\n'


def _stack_files(files: Files, folder: str, project: str, chance: random.Random) -> None:
    for stack in STACKS:
        files[f"{folder}/Pulumi.{stack}.yaml"] = (
            "# What differs here.\nconfig:\n"
            f"  aws:region: eu-west-{chance.randint(1, 3)}\n"
            f"  {project}:size: {chance.randint(1, 9)}\n"
            f"  {project}:unused: {chance.randint(1, 9)}\n"
            f"  {project}:shape:\n    kind: small\n    zones: [a, b]\n"
        )


def _python(files: Files, folder: str, name: str, chance: random.Random, names: list[str]) -> None:
    kind = len(names) % 4
    shared = sorted({chance.randrange(SHARED) for _ in range(2)})
    imports = "".join(f"from common.part_{number} import value as shared_{number}\n" for number in shared)
    inputs = [f"shared_{number}" for number in shared]
    body = "config = pulumi.Config()\n"
    inputs += ["config.require('size')", "local.value", "pulumi.Config('aws').get('region')"]
    if kind == 0 and names:
        upstream = chance.choice(names)
        body += f"up = pulumi.StackReference(f'acme/{upstream}/{{pulumi.get_stack()}}')\n"
        inputs.append("up.get_output('all')")
    if kind == 1:
        body += "data = (Path(__file__).parent / 'data' / f'{pulumi.get_stack()}.json').read_text()\n"
        inputs.append("data")
        for stack in STACKS:
            files[f"{folder}/data/{stack}.json"] = f'{{"of": "{stack}"}}\n'
    if kind == 2:
        body += "policy = open('policy.json').read()\n"
        inputs += ["policy", "config.get_object('shape')"]
        files[f"{folder}/policy.json"] = '{"allow": []}\n'
    if kind == 3:
        body += (
            f"declared = sorted(p.read_text() for p in Path('../../../shared-data/{name}').glob('*.txt'))\n"
        )
        inputs.append("declared")
        files[f"shared-data/{name}/one.txt"] = "one\n"
    files[f"{folder}/Pulumi.yaml"] = f"name: {name}\nruntime: python\ndescription: A project\n"
    files[f"{folder}/requirements.txt"] = "pulumi==3.272.0\n"
    files[f"{folder}/__main__.py"] = (
        f"# The program.\nfrom pathlib import Path\n\nimport pulumi\n\nimport local\n{imports}\n{body}\n"
        f"pulumi.Resource('main', [{', '.join(inputs)}])\n"
    )
    files[f"{folder}/local.py"] = (
        f"# Of this project.\nfrom inner import deep\n\nvalue = ['{name}', deep.value]\n"
    )
    files[f"{folder}/inner/__init__.py"] = ""
    files[f"{folder}/inner/deep.py"] = "from . import deeper\n\nvalue = deeper.value + 1\n"
    files[f"{folder}/inner/deeper.py"] = "value = 1\n"
    files[f"{folder}/unread.txt"] = "Nothing reads this.\n"
    files[f"{folder}/test_local.py"] = "import local\n\nassert local.value\n"
    _stack_files(files, folder, name, chance)


def _yaml(files: Files, folder: str, name: str, chance: random.Random, names: list[str]) -> None:
    upstream = chance.choice(names)
    program: dict[str, Any] = {
        "name": name,
        "runtime": "yaml",
        "description": "A project",
        "config": {"size": {"type": "integer", "default": 1}},
        "variables": {
            "other": {"fn::stackReference": f"acme/{upstream}/${{pulumi.stack}}"},
            "file": {"fn::readFile": "./notes/text.txt"},
        },
        "resources": {"one": {"type": "aws:s3:Bucket", "properties": {"size": "${size}", "of": "${other}"}}},
    }
    files[f"{folder}/Pulumi.yaml"] = "# A program.\n" + _dumped(program)
    files[f"{folder}/notes/text.txt"] = "text\n"
    _stack_files(files, folder, name, chance)


def _dumped(value: Any, indent: int = 0) -> str:
    lines = ""
    for key, inner in value.items():
        lines += " " * indent + f"{key}:"
        lines += "\n" + _dumped(inner, indent + 2) if isinstance(inner, dict) else f" {inner}\n"
    return lines


def _node(files: Files, folder: str, name: str, chance: random.Random, names: list[str]) -> None:
    package, upstream = chance.choice(("net", "tags")), chance.choice(names)
    imported = f'import {{ {package} }} from "@acme/{package}";'
    files[f"{folder}/Pulumi.yaml"] = f"name: {name}\nruntime: nodejs\ndescription: A project\n"
    dependencies = {"@pulumi/pulumi": "^3.200.0", f"@acme/{package}": "*"}
    files[f"{folder}/package.json"] = json.dumps({"name": name, "dependencies": dependencies})
    files[f"{folder}/index.ts"] = (
        f'// The program.\nimport * as pulumi from "@pulumi/pulumi";\n{imported}\n'
        'import { local } from "./local";\n'
        f'const up = new pulumi.StackReference("acme/{upstream}/" + pulumi.getStack());\n'
        f'new Resource("one", {package}, local, new pulumi.Config().require("size"), up);\n'
    )
    files[f"{folder}/local.ts"] = f'export const local = "{name}";\n'
    _stack_files(files, folder, name, chance)


def _go(files: Files, folder: str, name: str, chance: random.Random, names: list[str]) -> None:
    package = chance.choice(("net", "tags"))
    files[f"{folder}/Pulumi.yaml"] = f"name: {name}\nruntime: go\ndescription: A project\n"
    files[f"{folder}/main.go"] = (
        f'// The program.\npackage main\n\nimport (\n\t"example.com/mono/libs/go/{package}"\n'
        '\t"github.com/pulumi/pulumi/sdk/v3/go/pulumi"\n)\n\n'
        f'func main() {{\n\tpulumi.Run("{name}", {package}.Value)\n}}\n'
    )
    files[f"{folder}/main_test.go"] = "package main\n"
    _stack_files(files, folder, name, chance)


def mutated(files: Files, chance: random.Random) -> tuple[str, Files]:
    """A change of one kind, by name, and the files after it."""
    after = dict(files)
    kind = chance.choice([*KINDS])
    return kind, KINDS[kind](after, chance) or after


def _pick(files: Files, chance: random.Random, begins: str, ends: str) -> str:
    return chance.choice(sorted(path for path in files if path.startswith(begins) and path.endswith(ends)))


def _append(begins: str, ends: str, text: str) -> Callable[[Files, random.Random], None]:
    def change(files: Files, chance: random.Random) -> None:
        path = _pick(files, chance, begins, ends)
        files[path] += text.replace("RANDOM", str(chance.randrange(10**6)))

    return change


def _replace(begins: str, ends: str, old: str, new: str) -> Callable[[Files, random.Random], None]:
    def change(files: Files, chance: random.Random) -> None:
        paths = [path for path in sorted(files) if path.startswith(begins) and path.endswith(ends)]
        path = chance.choice([path for path in paths if old in files[path]])
        files[path] = files[path].replace(old, new.replace("RANDOM", str(chance.randrange(10**6))), 1)

    return change


def _remove(begins: str, ends: str) -> Callable[[Files, random.Random], None]:
    def change(files: Files, chance: random.Random) -> None:
        del files[_pick(files, chance, begins, ends)]

    return change


def _rename_stack(files: Files, chance: random.Random) -> None:
    path = _pick(files, chance, "stacks/", ".qa.yaml")
    files[path.replace(".qa.", ".test.")] = files.pop(path)


def _add_stack(files: Files, chance: random.Random) -> None:
    path = _pick(files, chance, "stacks/", ".qa.yaml")
    files[path.replace(".qa.", ".perf.")] = files[path]


def _remove_project(files: Files, chance: random.Random) -> Files:
    folder = _pick(files, chance, "stacks/", "/Pulumi.yaml").removesuffix("Pulumi.yaml")
    return {path: text for path, text in files.items() if not path.startswith(folder)}


def _move_project(files: Files, chance: random.Random) -> Files:
    """To another folder as deep, by its name the same project."""
    folder = _pick(files, chance, "stacks/", "/main.go").removesuffix("main.go")
    moved = folder.replace("team-", "group-")
    return {path.replace(folder, moved): text for path, text in files.items()}


def _rename_module(files: Files, chance: random.Random) -> None:
    path = _pick(files, chance, "stacks/", "/inner/deeper.py")
    files[path.replace("deeper", "lower")] = files.pop(path)
    deep = path.replace("deeper", "deep")
    files[deep] = files[deep].replace("deeper", "lower")


def _shadow(files: Files, chance: random.Random) -> None:
    """A package of the project's own in front of the shared one."""
    main = _pick(files, chance, "stacks/", "/__main__.py")
    for number in range(SHARED):
        files[main.replace("__main__", f"common/part_{number}")] = f"value = {chance.randrange(10**6)}\n"


def _import_more(files: Files, chance: random.Random) -> None:
    main = _pick(files, chance, "stacks/", "/__main__.py")
    files[main] += "from common.late_1 import value as more\npulumi.Resource('more', [more])\n"


def _several(files: Files, chance: random.Random) -> Files:
    for _ in range(3):
        _, files = mutated(files, chance)
    return files


Change = Callable[[Files, random.Random], Files | None]
KINDS: dict[str, Change] = {
    "comment in a program": _append("stacks/", "/__main__.py", "# More RANDOM.\n"),
    "comment in a shared module": _append("libs/python/", ".py", "# More RANDOM.\n"),
    "layout of a shared module": _replace("libs/python/", ".py", "value = ", "value  =  "),
    "value of a shared module": _append("libs/python/common/part", ".py", "value = [value, RANDOM]\n"),
    "value of a module imported late": _append("libs/python/common/late", ".py", "value = RANDOM\n"),
    "types only": _append("libs/python/common/types", ".py", "RANDOM\n"),
    "value of a local module": _append("stacks/", "/local.py", "value = RANDOM\n"),
    "value of a deep module": _append("stacks/", "/deeper.py", "value = RANDOM\n"),
    "a program": _append("stacks/", "/__main__.py", "pulumi.Resource('more', [RANDOM])\n"),
    "an import more": _import_more,
    "a module renamed": _rename_module,
    "a module in front of another": _shadow,
    "a test": _append("stacks/", "/test_local.py", "assert RANDOM\n"),
    "an unread file": _append("stacks/", "/unread.txt", "RANDOM\n"),
    "a policy": _append("stacks/", "/policy.json", "RANDOM\n"),
    "data of one stack": _append("stacks/", ".json", "RANDOM\n"),
    "declared data": _append("shared-data/", ".txt", "RANDOM\n"),
    "a key that is read": _replace("stacks/", ".yaml", ":size: ", ":size: RANDOM"),
    "a key that nothing in Python reads": _replace("stacks/", ".yaml", ":unused: ", ":unused: RANDOM"),
    "an inner key": _replace("stacks/", ".yaml", "kind: small", "kind: sRANDOM"),
    "a provider's key": _replace("stacks/", ".yaml", "eu-west-", "eu-RANDOM-"),
    "a comment in a stack's file": _replace("stacks/", ".yaml", "# What", "# RANDOM\n# What"),
    "a description": _replace("stacks/", "/Pulumi.yaml", "A project", "A project RANDOM"),
    "a lock file": _append("stacks/", "/requirements.txt", "x==RANDOM\n"),
    "the lock file of all": _append("package-lock", ".json", "RANDOM\n"),
    "the versions of Go": _append("go", ".sum", "RANDOM\n"),
    "a stack gone": _remove("stacks/", ".qa.yaml"),
    "a stack renamed": _rename_stack,
    "a stack more": _add_stack,
    "a project gone": _remove_project,
    "a project moved": _move_project,
    "a program in YAML": _replace("stacks/", "/Pulumi.yaml", "aws:s3:Bucket", "aws:s3:BucketRANDOM"),
    "a comment in a Pulumi.yaml": _append("stacks/", "/Pulumi.yaml", "# RANDOM\n"),
    "a file that YAML reads": _append("stacks/", "/notes/text.txt", "RANDOM\n"),
    "a program in TypeScript": _append("stacks/", "/local.ts", "export const more = RANDOM;\n"),
    "a comment in TypeScript": _append("stacks/", "/index.ts", "// RANDOM\n"),
    "a package in TypeScript": _append("libs/node/", "index.ts", "export const more = RANDOM;\n"),
    "a deep package in TypeScript": _append("libs/node/deep", ".ts", "export const more = RANDOM;\n"),
    "a dependency": _replace("stacks/", "/package.json", "^3.200.0", "^3.RANDOM.0"),
    "a program in Go": _append("stacks/", "/main.go", "var More = RANDOM\n"),
    "a comment in Go": _append("stacks/", "/main.go", "// RANDOM\n"),
    "a package in Go": _append("libs/go/", "net.go", "var More = RANDOM\n"),
    "a test in Go": _append("libs/go/", "_test.go", "var More = RANDOM\n"),
    "a document": _append("", ".md", "RANDOM\n"),
    "a workflow": _append(".github/", ".yml", "# RANDOM\n"),
    "a need gone": _replace("slipway", ".yaml", "    needs:", "    owners: ['@acme/x']\n    # needs:"),
    "several": _several,
}
