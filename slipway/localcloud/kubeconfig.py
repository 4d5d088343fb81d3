"""Kubeconfigs: the one that leads to the embedded cloud, and the check of one for a real control plane."""

import json
from pathlib import Path
from typing import Any, cast

from slipway.errors import SlipwayError
from slipway.localcloud.cloud import Cloud
from slipway.platform.loopback import is_loopback

_NAME = "slipway-local"


def kubeconfig(cloud: Cloud) -> str:
    """A kubeconfig in JSON with one context: the stand-in of `cloud`, or its real control plane.

    Raises SlipwayError where the real one's file is no longer readable.
    """
    if cloud.kubernetes_kind == "real":
        return json.dumps(_current(Path(cloud.kubeconfig)))
    return json.dumps(
        _document({"server": cloud.kubernetes}, {"token": "stand-in"}, namespace="default"), sort_keys=True
    )


def loopback_server(path: Path, *, allow_remote: bool) -> str:
    """The server of the file's current context.

    Raises SlipwayError where the file is unreadable, or where the server, or a proxy to it, is not on
    loopback and `allow_remote` does not permit that.
    """
    cluster = _current(path)["clusters"][0]["cluster"]
    for key in ("server", "proxy-url"):
        url = str(cluster.get(key, ""))
        if url and not allow_remote and not is_loopback(url):
            raise SlipwayError(
                f"the kubeconfig's {key} is not on this machine: {url}",
                where=str(path),
                fix="point it at a control plane on 127.0.0.1, or pass --allow-remote-kubernetes",
            )
    return str(cluster["server"])


def _document(cluster: dict[str, Any], user: dict[str, Any], *, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": _NAME,
        "contexts": [{"name": _NAME, "context": {"cluster": _NAME, "user": _NAME, "namespace": namespace}}],
        "clusters": [{"name": _NAME, "cluster": cluster}],
        "users": [{"name": _NAME, "user": user}],
    }


def _current(path: Path) -> dict[str, Any]:
    """The file's current context alone, its relative paths made absolute."""
    from ruamel.yaml import YAML  # noqa: PLC0415 - slow, and every command imports this module
    from ruamel.yaml.error import YAMLError  # noqa: PLC0415 - likewise

    try:
        loaded = cast("Any", YAML(typ="safe")).load(path.read_text())
        contexts = {one["name"]: one["context"] for one in loaded["contexts"]}
        context = contexts[loaded["current-context"]]
        cluster = dict({one["name"]: one["cluster"] for one in loaded["clusters"]}[context["cluster"]])
        user = dict({one["name"]: one["user"] for one in loaded["users"]}[context["user"]])
        _ = cluster["server"]
    except (OSError, YAMLError, KeyError, TypeError) as error:
        raise SlipwayError(
            "the kubeconfig is of no use: it needs a current-context with a cluster, its server, and a user",
            where=str(path),
            fix="name another file by --kubeconfig or SLIPWAY_KUBECONFIG",
        ) from error
    for held in (cluster, user):
        for key in ("certificate-authority", "client-certificate", "client-key", "tokenFile"):
            if key in held:
                held[key] = str((path.parent / str(held[key])).resolve())
    return _document(
        cluster, user, namespace=str(cast("dict[str, Any]", context).get("namespace", "default"))
    )
