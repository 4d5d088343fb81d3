"""What of a stack a plan is for: all of it, some of its resources, or what a file names for an import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import typer

from slipway.errors import SlipwayError
from slipway.stacks.target import Target

_FORM: Final = "https://www.pulumi.com/docs/iac/guides/migration/import/#bulk-import-operations"


@dataclass(frozen=True, kw_only=True)
class Part:
    """As `Engine.plan` takes it."""

    destroy: bool = False
    targets: tuple[str, ...] = ()
    imports: str = ""


def part_of(stacks: Sequence[str], targets: Sequence[str], imports: Path | None, *, destroy: bool) -> Part:
    """Check the options of a plan against each other, and read the file of an import.

    Raises:
        BadParameter: options that do not go together.
        SlipwayError: the file names no resources.
    """
    if len(stacks) > 1 and (targets or imports):
        raise typer.BadParameter("it is for one stack", param_hint="--target" if targets else "--import")
    if imports and (targets or destroy):
        other = "--target" if targets else "--destroy"
        raise typer.BadParameter(f"it does not go with {other}", param_hint="--import")
    return Part(destroy=destroy, targets=tuple(targets), imports=_read(imports) if imports else "")


def require_targets_of(target: Target, urns: Sequence[str]) -> None:
    """Refuse a target that is no URN of the stack; `*` may stand for any part of one after the project.

    Raises:
        SlipwayError: with what it has to begin with.
    """
    begins = f"urn:pulumi:{target.stack}::{target.project}::"
    for urn in urns:
        if not urn.startswith(begins) or urn == begins:
            raise SlipwayError(
                f"the target {urn!r} is no resource of this stack",
                where=target.name,
                fix=f"give a URN, {begins}<type>::<name>: `slipway preview {target.stack} --json` has them",
            )


def _read(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8")
        document: Any = json.loads(text)
    except (ValueError, OSError) as error:
        raise SlipwayError(f"this is no JSON: {error}", where=str(file), fix=f"see {_FORM}") from None
    listed: Any = cast("dict[str, Any]", document).get("resources") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not listed:
        raise SlipwayError("it names no resources to import", where=str(file), fix=f"see {_FORM}")
    return text
