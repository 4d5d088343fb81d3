"""AWS for the tests of bootstrap: moto with several accounts, and what it lacks of S3."""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from io import BytesIO
from typing import Any
from xml.etree import ElementTree

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app
from moto.s3.models import s3_backends
from werkzeug.serving import WSGIRequestHandler, make_server

from slipway.localcloud import moto_fixes

_OWNER_HEADER = "HTTP_X_AMZ_EXPECTED_BUCKET_OWNER"


class StandIn:
    """moto, where a bucket takes the tags it is created with and a call can say whose bucket it means."""

    def __init__(self) -> None:
        def create_app(service: Any) -> Any:
            moto_fixes.apply(str(service))
            return create_backend_app(service)

        self._app: Any = DomainDispatcherApplication(create_app)
        self._lock = threading.RLock()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        with self._lock:
            expected = environ.get(_OWNER_HEADER)
            name = environ["PATH_INFO"].strip("/").split("/")[0]
            if expected and _owner(name) not in (None, expected):
                start_response("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"]
            length = int(environ.get("CONTENT_LENGTH") or 0)
            body = environ["wsgi.input"].read(length)
            environ["wsgi.input"] = BytesIO(body)
            answer = list(self._app(environ, start_response))
            if environ["REQUEST_METHOD"] == "PUT" and b"<CreateBucketConfiguration" in body:
                _tag(name, environ["HTTP_X_MOTO_ACCOUNT_ID"], body)
            return answer


def _accounts() -> dict[str, Any]:
    return {account: backends["aws"] for account, backends in list(s3_backends.items())}


def _owner(name: str) -> str | None:
    return next((account for account, s3 in _accounts().items() if name in s3.buckets), None)


def _tag(name: str, account: str, body: bytes) -> None:
    if _owner(name) == account:
        tags = {
            str(tag.findtext("{*}Key")): str(tag.findtext("{*}Value"))
            for tag in ElementTree.fromstring(body).iterfind(".//{*}Tag")  # noqa: S314 - our own request
        }
        _accounts()[account].put_bucket_tagging(name, tags)


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving() -> Iterator[str]:
    """The stand-in's address while it runs."""
    server = make_server("127.0.0.1", 0, StandIn(), threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
