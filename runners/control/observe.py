"""Log lines and metrics on stdout: one JSON object a line, metrics in CloudWatch's embedded format.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import json
import sys
from collections.abc import Callable
from typing import Any

_NAMESPACE = "Slipway/Runners"


def to_stdout(line: str) -> None:
    """Where a deployed function's lines go."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Observer:
    """Writes what happened. Callers give names and numbers, never bodies, tokens or configurations."""

    def __init__(
        self, fleet: str, clock: Callable[[], int], write: Callable[[str], None] = to_stdout
    ) -> None:
        self._fleet = fleet
        self._clock = clock
        self._write = write

    def log(self, what: str, **fields: str | int | None) -> None:
        """One line: `what` happened, with its fields."""
        self._write(json.dumps({"at": self._clock(), "what": what, **fields}))

    def metrics(self, values: dict[str, float], class_name: str = "", unit: str = "Count") -> None:
        """Metrics of the fleet, or of one class of it."""
        dimensions = {"Fleet": self._fleet, **({"Class": class_name} if class_name else {})}
        record: dict[str, Any] = {
            "_aws": {
                "Timestamp": self._clock(),
                "CloudWatchMetrics": [
                    {
                        "Namespace": _NAMESPACE,
                        "Dimensions": [list(dimensions)],
                        "Metrics": [{"Name": name, "Unit": unit} for name in values],
                    }
                ],
            },
            **dimensions,
            **values,
        }
        self._write(json.dumps(record))
