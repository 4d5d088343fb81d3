"""The three stores, S3's on the embedded cloud's AWS served in this process."""

import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from slipway.aws import AwsSession, connect
from slipway.localcloud.aws import Aws
from slipway.store import FolderStore, MemoryStore, S3Store, Store

ACCOUNT = "123456789012"
BUCKET = "acme-plans"
_NUMBERS = itertools.count()


class QuietHandler(MotoRequestHandler):
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: pytest shows what failed."""


@pytest.fixture(scope="session")
def endpoint() -> Iterator[str]:
    server = make_server("127.0.0.1", 0, Aws(), threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_port}"
    connect("us-east-1", endpoint=address).client("s3").create_bucket(Bucket=BUCKET)
    yield address
    server.shutdown()


def session(endpoint: str) -> AwsSession:
    return connect("us-east-1", endpoint=endpoint)


@pytest.fixture(scope="session")
def sessions(endpoint: str) -> list[AwsSession]:
    """A client costs a fifth of a second, so there are four for all."""
    return [session(endpoint) for _ in range(4)]


Opened = Callable[[], Store]
"""Another client of the same place at each call."""


@pytest.fixture(params=["memory", "folder", "s3"])
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    if request.param == "memory":
        memory = MemoryStore()
        return lambda: memory
    if request.param == "folder":
        return lambda: FolderStore(tmp_path / "store")
    sessions, prefix = itertools.cycle(request.getfixturevalue("sessions")), f"test-{next(_NUMBERS)}"
    return lambda: S3Store(next(sessions), BUCKET, account=ACCOUNT, prefix=prefix)


@pytest.fixture
def store(opened: Opened) -> Store:
    return opened()
