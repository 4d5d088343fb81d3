"""Texts for people, without the secrets that a service may have quoted."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, cast

from pulumi.provider.experimental.property_value import PropertyValue

from slipway.platform.masking import mask


def redact(
    text: str,
    properties: Mapping[str, PropertyValue],
    spellings: Callable[[str], Iterable[str]] = lambda secret: (secret,),
) -> str:
    """`text` without any secret text of `properties`; see `mask`.

    Args:
        spellings: the forms in which a service may quote a secret.
    """
    leaves = list(_leaves(properties.values(), within=False))
    hidden = (form for one, secret in leaves if secret for form in spellings(one))
    return mask(text, hidden, (one for one, secret in leaves if not secret))


def _leaves(values: Iterable[PropertyValue], *, within: bool) -> Iterator[tuple[str, bool]]:
    """Every text in `values`, and whether it is in a secret."""
    for value in values:
        secret = within or value.is_secret
        inner: Any = value.value
        if isinstance(inner, str):
            yield inner, secret
        elif isinstance(inner, Mapping):
            yield from _leaves(cast("Mapping[str, PropertyValue]", inner).values(), within=secret)
        elif isinstance(inner, tuple):
            yield from _leaves(cast("tuple[PropertyValue, ...]", inner), within=secret)
