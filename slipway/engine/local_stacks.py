"""What is known of a stack that runs on a stand-in: the engine that owns its state, and the world it is of.

A file for each stack, so that several can be worked on at once.
"""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Final, Literal

from slipway.engine.fence import Home, require_name
from slipway.errors import SlipwayError

EngineName = Literal["pulumi", "embedded"]
_NAMES: Final[dict[str, EngineName]] = {"pulumi": "pulumi", "embedded": "embedded"}


@dataclass(frozen=True)
class Record:
    """What is known of one stack.

    Attributes:
        engine: which one made its state.
        cloud: the id of the stand-in that the state describes; empty before the first `up`.
        drifted: whether something was found that the next `up` has to take in first.
    """

    engine: EngineName
    cloud: str = ""
    drifted: bool = False


class LocalStacks:
    """The records of a project's stacks in one home."""

    def __init__(self, home: Home, project: str) -> None:
        self._home = home
        self._project = project
        self._folder = home.folder / "stacks" / project
        self._take_over()

    def names(self, prefix: str = "") -> list[str]:
        """The stacks that exist, or begin to, with this prefix; sorted."""
        found = {path.stem for path in self._folder.glob("*.json")}
        return sorted(name for name in found if name.startswith(prefix))

    def find(self, stack: str) -> Record | None:
        """What is known of a stack; None where there is no such one.

        Raises:
            SlipwayError: the record cannot be read.
        """
        path = self._path(stack)
        try:
            record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            return Record(_NAMES[record["engine"]], str(record["cloud"]), bool(record["drifted"]))
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            raise SlipwayError(
                "what is known of the stack cannot be read", where=str(path), fix=f"remove it: rm {path}"
            ) from None

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """What a stack's state has, as records of Pulumi's deployment format; whichever engine made it.

        Nothing is decrypted, and what an interrupted run left in its journal is not seen. Empty where there
        is no state yet.

        Raises:
            SlipwayError: the state cannot be read.
        """
        name = require_name(stack)
        file = self._home.states(self._project) / f"{name}.json"
        if (record := self.find(name)) is not None and record.engine == "pulumi":
            file = self._home.folder / "pulumi" / "backend" / ".pulumi" / "stacks" / self._project / file.name
        try:
            document: dict[str, Any] = json.loads(file.read_bytes())
            # The embedded engine writes what `pulumi stack export` prints, the CLI's backend a checkpoint.
            held: dict[str, Any] = document.get("deployment") or document["checkpoint"].get("latest") or {}
            resources: list[dict[str, Any]] = held.get("resources") or []
        except FileNotFoundError:
            return []
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SlipwayError("the state cannot be read", where=str(file)) from None
        return resources

    def put(self, stack: str, record: Record) -> None:
        """Write a record, as a whole or not at all."""
        path = self._path(stack)
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"{path.name}.{os.getpid()}")
        draft.write_text(json.dumps(asdict(record)), encoding="utf-8")
        draft.replace(path)

    def mark_drifted(self, stack: str) -> None:
        """Let the next `up` begin with a refresh."""
        record = self.find(stack)
        if record is not None:
            self.put(stack, replace(record, drifted=True))

    def release(self, stack: str) -> None:
        """After a destroy that left nothing: any engine may begin anew."""
        self._path(stack).unlink(missing_ok=True)

    def forget_gone(self, cloud: str) -> list[str]:
        """Forget every stack that is of another world than `cloud`, state and all; their names.

        That world was in memory, and nothing of it can be read again.
        """
        gone = [
            name for name in self.names() if (record := self.find(name)) and record.cloud not in ("", cloud)
        ]
        for name in gone:
            self.forget(name)
        return gone

    def forget(self, stack: str) -> None:
        """Remove the state of a stack, whichever engine made it, and its record."""
        states, folder = self._home.states(self._project), self._home.pulumi(self._project)
        for suffix in ("json", "json.bak", "journal"):
            (states / f"{stack}.{suffix}").unlink(missing_ok=True)
        (folder / f"Pulumi.{stack}.yaml").unlink(missing_ok=True)
        backend = self._home.folder / "pulumi" / "backend" / ".pulumi"
        for kind in ("stacks", "history", "backups", "locks/organization"):
            place = backend / kind / self._project
            shutil.rmtree(place / stack, ignore_errors=True)
            for file in place.glob(f"{stack}.json*"):
                file.unlink(missing_ok=True)
        self.release(stack)
        if not any((self._home.folder / "stacks").glob("*/*.json")):
            for name in ("state", "pulumi", "stacks"):
                shutil.rmtree(self._home.folder / name, ignore_errors=True)

    def _take_over(self) -> None:
        """From how this was kept while `local` was the only one: a file each for engine and world."""
        engine, cloud = self._home.folder / "engine", self._home.folder / "state-of-cloud"
        if self._project != self._home.own or not engine.is_file():
            return
        world = cloud.read_text(encoding="utf-8").split() if cloud.is_file() else []
        name = _NAMES.get(engine.read_text(encoding="utf-8").strip())
        if name is not None and not self._path("local").exists():
            self.put("local", Record(name, world[0] if world else "", "drifted" in world))
        engine.unlink(missing_ok=True)
        cloud.unlink(missing_ok=True)

    def _path(self, stack: str) -> Path:
        return self._folder / f"{require_name(stack)}.json"
