"""What stands for a secret where it may not stand itself: a keyed digest, or a mask."""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from typing import Any, Final

from slipway.engine.values import UNKNOWN_MARK, Plain, Secret, Unknown, contains, show_properties, to_state

_DIGITS: Final = 32
"""Hexadecimal digits of a fingerprint: 128 bits."""


class Fingerprints:
    """Keyed digests (HMAC-SHA256) of secrets.

    With one key equal secrets look equal and a changed one looks changed; without the key nothing can be
    learned of a value, not even by guessing it. The key is never part of a `Result`.

    Args:
        key: at least 16 random bytes; a new one, which nobody else has, if None.
    """

    def __init__(self, key: bytes | None = None) -> None:
        self.key: Final = key or secrets.token_bytes(32)

    def __repr__(self) -> str:
        return f"Fingerprints({self.key_id})"

    @property
    def key_id(self) -> str:
        """Names the key without telling it: fingerprints compare only where this is the same."""
        return self.digest("the key itself")[:16]

    def digest(self, text: str) -> str:
        """The whole digest of a text, hexadecimal."""
        return hmac.new(self.key, text.encode(), hashlib.sha256).hexdigest()

    def of(self, secret: Secret) -> str:
        """``[secret 0123…]``; what is not known yet has no fingerprint and says so."""
        if contains(secret, Unknown):
            return UNKNOWN_MARK
        text = json.dumps(to_state(secret.value, None), separators=(",", ":"), sort_keys=True)
        return f"[secret {self.digest(f'secret:{text}')[:_DIGITS]}]"

    def show(self, properties: dict[str, Plain]) -> dict[str, Any]:
        """Properties as JSON, with fingerprints in the place of secrets."""
        return show_properties(properties, self.of)
