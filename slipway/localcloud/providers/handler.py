"""One row of a provider's table: how a resource type is made, looked at, changed and removed."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Generic, TypeVar, cast

from slipway.localcloud.providers.diffs import EMPTY, Shape
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import UNKNOWN, Props
from slipway.platform.resource_types import ResourceType, row_of

Cloud = TypeVar("Cloud")
"""What a provider's functions get to work with: its connections, and the URN of the resource at hand."""

AUTONAME_DIGITS = 7
"""Pulumi appends `-` and seven random hexadecimal digits to a logical name.
https://www.pulumi.com/docs/iac/concepts/resources/names/#autonaming"""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A value that the service would refuse: `reason` (with its source) unless `accepts` it."""

    name: str
    reason: str
    accepts: Callable[[Any], bool]


def pattern(name: str, expression: str, reason: str) -> Rule:
    """A text that must match `expression` as a whole."""
    compiled = re.compile(expression, re.DOTALL)
    return Rule(name=name, reason=reason, accepts=lambda value: compiled.fullmatch(str(value)) is not None)


def between(name: str, low: int, high: int, unit: str = "") -> Rule:
    """A number from `low` to `high`, both included."""
    reason = f"must be {low} to {high} {unit}".rstrip()
    return Rule(name=name, reason=reason, accepts=lambda value: low <= value <= high)


def one_of(name: str, *allowed: Any) -> Rule:
    listed = ", ".join(str(value) for value in allowed)
    return Rule(name=name, reason=f"must be one of {listed}", accepts=lambda value: value in allowed)


@dataclass(frozen=True, kw_only=True)
class AutoName:
    """The property that gets a generated name when the program gives none.

    Args:
        name: the property.
        longest: the service's limit on its length.
        lower: the service wants lower case.
        prefix: put before a generated name (`alias/`).
        unless: another property that stands in for the name (`namePrefix`).
    """

    name: str = "name"
    longest: int = 255
    lower: bool = False
    prefix: str = ""
    unless: str = ""

    def make(self, logical: str, digits: str) -> str:
        kept = logical[: self.longest - len(digits) - 1 - len(self.prefix)]
        made = f"{self.prefix}{kept}-{digits}"
        return made.lower() if self.lower else made


@dataclass(frozen=True, kw_only=True)
class Tagger(Generic[Cloud]):
    """How tags of an existing object are set and removed; the third argument is the resource's state."""

    put: Callable[[Cloud, str, Props, dict[str, str]], None]
    drop: Callable[[Cloud, str, Props, list[str]], None]


def not_emulated(text: str) -> tuple[Rule, ...]:
    """Refuses properties (their names with spaces between) that would otherwise be passed over in silence."""
    reason = "the embedded cloud does not emulate it"
    return tuple(
        Rule(name=name, reason=reason, accepts=lambda value: value in EMPTY) for name in text.split()
    )


def _nothing(cloud: Any, id_: str, old: Props, new: Props) -> None:
    """For types whose every property is set on creation."""


def _no_more(inputs: Props) -> Props:
    """For types whose inputs stand on their own."""
    return {}


def _never(old: Props, new: Props) -> frozenset[str]:
    """For types whose rules about replacement depend on no value."""
    return frozenset()


