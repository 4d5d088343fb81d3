"""The summary of one stack's plan: all that a reviewer needs to know, and no secret.

It is what the pull request's comment, the gate and the checks read. Secrets are masks or keyed fingerprints
whose key it does not hold, so that it may lie where the plan itself may not. `slipway.stacks.summaries` makes
one of what an engine returned.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, ClassVar, Final, Literal

from slipway.engine import documents
from slipway.engine.interface import ChangeKind, Op, Severity
from slipway.engine.plan import Operation
from slipway.errors import SlipwayError

SUMMARY_VERSION: Final = 1
"""A higher one may have keys that this code cannot do justice to."""

BY_GRAVITY: Final[tuple[Op, ...]] = (
    "delete",
    "replace",
    "update",
    "import",
    "create",
    "refresh",
    "read",
    "same",
)
RiskKind = Literal[
    "data-deleted",
    "data-replaced",
    "protection-removed",
    "network-opened",
    "access-widened",
    "provider-changed",
    "deleted-with",
]
"""What somebody should look at first, the gravest first; `slipway.stacks.risks` finds them."""


@dataclass(frozen=True)
class Property:
    """One property that changes, or that a new resource is given.

    Attributes:
        path: Pulumi's property path; of a list that is compared as a set, the path of the list itself.
        old: the value before as JSON, shortened where it is long; None for an addition.
        new: the value after, likewise; None for a deletion.
        forces_replace: whether this property makes the resource be replaced.
        secret: whether the value is one, and `old` and `new` stand for it.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    path: str
    kind: ChangeKind
    old: str | None = None
    new: str | None = None
    forces_replace: bool = False
    secret: bool = False


@dataclass(frozen=True)
class Step:
    """What happens to one resource that does not stay as it is.

    Attributes:
        parent: its parent's URN; empty where the engine did not tell.
        note: what the engine says of it, such as that it may be replaced.
        properties: what changes, or, of a new resource, what it is given.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    op: Op
    urn: str
    type: str
    name: str
    parent: str = ""
    note: str = ""
    properties: tuple[Property, ...] = ()

    @property
    def replace_reasons(self) -> tuple[str, ...]:
        """Paths of the properties that make it be replaced."""
        return tuple(each.path for each in self.properties if each.forces_replace)


@dataclass(frozen=True)
class Message:
    """A warning or an error of the engine; `urn` is empty where it concerns the whole run."""

    __pydantic_config__: ClassVar = documents.STRICT

    severity: Severity
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Risk:
    """Something to look at first; `urn` is empty where no single resource is meant."""

    __pydantic_config__: ClassVar = documents.STRICT

    kind: RiskKind
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Access:
    """What somebody newly can do in a role, or can do no longer: a row of a difference of access matrices.

    Attributes:
        allowed: whether it is new; else it ends.
        who: the repository, runner class or outsider.
        environment: the GitHub environment of the job; empty where it has none.
        refs: branches, tags or pull requests that it may come from.
        role: ARN of the role.
        what: what can be done there, `assume it` first.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    allowed: bool
    who: str
    environment: str
    refs: tuple[str, ...]
    role: str
    what: tuple[str, ...]


@dataclass(frozen=True)
class Finding:
    """What a check says of the plan; a mandatory one holds the merge."""

    __pydantic_config__: ClassVar = documents.STRICT

    check: str
    level: Literal["advisory", "mandatory"]
    text: str
    urn: str = ""


@dataclass(frozen=True)
class Summary:
    """One stack's plan without its secrets.

    Attributes:
        engine: which one made it: `pulumi`, `embedded` or `offline`.
        run: address of the CI run that made it; empty where a person did.
        commit: what was planned, as a full hash; empty where that was no commit.
        created: when, in UTC, `2026-11-29T20:15:00Z`; approvals before that are of something else.
        ok: whether the preview succeeded. Where it did not, the steps are those seen until then.
        steps: what does not stay as it is, in the engine's order.
        unchanged: how many resources stay as they are.
        risks: the gravest first.
        secrets_key: names the key of the fingerprints; those of two summaries compare only where it is the
            same.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    project: str
    stack: str
    operation: Operation
    engine: str
    run: str = ""
    commit: str = ""
    created: str = ""
    ok: bool = True
    steps: tuple[Step, ...] = ()
    unchanged: int = 0
    messages: tuple[Message, ...] = ()
    risks: tuple[Risk, ...] = ()
    access: tuple[Access, ...] = ()
    findings: tuple[Finding, ...] = ()
    secrets_key: str = ""

    @property
    def name(self) -> str:
        """`project/stack`."""
        return f"{self.project}/{self.stack}"

    @property
    def changed(self) -> bool:
        """Whether anything does not stay as it is."""
        return bool(self.steps)

    @property
    def held_by(self) -> tuple[Finding, ...]:
        """The findings because of which it is neither merged nor applied."""
        return tuple(finding for finding in self.findings if finding.level == "mandatory")

    @property
    def counts(self) -> dict[Op, int]:
        """How many steps of each operation, the gravest first."""
        seen = Counter(step.op for step in self.steps)
        return {op: seen[op] for op in BY_GRAVITY if seen[op]}

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready data: `version`, and `summary` with every attribute under its name."""
        return documents.dump(_Document(SUMMARY_VERSION, self))

    def to_bytes(self) -> bytes:
        """As a JSON text; equal summaries give equal bytes."""
        return (json.dumps(self.to_json(), indent=1, sort_keys=True) + "\n").encode()

    @classmethod
    def from_bytes(cls, text: bytes | str, where: str = "") -> Summary:
        """The opposite of `to_bytes`.

        Args:
            text: what was written.
            where: the file or key, for the error.

        Raises:
            SlipwayError: no JSON, another version, a missing or unknown key, or a value of the wrong kind.
        """
        try:
            return documents.parse_text(_Document, text).summary
        except ValueError as error:
            version = _version_of(text)
            if version is not None and version != SUMMARY_VERSION:
                raise SlipwayError(
                    f"this summary has version {version}, and only {SUMMARY_VERSION} can be read",
                    where=where,
                    fix="read it with the Slipway that wrote it, or make the plan anew",
                ) from None
            raise SlipwayError(
                f"this is no summary of a plan: {error}", where=where, fix="make the plan anew"
            ) from None


@dataclass(frozen=True)
class _Document:
    __pydantic_config__: ClassVar = documents.STRICT

    version: Literal[1]
    summary: Summary


def _version_of(text: bytes | str) -> int | None:
    try:
        version: Any = json.loads(text)["version"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return version if isinstance(version, int) and not isinstance(version, bool) else None
