"""The App's JWT, signed inside KMS, and the one installation token that all functions share.

The token lies in the table encrypted under the fleet's own key; one function mints at a time, under a lease,
so that a burst of cold starts costs one call. Nothing here is ever logged.
https://docs.github.com/en/apps/creating-github-apps/authenticating-with-a-github-app
"""

import base64
import json
import uuid
from collections.abc import Callable
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runners.control.github import GitHubClientError, GitHubUnavailable, Spent, Transport, checked, send
from runners.control.items import TOKEN
from runners.control.messages import epoch_ms
from runners.control.table import Table
from runners.control.writes import Write, absent_or_below, equals

_EARLY_MS = 5 * 60_000
"""A token is renewed this long before GitHub ends it (after one hour)."""
_LEASE_MS = 20_000
_WAITS_S = (0.2, 0.4, 0.8, 1.6)
"""How long to wait for the one that mints, before asking the caller to come again."""


class AppCredentials:
    """Implements `github.Credentials`.

    `app_key` and `token_key` are KMS alias names; `clock` gives epoch milliseconds.
    """

    def __init__(
        self,
        *,
        fleet: str,
        app_id: int,
        installation_id: int,
        url: str,
        kms: Any,
        app_key: str,
        token_key: str,
        table: Table,
        transport: Transport,
        clock: Callable[[], int],
        sleep: Callable[[float], None],
        spent: Spent,
    ) -> None:
        self._context = {"fleet": fleet}
        self._app_id, self._installation_id = app_id, installation_id
        self._url = url.rstrip("/")
        self._kms, self._app_key, self._token_key = kms, app_key, token_key
        self._table, self._transport = table, transport
        self._clock, self._sleep = clock, sleep
        self._held: tuple[str, int, bytes] | None = None
        """Token, end (ms), ciphertext."""
        self._spent = spent

    def app_jwt(self) -> str:
        """See `Credentials`. Every JWT is unique: GitHub once took equal ones for replays."""
        now = self._clock() // 1000
        # Set back a minute for clocks that differ; GitHub allows ten minutes.
        claims = {"iat": now - 60, "exp": now + 480, "iss": str(self._app_id), "jti": str(uuid.uuid4())}
        signed = f"{_part({'alg': 'RS256', 'typ': 'JWT'})}.{_part(claims)}"
        try:
            answer = self._kms.sign(
                KeyId=self._app_key,
                Message=signed.encode(),
                MessageType="RAW",
                SigningAlgorithm="RSASSA_PKCS1_V1_5_SHA_256",
            )
        except (ClientError, BotoCoreError) as error:
            raise _keyless("signing", error) from error
        return f"{signed}.{_encoded(answer['Signature'])}"

    def installation_token(self) -> str:
        """See `Credentials`: from memory, else from the table, else minted under a lease."""
        for wait in (*_WAITS_S, None):
            if self._held and self._held[1] - _EARLY_MS > self._clock():
                return self._held[0]
            if self._read():
                continue
            owner = uuid.uuid4().hex
            if self._lease(owner):
                return self._mint(owner)
            if wait is not None:
                self._sleep(wait)
        raise GitHubUnavailable("another function is getting a token", retry_after=2)

    def forget(self, token: str) -> None:
        """See `Credentials`; whoever has put a newer one in its place is left alone."""
        if self._held and self._held[0] == token:
            ciphertext = self._held[2]
            self._held = None
            self._table.write(
                Write(TOKEN, when={"ciphertext": equals(ciphertext)}, drop=("ciphertext", "expires_at"))
            )

    def _read(self) -> bool:
        item = self._table.get(TOKEN).get(TOKEN, {})
        ends, ciphertext = item.get("expires_at", 0) * 1000, item.get("ciphertext")
        if not ciphertext or ends - _EARLY_MS <= self._clock():
            return False
        try:
            answer = self._kms.decrypt(
                KeyId=self._token_key, CiphertextBlob=ciphertext, EncryptionContext=self._context
            )
        except (ClientError, BotoCoreError) as error:
            raise _keyless("decryption", error) from error
        self._held = (answer["Plaintext"].decode(), ends, ciphertext)
        return True

    def _lease(self, owner: str) -> bool:
        now = self._clock()
        # Since we read there may have been one who minted and let go: a token that is good needs no other.
        worn = absent_or_below((now + _EARLY_MS) // 1000 + 1)
        taken = Write(
            TOKEN,
            when={"lease_until": absent_or_below(now), "expires_at": worn},
            put={"lease_owner": owner, "lease_until": now + _LEASE_MS},
        )
        return self._table.write(taken) is not None

    def _mint(self, owner: str) -> str:
        mine = {"lease_owner": equals(owner)}
        try:
            path = f"/app/installations/{self._installation_id}/access_tokens"
            self._spent.calls += 1
            answer = send(self._transport, "POST", self._url + path, f"Bearer {self.app_jwt()}", None)
            granted = checked(answer, self._clock()).json()
            token, ends = str(granted["token"]), epoch_ms(granted["expires_at"])
            ciphertext = self._encrypted(token)
        except (GitHubUnavailable, GitHubClientError):
            # The next to ask may try, after the wait that the caller is told of.
            self._table.write(Write(TOKEN, when=mine, drop=("lease_owner", "lease_until")))
            raise
        put = {"ciphertext": ciphertext, "expires_at": ends // 1000}
        self._table.write(Write(TOKEN, when=mine, put=put, drop=("lease_owner", "lease_until")))
        self._held = (token, ends, ciphertext)
        return token

    def _encrypted(self, token: str) -> bytes:
        try:
            answer = self._kms.encrypt(
                KeyId=self._token_key, Plaintext=token.encode(), EncryptionContext=self._context
            )
        except (ClientError, BotoCoreError) as error:
            raise _keyless("encryption", error) from error
        return bytes(answer["CiphertextBlob"])


def _keyless(what: str, error: Exception) -> GitHubUnavailable:
    return GitHubUnavailable(f"{what} failed in KMS: {type(error).__name__}", retry_after=10)


def _part(claims: dict[str, Any]) -> str:
    return _encoded(json.dumps(claims, separators=(",", ":")).encode())


def _encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
