"""The helm command, run for one server with files that only their owner can read."""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.fence import loopback
from slipway.localcloud.providers.kubernetes.charts import is_remote
from slipway.localcloud.providers.values import Props

TIMEOUT_S = 300
"""pulumi-kubernetes's default for each of Helm's waits (defaultTimeoutSeconds in its helm_release.go)."""

GRACE_S = 60
"""How much longer than all its waits helm may take before it is ended."""

_LINES = 20

FLAGS = {
    "atomic": "--atomic",
    "cleanupOnFail": "--cleanup-on-fail",
    "createNamespace": "--create-namespace",
    "devel": "--devel",
    "disableOpenapiValidation": "--disable-openapi-validation",
    "forceUpdate": "--force",
    "resetValues": "--reset-values",
    "reuseValues": "--reuse-values",
    "skipCrds": "--skip-crds",
}
"""Switches of a Release that are helm's, by name."""


class HelmFailed(Exception):
    """helm ended with an error: what it wrote, which may quote values."""


def install(kubeconfig: str, inputs: Props, *, first: bool) -> None:
    """Install or upgrade the release.

    Raises:
        HelmFailed: helm refused, or the release did not become ready in time; it may exist.
        FenceError: the chart would come from off this machine.
    """
    _require_local(inputs)
    timeout = timeout_of(inputs)
    # Helm's hooks and its wait for the rollout each have the whole timeout.
    _run(
        kubeconfig,
        [*_upgrade(inputs, timeout, first=first), "--", str(inputs["name"]), str(inputs["chart"])],
        timeout=3 * timeout,
        values=inputs.get("values") or {},
    )


def uninstall(kubeconfig: str, namespace: str, name: str, state: Props) -> None:
    arguments = ["uninstall", "--namespace", namespace, "--ignore-not-found"]
    timeout = timeout_of(state)
    if state.get("atomic") or not state.get("skipAwait"):
        arguments += ["--wait", "--timeout", f"{timeout}s"]
    _run(kubeconfig, [*arguments, "--", name], timeout=2 * timeout)


def metadata(kubeconfig: str, namespace: str, name: str) -> Props | None:
    """helm's own account of a release (`helm get metadata`); None where there is none."""
    try:
        arguments = ["get", "metadata", "--namespace", namespace, "--output", "json", "--", name]
        found: Any = json.loads(_run(kubeconfig, arguments, timeout=TIMEOUT_S))
    except HelmFailed as failed:
        if "release: not found" in str(failed):
            return None
        raise
    except ValueError as error:
        raise ProviderError("`helm get metadata` printed no JSON; helm 3.12 or later is needed") from error
    return dict(found)


def timeout_of(inputs: Props) -> int:
    """Seconds for each of Helm's waits."""
    return int(inputs.get("timeout") or TIMEOUT_S)


def _upgrade(inputs: Props, timeout: int, *, first: bool) -> list[str]:
    arguments = ["upgrade", "--install", "--namespace", str(inputs["namespace"]), "--output", "json"]
    arguments += ["--timeout", f"{timeout}s", "--history-max", str(int(inputs.get("maxHistory") or 0))]
    arguments += [flag for key, flag in FLAGS.items() if inputs.get(key)]
    # pulumi-kubernetes takes the one switch on an install and the other on an upgrade.
    if inputs.get("disableWebhooks" if first else "disableCRDHooks"):
        arguments.append("--no-hooks")
    if not inputs.get("skipAwait"):
        arguments += ["--wait", "--wait-for-jobs"] if inputs.get("waitForJobs") else ["--wait"]
    if inputs.get("version"):
        arguments += ["--version", str(inputs["version"])]
    repository: Props = inputs.get("repositoryOpts") or {}
    if repository.get("repo"):
        arguments += ["--repo", str(repository["repo"])]
    if inputs.get("description"):
        arguments += ["--description", str(inputs["description"])]
    return arguments


def _require_local(inputs: Props) -> None:
    if not is_remote(inputs):
        return
    repository: Props = inputs.get("repositoryOpts") or {}
    url = str(repository.get("repo") or inputs["chart"])
    loopback(url.replace("oci://", "https://", 1), "the chart's repository")


def _run(kubeconfig: str, arguments: list[str], *, timeout: int, values: Props | None = None) -> str:
    """helm's output; its arguments show in the list of processes, so what is secret goes by file."""
    binary = shutil.which("helm")
    if binary is None:
        raise ProviderError(
            "a Helm release on a real control plane needs helm, and there is none on PATH",
            fix="install helm 3.12 or later, or leave the real control plane out: `slipway cloud start`",
        )
    with tempfile.TemporaryDirectory(prefix="slipway-helm-") as folder:  # mode 0700
        files = ["--kubeconfig", _private(Path(folder) / "kubeconfig", kubeconfig)]
        if values is not None:
            files += ["--values", _private(Path(folder) / "values.json", json.dumps(values))]
        try:
            done = subprocess.run(
                [binary, *_with_files(arguments, files)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=timeout + GRACE_S,
                # No proxy, no registry login, no plugin and no cluster of whoever calls.
                env={"PATH": os.environ.get("PATH", os.defpath), "HOME": folder, "LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise HelmFailed(f"helm {arguments[0]} did not end within {timeout + GRACE_S} s") from None
    if done.returncode:
        lines = (done.stderr.strip() or done.stdout.strip()).splitlines()[-_LINES:]
        raise HelmFailed("\n".join([f"helm {arguments[0]} ended with status {done.returncode}", *lines]))
    return done.stdout


def _with_files(arguments: list[str], files: list[str]) -> list[str]:
    """`files` before the `--` that ends the flags."""
    end = arguments.index("--")
    return [*arguments[:end], *files, *arguments[end:]]


def _private(path: Path, text: str) -> str:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return str(path)
