"""Points a stack file at what was made, and leaves every other byte of it as it was."""

import base64
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML, YAMLError

from slipway.errors import SlipwayError

_PLATFORM = "slipway:platform"


@dataclass(frozen=True, kw_only=True)
class Pointers:
    """What a stack file says of its state, as far as it says anything."""

    secrets_provider: str | None
    encrypted_key: str | None
    state_key: str | None
    adopts_provider: bool


class StackFile:
    """`Pulumi.<stack>.yaml`."""

    def __init__(self, root: Path, stack: str) -> None:
        self.path = root / f"Pulumi.{stack}.yaml"
        self._yaml = YAML()
        self._yaml.preserve_quotes = True  # pyright: ignore[reportAttributeAccessIssue]
        self._yaml.width = 4096  # pyright: ignore[reportAttributeAccessIssue]
        self._yaml.indent(mapping=2, sequence=4, offset=2)  # pyright: ignore[reportUnknownMemberType]

    def read(self) -> Pointers:
        """What the file points at.

        Raises:
            SlipwayError: it is missing, no YAML or without its platform block.
        """
        document, platform = self._load()
        return Pointers(
            secrets_provider=document.get("secretsprovider"),
            encrypted_key=document.get("encryptedkey"),
            state_key=platform.get("state_key"),
            adopts_provider=platform.get("adopt_oidc_provider") is True,
        )

    def require_free(self, secrets_provider: str) -> None:
        """Check that the stack's secrets are not sealed otherwise already.

        Raises:
            SlipwayError: they are; only Pulumi itself can seal them anew.
        """
        document, _ = self._load()
        present = document.get("secretsprovider")
        if present not in (None, secrets_provider) or document.get("encryptionsalt"):
            raise SlipwayError(
                f"the stack's secrets are sealed by {present or 'a passphrase'} already",
                where=str(self.path),
                fix=f"pulumi stack change-secrets-provider '{secrets_provider}'",
            )

    def point(
        self, *, secrets_provider: str, sealed_key: bytes | None, state_key: str, adopt_provider: bool
    ) -> bool:
        """Write the pointers that are missing, all at once or not at all; whether any was.

        Args:
            secrets_provider: Pulumi's address of the state key.
            sealed_key: the stack's secrets key, sealed; None keeps the one that is there.
            state_key: the state key's ARN.
            adopt_provider: say that the account's GitHub provider is somebody else's.
        """
        document, platform = self._load()
        before = self.path.read_text(encoding="utf-8")
        if sealed_key is not None:
            _set(document, 0, "encryptedkey", base64.b64encode(sealed_key).decode())
        _set(document, 0, "secretsprovider", secrets_provider)
        _set(platform, len(platform), "state_key", state_key)
        if adopt_provider:
            _set(platform, len(platform), "adopt_oidc_provider", True)
        text = io.StringIO()
        self._yaml.dump(document, text)  # pyright: ignore[reportUnknownMemberType]
        if text.getvalue() == before:
            return False
        _replace(self.path, text.getvalue())
        return True

    def _load(self) -> tuple[Any, Any]:
        try:
            document: Any = self._yaml.load(self.path.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
            platform: Any = document["config"][_PLATFORM]
        except OSError as error:
            raise SlipwayError(f"the stack file cannot be read: {error}", where=str(self.path)) from error
        except YAMLError as error:
            raise SlipwayError(f"the stack file is not valid YAML: {error}", where=str(self.path)) from error
        except (KeyError, TypeError) as error:
            raise SlipwayError(f"the stack file has no {_PLATFORM}", where=str(self.path)) from error
        return document, platform


def _set(block: Any, position: int, key: str, value: object) -> None:
    if key in block:
        block[key] = value
    else:
        block.insert(position, key, value)


def _replace(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(path.stat().st_mode)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
