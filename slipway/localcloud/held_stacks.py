"""The stacks that run on an embedded cloud, for its page: from their states, and the store beside them."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from slipway.engine import urn as urns
from slipway.engine.fence import Home
from slipway.engine.local_stacks import LocalStacks
from slipway.engine.project import load_project
from slipway.errors import SlipwayError
from slipway.localcloud.cloud import Cloud
from slipway.stacks.dashboard.board import Board, Resource, StackFacts
from slipway.stacks.dashboard.gathering import gather
from slipway.store import FolderStore

_PROVIDER = "pulumi:providers:"


def board(cloud: Cloud) -> Board:
    """Every stack of the cloud's folder with its resources, and what its log says, where it has one."""
    private = Path(cloud.git).parent
    if not cloud.git or not private.is_dir():
        return Board(made=time.time())
    logged = {facts.name: facts for facts in gather(FolderStore(private / "plans"), None)}
    records = sorted(private.glob("stacks/*/*.json"))
    found = [_with_resources(private.parent, logged, record) for record in records]
    return Board(made=time.time(), stacks=tuple(found))


def _with_resources(root: Path, logged: dict[str, StackFacts], record: Path) -> StackFacts:
    project, stack = record.parent.name, record.stem
    facts = logged.get(f"{project}/{stack}") or StackFacts(project=project, stack=stack)
    try:
        held = LocalStacks(Home(root, _own(root)), project).resources(stack)
    except SlipwayError as error:
        return replace(facts, problem=facts.problem or error.what)
    return replace(facts, resources=tuple(_resource(each) for each in held if _is_shown(each)))


def _own(root: Path) -> str:
    try:
        return load_project(root).name
    except SlipwayError:
        return ""


def _is_shown(record: dict[str, Any]) -> bool:
    """A resource that exists: no component or provider, and nothing that only waits for its deletion."""
    waits, provider = record.get("delete"), record["type"].startswith(_PROVIDER)
    return bool(record.get("custom")) and not waits and not provider


def _resource(record: dict[str, Any]) -> Resource:
    return Resource(type=record["type"], name=urns.name_of(record["urn"]), id=str(record.get("id") or ""))
