"""Fires the EventBridge schedules of functions: by their rate, or all at once where somebody asks."""

import json
import re
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from slipway.localcloud.functions.deployed import Deployed, Json, Schedule
from slipway.localcloud.functions.runtime import Functions

_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_SECONDS = {"minute": 60, "hour": 3600, "day": 86_400}
_LOOK_S = 1.0


def period_s(expression: str) -> int | None:
    """Seconds between two calls of `rate(…)`; None for `cron(…)` and `at(…)`, which only a tick fires.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    """
    rate = _RATE.fullmatch(expression)
    return int(rate[1]) * _SECONDS[rate[2]] if rate else None


class Schedules:
    """Calls functions by their schedules; a failed call is not made again, the next period comes soon."""

    def __init__(self, deployed: Deployed, functions: Functions) -> None:
        self._deployed = deployed
        self._functions = functions
        self._last: dict[str, float] = {}

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="schedules").start()

    def tick(self, names: list[str] | None = None) -> list[Json]:
        """Fire every enabled schedule now, or the named ones, and wait until their functions have ended."""
        wanted = [
            schedule
            for schedule in self._deployed.schedules()
            if names is None or schedule.name in names or schedule.name.partition("/")[2] in names
        ]
        if not wanted:
            return []
        with ThreadPoolExecutor(len(wanted)) as pool:
            return list(pool.map(self._fire, wanted))

    def _run(self) -> None:
        while True:
            time.sleep(_LOOK_S)
            for schedule in self._deployed.schedules():
                if self._is_due(schedule):
                    threading.Thread(target=self._fire, args=(schedule,), daemon=True).start()

    def _is_due(self, schedule: Schedule) -> bool:
        period, now = period_s(schedule.expression), time.time()
        last = max(self._last.get(schedule.arn, 0.0), schedule.created_at)
        if period is None or now < last + period:
            return False
        self._last[schedule.arn] = now
        return True

    def _fire(self, schedule: Schedule) -> Json:
        fired: Json = {"schedule": schedule.name, "function": schedule.function_arn, "error": None}
        function = self._deployed.function(schedule.function_arn)
        if function is None:
            return {**fired, "error": "ResourceNotFoundException: the function does not exist"}
        try:
            event: object = json.loads(schedule.input)
        except ValueError:
            return {**fired, "error": "ValidationException: the schedule's input is no JSON"}
        error = self._functions.call(function, event).error
        if error is not None:
            fired["error"] = f"{error.get('errorType')}: {error.get('errorMessage')}"
        return fired
