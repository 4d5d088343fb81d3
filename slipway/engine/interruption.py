"""What a killed run leaves behind, and what becomes of it: locks, and creations nobody saw the end of.

Pulumi writes down each creation before it asks the provider for it (``pending_operations``). Where nothing
follows, the object may be there or not. It is looked up by the name that the program gives it, taken into the
state where it is ours, and named where it is not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

from slipway.engine import urn as urns
from slipway.engine.changes import guard_secrets
from slipway.engine.interface import Diagnostic, Op, Result, Step
from slipway.engine.locks import HeldLock
from slipway.engine.ownership import somebody_elses, stack_tags
from slipway.engine.plugins import Plugin, Plugins, ResourceRefused
from slipway.engine.state import INIT_ERRORS, Properties, ResourceState, decode, encode, in_order
from slipway.engine.values import SECRET_SIG, SIG_KEY
from slipway.errors import SlipwayError

_INTERRUPTED: Final = "its creation was interrupted"
_CREATING: Final = "creating"
_PENDING_ADVICE: Final = "Once you have confirmed the status of the interrupted operations"
"""Source: `printPendingOperationsWarning` in pkg/resource/deploy/deployment_executor.go (v3.260)."""


@dataclass(frozen=True)
class Answers:
    """What only a person can know.

    Attributes:
        over: names of locks whose holders are over.
        ids: by URN, the id of what an interrupted creation made.
        gone: URNs of creations that made nothing.
    """

    over: frozenset[str] = frozenset()
    ids: Mapping[str, str] = field(default_factory=dict[str, str])
    gone: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Finding:
    """What became of one creation that began.

    Attributes:
        asked: what was to be made.
        found: what there is under its name; None where there is nothing, or nobody can tell.
        owner: why that is not ours; empty where it is.
        unknown: why nobody can tell; empty where that is known.
    """

    asked: ResourceState
    found: ResourceState | None = None
    owner: str = ""
    unknown: str = ""

    @property
    def ours(self) -> ResourceState | None:
        """What the state gets, to be brought by the next `up` to what the program asks for."""
        if self.found is None or self.owner:
            return None
        return replace(self.found, rest={**self.found.rest, INIT_ERRORS: [_INTERRUPTED]})


Lookup = Callable[[Sequence[ResourceState], Sequence[ResourceState], Mapping[str, str]], list[Finding]]
"""Looks up what was to be made, with all that the state has (its providers too) and known ids by URN."""


@dataclass(frozen=True)
class Interruption:
    """What a killed run left of one stack."""

    project: str
    stack: str
    engine: str
    locks: tuple[HeldLock, ...] = ()
    findings: tuple[Finding, ...] = ()
    begun: tuple[tuple[str, str], ...] = ()
    """Kind and URN of other operations that nobody saw the end of; the next run does them again."""

    def __bool__(self) -> bool:
        return bool(self.locks or self.findings or self.begun)

    @property
    def undecided(self) -> tuple[Diagnostic, ...]:
        """What keeps it from being cleared up: holders that may be at work, and what nobody can tell."""
        again = f"slipway recover {self.stack}"
        return (
            *(
                Diagnostic(
                    "error",
                    f"{held.lock.holder} holds the stack since {_shown(held)} "
                    + (
                        f"and is at work; wait for it, or end it: kill -INT {held.lock.pid}"
                        if held.at_work
                        else "and is not known to be over; wait for it, or make sure of it and say so: "
                        f"{again} --over {held.lock.name}"
                    ),
                )
                for held in self.locks
                if not held.over
            ),
            *(
                Diagnostic(
                    "error",
                    f"nobody can tell whether it was made: {item.unknown}; look, then say so: "
                    f"{again} --made '{item.asked.urn}=ID', or --not-made '{item.asked.urn}'",
                    item.asked.urn,
                )
                for item in self.findings
                if item.unknown
            ),
        )

    def require_decided(self) -> None:
        """Raises SlipwayError where `undecided` has anything."""
        if self.undecided:
            first = self.undecided[0]
            raise SlipwayError(
                f"what a run on the stack {self.stack!r} left is not decided: {first.message}",
                where=first.urn,
            )

    def require_settled(self) -> None:
        """Refuse to go on over locks and creations of which nobody saw the end.

        Raises:
            SlipwayError: there are some.
        """
        holders = [f"{held.lock.holder} holds it since {_shown(held)}" for held in self.locks]
        names = ", ".join(sorted(item.asked.name for item in self.findings))
        creations = [f"nobody saw the end of the creation of {names}"] if names else []
        if holders or creations:
            raise SlipwayError(
                f"a run on the stack {self.stack!r} has not ended: {'; '.join([*holders, *creations])}",
                fix=f"wait for it where it is at work; else: slipway recover {self.stack}",
            )

    def messages(self, *, done: bool) -> tuple[Diagnostic, ...]:
        """What is going to be done, or has been, as messages of a run that begins with it."""
        taken = (item.ours for item in self.findings)
        verb = "took over" if done else "takes over"
        return (
            *self._told(done=done),
            *(
                Diagnostic("info", f"{verb} {state.id!r}, which the interrupted run had made", state.urn)
                for state in taken
                if state is not None
            ),
        )

    def lines(self) -> list[str]:
        """What is going to be done, a line each."""
        return [
            f"{urns.name_of(item.urn)}: {item.message}" if item.urn else item.message
            for item in self.messages(done=False)
        ]

    def result(self, *, done: bool = False) -> Result:
        """It as a run: of what is going to be done, or of what has been."""
        steps = tuple(_step(item.ours) for item in self.findings if item.ours is not None)
        told = tuple(self._told(done=done))
        undecided = () if done else self.undecided
        return Result(
            "recover" if done else "preview",
            self.project,
            self.stack,
            self.engine,
            steps,
            diagnostics=(*told, *undecided),
            ok=not undecided,
        )

    def _told(self, *, done: bool) -> Iterable[Diagnostic]:
        cleared = "was cleared" if done else "is to be cleared"
        for held in self.locks:
            if held.over:
                yield Diagnostic(
                    "info", f"the lock of {held.lock.holder} since {_shown(held)} {cleared}: {held.over}"
                )
        for item in self.findings:
            if item.owner and item.found is not None:
                yield Diagnostic(
                    "warning",
                    f"{item.found.id!r} is there already and is not ours: {item.owner}; it stays as it is, "
                    "and `up` will fail until it or the program has another name",
                    item.asked.urn,
                )
            elif item.found is None and not item.unknown:
                yield Diagnostic("info", "it had not been made; `up` makes it", item.asked.urn)
        for kind, urn in self.begun:
            yield Diagnostic("info", f"it was interrupted while {kind}; the next run does it again", urn)


def _shown(held: HeldLock) -> str:
    return f"{held.lock.since:%Y-%m-%d %H:%M:%S} UTC"


def _step(state: ResourceState) -> Step:
    op: Op = "import"
    return Step(op, state.urn, state.type, state.name, note=state.id)


# --- looking up ---


def look_up(plugin: Plugin, asked: ResourceState, id_: str = "") -> Finding:
    """Ask a stand-in's provider, which finds what it made by name or stamp.

    Args:
        id_: where a person knows it.
    """
    try:
        id_ = id_ or plugin.find(asked.urn, asked.inputs) or ""
        # With its inputs: an id alone may not say where an object is.
        read = plugin.read(asked.urn, id_, asked.inputs, asked.inputs) if id_ else None
    except (ResourceRefused, SlipwayError) as error:
        return Finding(asked, unknown=str(error))
    if read is None:
        return Finding(asked)
    return found_as(asked, *read, stack_tags(plugin.config))


def found_as(
    asked: ResourceState, id_: str, outputs: Properties, inputs: Properties, marks: Mapping[str, str]
) -> Finding:
    """What there is, with secrets where the creation had some: a service that is read knows of none.

    Args:
        marks: the tags of the stack.
    """
    found = replace(
        asked,
        id=id_,
        inputs=guard_secrets(inputs, asked.inputs, ()) or asked.inputs,
        outputs=guard_secrets(outputs, asked.inputs, asked.additional_secret_outputs),
    )
    return Finding(asked, found, somebody_elses(asked, found, marks))


def by_providers(make: Callable[[], Plugins]) -> Lookup:
    """A lookup by providers in this process, each configured as the state has it.

    Args:
        make: the providers; called when something is looked up.
    """

    def look(
        asked: Sequence[ResourceState], state: Sequence[ResourceState], ids: Mapping[str, str]
    ) -> list[Finding]:
        plugins = make()
        config = {
            urns.provider_reference(item.urn, item.id): item.inputs
            for item in state
            if urns.is_provider(item.type)
        }
        return [
            look_up(
                plugins.get_or_make(item.provider, config.get(item.provider, {})), item, ids.get(item.urn, "")
            )
            for item in asked
        ]

    return look


def unknown(
    asked: Sequence[ResourceState], state: Sequence[ResourceState], ids: Mapping[str, str]
) -> list[Finding]:
    """The lookup of an engine that has none."""
    return [Finding(item, unknown=f"nothing here looks up a {item.type}") for item in asked]


# --- what Pulumi says and writes ---


def advised(message: str, stack: str, *, locks: bool = True) -> str:
    """What Pulumi says, with advice that holds here.

    Its own commands look at the backend of whoever types them, which of a stack on a stand-in is another one,
    and would remove the lock of a run that is at work as well.

    Args:
        locks: whether the backend's locks can be read here.
    """
    head, pending, _ = message.partition(_PENDING_ADVICE)
    if pending:
        return f"{head}`slipway recover {stack}` looks them up and clears that."
    return message.replace("`pulumi cancel`", f"`slipway recover {stack}`") if locks else message


@dataclass(frozen=True)
class Pending:
    """What a state says of interrupted operations."""

    creations: tuple[ResourceState, ...]
    others: tuple[tuple[str, str], ...]
    state: tuple[ResourceState, ...]


def pending_of(deployment: Mapping[str, Any]) -> Pending:
    """The pending operations of a deployment document whose secrets are readable."""
    operations = cast(list[dict[str, Any]], deployment.get("pending_operations") or [])
    records = cast(list[dict[str, Any]], deployment.get("resources") or [])
    creations = {
        item["resource"]["urn"]: decode(item["resource"], str)
        for item in operations
        if item["type"] == _CREATING
    }
    return Pending(
        tuple(creations.values()),
        tuple((item["type"], item["resource"]["urn"]) for item in operations if item["type"] != _CREATING),
        tuple(decode(item, str) for item in records),
    )


def look_for(pending: Pending, lookup: Lookup, answers: Answers) -> tuple[Finding, ...]:
    """What became of each creation. What the state has under the same id already, no creation has made.

    Raises:
        SlipwayError: an answer is about none of them.
    """
    _require_known(
        {item.urn for item in pending.creations}, {*answers.ids, *answers.gone}, "interrupted creation"
    )
    # Components and providers are in the state and nowhere else.
    outside = [item for item in pending.creations if item.custom and not urns.is_provider(item.type)]
    wanted = [item for item in outside if item.urn not in answers.gone]
    known = {(item.urn, item.id) for item in pending.state}
    findings = {
        item.asked.urn: item for item in (lookup(wanted, pending.state, answers.ids) if wanted else ())
    }
    gone = {urn: Finding(item) for item in pending.creations if (urn := item.urn) not in findings}
    settled = {**findings, **gone}
    return tuple(
        replace(item, found=None, owner="")
        if item.found and (item.asked.urn, item.found.id) in known
        else item
        for item in (settled[creation.urn] for creation in pending.creations)
    )


def locks_of(held: Iterable[HeldLock], answers: Answers) -> tuple[HeldLock, ...]:
    """The locks, with what a person says of them.

    Raises:
        SlipwayError: an answer is about none of them, or about a holder that is at work.
    """
    locks = tuple(held)
    open_ = {item.lock.name for item in locks if not item.at_work}
    _require_known(open_, answers.over, "lock whose holder may be over, called")
    return tuple(
        replace(item, over="as you say") if not item.over and item.lock.name in answers.over else item
        for item in locks
    )


def _require_known(known: Collection[str], answered: Iterable[str], what: str) -> None:
    for name in sorted(set(answered).difference(known)):
        raise SlipwayError(
            f"there is no {what} {name!r}",
            fix=f"there is: {', '.join(sorted(known)) or 'none'}",
        )


def adopted(deployment: Mapping[str, Any], findings: Iterable[Finding]) -> dict[str, Any]:
    """A deployment whose secrets are sealed, with what is ours among its resources and nothing pending.

    What it replaces is still to be deleted, and stays with that mark.
    """
    ours = {state.urn: state for item in findings if (state := item.ours) is not None}
    records = cast(list[dict[str, Any]], deployment.get("resources") or [])
    kept = [
        {**item, "delete": True} if item["urn"] in ours and not item.get("delete") else item
        for item in records
    ]
    everything = [*kept, *(_readable(encode(state, str)) for state in ours.values())]
    by_state = [(decode(item, json.dumps), item) for item in everything]
    raw = {id(state): item for state, item in by_state}
    resources = [raw[id(state)] for state in in_order(state for state, _ in by_state)]
    return {**{k: v for k, v in deployment.items() if k != "pending_operations"}, "resources": resources}


def _readable(value: Any) -> Any:
    """Secrets that are not encrypted in the form that Pulumi takes for that, and seals."""
    if isinstance(value, list):
        return [_readable(item) for item in cast(list[Any], value)]
    if not isinstance(value, dict):
        return value
    fields = cast(dict[str, Any], value)
    if fields.get(SIG_KEY) == SECRET_SIG and "ciphertext" in fields:
        return {SIG_KEY: SECRET_SIG, "plaintext": fields["ciphertext"]}
    return {key: _readable(item) for key, item in fields.items()}
