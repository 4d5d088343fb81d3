from __future__ import annotations

import io
from dataclasses import replace

import pytest
from rich.console import Console

from slipway.engine import display
from slipway.engine.interface import Diagnostic, PropertyChange, Result, Step

URN = "urn:pulumi:prod::slipway::test:index:Box$aws:iam/role:Role::"


def result(count: int = 1) -> Result:
    diff = [
        PropertyChange("name", "update", "a", "b", forces_replace=True),
        PropertyChange("policy#Statement[0].Action", "add", None, "s3:*"),
        PropertyChange("password", "update", "[secret]", "[secret]"),
    ]
    steps = [
        Step("replace", f"{URN}role-{i}", "aws:iam/role:Role", f"role-{i}", diff, "may replace")
        for i in range(count)
    ]
    steps.append(Step("same", f"{URN}quiet", "aws:iam/role:Role", "quiet"))
    return Result("preview", "slipway", "prod", "offline", steps, {"x": 1}, [Diagnostic("warning", "look")])


def text(value: Result, **options: bool) -> str:
    console = Console(file=io.StringIO(), width=160, color_system=None)
    console.print(display.rich(value, **options))
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_the_tree_shows_what_changes_and_why():
    shown = text(result())
    assert "+- role-0  aws:iam/role:Role  (may replace)" in shown
    assert '~ name: "a" => "b"  forces replacement' in shown
    assert '+ policy#Statement[0].Action: "s3:*"' in shown
    assert "quiet" not in shown
    assert "quiet" in text(result(), sames=True)
    assert "1 to replace, 1 unchanged" in shown
    assert "warning: look" in shown


@pytest.mark.parametrize("count", [1, 50, 2000])
def test_markdown_is_cut_at_whole_resources_and_says_so(count):
    shown = display.markdown(result(count))
    assert len(shown) <= 65_536
    whole = shown.count("</details>")
    assert shown.count("<details>") == whole
    assert (f"{count - whole} more resources are not shown" in shown) == (whole < count)
    assert count in (whole, 2000)


def test_markdown_cannot_be_escaped_from():
    change = PropertyChange("x", "add", None, "```\n<img src=x> @everyone")
    hostile = replace(result().steps[0], diff=(change,), name="<script>@team")
    value = replace(result(), steps=(hostile,))
    shown = display.markdown(value)
    assert "<script>" not in shown
    assert shown.count("```") == 2
    assert "@team" not in shown
