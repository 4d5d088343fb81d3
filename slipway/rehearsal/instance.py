"""One instance of the fleet as its boot script would act: claims, runs what GitHub hands it, and finishes."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from slipway.rehearsal.stand_in import Answer, AwsControls, GitHubControls

Json = dict[str, Any]
_ASK_AGAIN_S = 0.5
_LONGEST_RETRY_S = 3.0
_LEAVE_S = 1.0
"""How long a runner takes to leave after its job."""


class Phase(StrEnum):
    """Where an instance is."""

    CLAIMING = "claiming"
    LISTENING = "listening"
    RUNNING = "running"
    FINISHING = "finishing"
    GONE = "gone"


@dataclass(kw_only=True)
class Ledger:
    """What all instances of a rehearsal saw, for its report. Appending to a list is atomic."""

    configurations: list[str] = field(default_factory=list[str])
    """Every runner configuration that was handed out: what must be found nowhere afterwards."""
    credentials: list[str] = field(default_factory=list[str])
    done: list[int] = field(default_factory=list[int])
    second_claims: list[int] = field(default_factory=list[int])
    """The answers to claims made a second time."""
    troubles: list[str] = field(default_factory=list[str])


class Instance(threading.Thread):
    """One instance, from its first credential to its end."""

    def __init__(
        self,
        name: str,
        api: str,
        controls: tuple[AwsControls, GitHubControls],
        ledger: Ledger,
        *,
        work_s: float,
        greedy: bool,
        stopping: threading.Event,
    ) -> None:
        """Prepare it.

        Args:
            name: its id at EC2.
            api: base URL of the fleet's API.
            controls: the embedded cloud.
            ledger: where it notes what it saw.
            work_s: how long its job takes.
            greedy: whether it tries to claim a second time.
            stopping: set when the rehearsal is over.
        """
        super().__init__(name=name, daemon=True)
        self.phase = Phase.CLAIMING
        self.runner_id = 0
        self._api = api
        self._aws, self._github = controls
        self._ledger = ledger
        self._work_s, self._leave_s = work_s, min(work_s, _LEAVE_S)
        self._greedy = greedy
        self._stopping = stopping
        self._assigned = threading.Event()
        self.job = 0

    def hand(self, job: int) -> None:
        """GitHub has handed this instance's runner a job."""
        self.job = job
        self.phase = Phase.RUNNING
        self._assigned.set()

    def run(self) -> None:
        """Live; nothing that goes wrong here may end the rehearsal."""
        try:
            self._live()
        except Exception as error:
            self._ledger.troubles.append(f"{self.name}: {type(error).__name__}: {error}")
        finally:
            self.phase = Phase.GONE

    def _live(self) -> None:
        credentials = self._aws.credentials(self.name)
        if credentials is None:
            return
        self._ledger.credentials += [credentials["SecretAccessKey"], credentials["Token"]]
        jit, result = self._claim(credentials), "ok"
        if jit is not None and not self._listen(jit):
            result = "failed"
        elif jit is not None:
            time.sleep(self._work_s)
            status = self._github.complete(self.job, "success")
            if status >= HTTPStatus.BAD_REQUEST:
                self._ledger.troubles.append(f"{self.name}: GitHub answers {status} to its job's end")
            else:
                self._ledger.done.append(self.job)
            time.sleep(self._leave_s)
        self.phase = Phase.FINISHING
        # A careless boot script's log: what must not be kept is in it.
        log = f"simulated with {jit} as {credentials['Token']}"
        self._again(lambda: self._post("finish", credentials, {"result": result, "log": log}))

    def _claim(self, credentials: Json) -> str | None:
        """The runner's configuration; None where the rehearsal ends first, or the claim is refused."""
        while not self._stopping.is_set():
            answer = self._post("claim", credentials, {})
            if answer.status == HTTPStatus.OK:
                jit = str(answer.body["jitconfig"])
                self._ledger.configurations.append(jit)
                if self._greedy:
                    self._ledger.second_claims.append(self._post("claim", credentials, {}).status)
                return jit
            if answer.status in {HTTPStatus.CONFLICT, HTTPStatus.FORBIDDEN}:
                self._ledger.troubles.append(f"{self.name}: {answer.status} to its claim: {answer.body}")
                return None
            self._stopping.wait(min(answer.retry_after_s or _ASK_AGAIN_S, _LONGEST_RETRY_S))
        return None

    def _listen(self, jit: str) -> bool:
        """Be a runner until GitHub hands over a job; whether it did."""
        answer = self._github.connect(jit)
        if answer.status != HTTPStatus.OK:
            self._ledger.troubles.append(f"{self.name}: {answer.status} to its runner: {answer.body}")
            return False
        self.runner_id = int(answer.body["id"])
        self.phase = Phase.LISTENING
        while not self._assigned.wait(0.2):
            if self._stopping.is_set():
                self._github.disconnect(self.runner_id)
                return False
        return True

    def _post(self, route: str, credentials: Json, body: Json) -> Answer:
        return self._aws.post(f"{self._api}/{route}", credentials, body)

    def _again(self, call: Callable[[], Answer], times: int = 5) -> None:
        """Call until it is no server's error, as the boot script does."""
        for _ in range(times):
            answer = call()
            if answer.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                return
            time.sleep(min(answer.retry_after_s or _ASK_AGAIN_S, _LONGEST_RETRY_S))
        self._ledger.troubles.append(f"{self.name}: its end was not taken")
