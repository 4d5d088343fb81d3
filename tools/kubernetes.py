"""A real Kubernetes control plane on loopback for the stack `local`: `make kubernetes`.

kube-apiserver, controller manager, scheduler, etcd, KWOK (whose nodes and pods are only reported to run) and
helm are built from the modules that tools/go.mod pins, into `.slipway/kubernetes/bin`. It needs Go and no
more; the first build takes about ten minutes, every further start some ten seconds.

Nothing here runs a container: images are not pulled, and there are no logs, probes, DNS or load balancers.
"""

import argparse
import contextlib
import json
import os
import re
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from slipway.errors import SlipwayError
from slipway.private_folder import NAME, private_folder
from tools.keys import account_keys, loopback_pair, secret

ROOT = Path(__file__).resolve().parents[1]
TOOLS = ROOT / "tools"
FOLDER = ROOT / NAME / "kubernetes"
BIN = FOLDER / "bin"
STAGES = FOLDER / "stages.yaml"
RUN = FOLDER / "run"
FAILED = FOLDER / "failed"  # the logs of what did not come up
PROCESSES = RUN / "processes.json"
KUBECONFIG = FOLDER / "kubeconfig"
STAGE_FOLDERS = ("node/fast", "node/heartbeat-with-lease", "pod/fast")
NODE = "kwok"
LEASE_S = 40
READY_S = 120
STOP_S = 20
PROGRAMS = {
    # The name of its package -> ours: `go build` names a command after the last part that is no version.
    "server": "etcd",
    "kube-apiserver": "kube-apiserver",
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
    "kwok": "kwok",
    "helm": "helm",
}


# --- building ------------------------------------------------------------------------------------------


def versions() -> dict[str, str]:
    """Version by module, as tools/go.mod pins them."""
    pinned = re.findall(r"^\t(\S+) (v\S+)", (TOOLS / "go.mod").read_text(), re.MULTILINE)
    return dict(pinned)


def build(console: Console) -> None:
    """Build what is missing or older than the pins.

    Raises:
        SlipwayError: there is no Go, or it failed.
    """
    stamp = BIN / "built"
    wanted = (TOOLS / "go.sum").read_text() + (TOOLS / "go.mod").read_text() + str(STAGE_FOLDERS)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    if shutil.which("go") is None:
        raise SlipwayError(
            "building a control plane needs Go, and there is none on PATH",
            fix="install Go from https://go.dev/dl, or go on with the stand-in: `make up`",
        )
    BIN.mkdir(parents=True, exist_ok=True)
    with console.status("building the control plane: about ten minutes, once"):
        _go("build", "-trimpath", "-o", f"{BIN}/", "-ldflags", _flags(), "tool")
        for built, name in PROGRAMS.items():
            if built != name:
                (BIN / built).replace(BIN / name)
        STAGES.write_text(_stages())
    stamp.write_text(wanted)


