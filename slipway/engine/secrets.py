"""Pulumi's passphrase encryption, byte for byte.

Source: sdk/go/common/resource/config/crypt.go and pkg/secrets/passphrase/manager.go (v3.260): the key is
PBKDF2 with SHA-256, 1,000,000 rounds and an 8-byte salt; a value is ``v1:<nonce>:<ciphertext>``, AES-256-GCM
with a 12-byte nonce, all base64; the salt's record is ``v1:<salt>:<the word "pulumi", encrypted>``.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import threading
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from slipway.errors import SlipwayError

_ROUNDS = 1_000_000
_CHECK = "pulumi"


class Crypter:
    """Encrypts and decrypts with a key that is derived at the first use, once (about half a second).

    Args:
        passphrase: the passphrase, or a function that gets it; asked for at the first use only.
        salt: the salt's record from a state or stack file; empty for a new one.

    Raises:
        SlipwayError: at first use, when the passphrase is missing or does not fit the salt.
    """

    def __init__(self, passphrase: str | Callable[[], str] | None, salt: str = "") -> None:
        self._passphrase = passphrase
        self._salt = salt
        self._cipher: AESGCM | None = None
        self._lock = threading.Lock()
        # An unchanged secret keeps its ciphertext, so that a state file changes only where something changed.
        self._texts: dict[str, str] = {}

    @property
    def salt(self) -> str:
        """The salt's record, made at the first use of a new one; empty while nothing was encrypted."""
        return self._salt

    def use_salt(self, salt: str) -> None:
        """Take over the salt of a state that was read; a key that was derived from another one is dropped."""
        if salt != self._salt:
            self._salt = salt
            self._cipher = None
            self._texts.clear()

    def encrypt(self, text: str) -> str:
        known = self._texts.get(text)
        if known is None:
            known = _seal(self._key(), text)
            self._texts[text] = known
        return known

    def decrypt(self, ciphertext: str) -> str:
        text = _open(self._key(), ciphertext)
        self._texts[text] = ciphertext
        return text

    def _key(self) -> AESGCM:
        with self._lock:
            if self._cipher is None:
                self._cipher = self._derive()
            return self._cipher

    def _derive(self) -> AESGCM:
        phrase = self._passphrase() if callable(self._passphrase) else self._passphrase
        if phrase is None:
            raise SlipwayError(
                "this stack has secrets, and no passphrase was given",
                fix="set PULUMI_CONFIG_PASSPHRASE or PULUMI_CONFIG_PASSPHRASE_FILE",
            )
        if not self._salt:
            salt = os.urandom(8)
            cipher = _cipher(phrase, salt)
            self._salt = f"v1:{base64.b64encode(salt).decode()}:{_seal(cipher, _CHECK)}"
            return cipher
        version, _, rest = self._salt.partition(":")
        salt_text, _, check = rest.partition(":")
        if version != "v1":
            raise SlipwayError(f"the encryption salt has version {version!r}, only 'v1' is known")
        cipher = _cipher(phrase, base64.b64decode(salt_text))
        if _open(cipher, check) != _CHECK:
            raise SlipwayError("the passphrase does not fit this stack")
        return cipher


def _cipher(phrase: str, salt: bytes) -> AESGCM:
    return AESGCM(hashlib.pbkdf2_hmac("sha256", phrase.encode(), salt, _ROUNDS, 32))


def _seal(cipher: AESGCM, text: str) -> str:
    nonce = os.urandom(12)
    sealed = cipher.encrypt(nonce, text.encode(), None)
    return f"v1:{base64.b64encode(nonce).decode()}:{base64.b64encode(sealed).decode()}"


def _open(cipher: AESGCM, ciphertext: str) -> str:
    try:
        version, nonce, sealed = ciphertext.split(":")
        if version != "v1":
            raise SlipwayError(f"a secret has format version {version!r}, only 'v1' is known")
        return cipher.decrypt(base64.b64decode(nonce), base64.b64decode(sealed), None).decode()
    except InvalidTag:
        raise SlipwayError(
            "the passphrase does not fit this stack",
            fix="give the passphrase that its secrets were encrypted with (PULUMI_CONFIG_PASSPHRASE)",
        ) from None
    except (ValueError, binascii.Error):
        raise SlipwayError("a secret in the stack's files is not in Pulumi's format") from None
