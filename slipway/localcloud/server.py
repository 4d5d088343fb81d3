"""The process of the embedded cloud: `python -m slipway.localcloud.server --root DIR --id ID …`.

`runtime.start` runs it; nobody else should. It binds every port, serves each from its
own thread, checks that every endpoint answers, and only then writes the runtime file. To whoever started it
it reports on one file descriptor: its pid, then `{"ok": true}` or what went wrong as `{"what", "where",
"fix"}`. It ends on SIGTERM, or when its runtime file is gone or belongs to another start.
"""

import argparse
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any
from wsgiref.types import WSGIApplication, WSGIEnvironment

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import BaseWSGIServer, make_server

from slipway.errors import SlipwayError
from slipway.localcloud import peers
from slipway.localcloud.aws import Aws
from slipway.localcloud.cloud import SERVICES, Cloud, git_folder, read_runtime_file, write_runtime_file
from slipway.localcloud.console import Console
from slipway.localcloud.fence import raise_fence
from slipway.localcloud.functions.api import FunctionsApi
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.kubernetes import Kubernetes
from slipway.localcloud.loopback_http import fetch
from slipway.localcloud.reach import Reach
from slipway.localcloud.records import Records, RecordsApi
from slipway.localcloud.web import OWNER, Guard, RequestLog
from slipway.platform.loopback import is_loopback_host

HOST = "127.0.0.1"
WATCH_S = 2.0


def bind(ports: dict[str, int]) -> dict[str, socket.socket]:
    """One listening socket per service on 127.0.0.1; port 0 takes a free one. Raises SlipwayError."""
    bound: dict[str, socket.socket] = {}
    for service, port in ports.items():
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except OSError as error:
            for other in [*bound.values(), listener]:
                other.close()
            raise SlipwayError(
                f"port {port} for {service} is taken: {error.strerror}",
                where=f"{HOST}:{port}",
                fix=f"stop what listens there (`ss -ltnp 'sport = :{port}'` names it), or leave out "
                f"`--port {service}={port}` to have a free port picked",
            ) from error
        bound[service] = listener
    return bound


class _Handler(MotoRequestHandler):
    # Headers and body are two writes; with Nagle's algorithm a kept connection waits 40 ms between them.
    disable_nagle_algorithm = True
    timeout = 300

    def setup(self) -> None:
        super().setup()
        self._owner = peers.is_ours(self.connection)

    def make_environ(self) -> WSGIEnvironment:
        return {**super().make_environ(), OWNER: self._owner}

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """The guard logs each call, without what may be secret."""


def serve(app: WSGIApplication, listener: socket.socket) -> BaseWSGIServer:
    """A threaded server for `app` on a bound socket, running in a daemon thread."""
    listener.listen(128)
    host, port = listener.getsockname()
    server = make_server(host, port, app, threaded=True, request_handler=_Handler, fd=listener.fileno())
    # The default of half a second would be four times that for a stop.
    loop = {"poll_interval": 0.1}
    threading.Thread(target=server.serve_forever, kwargs=loop, daemon=True, name=f"serve-{port}").start()
    return server


def applications(cloud: Cloud) -> tuple[dict[str, WSGIApplication], Callable[[], None]]:
    """The guarded application of each service, and what to do once all of them are served."""
    log = RequestLog()
    records = Records()
    aws, github, kubernetes = Aws(), GitHub(log, Path(cloud.git)), Kubernetes(log)
    counts = {"aws": aws.counts, "github": github.world.counts, "kubernetes": kubernetes.store.counts}
    if cloud.kubernetes_kind == "real":
        del counts["kubernetes"]
    console = Console(cloud, counts, records, log)
    functions = FunctionsApi(records, aws.lock, cloud.aws, aws)

    def once_served() -> None:
        functions.start()
        aws.warm()

    apps: dict[str, WSGIApplication] = {
        "aws": RecordsApi(records, functions, {"kubernetes": cloud.kubernetes, "account": cloud.account}),
        "github": github,
        "kubernetes": Reach(kubernetes, records),
        "console": RecordsApi(records, console),
    }
    return {service: Guard(service, app, log) for service, app in apps.items()}, once_served


