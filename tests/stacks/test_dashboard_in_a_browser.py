"""The page in a real browser: it fits a phone, is readable in light and dark, asks nobody for anything."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from slipway.stacks.dashboard.page import page
from tests import sampling
from tests.stacks.boards import any_board
from tests.stacks.browser import CHROMIUM, Tab, browser

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="chromium is not on PATH (apt-get install chromium)")

STACKS = 40
WIDTHS = (390, 1280)
# Of each text, its color against what lies behind it: https://www.w3.org/TR/WCAG22/#contrast-minimum
CONTRASTS = """(() => {
  const rgb = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = (text) => {
    const [r, g, b] = rgb(text).slice(0, 3).map((v) => v / 255)
      .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (each) => {
    const color = getComputedStyle(each).backgroundColor;
    return rgb(color)[3] === 0 && each.parentElement ? behind(each.parentElement) : color;
  };
  const texts = [...document.querySelectorAll("body *")].filter((each) =>
    each.tagName !== "SCRIPT"
    && [...each.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim()));
  return texts.map((each) => {
    const pair = [light(getComputedStyle(each).color), light(behind(each))].sort((a, b) => b - a);
    return [(pair[0] + 0.05) / (pair[1] + 0.05), each.className + " " + each.tagName];
  }).sort((a, b) => a[0] - b[0])[0];
})()"""


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tab]:
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        yield opened


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of stacks with hostile names."""
    made = tmp_path_factory.mktemp("board") / "index.html"
    made.write_text(page(any_board(sampling.seed(0), STACKS)), encoding="utf-8")
    return made


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
def test_it_fits_its_window_and_can_be_read(tab: Tab, file: Path, width: int, dark: bool) -> None:
    tab.show(file, width=width, dark=dark)
    assert tab.ask("document.documentElement.scrollWidth") <= width
    wide: Any = tab.ask(
        "[...document.querySelectorAll('body *')].filter((e) => e.getBoundingClientRect().right > "
        f"{width} && e.className !== 'skip').map((e) => e.outerHTML.slice(0, 200))"
    )
    assert wide == []
    contrast, where = tab.ask(CONTRASTS)
    assert contrast >= 4.5, where
    ground = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert ground == ("rgb(20, 25, 28)" if dark else "rgb(251, 250, 247)")


def test_it_asks_nobody_for_anything_and_its_own_policy_refuses_nothing(tab: Tab, file: Path) -> None:
    tab.show(file, width=1280, dark=False)
    tab.ask("new Promise((done) => setTimeout(done, 50))")
    assert tab.requested == [file.as_uri()]
    assert tab.said == []
    assert tab.ask("document.querySelectorAll('script, img, iframe, object, link').length") == 1


def test_what_others_wrote_runs_nowhere(tab: Tab, file: Path, tmp_path: Path) -> None:
    """Not even where a hole in the escaping let it in: the policy knows one script."""
    holed = tmp_path / "index.html"
    added = '<script>document.title = "taken"</script><img src="x" onerror="document.title = \'taken\'">'
    holed.write_text(file.read_text().replace("</main>", f"{added}</main>"))
    tab.show(holed, width=1280, dark=False)
    assert tab.ask("document.title") == "Stacks · Slipway"
    # The script, the image, and what that runs.
    assert sum("Content Security Policy" in each for each in tab.said) >= 3


def test_words_choose_the_stacks_that_are_shown(tab: Tab, file: Path) -> None:
    tab.show(file, width=390, dark=False)
    shown = "[...document.querySelectorAll('.stacks tbody tr')].filter((row) => row.checkVisibility()).length"
    every = tab.ask(shown)
    assert every >= STACKS
    tab.ask(
        "(() => { const box = document.querySelector('.filter input'); box.value = '00007'; "
        "box.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )
    assert 1 <= tab.ask(shown) < every
    assert tab.ask("document.getElementById('shown').textContent").endswith(f" of {STACKS + 1}")


def test_the_browser_takes_it_for_a_table_on_a_phone_too(tab: Tab, file: Path) -> None:
    tab.show(file, width=390, dark=False)
    tab.call("Accessibility.enable")
    nodes = tab.call("Accessibility.getFullAXTree")["nodes"]
    roles = [node.get("role", {}).get("value") for node in nodes if not node.get("ignored")]
    assert roles.count("rowheader") >= STACKS
    assert roles.count("columnheader") >= 6
    assert {"table", "row", "cell", "main", "heading"} <= {*roles}
