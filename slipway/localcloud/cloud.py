"""A running embedded cloud, and the runtime file by which its folder's commands find it."""

import json
import os
import shutil
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Literal

from slipway.platform.stack import EMBEDDED_ACCOUNT
from slipway.private_folder import private_folder

SERVICES = ("aws", "github", "kubernetes", "console")
ACCOUNT = EMBEDDED_ACCOUNT
"""moto's account, whatever the keys."""

_FILE = "cloud.json"
_LOG = "cloud.log"
_GIT = "git"


@dataclass(frozen=True, kw_only=True)
class Cloud:
    """A running embedded cloud. `aws`, `github`, `kubernetes` and `console` are base URLs on loopback."""

    id: str
    """A UUID, new with every start: state written against another id describes a world that is gone."""
    pid: int
    aws: str
    github: str
    kubernetes: str
    console: str
    started_at: str
    account: str = ACCOUNT
    kubernetes_kind: Literal["stand-in", "real"] = "stand-in"
    kubeconfig: str = ""
    """Path of the kubeconfig of a real control plane; empty for the stand-in."""
    git: str = ""
    """The folder of the GitHub stand-in's bare repositories, `<owner>/<name>.git`: to clone from and push to.

    Each is made by the first request that needs it, and goes with the cloud.
    """

    @property
    def kubernetes_label(self) -> str:
        return "real control plane" if self.kubernetes_kind == "real" else "recording stand-in"


def folder(root: Path) -> Path:
    """Where everything of the cloud lies. Raises SlipwayError where that is not ours alone."""
    return private_folder(root)


def git_folder(root: Path) -> Path:
    return folder(root) / _GIT


def log_file(root: Path) -> Path:
    return folder(root) / _LOG


def read_runtime_file(root: Path) -> Cloud | None:
    """What the runtime file says, whether or not it is true; None where there is none or it is broken."""
    try:
        held = json.loads((folder(root) / _FILE).read_text())
        known = {field.name for field in fields(Cloud)}
        flat = {**held, **held["endpoints"]}
        return Cloud(**{key: value for key, value in flat.items() if key in known})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def write_runtime_file(root: Path, cloud: Cloud) -> None:
    """Write it whole or not at all, for its owner's eyes only."""
    body = {key: value for key, value in asdict(cloud).items() if key not in SERVICES}
    body["endpoints"] = {service: getattr(cloud, service) for service in SERVICES}
    target = folder(root) / _FILE
    draft = target.with_name(f"cloud.draft-{cloud.id}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(body, file, indent=2)
    draft.replace(target)


def remove_runtime_file(root: Path) -> None:
    """Remove it, what a start that was killed may have left of one, and the git repositories."""
    shutil.rmtree(git_folder(root), ignore_errors=True)
    for path in [folder(root) / _FILE, *folder(root).glob("cloud.draft-*")]:
        path.unlink(missing_ok=True)
