"""Names, values and messages of whoever wrote the program, as HTML that shows them and does nothing else."""

from __future__ import annotations

import string
import unicodedata
from typing import Final

NAME: Final = 120
"""Room for a name, in characters of the page."""

_ENTITIES: Final = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&quot;",
    # Nobody is notified, whatever GitHub takes for a mention.
    "@": "&#64;",
}
_PLAIN: Final = str.maketrans(_ENTITIES)
_LABEL: Final = frozenset(f"{string.ascii_letters}{string.digits} ./_-")
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL", "AN"})
_ISOLATE: Final = "\u2068"
_END: Final = "\u2069"


def text(value: str, room: int = NAME) -> str:
    """`value` on one line, as the content of an element.

    What has no shape of its own, such as a newline or a sign that turns the direction of writing, is shown as
    its number; what is written from right to left is kept from turning what stands beside it.

    Args:
        value: any text.
        room: characters of the page that it may take; a longer one ends in an ellipsis.
    """
    if value.isascii() and value.isprintable() and len(value) <= room:
        escaped = value.translate(_PLAIN)
        if len(escaped) <= room:
            return escaped
    shown: list[str] = []
    left, turns = room - 3, False  # an ellipsis and two signs of isolation
    for character in value:
        piece = _ENTITIES.get(character) or (character if character.isprintable() else _number(character))
        left -= len(piece)
        if left < 0:
            shown.append("…")
            break
        turns = turns or unicodedata.bidirectional(character) in _RIGHT_TO_LEFT
        shown.append(piece)
    joined = "".join(shown)
    return f"{_ISOLATE}{joined}{_END}" if turns else joined


def _number(character: str) -> str:
    return f"\\u{ord(character):04x}"


def code(value: str, room: int = NAME) -> str:
    """`text` in the font of code, where GitHub looks for no names, numbers or addresses."""
    return f"<code>{text(value, room)}</code>"


def link(address: str, label: str) -> str:
    """A link; for what is no address of the web, the label alone."""
    safe = address.startswith(("https://", "http://")) and address.isprintable() and " " not in address
    return f'<a href="{text(address, 2_000)}">{text(label)}</a>' if safe else text(label)


def label(value: str, room: int = 40) -> str:
    """A text inside a quoted label of a Mermaid graph: anything but the plainest as its entity.

    https://mermaid.js.org/syntax/flowchart.html#entity-codes-to-escape-characters
    """
    shown = (sign if sign in _LABEL else f"#{ord(sign)};" for sign in value[:room])
    return "".join(shown) + ("…" if len(value) > room else "")
