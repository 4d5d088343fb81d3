"""How an object of any kind is made, looked at, changed and removed, by plain REST."""

import base64
import copy
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, cast

from slipway.localcloud.providers.handler import Handler
from slipway.localcloud.providers.kubernetes.api import Api, collection_of, path_of
from slipway.localcloud.providers.kubernetes.fields import (
    OBSERVED_METADATA,
    SERVER_METADATA,
    mentioned,
    merge_patch,
    own,
    without_nulls,
)
from slipway.localcloud.providers.kubernetes.kinds import KINDS, REPLACED, Kind
from slipway.localcloud.providers.values import Props
from slipway.platform.resource_types import ResourceType, row_of

KubernetesHandler = Handler[Api]

_OBSERVED = frozenset({*(f"metadata.{name}" for name in OBSERVED_METADATA), "status"})
_SECRET = "Secret"  # noqa: S105 - a kind
# Written by the API server itself, so no program describes it.
_NAMESPACE_LABEL = "kubernetes.io/metadata.name"


def handlers(
    *, mutable_config_maps: bool = False, mutable_secrets: bool = False
) -> Mapping[str, KubernetesHandler]:
    """The table of all object types. Secrets and ConfigMaps are replaced unless told otherwise."""
    mutable = {"ConfigMap": mutable_config_maps, _SECRET: mutable_secrets}
    return {
        token: _handler(kind, content_replaces=not mutable.get(kind.name, True))
        for token, kind in KINDS.items()
    }


def _handler(kind: Kind, *, content_replaces: bool) -> KubernetesHandler:
    functions = _Functions(kind)
    row = row_of(kind.token) or ResourceType(token=kind.token, source=REPLACED)
    facts = replace(
        row,
        replace_on=row.replace_on | kind.content if content_replaces else row.replace_on,
        computed=_OBSERVED if kind.status else _OBSERVED - {"status"},
        secret=frozenset({"data", "stringData"} if kind.name == _SECRET else ()),
    )
    return Handler[Api](
        token=kind.token,
        source=REPLACED,
        key="{metadata[namespace]}/{metadata[name]}" if kind.namespaced else "{metadata[name]}",
        create=functions.create,
        read=functions.read,
        update=functions.update,
        delete=functions.delete,
        facts=facts,
        replace_when=lambda old, new: kind.content if old.get("immutable") is True else frozenset(),
    )


@dataclass(frozen=True)
class _Functions:
    kind: Kind

    def create(self, api: Api, inputs: Props) -> None:
        namespace = str(inputs["metadata"].get("namespace", ""))
        api.create(collection_of(self.kind, namespace), _wire(self.kind, inputs))

    def read(self, api: Api, id_: str, old: Props) -> Props | None:
        live = api.get(path_of(self.kind, id_))
        if live is None:
            return None
        known = own(old)
        found = _described(self.kind, known, live) if known else _imported(self.kind, live)
        found["metadata"] |= {
            name: live["metadata"][name] for name in OBSERVED_METADATA if name in live["metadata"]
        }
        if self.kind.status and "status" in live:
            found["status"] = live["status"]
        # A None says that it is gone; a property that is merely missing would keep its old value.
        return {**dict.fromkeys(known), **found}

    def update(self, api: Api, id_: str, old: Props, new: Props) -> None:
        patch = merge_patch(_wire(self.kind, own(old)), _wire(self.kind, new))
        if patch:
            api.patch(path_of(self.kind, id_), patch)

    def delete(self, api: Api, id_: str, state: Props) -> None:
        api.delete(path_of(self.kind, id_))


def _wire(kind: Kind, inputs: Props) -> Props:
    """The object as it is sent. Texts of a Secret go as data, so that a patch can take one away again."""
    body = copy.deepcopy(cast("Props", without_nulls(inputs)))
    if kind.name == _SECRET:
        texts: dict[str, Any] = body.pop("stringData", {})
        encoded = {key: base64.b64encode(str(text).encode()).decode() for key, text in texts.items()}
        if encoded or "data" in body:
            body["data"] = {**body.get("data", {}), **encoded}
    return {**body, "apiVersion": kind.api_version, "kind": kind.name}


def _described(kind: Kind, known: Props, live: Props) -> Props:
    """The live object in the terms in which the program described it."""
    if kind.name == _SECRET and isinstance(known.get("stringData"), dict):
        data: dict[str, str] = live.get("data") or {}
        live = {**live, "stringData": {key: _text(value) for key, value in data.items()}}
    return cast("Props", mentioned(known, live, quantities=kind.quantities))


def _imported(kind: Kind, live: Props) -> Props:
    """All that a program could say about the live object."""
    found = {key: value for key, value in copy.deepcopy(live).items() if key in kind.inputs}
    found["apiVersion"], found["kind"] = kind.api_version, kind.name
    for name in SERVER_METADATA:
        found["metadata"].pop(name, None)
    if kind.name == "Namespace":
        found.pop("spec", None)
        labels: dict[str, str] = found["metadata"].get("labels", {})
        labels.pop(_NAMESPACE_LABEL, None)
        if not labels:
            found["metadata"].pop("labels", None)
    return found


def _text(value: str) -> str:
    return base64.b64decode(value).decode(errors="replace")
