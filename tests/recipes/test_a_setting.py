"""CONTRIBUTING's recipe for a setting, followed in a copy of the tree on the files that it names."""

import subprocess
from pathlib import Path

import pytest

from tests.recipes.test_a_command import ROOT, copy, replace, run, slipway  # noqa: F401 - `copy` is a fixture

NOTICING = ("tests/platform/test_schema.py", "tests/test_options.py")
MORE = (
    *("services", "docs", "Pulumi.yaml", "Pulumi.local.yaml", "Pulumi.staging.yaml", "Pulumi.prod.yaml"),
    *("Pulumi.automation.yaml", "examples", *NOTICING),
)
MODEL, COMPONENT = "slipway/platform/cluster.py", "components/cluster/cluster.py"
KEY = "    log_days: Annotated[int, Field(ge=1)] = 90\n"
WHY = '    """How many days the logs of the control plane are kept."""\n'


@pytest.fixture
def tree(copy: Path) -> Path:  # noqa: F811 - the fixture
    for name in MORE:
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if not (copy / name).exists():
            (copy / name).symlink_to(ROOT / name) if name in NOTICING else _copied(copy, name)
    return copy


def _copied(copy: Path, name: str) -> None:  # noqa: F811 - a folder
    subprocess.run(["cp", "-r", str(ROOT / name), str(copy / name)], check=True)


def follow(tree: Path, *, explained: bool = True, used: bool = True, written: bool = True) -> None:
    """Do what the recipe says, in the order in which it says it."""
    replace(
        tree / MODEL,
        "    deletion_protection: bool = True\n",
        KEY + (WHY if explained else "") + "    deletion_protection: bool = True\n",
    )
    if used:
        replace(tree / COMPONENT, "retention_in_days=LOG_DAYS", "retention_in_days=args.settings.log_days")
    if written:
        assert slipway(tree, "schema", "--write", "docs").returncode == 0


def notice(tree: Path) -> subprocess.CompletedProcess[str]:
    return run(tree, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", *NOTICING)


def test_the_recipe_names_these_files() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("### A setting\n")[2].partition("\n###")[0]
    for file in (
        "slipway/platform/<block>.py",
        "components/<area>/<component>.py",
        "docs/settings.md",
        *NOTICING,
    ):
        assert f"`{file}`" in recipe


def test_a_setting_that_follows_the_recipe_is_there_and_passes(tree: Path) -> None:
    follow(tree)
    assert "`cluster.log_days` | number, from 1 | `90`" in (tree / "docs" / "settings.md").read_text()
    checked = notice(tree)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        ("explained", "test_every_key_of_every_file_is_explained"),
        ("used", "nothing reads the setting log_days"),
        ("written", "run `make schemas`"),
    ],
)
def test_a_step_left_out_is_noticed(tree: Path, step: str, complaint: str) -> None:
    follow(tree, **{step: False})
    checked = notice(tree)
    assert checked.returncode == 1
    assert complaint in checked.stdout
