"""Pulumi's resource names: how a URN is built and taken apart (sdk/go/common/resource/urn, v3.260)."""

from __future__ import annotations

from slipway.engine.values import UNKNOWN_TEXT

ROOT_TYPE = "pulumi:pulumi:Stack"
PROVIDER_PREFIX = "pulumi:providers:"
ORGANIZATION = "organization"
"""The one that every stack of a file backend is of."""
STACK_REFERENCE = "pulumi:pulumi:StackReference"


def make(stack: str, project: str, parent: str, type_: str, name: str) -> str:
    """The URN of a resource. The root stack is every resource's ancestor and so is left out of the type."""
    if parent:
        qualified = qualified_type(parent)
        if qualified != ROOT_TYPE:
            type_ = f"{qualified}${type_}"
    return f"urn:pulumi:{stack}::{project}::{type_}::{name}"


def qualified_type(urn: str) -> str:
    """``parent$child`` types of a URN."""
    return urn.split("::", 3)[2]


def type_of(urn: str) -> str:
    return qualified_type(urn).rpartition("$")[2]


def name_of(urn: str) -> str:
    return urn.split("::", 3)[3]


def stack_of(urn: str) -> str:
    return urn.split("::", 1)[0].removeprefix("urn:pulumi:")


def package_of(token: str) -> str:
    """The package that serves a type or function token."""
    if token.startswith(PROVIDER_PREFIX):
        return token.removeprefix(PROVIDER_PREFIX)
    return token.partition(":")[0]


def is_provider(type_: str) -> bool:
    return type_.startswith(PROVIDER_PREFIX)


def provider_reference(urn: str, id_: str) -> str:
    """``urn::id``, as resources name the provider that owns them; without an id (a preview) it is unknown."""
    return f"{urn}::{id_ or UNKNOWN_TEXT}"


def split_reference(reference: str) -> tuple[str, str]:
    """The URN and the id of a provider reference."""
    urn, _, id_ = reference.rpartition("::")
    return urn, id_
