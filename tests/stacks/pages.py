"""A page as a browser and a reader of it have it: elements, texts, and which numbers it tells."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

from markdown_it import MarkdownIt

VOID = {"br", "hr", "img"}
OURS = {"details", "summary", "table", "tr", "th", "td", "ul", "li", "pre", "code", "a", "b", "i", "p", "sub"}
OURS |= {"h3", "h4"}


@dataclass
class Page(HTMLParser):
    """Everything in a rendered page. Raises AssertionError where elements do not nest."""

    elements: Counter[str] = field(default_factory=Counter)
    stack: list[str] = field(default_factory=list)
    open_text: list[str] = field(default_factory=list)
    codes: list[str] = field(default_factory=list)
    graph: str = ""

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert {name for name, _ in attrs} <= {"href", "lang", "colspan", "class"}, attrs
        self.elements[tag] += 1
        if tag == "code":
            self.codes.append("")
        if tag not in VOID:
            self.stack.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.stack, f"</{tag}> closes nothing"
        assert self.stack[-1] == tag, f"</{tag}> closes <{self.stack[-1]}>"
        self.stack.pop()

    def handle_data(self, data: str) -> None:
        if "code" in self.stack:
            self.codes[-1] += data
        elif "pre" not in self.stack:
            self.open_text.append(data)


def rendered(body: str) -> Page:
    """The page as GitHub's CommonMark makes it of the comment."""
    page = Page()
    page.feed(MarkdownIt("commonmark", {"html": True}).render(body))
    page.close()
    assert page.stack == [], f"never closed: {page.stack}"
    assert set(page.elements) <= OURS, set(page.elements) - OURS
    graphs = [text for text in page.codes if text.startswith("flowchart")]
    assert len(graphs) <= 1
    page.graph = "".join(graphs)
    return page


def told(body: str, what: str) -> int:
    """How many of a kind a part of the page names or counts: its items, and `and N more`."""
    number = 0
    for part in re.findall(rf"<p><b>[^<]*{re.escape(what)}</b></p><ul>\n(.*?)\n</ul>", body, re.DOTALL):
        lines = part.split("\n")
        rest = re.search(r"^<li><i>and ([\d,]+) more", lines[-1])
        number += len(lines) - (rest is not None) + (int(rest[1].replace(",", "")) if rest else 0)
    return number
