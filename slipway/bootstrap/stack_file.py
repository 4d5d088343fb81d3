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
        self._yaml = _round_trip()

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
        if sealed_key is not None:
            _set(document, 0, "encryptedkey", base64.b64encode(sealed_key).decode())
        _set(document, 0, "secretsprovider", secrets_provider)
        _set(platform, len(platform), "state_key", state_key)
        if adopt_provider:
            _set(platform, len(platform), "adopt_oidc_provider", True)
        return _write(self.path, self._yaml, document)

    def set_fleet_app(self, app_id: int, installation_id: int) -> bool:
        """Write the numbers of its fleet's App, and nothing else; whether they were others.

        Raises:
            SlipwayError: the file is missing, no YAML, or has no fleet.
        """
        document, platform = self._load()
        if "runners" not in platform:
            raise SlipwayError(
                "the stack has no runner fleet", where=str(self.path), fix="give it a block runners"
            )
        _set(platform["runners"], 0, "app_id", app_id)
        _set(platform["runners"], 1, "installation_id", installation_id)
        return _write(self.path, self._yaml, document)

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


def name_app(root: Path, app_id: int) -> bool:
    """Write the id of the platform's App into `Pulumi.yaml`, and nothing else; whether it was another.

    Raises:
        SlipwayError: the file is missing, no YAML, or without the organisation's block.
    """
    path, yaml = root / "Pulumi.yaml", _round_trip()
    try:
        document: Any = yaml.load(path.read_text(encoding="utf-8"))  # pyright: ignore[reportUnknownMemberType]
        github: Any = document["config"]["slipway:organization"]["default"]["github"]
    except OSError as error:
        raise SlipwayError(f"the file cannot be read: {error}", where=str(path)) from error
    except (YAMLError, KeyError, TypeError) as error:
        raise SlipwayError(
            "the file has no slipway:organization with a block `github`",
            where=str(path),
            fix=f"write app_id: {app_id} there",
        ) from error
    _set(github, len(github), "app_id", app_id)
    return _write(path, yaml, document)


def _round_trip() -> YAML:
    yaml = YAML()
    yaml.preserve_quotes = True  # pyright: ignore[reportAttributeAccessIssue]
    yaml.width = 4096  # pyright: ignore[reportAttributeAccessIssue]
    yaml.indent(mapping=2, sequence=4, offset=2)  # pyright: ignore[reportUnknownMemberType]
    return yaml


def _write(path: Path, yaml: YAML, document: Any) -> bool:
    text = io.StringIO()
    yaml.dump(document, text)  # pyright: ignore[reportUnknownMemberType]
    if text.getvalue() == path.read_text(encoding="utf-8"):
        return False
    _replace(path, text.getvalue())
    return True


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
