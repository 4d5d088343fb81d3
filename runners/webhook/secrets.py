"""The webhook's secret: the current one, and the one before it while both are in use."""

import time
from collections.abc import Callable

from runners.webhook.aws import Service, Unreachable

KEEP_S = 300.0
"""How long secrets are kept before they are read anew."""

AGAIN_S = 5.0
"""How long a signature that fits none is believed to be wrong, before it makes us look for a new secret."""


class Secrets:
    """Reads and keeps them. What could not be read is not kept: the next request asks again."""

    def __init__(self, service: Service, secret_id: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._secret_id = secret_id
        self._clock = clock
        self._accepted: tuple[bytes, ...] = ()
        self._read_at = 0.0

    def accepted(self) -> tuple[bytes, ...]:
        """The secrets that a signature may be made with. Raises Unreachable."""
        if not self._accepted or self._clock() - self._read_at > KEEP_S:
            self._read()
        return self._accepted

    def renewed(self) -> bool:
        """Read them anew after a signature that fits none, unless that was done just now.

        A rotation so takes hold at once, and noise costs one call in five seconds.
        """
        if self._clock() - self._read_at < AGAIN_S:
            return False
        before = self._accepted
        self._read()
        return self._accepted != before

    def _read(self) -> None:
        current = self._value("AWSCURRENT")
        try:
            previous = self._value("AWSPREVIOUS")
        except Unreachable:
            previous = b""  # there is none until the first rotation
        self._accepted = tuple(secret for secret in (current, previous) if secret)
        self._read_at = self._clock()

    def _value(self, stage: str) -> bytes:
        answer = self._service.call("GetSecretValue", {"SecretId": self._secret_id, "VersionStage": stage})
        value = answer.get("SecretString")
        if not isinstance(value, str) or not value:
            raise Unreachable("the secret has no text")
        return value.encode()
