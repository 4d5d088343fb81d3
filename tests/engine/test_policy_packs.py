"""Policy packs reach the commands of Pulumi that take them, and no others; the CLI is played by a script."""

import json
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from slipway.cli.delivery.policies import packs_of
from slipway.engine.cli_engine import PulumiEngine
from slipway.errors import SlipwayError
from slipway.stacks.target import Target, find
from tests.stacks.clones import Checkout

PULUMI = """#!{python}
import json, sys
with open({calls!r}, "a") as file:
    file.write(json.dumps(sys.argv[1:]) + "\\n")
print("{{}}")
"""


@pytest.fixture
def target(tmp_path: Path) -> Target:
    files = {"app/Pulumi.yaml": "name: app\nruntime: yaml\n", "app/Pulumi.prod.yaml": ""}
    clone = Checkout.begun(tmp_path / "top", {**files, "packs/a/PulumiPolicy.yaml": "runtime: python\n"})
    return find(clone.top, "app/prod")


def test_what_previews_and_updates_is_held_to_them_and_nothing_else(tmp_path: Path) -> None:
    calls, program = tmp_path / "calls", tmp_path / "pulumi"
    program.write_text(PULUMI.format(python=sys.executable, calls=str(calls)))
    program.chmod(0o755)
    engine = PulumiEngine(tmp_path, "app", "prod", {"PATH": str(tmp_path)})
    engine.policy_packs = ("/top/packs/a", "/top/packs/b")
    engine.plan()
    engine.up()
    engine.destroy()
    engine.drift()
    given = {
        command[0]: [each for flag, each in pairwise(command) if flag == "--policy-pack"]
        for command in map(json.loads, calls.read_text().splitlines())
    }
    packs = ["/top/packs/a", "/top/packs/b"]
    assert {name: given[name] for name in ("preview", "up", "destroy", "refresh")} == {
        "preview": packs,
        "up": packs,
        "destroy": [],
        "refresh": [],
    }


def test_a_pack_is_named_from_the_top_of_its_repository(target: Target) -> None:
    assert packs_of(target, [target.top / "packs/a"]) == ("packs/a",)
    assert packs_of(target, [target.top / "app/../packs/a"]) == ("packs/a",)


@pytest.mark.parametrize("place", ["packs", "app", "..", "packs/out"])
def test_what_an_apply_would_not_find_is_no_pack(target: Target, tmp_path: Path, place: str) -> None:
    (tmp_path / "PulumiPolicy.yaml").write_text("runtime: python\n")
    (target.top / "packs/out").symlink_to(tmp_path)
    with pytest.raises(SlipwayError, match="no policy pack of this repository"):
        packs_of(target, [target.top / place])
