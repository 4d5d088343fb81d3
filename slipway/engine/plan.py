"""What an engine is going to do, in a form that can be approved, and later held against what it does."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any, ClassVar, Final, Literal, cast

from slipway.engine import documents
from slipway.engine.errors import EngineError
from slipway.engine.interface import Op, Result, Step
from slipway.engine.values import UNKNOWN_MARK
from slipway.errors import SlipwayError

PLAN_VERSION: Final = 1
Operation = Literal["up", "destroy", "import"]
"""`import`: what a file names comes into the state, whatever the program says; nothing else happens."""

# What may be done where something else was planned: less. Source: `ConstrainedTo` in
# pkg/resource/deploy/step.go (Pulumi v3.260).
_LESS: Final[dict[Op, tuple[Op, ...]]] = {"update": ("same",), "replace": ("update", "same")}
_RANDOM: Final = re.compile(r"(?P<stem>.*?)[0-9a-f]{6,8}")
"""A name that a provider made up: Pulumi's bridged providers append 7 digits, kubernetes' 8."""


@dataclass(frozen=True)
class Plan:
    """The steps of one run, and what they depend on. Without `key` and `constraint` it is free of secrets.

    Attributes:
        result: the preview, with the old and new values of each step.
        state: `state_digest` of the state that the steps start from, under `key`.
        options: a digest, under `key`, of what the program asks for beside inputs: parents, protection,
            dependencies, providers, ignored properties and the like.
        key: of the fingerprints and digests. Whoever has it can tell whether a guess at a secret is right.
        constraint: Pulumi's own update plan; empty on the embedded engine.
        targets: the only resources that are planned for, by URN or a pattern of URNs; none: all of them.
        imports: the text of the file that an import names its resources in.
    """

    operation: Operation
    result: Result
    state: str
    options: str
    key: bytes = field(repr=False)
    constraint: bytes = field(default=b"", repr=False)
    targets: tuple[str, ...] = ()
    imports: str = ""

    @property
    def whole(self) -> bool:
        """Whether it does all that the program asks for, or deletes all."""
        return not self.targets and self.operation != "import"

    def to_json(self) -> dict[str, Any]:
        """What anybody may see of it.

        Keys: ``version``, ``operation``, ``state``, ``options``, ``targets``, ``imports``, ``result``.
        """
        public = _Public(self.operation, self.state, self.options, self.targets, self.imports)
        return {"version": PLAN_VERSION, **documents.dump(public), "result": self.result.to_json()}

    def bundle(self) -> dict[str, Any]:
        """All of it, for `from_bundle`. It must be encrypted by whoever puts it anywhere."""
        secret = {"key": self.key, "constraint": self.constraint}
        encoded = {name: base64.b64encode(data).decode() for name, data in secret.items()}
        return {**self.to_json(), **encoded}

    @classmethod
    def from_bundle(cls, document: Mapping[str, Any]) -> Plan:
        """The opposite of `bundle`.

        Raises:
            SlipwayError: another version, or the document does not fit.
        """
        parts = ("key", "constraint", "result")
        public = documents.load(_Public, document, PLAN_VERSION, derived=parts)
        try:
            key, constraint = (base64.b64decode(str(document[name]), validate=True) for name in parts[:2])
            result = Result.from_json(cast(Mapping[str, Any], document["result"]))
        except (KeyError, ValueError) as error:
            raise SlipwayError(f"this is no plan: {error}", fix="make the plan anew") from None
        asked = (public.operation, result, public.state, public.options)
        return cls(*asked, key, constraint, public.targets, public.imports)


@dataclass(frozen=True)
class _Public:
    """The part of a `Plan` that is neither its result nor a secret."""

    __pydantic_config__: ClassVar = documents.STRICT

    operation: Operation
    state: str
    options: str
    targets: tuple[str, ...] = ()
    imports: str = ""


class PlanRefused(EngineError):
    """A plan that may not be applied. Nothing was changed. `reasons`: each without any value."""

    def __init__(self, what: str, reasons: tuple[str, ...] = (), where: str = "") -> None:
        text = "\n".join([what, *(f"- {reason}" for reason in reasons[:20])])
        more = f"\n- and {len(reasons) - 20} more" if len(reasons) > 20 else ""
        super().__init__(text + more, where=where, fix="make a new plan, and have it approved")
        self.reasons = reasons


def require_fit(plan: Plan, engine: str, project: str, stack: str) -> None:
    """Refuse a plan of another engine, project or stack, and one whose preview failed.

    Raises:
        PlanRefused: it is not for this.
    """
    result = plan.result
    pairs = {
        "engine": (result.engine, engine),
        "project": (result.project, project),
        "stack": (result.stack, stack),
    }
    wrong = tuple(
        f"it is for the {name} {planned!r}, not {here!r}"
        for name, (planned, here) in pairs.items()
        if planned != here
    )
    if wrong:
        raise PlanRefused("the plan is for something else", wrong)
    if not result.ok:
        raise PlanRefused("the preview that made this plan failed")


def require_state(plan: Plan, digest: str) -> None:
    """Refuse a plan whose steps start from another state.

    Raises:
        PlanRefused: the state was changed since.
    """
    if plan.state != digest:
        raise PlanRefused("the stack's state was changed since the plan was made", where=plan.result.stack)


def require_same(plan: Plan, fresh: Plan) -> None:
    """Refuse a plan where a preview of now asks for something else.

    Raises:
        PlanRefused: with each difference.
    """
    reasons = tuple(differences(plan, fresh))
    if reasons:
        raise PlanRefused("the program now asks for something else than was planned", reasons)


def differences(plan: Plan, fresh: Plan) -> Iterator[str]:
    """What a preview of now asks for that the plan does not have, and the other way round.

    What was not known yet may have become known. Names that a provider makes up anew in each preview are no
    difference: an apply takes them from the plan.

    Raises:
        PlanRefused: the fingerprints of the two were made with different keys.
    """
    if plan.result.secrets_key != fresh.result.secrets_key:
        raise PlanRefused("the secrets of two plans with different keys cannot be compared")
    planned, now = (steps_by_urn(item.result) for item in (plan, fresh))
    for urn in sorted(planned.keys() - now.keys()):
        yield f"{urn}: {_ops(planned[urn])} was planned and is not asked for"
    for urn in sorted(now.keys() - planned.keys()):
        yield f"{urn}: {_ops(now[urn])} is asked for and was not planned"
    renamed = dict(_made_up(planned, now))
    for urn in sorted(planned.keys() & now.keys()):
        before, after = planned[urn], now[urn]
        if _ops(before) != _ops(after):
            yield f"{urn}: {_ops(before)} was planned, {_ops(after)} is asked for"
            continue
        for step, other in zip(before, after, strict=True):
            same_names = replace(other, new=_renamed(other.new, renamed))
            yield from (f"{urn}: {where}" for where in _step_differences(step, same_names))
    outputs = dict(fresh.result.outputs)
    yield from _mismatches(dict(plan.result.outputs), _renamed(outputs, renamed), "the stack's outputs")
    if plan.options != fresh.options:
        yield "what is asked for beside inputs (protection, parents, dependencies, providers …) is another"


def steps_by_urn(result: Result) -> dict[str, list[Step]]:
    """Steps by URN: mostly one, two where a resource is deleted and another one made."""
    steps: dict[str, list[Step]] = {}
    for step in sorted(result.steps, key=lambda step: step.op):
        steps.setdefault(step.urn, []).append(step)
    return steps


def _ops(steps: list[Step]) -> str:
    return " and ".join(step.op for step in steps)


def _step_differences(planned: Step, now: Step) -> Iterator[str]:
    yield from _value_differences(planned, now)
    if [change.path for change in planned.diff] != [change.path for change in now.diff]:
        yield "other properties differ"


def _value_differences(planned: Step, now: Step) -> Iterator[str]:
    if planned.old != now.old:
        yield from _mismatches(planned.old or {}, now.old or {}, "old", exact=True)
    yield from _mismatches(planned.new or {}, now.new or {}, "new")


def violation(planned: list[Step], step: Step) -> str:
    """Why a step that is about to be made is not in the plan; empty where it is."""
    match = next((item for item in planned if item.op == step.op), None)
    if match is None:
        less = any(step.op in _LESS.get(item.op, ()) for item in planned)
        return "" if less else f"{step.op} was not planned, but {_ops(planned) or 'nothing'}"
    return "; ".join(_value_differences(match, step))


def _mismatches(planned: Any, now: Any, where: str, *, exact: bool = False) -> Iterator[str]:
    """Paths at which two values differ; unless `exact`, what was not known yet fits everything."""
    if not exact and planned == UNKNOWN_MARK:
        return
    if isinstance(planned, dict) and isinstance(now, dict):
        left, right = cast(dict[str, Any], planned), cast(dict[str, Any], now)
        for key in sorted({*left, *right}):
            pair = left.get(key, _ABSENT), right.get(key, _ABSENT)
            yield from _mismatches(*pair, f"{where}.{key}", exact=exact)
    elif isinstance(planned, list) and isinstance(now, list):
        for index, (one, two) in enumerate(zip_longest(planned, now, fillvalue=_ABSENT)):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            yield from _mismatches(one, two, f"{where}[{index}]", exact=exact)
    elif planned != now or isinstance(planned, bool) is not isinstance(now, bool):
        yield f"{where} is another"


_ABSENT: Final = object()


def _made_up(planned: Mapping[str, list[Step]], now: Mapping[str, list[Step]]) -> Iterator[tuple[str, str]]:
    """Names that a provider made up anew: of now, and of the plan."""
    for urn in planned.keys() & now.keys():
        for step, other in zip(planned[urn], now[urn], strict=False):
            if step.op != "same" and step.new and other.new:
                yield from _made_up_names(step.new, other.new)


def _made_up_names(planned: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    pairs = [(planned.get(key), now.get(key)) for key in planned.get("__defaults") or ()]
    for one, two in [*pairs, (_kubernetes_name(planned), _kubernetes_name(now))]:
        if isinstance(one, str) and isinstance(two, str) and one != two and len(one) == len(two):
            first, second = _RANDOM.fullmatch(one), _RANDOM.fullmatch(two)
            if first and second and first["stem"] == second["stem"]:
                yield two, one


def _kubernetes_name(values: Mapping[str, Any]) -> Any:
    metadata = values.get("metadata")
    fields = cast(dict[str, Any], metadata) if isinstance(metadata, dict) else {}
    annotations = cast(dict[str, Any], fields.get("annotations") or {})
    return fields.get("name") if annotations.get("pulumi.com/autonamed") == "true" else None


def _renamed(values: Any, names: Mapping[str, str]) -> Any:
    """JSON with every name of now as the plan has it, wherever it stands: others may refer to it."""
    if not names:
        return values
    text = json.dumps(values)
    for name, planned in names.items():
        text = text.replace(json.dumps(name)[1:-1], json.dumps(planned)[1:-1])
    return json.loads(text)