def run(arguments: argparse.Namespace) -> None:
    """Serve until told to stop.

    Raises:
        SlipwayError: a port is taken, an endpoint does not answer, or it cannot be told who calls.
    """
    peers.require()
    root = Path(arguments.root)
    ports = {service: getattr(arguments, service) for service in SERVICES}
    if arguments.kubernetes_server:
        del ports["kubernetes"]
    listeners = bind(ports)
    cloud = Cloud(
        id=arguments.id,
        pid=os.getpid(),
        started_at=datetime.now(UTC).isoformat(timespec="seconds"),
        kubernetes=arguments.kubernetes_server,
        kubernetes_kind="real" if arguments.kubernetes_server else "stand-in",
        kubeconfig=arguments.kubeconfig,
        git=str(git_folder(root)),
        aws="",
        github="",
        console="",
    )
    urls = {service: f"http://{HOST}:{listener.getsockname()[1]}" for service, listener in listeners.items()}
    cloud = replace(cloud, **urls)
    apps, once_served = applications(cloud)
    servers = [serve(apps[service], listener) for service, listener in listeners.items()]
    for service, url in urls.items():
        _check_answers(service, url)
    write_runtime_file(root, cloud)
    _report(arguments.report_fd, {"ok": True})
    if arguments.report_fd >= 0:
        os.close(arguments.report_fd)
    threading.Thread(target=once_served, daemon=True, name="once-served").start()
    _wait(root, cloud)
    for server in servers:
        server.shutdown()


def _wait(root: Path, cloud: Cloud) -> None:
    """Until a signal, or until this process's runtime file is gone: nobody could find it any more."""
    stop = threading.Event()

    def on_signal(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, on_signal)
    while not stop.wait(WATCH_S):
        held = read_runtime_file(root)
        if held is None or held.id != cloud.id:
            print("the runtime file is gone: stopping", flush=True)
            return


def _check_answers(service: str, url: str) -> None:
    path = {
        "aws": "/slipway/records",
        "github": "/rate_limit",
        "kubernetes": "/version",
        "console": "/healthz",
    }
    try:
        status = fetch("GET", url + path[service], timeout_s=60).status
    except OSError as error:
        raise SlipwayError(f"the {service} endpoint does not answer: {error}", where=url) from error
    # GitHub's is 401 without a token, which is an answer.
    if status >= 500:
        raise SlipwayError(f"the {service} endpoint answers {status}", where=url)


def _report(fd: int, message: dict[str, Any]) -> None:
    if fd < 0:
        return
    with suppress(OSError):  # whoever waited has gone
        os.write(fd, json.dumps(message).encode() + b"\n")


def _parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="slipway.localcloud.server", description=__doc__)
    parser.add_argument("--root", required=True, help="the folder whose .slipway/ holds the runtime file")
    parser.add_argument("--id", required=True, help="this start's identity, a UUID")
    parser.add_argument("--report-fd", type=int, default=-1, help="where to report that all endpoints answer")
    parser.add_argument(
        "--detach", action="store_true", help="go on in a process that has no parent to wait for it"
    )
    parser.add_argument(
        "--kubernetes-server", default="", help="URL of a real API server instead of the stand-in"
    )
    parser.add_argument("--kubeconfig", default="", help="path of its credentials")
    for service in SERVICES:
        parser.add_argument(f"--{service}", type=int, default=0, metavar="PORT", help="0 picks a free one")
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> int:
    arguments = _parse(sys.argv[1:] if argv is None else argv)
    if arguments.detach and os.fork():
        # The caller waits for this process only; its child belongs to init, so nobody leaves a zombie.
        os._exit(0)
    _report(arguments.report_fd, {"pid": os.getpid()})
    raise_fence(is_loopback_host)
    try:
        run(arguments)
    except SlipwayError as error:
        _report(arguments.report_fd, {"what": error.what, "where": error.where, "fix": error.fix})
        return error.exit_code
    except Exception as error:
        _report(arguments.report_fd, {"what": f"the embedded cloud failed to start: {error!r}"})
        raise
    return 0


if __name__ == "__main__":
    sys.exit(main())