@dataclass(frozen=True, kw_only=True)
class Handler(Generic[Cloud]):
    """How one resource type maps to service calls.

    Args:
        token: Pulumi's type token.
        source: where the rules about replacement and refused values are written down.
        key: the id, with inputs in braces (`{repository}:{name}`), where they decide it; what `create`
            returns counts for nothing then, and `find` need not be given.
        create: makes the object from its inputs and returns its id. Fails where the object exists already.
        read: the state of the object with that id, or None where it is gone. What it returns is
            authoritative, a None for a property included; properties that it leaves out keep their old
            value. Its last argument is the last known state, empty on an import.
        configure: brings the changeable properties from a state to the inputs; runs after `create` too (with
            an empty state), so everything that is not part of the create call belongs here.
        update: what only a change of an existing object needs; runs after `configure`.
        delete: removes the object; the state is its third argument.
        find: the id of the object that `create` would have made from these inputs, if there is one. Left out
            where there is a `key`: what can be read under it is the object.
        natural: the properties by which the service knows two objects apart; where a replacement does not
            change them, the old object has to go first.
        replaces_here: properties that the real provider changes in place, and this one by a new object.
        replace_when: more properties that need a new object, judged by the state and the inputs.
        derive: more inputs that follow from those given; what the program gives itself stands.
        renewed: outputs that every update gives another value, so that a preview knows none.
        facts: the type's facts where they hang on the provider's settings; else its row of
            `slipway.platform.resource_types` has them.
    """

    token: str
    source: str
    create: Callable[[Cloud, Props], Any]
    read: Callable[[Cloud, str, Props], Props | None]
    delete: Callable[[Cloud, str, Props], None]
    key: str = ""
    find: Callable[[Cloud, Props], str | None] | None = None
    configure: Callable[[Cloud, str, Props, Props], None] = _nothing
    update: Callable[[Cloud, str, Props, Props], None] = _nothing
    tagger: Tagger[Cloud] | None = None
    name: AutoName | None = None
    natural: tuple[str, ...] = ()
    replaces_here: frozenset[str] = field(default_factory=frozenset[str])
    replace_when: Callable[[Props, Props], frozenset[str]] = _never
    documents: frozenset[str] = field(default_factory=frozenset[str])
    renewed: frozenset[str] = field(default_factory=frozenset[str])
    defaults: Mapping[str, Any] = field(default_factory=dict[str, Any])
    derive: Callable[[Props], Props] = _no_more
    rules: tuple[Rule, ...] = ()
    facts: ResourceType | None = None

    def __post_init__(self) -> None:
        if not self.key and self.find is None:
            raise TypeError(f"{self.token}: say by `key` or by `find` how an object is found again")

    def made(self, cloud: Cloud, inputs: Props) -> str:
        """Create the object; returns its id."""
        id_ = self.create(cloud, inputs)
        return self.key.format(**inputs) if self.key else str(id_)

    def existing(self, cloud: Cloud, inputs: Props) -> str | None:
        """The id of the object that `made` would have made from these inputs, None where there is none."""
        if self.find is not None:
            return self.find(cloud, inputs)
        id_ = self.key.format(**inputs)
        return None if self.read(cloud, id_, inputs) is None else id_

    def named(self, inputs: Mapping[str, Any]) -> str:
        """The id that an object's own properties give it; empty where the service makes one up."""
        if self.find is not None:
            return ""
        try:
            return self.key.format(**inputs)
        except (KeyError, IndexError, TypeError):
            return ""

    @cached_property
    def type(self) -> ResourceType:
        """The type's facts.

        Raises:
            ProviderError: the table of resource types has no row for it.
        """
        row = self.facts or row_of(self.token)
        if row is None:
            raise ProviderError(
                f"{self.token} has no row in slipway.platform.resource_types",
                fix="add one to the module of its service there",
            )
        return row

    @cached_property
    def replace_on(self) -> frozenset[str]:
        """What replaces an object here: what does so anywhere, and what only the embedded cloud needs."""
        return self.type.replace_on | self.replaces_here

    def shape_between(self, old: Props, new: Props) -> Shape:
        """`shape` with what `replace_when` says about these two."""
        return replace(self.shape, replace=self.replace_on | self.replace_when(old, new))

    @cached_property
    def shape(self) -> Shape:
        return Shape(
            computed=self.type.computed | {"tagsAll", "region"},
            unordered=self.type.unordered,
            documents=self.documents,
            replace=self.replace_on,
        )


def written(
    *,
    token: str,
    source: str,
    key: str,
    write: Callable[[Cloud, Props], Any],
    read: Callable[[Cloud, str, Props], Props | None],
    delete: Callable[[Cloud, str, Props], None],
    **more: Any,
) -> Handler[Cloud]:
    """A type that one call writes, new or not: a document of its parent, or a setting of it.

    Args:
        write: makes or changes it, as the inputs say.
        more: further fields of the handler.
    """

    def update(cloud: Cloud, id_: str, old: Props, new: Props) -> None:
        write(cloud, new)

    return Handler(
        token=token,
        source=source,
        key=key,
        create=write,
        read=read,
        update=update,
        delete=delete,
        **more,
    )


def names(text: str) -> frozenset[str]:
    """A set of property names from a text with spaces between them."""
    return frozenset(text.split())


def pick(inputs: Props, mapping: Mapping[str, str]) -> Props:
    """API parameters by `mapping` (parameter -> property), those that the inputs do not give left out."""
    return {
        parameter: inputs[name]
        for parameter, name in mapping.items()
        if inputs.get(name) not in (None, "", [], {}) and inputs[name] is not UNKNOWN
    }


def changed(old: Props, new: Props, name: str) -> bool:
    return bool(old.get(name) != new.get(name))


def renamed(value: Any, *, rename: Callable[[str], str]) -> Any:
    """`value` with every key of every object in it renamed; None values left out."""
    if isinstance(value, dict):
        items = cast("Props", value).items()
        return {rename(key): renamed(item, rename=rename) for key, item in items if item is not None}
    if isinstance(value, list):
        return [renamed(item, rename=rename) for item in cast("list[Any]", value)]
    return value


def upper_first(key: str) -> str:
    return key[:1].upper() + key[1:]


def lower_first(key: str) -> str:
    return key[:1].lower() + key[1:]
