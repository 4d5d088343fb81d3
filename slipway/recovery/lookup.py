"""Looks up what an interrupted run made in a real cloud, by the real providers, with the state as it is.

A stack of its own in a folder that goes again gets the providers as the state has them, and each object under
the id that its name gives it. A refresh of that stack reads: what is not there is gone from it afterwards.
"""

from __future__ import annotations

import secrets
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipway.engine import urn as urns
from slipway.engine.cli_engine import PulumiEngine
from slipway.engine.interruption import Finding, found_as, pending_of
from slipway.engine.ownership import stack_tags
from slipway.engine.secrets import Crypter
from slipway.engine.state import ResourceState, Snapshot, to_deployment

MakeEngine = Callable[[Path, Mapping[str, str]], PulumiEngine]


class ProviderLookup:
    """See `slipway.engine.interruption.Lookup`.

    Args:
        project: the project's name.
        make: an engine for the same stack in another folder, with more in its environment.
        id_of: the id that an object's name gives it; empty where only the service knows it.
    """

    def __init__(self, project: str, make: MakeEngine, id_of: Callable[[ResourceState], str]) -> None:
        self._project = project
        self._make = make
        self._id_of = id_of

    def __call__(
        self, asked: Sequence[ResourceState], state: Sequence[ResourceState], ids: Mapping[str, str]
    ) -> list[Finding]:
        given = {item.urn: id_ for item in asked if (id_ := ids.get(item.urn) or self._id_of(item))}
        wanted = [replace(item, id=given[item.urn]) for item in asked if item.urn in given]
        providers = {
            urns.provider_reference(item.urn, item.id): item for item in state if urns.is_provider(item.type)
        }
        read, failed = self._read(wanted, list(providers.values()))
        return [self._finding(item, given, read, failed, providers) for item in asked]

    def _finding(
        self,
        asked: ResourceState,
        given: Mapping[str, str],
        read: Mapping[str, ResourceState],
        failed: Mapping[str, str],
        providers: Mapping[str, ResourceState],
    ) -> Finding:
        if asked.urn not in given:
            return Finding(asked, unknown=f"the id of a {asked.type} does not follow from its name")
        if asked.urn in failed:
            return Finding(asked, unknown=f"reading {given[asked.urn]!r} failed: {failed[asked.urn]}")
        there = read.get(asked.urn)
        if there is None:
            return Finding(asked)
        provider = providers.get(asked.provider)
        marks = stack_tags(provider.inputs if provider else {})
        return found_as(asked, there.id, there.outputs, there.inputs, marks)

    def _read(
        self, wanted: Sequence[ResourceState], providers: Sequence[ResourceState]
    ) -> tuple[Mapping[str, ResourceState], Mapping[str, str]]:
        """By URN what there is, and why it could not be read."""
        if not wanted:
            return {}, {}
        with tempfile.TemporaryDirectory(prefix="slipway-") as folder:
            place = Path(folder)
            (place / "backend").mkdir()
            (place / "Pulumi.yaml").write_text(f"name: {self._project}\nruntime: python\n", encoding="utf-8")
            passphrase = secrets.token_urlsafe(24)
            backend = (place / "backend").as_uri()
            engine = self._make(
                place, {"PULUMI_BACKEND_URL": backend, "PULUMI_CONFIG_PASSPHRASE": passphrase}
            )
            # What is read alone: all else would have to be there, too.
            alone = [
                replace(item, parent="", dependencies=(), property_dependencies={})
                for item in (*providers, *wanted)
            ]
            snapshot = Snapshot({item.urn: item for item in alone})
            engine.replace_state(to_deployment(snapshot, Crypter(passphrase))["deployment"])
            result = engine.refresh()
            deployment: dict[str, Any] = engine.readable_state()
        failed = {item.urn: item.message for item in result.errors if item.urn}
        if not result.ok and not failed:
            reason = "; ".join(item.message for item in result.errors) or "Pulumi was interrupted"
            failed = {item.urn: reason for item in wanted}
        return {item.urn: item for item in pending_of(deployment).state}, failed
