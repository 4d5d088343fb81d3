"""Texts for people, without the secrets that a service may have quoted."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from pulumi.provider.experimental.property_value import PropertyValue

SHORTEST = 3
"""A secret of one or two characters says nothing, and taking it out would garble every text."""


def redact(text: str, properties: Mapping[str, PropertyValue]) -> str:
    """`text` without any secret text of `properties`."""
    for value in sorted(set(_secret_texts(properties.values(), within=False)), key=len, reverse=True):
        text = text.replace(value, "[secret]")
    return text


def _secret_texts(values: Iterable[PropertyValue], *, within: bool) -> Iterator[str]:
    for value in values:
        secret = within or value.is_secret
        inner: Any = value.value
        if isinstance(inner, str):
            if secret and len(inner) >= SHORTEST:
                yield inner
        elif isinstance(inner, Mapping):
            yield from _secret_texts(cast("Mapping[str, PropertyValue]", inner).values(), within=secret)
        elif isinstance(inner, tuple):
            yield from _secret_texts(cast("tuple[PropertyValue, ...]", inner), within=secret)
