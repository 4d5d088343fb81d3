"""What commands of delivery import, measured: what one module imports may import anything."""

import json
import os
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import slipway
from tests.stacks.clones import Checkout

ROOT = Path(__file__).parents[2]

DELIVERY = (
    "slipway.stacks",
    "slipway.store",
    "slipway.cli.delivery",
    "slipway.cli.affected",
    "slipway.cli.comment",
)
HEAVY = ("moto", "pulumi_")
"""What a job of delivery must not need: what it has comes from the plugins of the Pulumi CLI."""
WATCHED = f"""
import atexit, importlib, json, os, pathlib, sys
def told():
    heavy = sorted(name for name in sys.modules if name.startswith({HEAVY!r}))
    pathlib.Path(os.environ["TOLD"]).write_text(json.dumps([heavy, sorted(sys.modules)]))
atexit.register(told)
"""


def heavy_after(code: str, folder: Path, *arguments: str) -> tuple[list[str], list[str]]:
    """What a fresh Python has imported at its end: of what is heavy, and in all."""
    told = folder.parent / f"{folder.name}.told"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "TOLD": str(told)}
    command = [sys.executable, "-c", WATCHED + code, *arguments]
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False, timeout=60)
    heavy, everything = json.loads(told.read_text())
    return heavy, everything


def test_the_command_imports_nothing_slow_before_it_is_known_what_is_asked(tmp_path: Path) -> None:
    _, everything = heavy_after("import slipway.cli", tmp_path)
    slow = {"boto3", "github", "jinja2", "moto", "pulumi", "pydantic", "requests", "ruamel.yaml", "yaml"}
    assert slow & {*everything} == set()


def test_no_module_of_delivery_imports_a_providers_sdk_or_moto(tmp_path: Path) -> None:
    found = [
        module.name
        for module in pkgutil.walk_packages(slipway.__path__, "slipway.")
        if f"{module.name}.".startswith(tuple(f"{room}." for room in DELIVERY))
    ]
    heavy, everything = heavy_after(f"for name in {found!r}: importlib.import_module(name)", tmp_path)
    assert (heavy, {*found} - {*everything}) == ([], set())


@pytest.mark.parametrize(
    "command",
    [
        "affected --json",
        "plan app/dev --engine pulumi --json",
        "apply app/dev --engine pulumi --run ada-1-1 --yes --json",
        "stacks log app/dev --json",
        "stacks explain app/dev --json",
        "stacks bring-up app/dev --yes --json",
        "comment summary.json --json",
    ],
)
def test_no_command_of_delivery_imports_a_providers_sdk_or_moto(tmp_path: Path, command: str) -> None:
    """In a repository that is not the platform; what they import as they run, too."""
    clone = Checkout.begun(
        tmp_path / "repository",
        {
            "app/Pulumi.yaml": "name: app\nruntime: yaml\n",
            "app/Pulumi.dev.yaml": "config: {}\n",
            "slipway.yaml": f"store: file://{tmp_path}/plans\n",
        },
    )
    code = "import slipway.cli\nsys.argv[0] = 'slipway'\nslipway.cli.main()"
    heavy, everything = heavy_after(code, clone.top, *command.split())
    assert heavy == []
    assert "slipway.stacks" in everything, "it came to its work"
