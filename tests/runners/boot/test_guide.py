"""The operator's guide keeps up with what it describes."""

import re

import pytest

from runners.control.reasons import Reason
from slipway.platform.runner_classes import RunnerClassSettings
from tests.runners.boot.machine import BOOT

ROOT = BOOT.parents[1]
GUIDE = (ROOT / "docs/runners.md").read_text()


def section(title: str) -> str:
    return GUIDE.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_alarm_is_explained() -> None:
    alarms = (ROOT / "components/runners/alarms.py").read_text()
    names = re.findall(r'name=f"{.*}-([a-z-]+)",', alarms)
    assert len(names) > 8
    table = section("What each alarm means")
    assert [name for name in names if not re.search(rf"`[\w<>-]*-{name}`", table)] == []


@pytest.mark.parametrize("reason", Reason)
def test_every_reason_has_something_to_do(reason: Reason) -> None:
    assert f"`{reason}`" in section("Look at it")


def test_it_leads_to_every_setting_of_a_class() -> None:
    assert "](settings.md)" in section("Set it up")
    page = (ROOT / "docs/settings.md").read_text()
    keys = [f"`runners.classes.<name>.{key}`" for key in RunnerClassSettings.model_fields]
    assert len(keys) > 15
    assert [key for key in keys if key not in page] == []


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE):
        if not target.startswith("https://"):
            assert (ROOT / "docs" / target).exists(), target
    anchors = {
        re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
        for line in re.findall(r"^#+ (.*)$", GUIDE, re.M)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", GUIDE)) <= anchors


def test_every_command_of_it_exists() -> None:
    source = (ROOT / "slipway/cli/runners.py").read_text() + (ROOT / "slipway/cli/simulate.py").read_text()
    for command in re.findall(r"slipway runners (?:app )?([a-z-]+)", GUIDE):
        assert (
            re.search(rf'def {command.replace("-", "_")}\(|command\("{command}"', source) or command == "app"
        )
