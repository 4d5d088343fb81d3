"""What seals a plan's data key: AWS KMS, whose policy says who may open it, or a key file of this machine.

A plan is encrypted with a key of its own, which lies beside it, sealed together with what the plan is of: it
opens for that alone (AWS KMS Developer Guide, "Encryption context").
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from slipway.aws import AWS_ERRORS, AwsError, AwsSession, error_code
from slipway.engine.plan import PlanRefused
from slipway.errors import SlipwayError

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""NIST SP 800-38D, 8.2: 96 bits. A data key seals one plan, and a file's key fewer than 2^32."""

Context = Mapping[str, str]


class Keys(Protocol):
    """Makes data keys, and opens them again."""

    def make(self, context: Context) -> tuple[bytes, bytes]:
        """A new data key: in the clear, and sealed with the context."""
        ...

    def open(self, sealed: bytes, context: Context) -> bytes:
        """The data key in the clear.

        Raises:
            PlanRefused: it was sealed with another context or another key, or was changed.
        """
        ...


@dataclass(frozen=True)
class KmsKeys:
    """Data keys of one KMS key, by its ARN or its alias's.

    Making one takes `kms:GenerateDataKey` and opening it `kms:Decrypt`: nobody needs both.
    """

    session: AwsSession
    key: str

    def make(self, context: Context) -> tuple[bytes, bytes]:
        """See `Keys`."""
        try:
            answer: dict[str, Any] = self.session.client("kms").generate_data_key(
                KeyId=self.key, KeySpec="AES_256", EncryptionContext=dict(context)
            )
        except AWS_ERRORS as error:
            raise self._error("a plan cannot be sealed", error, "kms:GenerateDataKey") from error
        return answer["Plaintext"], answer["CiphertextBlob"]

    def open(self, sealed: bytes, context: Context) -> bytes:
        """See `Keys`."""
        try:
            answer: dict[str, Any] = self.session.client("kms").decrypt(
                KeyId=self.key, CiphertextBlob=sealed, EncryptionContext=dict(context)
            )
        except AWS_ERRORS as error:
            if error_code(error) in _OF_ANOTHER:
                raise _refused(self.key) from None
            raise self._error("a plan cannot be opened", error, "kms:Decrypt") from error
        return answer["Plaintext"]

    def _error(self, what: str, error: Exception, action: str) -> AwsError:
        # KMS says "access denied" as well where a changed ciphertext names a key that there is not.
        fix = f"it takes {action} with the plan's own context, and the plan as it was sealed"
        return AwsError(what, error, where=self.key, fix=fix)


_OF_ANOTHER: Final = frozenset({"InvalidCiphertextException", "IncorrectKeyException"})
"""AWS KMS API Reference, Decrypt: the ciphertext, its context or its key is another."""


@dataclass(frozen=True)
class FileKeys:
    """Data keys sealed by a file of 32 random bytes, which is made where it is not there.

    For a store in a folder: whoever can read the file can make plans and open them.
    """

    path: Path

    def make(self, context: Context) -> tuple[bytes, bytes]:
        """See `Keys`."""
        key, nonce = secrets.token_bytes(KEY_BYTES), secrets.token_bytes(NONCE_BYTES)
        return key, nonce + AESGCM(self._key()).encrypt(nonce, key, _told(context))

    def open(self, sealed: bytes, context: Context) -> bytes:
        """See `Keys`."""
        nonce, text = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
        try:
            return AESGCM(self._key()).decrypt(nonce, text, _told(context))
        except (InvalidTag, ValueError):
            raise _refused(str(self.path)) from None

    def _key(self) -> bytes:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = self.path.with_name(f"{self.path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        if not self.path.exists():
            try:
                with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                    file.write(secrets.token_bytes(KEY_BYTES))
                # Of several who make it at once the first one's is everybody's, and nobody reads half of it.
                os.link(new, self.path)
            except FileExistsError:
                pass
            finally:
                new.unlink(missing_ok=True)
        key = self.path.read_bytes()
        if len(key) != KEY_BYTES or self.path.stat().st_mode & 0o077:
            raise SlipwayError(
                f"this is no key file: {KEY_BYTES} bytes that only their owner can read",
                where=str(self.path),
                fix=f"rm {self.path}, and make the plans anew",
            )
        return key


def _told(context: Context) -> bytes:
    """A context as one text, in which no two look alike."""
    return b"".join(
        len(text.encode()).to_bytes(4, "big") + text.encode()
        for item in sorted(context.items())
        for text in item
    )


def _refused(where: str) -> PlanRefused:
    return PlanRefused(
        "this plan was sealed for something else, with another key, or was changed", where=where
    )
