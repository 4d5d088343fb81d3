"""Reads ``Pulumi.yaml`` and ``Pulumi.<stack>.yaml``, in the form in which a program sees their values."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from slipway.engine.provider_resources import Config
from slipway.engine.secrets import Crypter
from slipway.engine.values import UNKNOWN_TEXT
from slipway.errors import SlipwayError
from slipway.platform.documents import read

_STACK_KEYS = ("config", "encryptionsalt", "encryptedkey", "secretsprovider", "environment")
"""What Pulumi reads of a stack file (https://www.pulumi.com/docs/iac/concepts/projects/stack-settings-file/);
it ignores anything else."""


@dataclass(frozen=True)
class ProjectFile:
    """A project folder: its name, and its file as it is."""

    root: Path
    name: str
    document: dict[str, Any]


@dataclass(frozen=True)
class StackFile:
    """A stack file: the salt of its secrets, and its configuration as it is written there."""

    path: Path
    salt: str
    config: dict[str, Any]
    secrets_provider: str = ""


def load_project(root: Path) -> ProjectFile:
    """Read a folder's ``Pulumi.yaml``.

    Raises:
        SlipwayError: it is missing, no YAML, or has no name.
    """
    path = root / "Pulumi.yaml"
    if not path.is_file():
        raise SlipwayError("there is no Pulumi project here", where=str(path))
    document = dict(read(path).values)
    name = document.get("name")
    if not isinstance(name, str):
        raise SlipwayError("the project has no name", where=str(path), fix="add `name: <project>`")
    return ProjectFile(root, name, document)


def stacks(root: Path) -> list[str]:
    """The stacks that a folder has files for, sorted."""
    names = (path.name.removeprefix("Pulumi.").removesuffix(".yaml") for path in root.glob("Pulumi.*.yaml"))
    return sorted(name for name in names if name)


def stack_file(root: Path, stack: str) -> Path:
    """The path of a stack's file, whether or not there is one."""
    return root / f"Pulumi.{stack}.yaml"


def load_stack(root: Path, stack: str) -> StackFile:
    """Read ``Pulumi.<stack>.yaml``.

    Raises:
        SlipwayError: there is none (the nearest name is suggested), or it is no YAML, or it has
            a key that Pulumi would ignore.
    """
    path = stack_file(root, stack)
    known = stacks(root)
    if stack not in known:
        near = difflib.get_close_matches(stack, known, 1)
        raise SlipwayError(
            f"there is no stack {stack!r}",
            where=str(path),
            fix=f"did you mean {near[0]!r}?" if near else f"the stacks are: {', '.join(known) or 'none'}",
        )
    document = dict(read(path).values)
    for key in document:
        if key not in _STACK_KEYS:
            near = difflib.get_close_matches(key, _STACK_KEYS, 1)
            meant = f"did you mean {near[0]!r}?" if near else f"the keys are: {', '.join(_STACK_KEYS)}"
            raise SlipwayError(f"unknown key {key!r}", where=str(path), fix=meant)
    config: Any = document.get("config") or {}
    if not isinstance(config, dict):
        raise SlipwayError("`config` must be a map of keys to values", where=str(path))
    return StackFile(
        path,
        str(document.get("encryptionsalt") or ""),
        cast(dict[str, Any], config),
        str(document.get("secretsprovider") or ""),
    )


def stack_config(
    project: ProjectFile, stack: StackFile, crypter: Crypter | None, extra: Mapping[str, str] | None = None
) -> Config:
    """The configuration as a program gets it from Pulumi: ``namespace:key`` to text, structures as JSON.

    Args:
        crypter: decrypts ``secure:`` values; None leaves every secret unknown, as an offline preview must.
        extra: values on top, ``namespace:key`` to text: what a command knows and no file does.

    Raises:
        SlipwayError: a secret cannot be decrypted.
    """
    values: dict[str, str] = {}
    secret_keys: set[str] = set()
    for key, value in {**_defaults(project), **stack.config}.items():
        full = key if ":" in key else f"{project.name}:{key}"
        plain, is_secret = _decrypt(value, crypter)
        values[full] = plain if isinstance(plain, str) else _as_json(plain)
        if is_secret:
            secret_keys.add(full)
    values.update(extra or {})
    return Config(values, frozenset(secret_keys))


def _defaults(project: ProjectFile) -> dict[str, Any]:
    """Values that ``Pulumi.yaml`` gives to every stack: `value`, or a typed key's `default`."""
    found: dict[str, Any] = {}
    for key, entry in cast(dict[str, Any], project.document.get("config") or {}).items():
        if not isinstance(entry, dict):
            found[key] = entry
        elif "value" in entry or "default" in entry:
            typed = cast(dict[str, Any], entry)
            found[key] = typed.get("value", typed.get("default"))
    return found


def _decrypt(value: Any, crypter: Crypter | None) -> tuple[Any, bool]:
    if isinstance(value, dict):
        fields = cast(dict[str, Any], value)
        if set(fields) == {"secure"} and isinstance(fields["secure"], str):
            return (crypter.decrypt(fields["secure"]) if crypter else UNKNOWN_TEXT), True
        items = {str(key): _decrypt(item, crypter) for key, item in fields.items()}
        return {key: item for key, (item, _) in items.items()}, any(flag for _, flag in items.values())
    if isinstance(value, list):
        pairs = [_decrypt(item, crypter) for item in cast(list[Any], value)]
        return [item for item, _ in pairs], any(flag for _, flag in pairs)
    return value, False


def _as_json(value: Any) -> str:
    return "" if value is None else json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
