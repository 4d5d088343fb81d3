"""Refusals and outages that GitHub has now and then, on demand, and a count of all calls."""

import fnmatch
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from slipway.localcloud.github.errors import GitHubError
from slipway.localcloud.github.model import Json

_MESSAGES = {
    403: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    429: "You have exceeded a secondary rate limit. Please wait a few minutes before you try again.",
    502: "Server Error",
    503: "Service unavailable",
}


@dataclass(kw_only=True)
class Rule:
    """Calls that fail: by method and path (a pattern), so many times or with some probability.

    A 403 or 429 says `retry_after`, or that the hour's rate is used up until `reset_s` from now; or, where it
    is a `secondary` limit, nothing but that in its message. `after` is for a call that does its work and
    whose answer is lost.
    """

    status: int
    method: str = "*"
    path: str = "*"
    retry_after: int | None = None
    reset_s: int = 60
    secondary: bool = False
    times: int | None = None
    probability: float = 1.0
    after: bool = False
    injected: int = field(default=0, init=False)

    def matches(self, method: str, path: str) -> bool:
        open_ = self.times is None or self.injected < self.times
        return open_ and fnmatch.fnmatchcase(method, self.method) and fnmatch.fnmatchcase(path, self.path)

    def error(self) -> GitHubError:
        """https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api"""
        headers: dict[str, str] = {}
        message = _MESSAGES.get(self.status, "Injected")
        if self.retry_after is not None:
            headers["Retry-After"] = str(self.retry_after)
        elif self.status in {403, 429} and not self.secondary:
            message = "API rate limit exceeded for installation."
            reset = str(int(time.time()) + self.reset_s)
            headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
        return GitHubError(self.status, message, headers=headers)


class Faults:
    """The rules in force, and the calls so far. Callers hold the world's lock."""

    def __init__(self) -> None:
        self.rules: list[Rule] = []
        self.calls: Counter[str] = Counter()
        self._random = random.Random(0)  # noqa: S311 - decides what fails

    def replace(self, rules: list[Json], seed: int) -> None:
        """Raises TypeError for a rule with other fields."""
        self.rules = [Rule(**rule) for rule in rules]
        self._random = random.Random(seed)  # noqa: S311

    def happening(self, method: str, path: str) -> Rule | None:
        """The first rule that the call falls under, and that strikes this time."""
        for rule in self.rules:
            if rule.matches(method, path) and self._random.random() < rule.probability:
                rule.injected += 1
                return rule
        return None
