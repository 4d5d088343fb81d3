"""Serves the toy provider to the Pulumi CLI: ``python -m tests.engine.toy_plugin toy ADDRESS``."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

from pulumi.provider.experimental.server import main

from tests.engine.toy import ToyProvider, World

SLOW_S = 300


class FileWorld(World):
    """A toy world that outlives its process."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        if path.exists():
            self.objects = json.loads(path.read_text())
        self.counter = iter(range(len(self.objects) + 1 + 100 * (os.getpid() % 100000), 10**12))


class Saving(ToyProvider):
    world: FileWorld

    def _save(self) -> None:
        self.world.path.write_text(json.dumps(self.world.objects))

    async def create(self, request: Any) -> Any:
        response = await super().create(request)
        self._save()
        if not request.preview and request.urn.endswith("::slow"):
            await asyncio.sleep(SLOW_S)  # the object is there, and the engine is not told
        return response

    async def update(self, request: Any) -> Any:
        response = await super().update(request)
        self._save()
        return response

    async def delete(self, request: Any) -> None:
        await super().delete(request)
        self._save()


if __name__ == "__main__":
    sys.argv.pop(1)
    main(sys.argv[1:], "1.0.0", Saving(FileWorld(Path(os.environ["TOY_WORLD"]))))
