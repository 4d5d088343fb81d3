"""Stack references: what another stack on the same stand-in puts out, read from its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from slipway.engine.fence import referred
from slipway.engine.plugins import ResourceRefused
from slipway.engine.secrets import Crypter
from slipway.engine.state import Properties
from slipway.engine.store import Store
from slipway.engine.urn import ROOT_TYPE
from slipway.engine.values import Secret, contains
from slipway.errors import SlipwayError


@dataclass(frozen=True)
class References:
    """The stacks that a program may refer to.

    Args:
        project: the program's own.
        state_dir: of its stacks.
        other_states: of another project, the folder of its states; None where there is no other one.
        passphrase: of all their secrets.
    """

    project: str
    state_dir: Path
    other_states: Callable[[str], Path] | None
    passphrase: str | Callable[[], str] | None

    def outputs(self, name: str) -> Properties:
        """The properties of a ``pulumi:pulumi:StackReference``, as Pulumi's builtin provider has them.

        Source: `readStackReference` in pkg/resource/deploy/builtins.go (v3.260).

        Raises:
            ResourceRefused: there is no such stack, or its name or its state cannot be read.
        """
        try:
            return self._outputs(name)
        except SlipwayError as error:
            raise ResourceRefused(str(error)) from None

    def find(self, name: str) -> Properties | None:
        """The outputs of a stack; None where it cannot be read."""
        try:
            found = self._outputs(name)["outputs"]
        except (SlipwayError, ResourceRefused):
            return None
        return cast(Properties, found)

    def _outputs(self, name: str) -> Properties:
        project, stack = referred(name, self.project)
        folder = self.state_dir
        if project != self.project:
            if self.other_states is None:
                raise ResourceRefused(
                    f"there is no stack {name!r}: {self.project!r} is the only project here"
                )
            folder = self.other_states(project)
        store = Store(folder, stack, Crypter(self.passphrase))
        if not store.exists:
            raise ResourceRefused(f"there is no stack {name!r}; bring it up first")
        live = store.load()[0].live.values()
        root = next((state for state in live if state.type == ROOT_TYPE), None)
        outputs = root.outputs if root else {}
        secret = sorted(key for key, item in outputs.items() if contains(item, Secret))
        return {"name": name, "outputs": outputs, "secretOutputNames": secret}
