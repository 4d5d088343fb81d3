"""Secrets taken out of texts for people, and nothing besides: a masked name hides what went wrong."""

import re
from collections.abc import Iterable
from typing import Final

MASK: Final = "[secret]"
SHORTEST: Final = 6
"""A shorter secret is rather a word like `admin`, or a port: taking it out would garble every text."""


def mask(text: str, secrets: Iterable[str], public: Iterable[str] = ()) -> str:
    """`text` without any of `secrets`.

    Args:
        text: what a service, a provider or the program said.
        secrets: values that are secret. One shorter than `SHORTEST` stays.
        public: what is said in the open anyhow. A secret that is one of these, or a whole part of one as a
            name is of an ARN, is none but a published name; one that begins or ends within a word may have
            slipped in.
    """
    found = {one for one in secrets if len(one) >= SHORTEST and one in text}
    if not found:
        return text
    told = "\0".join(public)  # by what is in no name, so that two do not make a third
    for one in sorted(found, key=len, reverse=True):
        if not re.search(rf"(?<![\w-]){re.escape(one)}(?![\w-])", told):
            text = text.replace(one, MASK)
    return text
