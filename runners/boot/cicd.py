#!/usr/bin/env python3
"""Hands the CICD role's short-lived credentials to the job's user, and to nobody else on the machine.

`serve` runs as root, the only user that reaches the metadata service: it assumes the role with the instance's
own credentials and answers on a Unix socket, after asking the kernel who called. `get` is the credential
process of the AWS SDKs' profile `cicd`
(https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html).
The standard library only, run with `python3 -I`.
"""

import argparse
import hashlib
import hmac
import json
import pwd
import re
import socket
import struct
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

SOCKET = "/run/slipway-cicd.sock"
SESSION_S = 3_600
"""The longest that STS gives to a role that a role assumes (IAM User Guide, "Role chaining")."""

RENEW = timedelta(minutes=20)
"""Handed out only while they last longer than this: botocore asks anew 15 minutes before the end."""

_TIMEOUT_S = 10
_STS = "{https://sts.amazonaws.com/doc/2011-06-15/}"
_FIELDS = ("AccessKeyId", "SecretAccessKey", "SessionToken", "Expiration")

Fetch = Callable[[urllib.request.Request], bytes]


class NoCredentials(Exception):
    """AWS, or the metadata service, gave no credentials; the text says why and holds no secret."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """Which role is assumed, as what, and by whom."""

    role: str
    session: str
    region: str
    metadata: str
    sts: str


def _request(
    url: str, method: str, headers: dict[str, str], body: bytes | None = None
) -> urllib.request.Request:
    if not url.startswith(("http://", "https://")):
        raise NoCredentials("an address that is none")
    return urllib.request.Request(url, data=body, headers=headers, method=method)  # noqa: S310 -- see above


def fetch(request: urllib.request.Request) -> bytes:
    """The answer's body, asked for without any proxy: neither address may be reached through one."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        code = re.search(r"<Code>(\w{1,64})</Code>", error.read().decode(errors="replace"))
        raise NoCredentials(f"{error.code} {code[1] if code else ''}".strip()) from None
    except OSError as error:
        raise NoCredentials(type(error).__name__) from None


def instance_credentials(metadata: str, get: Fetch = fetch) -> dict[str, str]:
    """Credentials of the instance's role, by IMDSv2."""
    ttl = {"X-aws-ec2-metadata-token-ttl-seconds": "60"}
    token = get(_request(f"{metadata}/latest/api/token", "PUT", ttl)).decode()
    header = {"X-aws-ec2-metadata-token": token}
    base = f"{metadata}/latest/meta-data/iam/security-credentials/"
    role = get(_request(base, "GET", header)).decode().strip()
    credentials: dict[str, str] = json.loads(get(_request(base + role, "GET", header)))
    return credentials


def assume_role_request(chain: Chain, instance: dict[str, str], now: datetime) -> urllib.request.Request:
    """The signed call (IAM User Guide, "Create a signed AWS API request")."""
    body = urllib.parse.urlencode(
        {
            "Action": "AssumeRole",
            "Version": "2011-06-15",
            "RoleArn": chain.role,
            "RoleSessionName": chain.session,
            "DurationSeconds": SESSION_S,
        }
    ).encode()
    stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=utf-8",
        "host": urllib.parse.urlsplit(chain.sts).netloc,
        "x-amz-date": stamp,
        "x-amz-security-token": instance["Token"],
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{day}/{chain.region}/sts/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{instance['SecretAccessKey']}".encode()
    for part in (day, chain.region, "sts", "aws4_request", text):
        key = hmac.digest(key, part.encode(), "sha256")
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={instance['AccessKeyId']}/{scope}, "
        f"SignedHeaders={names}, Signature={key.hex()}"
    )
    return _request(chain.sts.rstrip("/") + "/", "POST", headers, body)


