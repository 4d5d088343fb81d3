"""CONTRIBUTING's recipe for a setting, followed in a copy of the tree on the files that it names."""

from pathlib import Path

from tests.recipes.conftest import ROOT, add, notice, replace, slipway

NOTICING = ("tests/platform/test_schema.py", "tests/test_options.py")
MODEL, COMPONENT = "slipway/platform/cluster.py", "components/cluster/cluster.py"
LOGS = "components/cluster/logs.py"
KEY = "    log_days: Annotated[int, Field(ge=1)] = 90\n"
WHY = '    """How many days the logs of the control plane are kept."""\n'


def follow(copy: Path, *, explained: bool = True, used: bool = True, written: bool = True) -> None:
    """Do what the recipe says, in the order in which it says it."""
    add(copy, "tests/typed_reads.py")
    replace(
        copy / MODEL,
        "    deletion_protection: bool = True\n",
        KEY + (WHY if explained else "") + "    deletion_protection: bool = True\n",
    )
    if used:
        replace(
            copy / COMPONENT,
            "remade=args.remade_logs",
            "remade=args.remade_logs, days=args.settings.log_days",
        )
        replace(copy / LOGS, "*, remade: bool", "*, remade: bool, days: int")
        replace(copy / LOGS, "retention_in_days=LOG_DAYS", "retention_in_days=days")
    if written:
        assert slipway(copy, "schema", "--write", "docs").returncode == 0


def test_the_recipe_names_these_files() -> None:
    recipe = (ROOT / "CONTRIBUTING.md").read_text().partition("### A setting\n")[2].partition("\n###")[0]
    for file in (
        "slipway/platform/<block>.py",
        "components/<area>/<component>.py",
        "docs/settings.md",
        *NOTICING,
    ):
        assert f"`{file}`" in recipe


def test_a_setting_that_follows_the_recipe_is_there_and_passes(copy: Path) -> None:
    follow(copy)
    assert "`cluster.log_days` | number, from 1 | `90`" in (copy / "docs" / "settings.md").read_text()
    checked = notice(copy, *NOTICING)
    assert checked.returncode == 0, checked.stdout


def test_each_step_left_out_is_noticed(copy: Path) -> None:
    follow(copy, explained=False, used=False, written=False)
    checked = notice(copy, *NOTICING)
    assert checked.returncode == 1
    for complaint in (
        "test_every_key_of_every_file_is_explained",
        "nothing reads the setting ClusterSettings.log_days",
        "run `make schemas`",
    ):
        assert complaint in checked.stdout
