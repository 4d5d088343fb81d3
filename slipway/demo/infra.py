"""Infrastructure delivery as a story of commands: from eight stacks at once to a drift that is mended.

Each step runs a command as one types it, and is as it should be or ends the story: nothing is staged.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from slipway import aws
from slipway.demo import repository as shop
from slipway.demo.repository import AFTER, CHANGED, HURRIED, OUTSIDE, PROJECT
from slipway.errors import SlipwayError
from slipway.localcloud import runtime

NAME: Final = f"{PROJECT}/{CHANGED}"
_MARKUP_OFF: Final = {"NO_COLOR": "1", "GITHUB_ACTIONS": ""}


@dataclass(frozen=True)
class Told:
    """A step that was done: what it is about, the command as typed, what it printed, and its seconds."""

    about: str
    command: str
    printed: str
    seconds: float


@dataclass
class Play:
    """The story, in a folder of its own.

    Attributes:
        folder: empty, and the caller's to remove.
        tell: gets each step once it is done.
    """

    folder: Path
    tell: Callable[[Told], None]
    told: list[Told] = field(default_factory=list[Told])
    top: Path = Path()

    def run(self) -> Path:
        """Play it; the page of the dashboard.

        Raises:
            SlipwayError: a step was not as it should be, with what it printed.
        """
        self.top = shop.write(self.folder)
        self._do("An embedded cloud, for eight stacks that need each other.", ["cloud", "start"], self.folder)
        self._do("All of them come up, each after what it needs.", ["stacks", "bring-up", "--yes"])
        self._proposed()
        run = self._planned()
        self._hurried()
        self._do(
            "The plan that was shown is not what would happen now: it is refused, and nothing is changed.",
            ["apply", NAME, "--run", run, "--yes"],
            status=2,
        )
        self._applied()
        self._drifted()
        self._do(
            "Who applied what, each record chained to the one before it.",
            ["stacks", "log", NAME, "--verify"],
        )
        page = self.folder / "dashboard"
        self._do("All of it on one page.", ["dashboard", "--out", str(page)])
        return page / "index.html"

    def _proposed(self) -> None:
        shop.git(self.top, "checkout", "--quiet", "-b", "keep-logs")
        shop.set_days(self.top, CHANGED, AFTER)
        shop.commit(self.top, "Keep the logs of the API for a month")
        self._do(
            f"A pull request keeps the logs of {CHANGED} for {AFTER} days: which stacks that concerns.",
            ["affected", "--base", "main"],
        )
        self._do("Whether it may be merged.", ["gate", "--base", "main"])

    def _planned(self) -> str:
        """Merge, and plan; the run that planned."""
        shop.git(self.top, "checkout", "--quiet", "main")
        shop.git(self.top, "merge", "--quiet", "--squash", "keep-logs")
        shop.commit(self.top, "Keep the logs of the API for a month (#1)")
        answer = self._do(
            "It is merged by a squash, and planned: sealed, with a summary that holds no secret.",
            ["plan", NAME, "--out", "plans", "--json"],
            show=False,
        )
        run = str(json.loads(answer)["run"])
        self._do("What everybody sees of it, as a comment.", ["comment", f"plans/{PROJECT}.{CHANGED}.json"])
        return run

    def _hurried(self) -> None:
        shop.set_days(self.top, CHANGED, HURRIED)
        self._do(
            f"Before it is applied, somebody applies {HURRIED} days past everybody.", ["up", CHANGED, "--yes"]
        )
        shop.set_days(self.top, CHANGED, AFTER)

    def _applied(self) -> None:
        answer = self._do("So it is planned again", ["plan", NAME, "--json"], show=False)
        run = str(json.loads(answer)["run"])
        self._do(
            "and exactly that is applied, under the stack's lease.", ["apply", NAME, "--run", run, "--yes"]
        )

    def _drifted(self) -> None:
        self._do("Nothing has drifted.", ["drift", CHANGED])
        cloud = runtime.require(self.folder)
        logs: Any = aws.connect("eu-west-1", endpoint=cloud.aws).client("logs")
        logs.put_retention_policy(logGroupName=f"/shop/{CHANGED}", retentionInDays=OUTSIDE)
        self._do(
            f"Somebody sets {OUTSIDE} days in the cloud itself: that is found,", ["drift", CHANGED], status=2
        )
        self._do("and mended by what the program says.", ["up", CHANGED, "--refresh", "--yes"])

    def _do(
        self,
        about: str,
        words: Sequence[str],
        folder: Path | None = None,
        *,
        status: int = 0,
        show: bool = True,
    ) -> str:
        """Run a command; what it printed on standard output."""
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-P", "-m", "slipway", *words],
            cwd=folder or self.top,
            env={**os.environ, **_MARKUP_OFF},
            capture_output=True,
            text=True,
            check=False,
        )
        printed = f"{done.stdout}{done.stderr}".strip()
        if done.returncode != status:
            raise SlipwayError(
                f"`slipway {' '.join(words)}` ended with {done.returncode} in place of {status}:\n{printed}",
                where=str(folder or self.top),
            )
        shown = printed if show else done.stderr.strip()
        self.told.append(Told(about, " ".join(["slipway", *words]), shown, time.monotonic() - began))
        self.tell(self.told[-1])
        return done.stdout
