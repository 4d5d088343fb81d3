"""What a generated repository's stacks come to, by running every program: no code is shared with the product.

Python programs are really run, with a stand-in for the SDK; the other languages are read word by word, as far
as `generated` uses them.
"""

import hashlib
import json
import os
import posixpath
import re
import runpy
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.stacks.generated import Files


class Repository:
    """The files on disk, changed to what is asked about: Python is run from there."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._there: Files = {}

    def previews(self, files: Files) -> dict[str, str]:
        """By stack, project/stack, a digest of all that its preview would show."""
        self._write(files)
        return dict(_Previews(self._folder, files).all())

    def _write(self, files: Files) -> None:
        for path in self._there.keys() - files.keys():
            (self._folder / path).unlink()
        for path, text in files.items():
            if self._there.get(path) != text:
                (self._folder / path).parent.mkdir(parents=True, exist_ok=True)
                (self._folder / path).write_text(text)
        self._there = dict(files)


class _Previews:
    def __init__(self, folder: Path, files: Files) -> None:
        self._root, self._files = folder, files
        self._projects: dict[str, tuple[str, dict[str, Any]]] = {}
        for path in files:
            if path.endswith("/Pulumi.yaml"):
                document = yaml.safe_load(files[path])
                self._projects[document["name"]] = (posixpath.dirname(path), document)
        self._needs = yaml.safe_load(files["slipway.yaml"])["projects"]
        self._known: dict[str, str] = {}

    def all(self) -> Iterator[tuple[str, str]]:
        for name, (folder, _) in self._projects.items():
            for path in self._files:
                if path.startswith(f"{folder}/Pulumi.") and path != f"{folder}/Pulumi.yaml":
                    stack = path.removeprefix(f"{folder}/Pulumi.").removesuffix(".yaml")
                    yield f"{name}/{stack}", self._of(name, stack)

    def _of(self, name: str, stack: str) -> str:
        """A digest of one preview; of a stack that is not there, nothing."""
        key = f"{name}/{stack}"
        folder, document = self._projects.get(name, ("", {}))
        if f"{folder}/Pulumi.{stack}.yaml" not in self._files:
            return "missing"
        if key not in self._known:
            own = yaml.safe_load(self._files[f"{folder}/Pulumi.{stack}.yaml"])["config"]
            run: Callable[..., Any] = {
                "python": self._python,
                "yaml": self._yaml,
                "nodejs": self._node,
                "go": self._go,
            }[document["runtime"]]
            needs = (self._needs.get(name) or {}).get("needs", [])
            shown = [
                run(name, stack, folder, document, own),
                # Providers are configured from their own keys, whatever a program reads.
                {name: value for name, value in own.items() if name.startswith("aws:")},
                # Of an upstream that is not there, a preview says so.
                [f"{need}/{stack}={self._of(need, stack)}" for need in needs],
            ]
            self._known[key] = hashlib.sha256(json.dumps(shown, default=str).encode()).hexdigest()
        return self._known[key]

    def _python(self, name: str, stack: str, folder: str, _: Any, own: dict[str, Any]) -> Any:
        shown: list[Any] = [self._files[f"{folder}/requirements.txt"]]
        sdk = _sdk(name, stack, own, shown, self._of)
        with _running(self._root / folder, self._root / "libs/python", sdk):
            try:
                runpy.run_path(str(self._root / folder), run_name="__main__")
            except Exception as error:  # a preview shows it
                shown.append(str(error))
        return shown

    def _yaml(self, name: str, stack: str, folder: str, document: dict[str, Any], own: dict[str, Any]) -> Any:
        upstream = document["variables"]["other"]["fn::stackReference"].split("/")[1]
        size = own.get(f"{name}:size", document["config"]["size"]["default"])
        read = document["variables"]["file"]["fn::readFile"].removeprefix("./")
        # A program in YAML gets every key of its configuration.
        return [document["resources"], size, own, self._files[f"{folder}/{read}"], self._of(upstream, stack)]

    def _node(self, name: str, stack: str, folder: str, _: Any, own: dict[str, Any]) -> Any:
        shown = [self._module(f"{folder}/index.ts"), self._files[f"{folder}/package.json"]]
        upstream = re.search(r"acme/(\S+)/", self._files[f"{folder}/index.ts"])
        assert upstream
        return [*shown, own, self._files["package-lock.json"], self._of(upstream[1], stack)]

    def _module(self, path: str) -> Any:
        lines = [line for line in self._files[path].splitlines() if not line.startswith("//")]
        named = [name for line in lines for name in re.findall(r'from "([^"]+)"', line)]
        found = []
        for name in named:
            if name.startswith("."):
                found.append(
                    self._module(posixpath.normpath(posixpath.join(posixpath.dirname(path), f"{name}.ts")))
                )
            elif name.startswith("@acme/"):
                found.append(self._module(f"libs/node/{name.removeprefix('@acme/')}/index.ts"))
        return [lines, found]

    def _go(self, name: str, stack: str, folder: str, _: Any, own: dict[str, Any]) -> Any:
        main = self._files[f"{folder}/main.go"]
        shown = []
        for package in re.findall(r'"example.com/mono/([^"]+)"', main):
            shown += [
                text
                for path, text in self._files.items()
                if posixpath.dirname(path) == package and not path.endswith("_test.go")
            ]
        code = [line for line in main.splitlines() if not line.startswith("//")]
        return [code, shown, own, self._files["go.mod"], self._files["go.sum"]]


def _sdk(
    name: str, stack: str, own: dict[str, Any], shown: list[Any], preview: Callable[[str, str], str]
) -> types.ModuleType:
    """A module that stands in for `pulumi`."""
    sdk = types.ModuleType("pulumi")

    class Config:
        def __init__(self, space: str = name) -> None:
            self._space = space

        def get(self, key: str) -> Any:
            return own.get(f"{self._space}:{key}")

        require = get_object = get

    class StackReference:
        def __init__(self, of: str) -> None:
            _, project, other = of.split("/")
            self._shown = preview(project, other)

        def get_output(self, _: str) -> str:
            return self._shown

    sdk.__dict__.update(
        Config=Config,
        StackReference=StackReference,
        get_stack=lambda: stack,
        Resource=lambda *given: shown.append(given),
    )
    return sdk


@contextmanager
def _running(folder: Path, libraries: Path, sdk: types.ModuleType) -> Iterator[None]:
    """Python as it is when a program begins: in its folder, with nothing of another program imported."""
    here, path, before = Path.cwd(), list(sys.path), dict(sys.modules)
    keeps, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    sys.modules["pulumi"] = sdk
    sys.path.append(str(libraries))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        sys.path[:] = path
        sys.dont_write_bytecode = keeps
        for module in sys.modules.keys() - before.keys():
            del sys.modules[module]
        sys.modules.update(before)
        sys.path_importer_cache.clear()
