"""Stacks on a stand-in under the Pulumi CLI: a project folder of their own that no real stack ever sees.

``<root>/.slipway/pulumi`` holds a project file that names the stand-in providers by path, their plugin
folders, a PULUMI_HOME and a file backend. The program is the repository's own, by ``main: ../..``.
"""

from __future__ import annotations

import ensurepip
import importlib.util
import os
import secrets
import sys
from collections.abc import Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.fence import Fence, Home, require_name
from slipway.engine.interface import Progress
from slipway.engine.interruption import Lookup, unknown
from slipway.engine.locks import Folder, LocalLocks
from slipway.engine.offline import scrubbed
from slipway.engine.project import StackFile, load_project, load_stack, stack_file, stacks
from slipway.private_folder import private_folder

PACKAGES: Final = ("aws", "github", "kubernetes", "eks")
PROVIDER_MODULE: Final = "slipway.localcloud.providers"

_PLUGIN = """import runpy
import sys

sys.path.insert(0, {root!r})
sys.argv.insert(1, {package!r})
runpy.run_module({module!r}, run_name="__main__", alter_sys=True)
"""


def passphrase(root: Path) -> str:
    """The passphrase of `local`'s secrets: random, made once, readable by its owner only."""
    path = passphrase_file(root)
    private_folder(root, make=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_text(encoding="utf-8").strip()
    with os.fdopen(descriptor, "w", encoding="utf-8") as handle:
        handle.write(secrets.token_urlsafe(24))
    return path.read_text(encoding="utf-8")


def passphrase_file(root: Path) -> Path:
    return private_folder(root) / "passphrase"


def local_engine(
    root: Path,
    stack: str,
    progress: Progress | None = None,
    *,
    fence: Fence,
    home: Home | None = None,
    packages: Sequence[str] = PACKAGES,
    module: str = PROVIDER_MODULE,
    environment: Mapping[str, str] | None = None,
    config: Mapping[str, str] | None = None,
    plugins: Mapping[str, Path] | None = None,
    lookup: Lookup = unknown,
) -> PulumiEngine:
    """The Pulumi CLI for a stack on a stand-in: no credential of the caller's is in its environment.

    Args:
        root: the project's folder.
        fence: the stand-in. There is no way to say that it is none.
        home: where the stacks of this stand-in keep their states; the project's own folder by default.
        packages: the stand-in providers to name in the project file.
        module: run as ``python -m <module> <package> <engine address>``, it serves one of them.
        environment: instead of the present one; scrubbed all the same.
        config: keys that this run adds to the stack file's, such as where the embedded cloud answers.
            There need not be a stack file.
        plugins: providers of others by package, each the folder of its program: to try the stand-in against.
        lookup: finds what an interrupted run made on the stand-in.

    Raises:
        SlipwayError: no Pulumi CLI on PATH, or the project's files cannot be read.
    """
    root = root.resolve()
    project = load_project(root).name
    home = home or Home(root, project)
    given = os.environ if environment is None else environment
    folder = home.pulumi(project)
    fenced = project_folder(
        root,
        folder,
        stack,
        packages=packages,
        module=module,
        environment=given,
        config={**(config or {}), **fence.config},
        home=home,
        plugins=plugins,
    )
    locks = LocalLocks(Folder(home.pulumi(home.own) / "backend"), project, stack)
    return PulumiEngine(folder, project, stack, fenced, progress, create=True, locks=locks, lookup=lookup)


def project_folder(
    root: Path,
    folder: Path,
    stack: str,
    *,
    module: str,
    environment: Mapping[str, str],
    packages: Sequence[str] = PACKAGES,
    config: Mapping[str, str] | None = None,
    home: Home | None = None,
    plugins: Mapping[str, Path] | None = None,
) -> dict[str, str]:
    """Write a project folder that runs the program at `root` with the providers that `module` serves.

    Returns:
        The environment to run the Pulumi CLI with there, scrubbed of every credential.

    Raises:
        SlipwayError: the project's files cannot be read.
    """
    project = load_project(root)
    paths = {package: f"plugins/{package}" for package in packages}
    for package, path in paths.items():
        _write_plugin(folder / path, root, package, module)
    paths |= {package: str(path) for package, path in (plugins or {}).items()}
    home = home or Home(root, project.name)
    shared = folder if folder != home.pulumi(project.name) else home.pulumi(home.own)
    (shared / "backend").mkdir(parents=True, exist_ok=True)
    document = {
        "name": project.name,
        "main": os.path.relpath(root, folder),
        "runtime": _runtime(),
        "plugins": {"providers": [{"name": name, "path": path} for name, path in paths.items()]},
    }
    if "config" in project.document:
        document["config"] = project.document["config"]
    _write_yaml(folder / "Pulumi.yaml", document)
    _write_stack(root, folder, stack, config or {})
    passphrase(home.root)
    return _environment(home.root, shared, environment)


def _environment(root: Path, folder: Path, given: Mapping[str, str]) -> dict[str, str]:
    return {
        **scrubbed(given),
        "PYTHONPATH": _module_path(given),
        "PULUMI_HOME": str(folder / "home"),
        # Else there is a file beside each object that is not written at once: cut off by a kill, it keeps
        # Pulumi from reading the state. https://pkg.go.dev/gocloud.dev/blob/fileblob#URLOpener
        "PULUMI_BACKEND_URL": f"{(folder / 'backend').as_uri()}?metadata=skip",
        "PULUMI_CONFIG_PASSPHRASE_FILE": str(passphrase_file(root)),
        "PULUMI_SKIP_UPDATE_CHECK": "true",
        "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _runtime() -> dict[str, Any]:
    """This interpreter's virtual environment, wherever the project file stands."""
    return {"name": "python", "options": {"virtualenv": sys.prefix}}


def _module_path(given: Mapping[str, str]) -> str:
    """PYTHONPATH, with the standard library's own pip where the environment has none (uv makes such ones).

    Pulumi's Python host runs ``python -m pip list`` before any program.
    """
    paths = [given["PYTHONPATH"]] if given.get("PYTHONPATH") else []
    if importlib.util.find_spec("pip") is None:
        bundled = Path(ensurepip.__file__).parent / "_bundled"
        paths.extend(str(wheel) for wheel in bundled.glob("pip-*.whl"))
    return os.pathsep.join(paths)


def _write_plugin(folder: Path, root: Path, package: str, module: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    _write_yaml(folder / "PulumiPlugin.yaml", {"runtime": _runtime()})
    text = _PLUGIN.format(root=str(root), package=package, module=module)
    (folder / "__main__.py").write_text(text, encoding="utf-8")


def _write_stack(root: Path, folder: Path, name: str, config: Mapping[str, str]) -> None:
    """The stack file as the repository has it, with the salt that the CLI added to its own copy."""
    target = stack_file(folder, require_name(name))
    own = load_stack(root, name) if name in stacks(root) else StackFile(stack_file(root, name), "", {})
    salt = own.salt or (load_stack(folder, name).salt if target.exists() else "")
    document: dict[str, Any] = {"encryptionsalt": salt} if salt else {}
    _write_yaml(target, {**document, "config": {**own.config, **config}})


def _write_yaml(path: Path, document: dict[str, Any]) -> None:
    text = StringIO()
    yaml: Any = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.dump(document, text)
    path.write_text(text.getvalue(), encoding="utf-8")
