"""What both engines promise: their methods, and the shape of what they return."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal, Protocol

from slipway.engine import documents

if TYPE_CHECKING:
    from slipway.engine.interruption import Answers, Interruption
    from slipway.engine.plan import Plan
    from slipway.engine.surroundings import Surroundings

Op = Literal["same", "create", "update", "replace", "delete", "read", "refresh", "import"]
ChangeKind = Literal["add", "delete", "update"]
Severity = Literal["info", "warning", "error"]
Choice = Literal["auto", "pulumi", "embedded"]
"""Which engine a command is to take; `slipway.engine.choice` says what `auto` is."""

RESULT_VERSION: Final = 1
"""Of `Result.to_json`; a higher one may have keys that this code cannot do justice to."""

GONE: Final = "it is gone"
CHANGED: Final = "it was changed"
"""Notes of what a refresh finds in the cloud: nothing is done to it, whatever the step is called."""
KEPT: Final = "kept in the cloud (retain_on_delete)"
"""Note of a deletion that only the state sees."""

QUIET: frozenset[str] = frozenset({"same", "read", "refresh"})
"""Operations that change nothing; Pulumi's own list for ``--expect-no-changes``."""


@dataclass(frozen=True)
class PropertyChange:
    """One property that differs.

    Attributes:
        path: Pulumi's property path, ``tags.team`` or ``rules[0].port``; a JSON document inside a string goes
            on after ``#``: ``policy#Statement[0].Action``.
        old: the value before, masked for display; None for an addition.
        new: the value after, masked for display; None for a deletion.
        forces_replace: whether this property makes the resource be replaced.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    path: str
    kind: ChangeKind
    old: Any = None
    new: Any = None
    forces_replace: bool = False


@dataclass(frozen=True)
class Step:
    """What happens, or happened, to one resource.

    Attributes:
        old: the inputs that it had, as JSON with the secrets as keyed fingerprints (or masked, where the
            engine was not told their values); None where it was not there, and where nothing changes.
        new: the inputs that it gets, likewise; None where it goes, and where nothing changes.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    op: Op
    urn: str
    type: str
    name: str
    diff: tuple[PropertyChange, ...] = ()
    note: str = ""
    parent: str = ""
    old: Mapping[str, Any] | None = None
    new: Mapping[str, Any] | None = None

    @property
    def quiet(self) -> bool:
        """Whether it changes nothing, not even what only the state knows, such as the protection."""
        return self.op in QUIET and not self.diff


@dataclass(frozen=True)
class Diagnostic:
    """A message for the person who ran the command; `urn` is empty where it concerns the whole run."""

    __pydantic_config__: ClassVar = documents.STRICT

    severity: Severity
    message: str
    urn: str = ""


