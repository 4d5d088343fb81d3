"""Two calls to AWS, signed by hand: importing boto3 alone takes longer than the whole function may.

Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
"""

import hashlib
import hmac
import http.client
import json
import os
import time
from typing import Any
from urllib.parse import urlsplit

_JSON = {"sqs": "application/x-amz-json-1.0", "secretsmanager": "application/x-amz-json-1.1"}
_TARGETS = {"sqs": "AmazonSQS", "secretsmanager": "secretsmanager"}
TIMEOUT_S = 3.0
"""GitHub waits for ten seconds; two tries of this fit in."""


class Unreachable(Exception):
    """A service that did not answer, or answered with an error. Says which and how, never what was sent."""


def signed_headers(
    *,
    service: str,
    region: str,
    host: str,
    target: str,
    body: bytes,
    at: float,
    credentials: tuple[str, str, str],
) -> dict[str, str]:
    """The headers of one POST to `/`, signed.

    Args:
        service: SigV4's name of it.
        region: where it is.
        host: with the port, where that is not the scheme's own.
        target: X-Amz-Target.
        body: as it is sent.
        at: epoch seconds.
        credentials: key id, secret key, session token (may be empty).
    """
    key_id, secret, token = credentials
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(at))
    headers = {"content-type": _JSON[service], "host": host, "x-amz-date": stamp, "x-amz-target": target}
    if token:
        headers["x-amz-security-token"] = token
    names = ";".join(sorted(headers))
    lines = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers))
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{stamp[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(_key(secret, stamp[:8], region, service), text.encode(), hashlib.sha256).hexdigest()
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return headers


_keys: dict[tuple[str, str, str, str], bytes] = {}


def _key(secret: str, day: str, region: str, service: str) -> bytes:
    """The signing key of one day; four rounds of HMAC that are the same for every request."""
    scope = (secret, day, region, service)
    if scope not in _keys:
        key = f"AWS4{secret}".encode()
        for part in (day, region, service, "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        if len(_keys) > 8:  # yesterday's, and those of credentials that have been replaced
            _keys.clear()
        _keys[scope] = key
    return _keys[scope]


class Service:
    """A client of one service on a connection that is kept."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._connection: http.client.HTTPConnection | None = None
        self._endpoint = ""

    def call(self, action: str, arguments: dict[str, Any]) -> dict[str, Any]:
        """One action. Raises Unreachable."""
        body = json.dumps(arguments).encode()
        try:
            status, answer = self._send(f"{_TARGETS[self._service]}.{action}", body)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{self._service} {action}: {type(error).__name__}") from None
        if status != http.client.OK:
            raise Unreachable(f"{self._service} {action}: {status} {_kind(answer)}")
        try:
            return dict(json.loads(answer))
        except (ValueError, TypeError):
            raise Unreachable(f"{self._service} {action}: an answer that is no JSON") from None

    def _send(self, target: str, body: bytes) -> tuple[int, bytes]:
        """Post; once more on a fresh connection where the kept one was closed by the other side since."""
        kept = self._connection is not None
        try:
            return self._post(target, body)
        except (OSError, http.client.HTTPException):
            self._close()
            if not kept:
                raise
        try:
            return self._post(target, body)
        except (OSError, http.client.HTTPException):
            self._close()
            raise

    def _post(self, target: str, body: bytes) -> tuple[int, bytes]:
        region = os.environ["AWS_REGION"]
        endpoint = os.environ.get("AWS_ENDPOINT_URL") or f"https://{self._service}.{region}.amazonaws.com"
        if endpoint != self._endpoint:
            self._close()
            self._endpoint = endpoint
        address = urlsplit(endpoint)
        if self._connection is None:
            https = address.scheme == "https"
            kind = http.client.HTTPSConnection if https else http.client.HTTPConnection
            self._connection = kind(address.netloc, timeout=TIMEOUT_S)
        headers = signed_headers(
            service=self._service,
            region=region,
            host=address.netloc,
            target=target,
            body=body,
            at=time.time(),
            credentials=(
                os.environ["AWS_ACCESS_KEY_ID"],
                os.environ["AWS_SECRET_ACCESS_KEY"],
                os.environ.get("AWS_SESSION_TOKEN", ""),
            ),
        )
        self._connection.request("POST", "/", body, headers)
        response = self._connection.getresponse()
        return response.status, response.read()

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def _kind(answer: bytes) -> str:
    """The type of an error, which AWS names in its answer; its text may repeat what was sent, so it stays."""
    try:
        return str(json.loads(answer).get("__type", "")).rpartition("#")[2][:60]
    except (ValueError, AttributeError):
        return ""