def _go(*arguments: str) -> str:
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    done = subprocess.run(
        ["go", *arguments], cwd=TOOLS, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines()[-15:]
        raise SlipwayError("\n".join([f"go {arguments[0]} failed", *lines]), where=str(TOOLS / "go.mod"))
    return done.stdout.strip()


def _flags() -> str:
    """Without these the API server calls itself v0.0.0, and helm believes in Kubernetes 1.20."""
    pinned = versions()
    kubernetes, helm = pinned["k8s.io/kubernetes"], pinned["helm.sh/helm/v3"]
    major, minor, _ = kubernetes.removeprefix("v").split(".")
    values = {
        "k8s.io/component-base/version.gitVersion": kubernetes,
        "k8s.io/component-base/version.gitMajor": major,
        "k8s.io/component-base/version.gitMinor": minor,
        "helm.sh/helm/v3/internal/version.version": helm,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor": major,
        "helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor": minor,
    }
    return " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in values.items())])


def _stages() -> str:
    """KWOK's own stages, from the module: nodes are ready and stay so, pods run, those of jobs succeed."""
    module = Path(_go("list", "-m", "-f", "{{.Dir}}", "sigs.k8s.io/kwok"))
    files = [
        path
        for folder in STAGE_FOLDERS
        for path in sorted((module / "kustomize" / "stage" / folder).glob("*.yaml"))
        if path.name != "kustomization.yaml"
    ]
    return "\n---\n".join(path.read_text() for path in files)


# --- running -------------------------------------------------------------------------------------------


class ControlPlane:
    """One set of processes with fresh keys; nothing of an earlier one is kept."""

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(32)
        self.ports = _free_ports("etcd", "peer", "api", "manager", "scheduler")
        self.server = f"https://127.0.0.1:{self.ports['api']}"
        self.certificate = RUN / "api" / "apiserver.crt"
        self.etcd_keys = loopback_pair(RUN)

    def start(self) -> None:
        """Bring everything up, in order, and wait until a pod could run.

        Raises:
            SlipwayError: a part of it did not come up; its log is named.
        """
        secret(RUN / "tokens.csv", f'{self.token},administrator,administrator,"system:masters"\n')
        account_keys(RUN)
        self._etcd()
        self._api_server()
        _wait("kube-apiserver", lambda: self.call("GET", "/readyz") is not None)
        secret(KUBECONFIG, json.dumps(self._kubeconfig(), indent=2))
        self._controllers()
        self.call("POST", "/api/v1/nodes", _node())
        _wait("kwok", self._node_ready)
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        _wait("kube-controller-manager", lambda: self.call("GET", account) is not None)

    def call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The API server's answer, or None for any failure."""
        request = urllib.request.Request(  # noqa: S310 - always https on loopback
            self.server + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
        )
        try:
            context = ssl.create_default_context(cafile=str(self.certificate))
            with urllib.request.urlopen(request, timeout=5, context=context) as answer:  # noqa: S310
                text = answer.read().decode()
        except (OSError, urllib.error.URLError):
            return None
        return json.loads(text) if text.startswith("{") else text

    def _etcd(self) -> None:
        keys = self.etcd_keys
        client, peer = (f"https://127.0.0.1:{self.ports[name]}" for name in ("etcd", "peer"))
        # Whoever reaches etcd is the cluster's administrator, and everybody on this machine reaches loopback.
        pair = (f"cert-file={keys.certificate}", f"key-file={keys.key}")
        known = (f"trusted-ca-file={keys.authority}", "client-cert-auth")
        both = [f"--{end}{flag}" for end in ("", "peer-") for flag in (*pair, *known)]
        _spawn(
            "etcd",
            [f"--data-dir={RUN / 'etcd'}"],
            [f"--listen-client-urls={client}", f"--advertise-client-urls={client}"],
            [f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"],
            [f"--initial-cluster=default={peer}", "--unsafe-no-fsync"],
            both,
        )

    def _api_server(self) -> None:
        keys = self.etcd_keys
        _spawn(
            "kube-apiserver",
            [f"--etcd-servers=https://127.0.0.1:{self.ports['etcd']}", f"--etcd-cafile={keys.authority}"],
            [f"--etcd-certfile={keys.certificate}", f"--etcd-keyfile={keys.key}"],
            ["--bind-address=127.0.0.1", f"--secure-port={self.ports['api']}"],
            # It would publish its address as a Service's endpoint, which may not be loopback.
            ["--endpoint-reconciler-type=none", f"--cert-dir={RUN / 'api'}"],
            [f"--token-auth-file={RUN / 'tokens.csv'}", "--authorization-mode=RBAC"],
            ["--service-account-issuer=https://kubernetes.default.svc"],
            [f"--service-account-key-file={RUN / 'accounts.pub'}"],
            [f"--service-account-signing-key-file={RUN / 'accounts.key'}"],
            # As EKS has it: what pods may ask for is for each namespace's labels to say.
            ["--service-cluster-ip-range=10.96.0.0/16", "--allow-privileged=true", "--profiling=false"],
        )

    def _controllers(self) -> None:
        here = [f"--kubeconfig={KUBECONFIG}", "--bind-address=127.0.0.1", "--leader-elect=false"]
        _spawn(
            "kube-controller-manager",
            [*here, f"--secure-port={self.ports['manager']}", f"--cert-dir={RUN / 'manager'}"],
            [f"--service-account-private-key-file={RUN / 'accounts.key'}"],
            [f"--root-ca-file={self.certificate}"],
        )
        _spawn(
            "kube-scheduler",
            [*here, f"--secure-port={self.ports['scheduler']}", f"--cert-dir={RUN / 'scheduler'}"],
        )
        _spawn(
            "kwok",
            [f"--kubeconfig={KUBECONFIG}", "--manage-all-nodes=true", f"--config={STAGES}"],
            # Without a lease the controller manager takes the node for gone, and its pods for unready.
            [f"--node-lease-duration-seconds={LEASE_S}"],
        )

    def _node_ready(self) -> bool:
        node: dict[str, Any] = self.call("GET", f"/api/v1/nodes/{NODE}") or {}
        conditions: list[dict[str, str]] = node.get("status", {}).get("conditions", [])
        return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)

    def _kubeconfig(self) -> dict[str, Any]:
        name = "slipway-local"
        cluster = {"server": self.server, "certificate-authority": str(self.certificate)}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "contexts": [{"name": name, "context": {"cluster": name, "user": name, "namespace": "default"}}],
            "clusters": [{"name": name, "cluster": cluster}],
            "users": [{"name": name, "user": {"token": self.token}}],
        }


