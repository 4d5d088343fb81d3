"""Checks AWS's request signatures, version 4.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html"""

import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, quote, urlsplit

from werkzeug.wrappers import Request

from slipway.localcloud.functions.instances import Credentials

CLOCK_SKEW = timedelta(minutes=5)
_ALGORITHM = "AWS4-HMAC-SHA256"
_FIELDS = re.compile(r"(?:^|[,\s])(Credential|SignedHeaders|Signature)=([^,\s]+)")


class SignatureError(Exception):
    """A request that is not signed, or not by whom it says."""


@dataclass(frozen=True)
class _Claim:
    access_key: str
    scope: str
    signed_headers: tuple[str, ...]
    signature: str


def verify(request: Request, *, region: str, find: Callable[[str], Credentials | None]) -> Credentials:
    """Whose credentials signed the request for `execute-api` in `region`. Raises SignatureError."""
    claim = _claim(request.headers.get("Authorization", ""))
    credentials = find(claim.access_key)
    if credentials is None:
        raise SignatureError("the access key is not known")
    given = request.headers.get("X-Amz-Security-Token", "")
    if not hmac.compare_digest(given.encode(), credentials.token.encode()):
        raise SignatureError("the session token is not the access key's")
    at = request.headers.get("X-Amz-Date", "")
    _check_time(at)
    if claim.scope != f"{at[:8]}/{region}/execute-api/aws4_request":
        raise SignatureError("the credential's scope is not of today, this region and execute-api")
    if "host" not in claim.signed_headers or "x-amz-date" not in claim.signed_headers:
        raise SignatureError("host and x-amz-date have to be signed")
    text = "\n".join([_ALGORITHM, at, claim.scope, _sha256(_canonical(request, claim).encode())])
    expected = hmac.new(_key(credentials.secret_key, claim.scope), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), claim.signature.encode()):
        raise SignatureError("the signature is not the request's")
    return credentials


def _claim(authorization: str) -> _Claim:
    scheme, _, rest = authorization.partition(" ")
    fields: dict[str, str] = dict(_FIELDS.findall(rest))
    if scheme != _ALGORITHM or set(fields) != {"Credential", "SignedHeaders", "Signature"}:
        raise SignatureError("the request is not signed")
    access_key, _, scope = fields["Credential"].partition("/")
    return _Claim(access_key, scope, tuple(fields["SignedHeaders"].split(";")), fields["Signature"])


def _check_time(text: str) -> None:
    try:
        at = datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise SignatureError("X-Amz-Date is no time") from None
    if abs(datetime.now(UTC) - at) > CLOCK_SKEW:
        raise SignatureError("the signature is too old, or of the future")


def _canonical(request: Request, claim: _Claim) -> str:
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or request.path)
    address = urlsplit(raw)
    query = sorted(
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in parse_qsl(address.query, keep_blank_values=True)
    )
    headers = [f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in claim.signed_headers]
    body = _sha256(request.get_data())
    # Whoever sends the hash has signed it, so a body that is not of it is refused by the signature.
    return "\n".join(
        [
            request.method,
            quote(address.path, safe="/~"),
            "&".join(f"{key}={value}" for key, value in query),
            *headers,
            "",
            ";".join(claim.signed_headers),
            body,
        ]
    )


def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
