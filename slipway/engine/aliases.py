"""Former names of a resource, as Pulumi works them out (pkg/resource/deploy/step_generator.go, v3.260)."""

from __future__ import annotations

from slipway.engine import urn as urns
from slipway.engine.registration import AliasSpec, Registration


def candidates(registration: Registration, project: str, stack: str, parent_alias: str) -> list[str]:
    """URNs that the resource may have in the state, nearest first.

    Args:
        registration: the resource as it is declared today.
        parent_alias: the URN under which its parent was found in the state, if that was not its own: children
            move with their parent without an alias of their own.
    """
    own = [_resolve(alias, registration, project, stack) for alias in registration.options.get("aliases", ())]
    result = dict.fromkeys(own)
    if parent_alias:
        parent_name = urns.name_of(registration.parent)
        for type_, name in [
            (registration.type, registration.name),
            *((urns.type_of(urn), urns.name_of(urn)) for urn in own),
        ]:
            result[_inherited(type_, name, parent_name, parent_alias, project, stack)] = None
    return list(result)


def _resolve(alias: str | AliasSpec, registration: Registration, project: str, stack: str) -> str:
    if isinstance(alias, str):
        return alias
    parent = "" if alias.no_parent else alias.parent or registration.parent
    return urns.make(
        alias.stack or stack,
        alias.project or project,
        parent,
        alias.type or registration.type,
        alias.name or registration.name,
    )


def _inherited(  # noqa: PLR0917 - the parts of a URN
    type_: str, name: str, parent_name: str, parent_alias: str, project: str, stack: str
) -> str:
    """By convention a child's name begins with its parent's, so a renamed parent renames its children."""
    if name.startswith(parent_name):
        name = urns.name_of(parent_alias) + name.removeprefix(parent_name)
    return urns.make(stack, project, parent_alias, type_, name)