def assume_role(chain: Chain, now: datetime, get: Fetch = fetch) -> dict[str, str]:
    """The role's credentials: `AccessKeyId`, `SecretAccessKey`, `SessionToken`, `Expiration`.

    Raises:
        NoCredentials: the metadata service or STS gave none.
    """
    try:
        answer = get(assume_role_request(chain, instance_credentials(chain.metadata, get), now))
        credentials = ElementTree.fromstring(answer).find(f".//{_STS}Credentials")  # noqa: S314 -- AWS's own answer
        if credentials is None:
            raise NoCredentials("an answer without credentials")
        fields = {name: credentials.findtext(f"{_STS}{name}", "") for name in _FIELDS}
        datetime.fromisoformat(fields["Expiration"])
        return fields
    except (ValueError, KeyError, ElementTree.ParseError) as error:
        raise NoCredentials(f"an answer that cannot be read ({type(error).__name__})") from None


@dataclass
class Credentials:
    """The role's credentials, kept for as long as they last."""

    chain: Chain
    get: Fetch = fetch
    cached: dict[str, str] = field(default_factory=dict[str, str])

    def current(self, now: datetime) -> dict[str, str | int]:
        """What a credential process prints.

        Raises:
            NoCredentials: there are none.
        """
        if not self.cached or datetime.fromisoformat(self.cached["Expiration"]) - now < RENEW:
            self.cached = assume_role(self.chain, now, self.get)
        return {"Version": 1, **self.cached}


def answer(connection: socket.socket, credentials: Credentials, uid: int) -> None:
    """Answer one caller: credentials to the job's user, and a refusal to any other.

    A process of a rootless container is the job's user only as that container's root; with any other user it
    is one of the subordinate users, and refused.
    """
    size = struct.calcsize("3i")
    caller = struct.unpack("3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))[1]
    if caller != uid:
        reply: dict[str, str | int] = {"error": "only the job's user gets credentials"}
    else:
        try:
            reply = credentials.current(datetime.now(UTC))
        except NoCredentials as error:
            print(f"cicd: no credentials: {error}", flush=True)
            reply = {"error": f"the CICD role could not be assumed: {error}"}
    connection.sendall(json.dumps(reply).encode())


def serve(path: Path, user: str, chain: Chain) -> None:
    """Answer callers on a Unix socket until the end of the process."""
    uid = pwd.getpwnam(user).pw_uid
    unready = path.with_name(f"{path.name}.new")
    unready.unlink(missing_ok=True)
    credentials = Credentials(chain)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(str(unready))
        unready.chmod(0o666)  # whoever connects is asked for by the kernel, not by the file
        listening.listen(16)
        unready.replace(path)  # only now: whoever finds the path is answered
        while True:
            connection, _ = listening.accept()
            with connection, suppress(OSError):
                connection.settimeout(_TIMEOUT_S)
                answer(connection, credentials, uid)


def get(path: Path) -> int:
    """Print the credentials for an AWS SDK; 1 with the reason on standard error where there are none."""
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(3 * _TIMEOUT_S)
            connection.connect(str(path))
            reply = json.loads(b"".join(iter(lambda: connection.recv(65_536), b"")))
    except (OSError, ValueError) as error:
        reply = {"error": f"this runner hands out no CICD credentials ({type(error).__name__})"}
    if "error" in reply:
        print(f"cicd: {reply['error']}", file=sys.stderr)
        return 1
    print(json.dumps(reply))
    return 0


def main(arguments: list[str]) -> int:
    """The command line: `serve` with where and for whom, or `get`."""
    parser = argparse.ArgumentParser(description="The CICD role's credentials for a runner's job")
    parser.add_argument("mode", choices=("serve", "get"))
    parser.add_argument("--socket", type=Path, default=Path(SOCKET))
    for name in ("user", "role", "session", "region", "metadata", "sts"):
        parser.add_argument(f"--{name}", default="")
    options = parser.parse_args(arguments)
    if options.mode == "get":
        return get(options.socket)
    chain = Chain(
        role=options.role,
        session=options.session,
        region=options.region,
        metadata=options.metadata,
        sts=options.sts,
    )
    serve(options.socket, options.user, chain)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