def _node() -> dict[str, Any]:
    """A node that only KWOK looks after."""
    size = {"cpu": "32", "memory": "256Gi", "pods": "110"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": NODE,
            "labels": {"kubernetes.io/hostname": NODE, "kubernetes.io/os": "linux"},
            "annotations": {"kwok.x-k8s.io/node": "fake"},
        },
        "status": {"allocatable": size, "capacity": size},
    }


def _free_ports(*names: str) -> dict[str, int]:
    with contextlib.ExitStack() as stack:
        held = {name: stack.enter_context(socket.socket()) for name in names}
        for one in held.values():
            one.bind(("127.0.0.1", 0))
        return {name: one.getsockname()[1] for name, one in held.items()}


def _spawn(name: str, *arguments: Sequence[str]) -> None:
    """Start a program that outlives this one, without the credentials of whoever starts it."""
    with (RUN / f"{name}.log").open("wb") as log:
        started = subprocess.Popen(
            [str(BIN / name), *(one for part in arguments for one in part)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=RUN,
            env={"PATH": os.defpath, "HOME": str(RUN)},
            start_new_session=True,
        )
    # For a moment it has no command line yet, by which it is known as ours.
    deadline = time.monotonic() + STOP_S
    while started.poll() is None and not _is_ours(name, started.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    PROCESSES.write_text(json.dumps({**processes(), name: started.pid}))


def _wait(name: str, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + READY_S
    while not ready():
        if name not in alive() or time.monotonic() > deadline:
            lines = (RUN / f"{name}.log").read_text(errors="replace").splitlines()[-10:]
            told = "\n".join([f"{name} did not come up", *lines])
            raise SlipwayError(told, where=str(FAILED / f"{name}.log"))
        time.sleep(0.2)


# --- what runs -----------------------------------------------------------------------------------------


def processes() -> dict[str, int]:
    """Process id by program, as they were started, in that order."""
    return json.loads(PROCESSES.read_text()) if PROCESSES.exists() else {}


def alive() -> dict[str, int]:
    """Of these, the ones that run: a number that went to somebody else's program is none of ours."""
    return {name: pid for name, pid in processes().items() if _is_ours(name, pid)}


def _is_ours(name: str, pid: int) -> bool:
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(f"{BIN / name}\0".encode())
    return False


def stop() -> bool:
    """End what runs, the last one started first; whether anything ran.

    With etcd gone first, the API server would hang.
    """
    running = alive()
    for name, pid in reversed(running.items()):
        os.kill(pid, signal.SIGTERM)
        deadline = time.monotonic() + STOP_S
        while _is_ours(name, pid) and time.monotonic() < deadline:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
            time.sleep(0.1)
        if _is_ours(name, pid):
            os.kill(pid, signal.SIGKILL)
    shutil.rmtree(RUN, ignore_errors=True)
    KUBECONFIG.unlink(missing_ok=True)
    return bool(running)


def start(console: Console) -> None:
    """Build and start, unless all of it runs; what is left of an earlier one goes first."""
    build(console)
    if len(alive()) == len(PROGRAMS) - 1:  # helm is a command
        return
    stop()
    RUN.mkdir(mode=0o700, parents=True)
    try:
        with console.status("starting the control plane"):
            ControlPlane().start()
    except BaseException:
        shutil.rmtree(FAILED, ignore_errors=True)
        shutil.copytree(
            RUN, FAILED, ignore=lambda folder, names: [n for n in names if not n.endswith(".log")]
        )
        stop()
        raise


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("command", choices=("build", "start", "stop", "status"))
    command = parser.parse_args().command
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    try:
        private_folder(ROOT, make=True)
        if command == "build":
            build(console)
        elif command == "stop":
            print("the control plane is stopped" if stop() else "no control plane was running")
        elif command == "start":
            start(console)
            print(f"Kubernetes {versions()['k8s.io/kubernetes']} runs. Use it with:")
            print(f"  export SLIPWAY_KUBECONFIG={KUBECONFIG} PATH={BIN}:$PATH")
        else:
            for name, pid in alive().items():
                print(f"{name}  {pid}")
            return 0 if alive() else 3
    except SlipwayError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