@dataclass(frozen=True)
class Result:
    """One run. Secrets in `outputs` and in diffs are masked already.

    Attributes:
        secrets_key: names the key of the fingerprints in the steps' values; those of two results can be
            compared only where it is the same. Empty where there are none.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    operation: str
    project: str
    stack: str
    engine: str
    steps: tuple[Step, ...] = ()
    outputs: Mapping[str, Any] = field(default_factory=dict[str, Any])
    diagnostics: tuple[Diagnostic, ...] = ()
    ok: bool = True
    cancelled: bool = False
    seconds: float = 0.0
    secrets_key: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """How many steps of each operation, in a fixed order."""
        seen = Counter(step.op for step in self.steps)
        order: tuple[Op, ...] = (
            "create",
            "import",
            "update",
            "replace",
            "delete",
            "refresh",
            "read",
            "same",
        )
        return {op: seen[op] for op in order if seen[op]}

    @property
    def changed(self) -> bool:
        """Whether anything differs or was changed."""
        return any(not step.quiet for step in self.steps)

    @property
    def errors(self) -> list[Diagnostic]:
        return [item for item in self.diagnostics if item.severity == "error"]

    def to_json(self) -> dict[str, Any]:
        """A stable form for other programs.

        Keys: ``version``, then ``operation``, ``project``, ``stack``, ``engine``, ``ok``, ``cancelled``,
        ``changed``, ``seconds``, ``counts`` (operation to number), ``steps`` (each ``op``, ``urn``, ``type``,
        ``name``, ``parent``, ``note``, ``old``, ``new`` and ``diff``: each ``path``, ``kind``, ``old``,
        ``new``, ``forces_replace``), ``outputs``, ``diagnostics`` (each ``severity``, ``message``, ``urn``)
        and ``secrets_key``. Secrets are ``[secret]`` or ``[secret FINGERPRINT]``, values that are not known
        yet ``[unknown]``.
        """
        derived = {"changed": self.changed, "counts": self.counts}
        return {"version": RESULT_VERSION, **derived, **documents.dump(self)}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Result:
        """The opposite of `to_json`.

        Raises:
            SlipwayError: another version, a missing or unknown key, or a value of the wrong kind.
        """
        return documents.load(cls, document, RESULT_VERSION, derived=("changed", "counts"))


class Progress(Protocol):
    """Told about each step as it starts and ends, from any thread. Must not raise and must be quick."""

    def started(self, op: Op, urn: str) -> None: ...

    def finished(self, step: Step, seconds: float) -> None: ...

    def failed(self, urn: str, reason: str) -> None: ...

    def message(self, text: str) -> None: ...


class Silent:
    """A `Progress` that says nothing."""

    def started(self, op: Op, urn: str) -> None:
        """Nothing to say."""

    def finished(self, step: Step, seconds: float) -> None:
        """Nothing to say."""

    def failed(self, urn: str, reason: str) -> None:
        """Nothing to say."""

    def message(self, text: str) -> None:
        """Nothing to say."""


class Engine(Protocol):
    """One stack of one program. Methods return a `Result`; only unusable input raises `SlipwayError`."""

    name: str

    def preview(self) -> Result:
        """What `up` would do. Writes nothing."""
        ...

    def up(self) -> Result:
        """Make the world as the program says."""
        ...

    def refresh(self) -> Result:
        """Make the state as the world is."""
        ...

    def drift(self) -> Result:
        """What `refresh` would find, on inputs alone. Writes nothing."""
        ...

    def destroy(self) -> Result:
        """Delete everything in the state. Does not run the program."""
        ...

    def outputs(self) -> Mapping[str, Any]:
        """The stack's outputs, secrets masked."""
        ...

    def plan(
        self,
        *,
        destroy: bool = False,
        targets: Sequence[str] = (),
        imports: str = "",
        key: bytes | None = None,
    ) -> Plan:
        """What `up`, or `destroy`, would do, in a form to be applied later. Writes nothing.

        Args:
            targets: URNs, or patterns of some, of all that is planned for; all there is if empty.
            imports: the text of a file of `pulumi import`: what it names is to come into the state, and
                nothing else is to happen.
            key: for the fingerprints of secrets, to compare this plan with another one; a new one if None.

        Raises:
            EngineError: this engine plans nothing but a whole stack.
        """
        ...

    def apply(self, plan: Plan) -> Result:
        """Do what a plan says and nothing else.

        Raises:
            PlanRefused: the state was changed since, or the program now asks for something else. Nothing
                was changed.
        """
        ...

    def interrupted(self, answers: Answers | None = None, *, look: bool = True) -> Interruption:
        """What a killed run left behind; false where that is nothing. Writes nothing.

        Args:
            answers: what only a person can know of it.
            look: whether to look up what was being made; without that, nobody can tell.
        """
        ...

    def recover(self, interruption: Interruption) -> Result:
        """Clear up what a killed run left behind, as it was shown.

        Raises:
            SlipwayError: something of it is not decided. Nothing was changed.
        """
        ...

    def export(self) -> dict[str, Any]:
        """The state as Pulumi's deployment document, secrets encrypted."""
        ...

    def amend(self, found: Mapping[str, Mapping[str, Any]], gone: Collection[str] = ()) -> None:
        """Write into the state what a provider does not read back, as a refresh would.

        Args:
            found: by URN the properties as the world has them; None for those that are not there.
            gone: URNs of what is not there any more.
        """
        ...

    def state_digest(self, key: bytes) -> str:
        """Of what the state says, however its secrets are encrypted. It tells nothing without the key."""
        ...

    def surroundings(self, key: bytes, upstreams: Collection[str] = ()) -> Surroundings:
        """What a run depends on beside program, state and world. Asks no provider.

        Args:
            key: of the digests.
            upstreams: the stacks whose outputs count, as the program names them; those that are not there
                are left out.
        """
        ...
