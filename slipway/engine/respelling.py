"""A rendered program with the names of repositories as they were spelled before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from slipway.engine.recording import Rendered
from slipway.engine.values import Plain


def respelled(rendered: Rendered, names: Mapping[str, str]) -> Rendered:
    """The same, with `owner/name` in the other spelling wherever it stands, alone or in a token's subject.

    Args:
        names: by `owner/name` as it is spelled, how it is to be.
    """
    if not names:
        return rendered
    words: dict[str, str] = {}
    for now, before in names.items():
        (_, name), (_, other) = now.split("/"), before.split("/")
        # `acme/app`, `repo:acme@9001/app@70001:…`
        words |= {now: before, f"/{name}@": f"/{other}@"}

    def text(value: str) -> str:
        alone = {now.partition("/")[2]: before.partition("/")[2] for now, before in names.items()}
        if value in alone:
            return alone[value]
        for now, before in words.items():
            value = value.replace(now, before)
        return value

    def of(value: Plain) -> Plain:
        if isinstance(value, str):
            return text(value)
        if isinstance(value, dict):
            return {key: of(item) for key, item in cast("dict[str, Plain]", value).items()}
        if isinstance(value, list):
            return [of(item) for item in cast("list[Plain]", value)]
        return value

    registrations = tuple(
        replace(item, inputs={key: of(value) for key, value in item.inputs.items()})
        for item in rendered.registrations
    )
    outputs = {key: of(value) for key, value in rendered.outputs.items()}
    return replace(rendered, registrations=registrations, outputs=outputs)
