"""What a provider's kubeconfig says: one server on this machine, and how to be let in there."""

import base64
import binascii
import contextlib
import os
import ssl
import tempfile
from collections.abc import Generator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from slipway.localcloud.providers.errors import FenceError
from slipway.localcloud.providers.fence import loopback
from slipway.localcloud.providers.values import Props

DEFAULT_NAMESPACE = "default"
_PROGRAMS = ("exec", "auth-provider")


@dataclass(frozen=True, kw_only=True)
class Target:
    """A server and its credentials. `text` is the kubeconfig as it was given, for tools that need one."""

    server: str
    namespace: str
    text: str = field(repr=False)
    headers: dict[str, str] = field(repr=False)
    tls: ssl.SSLContext | None = None


def parse(text: str, context: str = "") -> Target:
    """Read a kubeconfig in JSON or YAML; `context` instead of its current one.

    Raises:
        FenceError: it is unreadable, leads off this machine, or would run a program to get a credential.
    """
    cluster, user, namespace = _pick(text, context)
    server = loopback(str(cluster.get("server") or ""), "the Kubernetes server")
    if cluster.get("proxy-url"):
        raise FenceError("the kubeconfig sends its calls through a proxy", where=server)
    for name in _PROGRAMS:
        if user.get(name):
            raise FenceError(
                f"the kubeconfig gets its credential by `{name}`",
                where=server,
                fix="give one with a token or a client certificate; nothing is run for one here",
            )
    try:
        return Target(
            server=server,
            namespace=namespace or DEFAULT_NAMESPACE,
            text=text,
            headers=_headers(user),
            tls=_tls(cluster, user) if server.startswith("https:") else None,
        )
    except (OSError, ssl.SSLError, binascii.Error) as error:
        raise FenceError(
            f"the kubeconfig's certificates or token are of no use ({type(error).__name__})", where=server
        ) from error


def _pick(text: str, context: str) -> tuple[Props, Props, str]:
    try:
        loaded = cast("Any", YAML(typ="safe")).load(text)
        contexts = _named(loaded["contexts"], "context")
        chosen = contexts[context or loaded["current-context"]]
        cluster = _named(loaded["clusters"], "cluster")[chosen["cluster"]]
        users = _named(loaded.get("users") or [], "user")
        user = users.get(str(chosen.get("user"))) or {}
        return dict(cluster), dict(user), str(chosen.get("namespace") or "")
    except (YAMLError, KeyError, TypeError, AttributeError, ValueError):
        # Neither the text nor the parser's message, which quotes it: it may hold a token.
        raise FenceError(
            "the Kubernetes provider was given no usable kubeconfig",
            fix="give its text, with a current context that names a cluster; a path is not read",
        ) from None


def _named(items: Any, key: str) -> dict[str, Props]:
    return {one["name"]: one[key] for one in items}


def _headers(user: Props) -> dict[str, str]:
    token = user.get("token")
    if not token and user.get("tokenFile"):
        token = Path(user["tokenFile"]).read_text(encoding="utf-8").strip()
    return {"Authorization": f"Bearer {token}"} if token else {}


def _tls(cluster: Props, user: Props) -> ssl.SSLContext:
    authority = cluster.get("certificate-authority-data")
    tls = ssl.create_default_context(
        cafile=cluster.get("certificate-authority"),
        cadata=base64.b64decode(authority).decode() if authority else None,
    )
    if cluster.get("insecure-skip-tls-verify"):
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    with contextlib.ExitStack() as stack:
        certificate = stack.enter_context(_file(user, "client-certificate"))
        key = stack.enter_context(_file(user, "client-key"))
        if certificate:
            tls.load_cert_chain(certificate, key or None)
    return tls


@contextlib.contextmanager
def _file(user: Props, name: str) -> Generator[str]:
    """Path of a certificate or key; one in the kubeconfig itself becomes its owner's file for a moment."""
    data = user.get(f"{name}-data")
    if not data:
        yield str(user.get(name) or "")
        return
    descriptor, path = tempfile.mkstemp(prefix="slipway-")  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64decode(data))
        yield path
    finally:
        Path(path).unlink()
