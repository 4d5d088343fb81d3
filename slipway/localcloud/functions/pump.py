"""Carries messages of SQS queues to functions, as the recorded event source mappings say.

moto's own mappings would start a Docker container for every message, so none is ever made there.
https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html
"""

import hashlib
import sys
import threading
import time
from collections import Counter
from typing import Any, cast

from slipway.localcloud.cloud import ACCOUNT
from slipway.localcloud.functions.deployed import Deployed, Json
from slipway.localcloud.functions.runtime import WORKERS, Functions, Result
from slipway.localcloud.records import Records

MAPPING = "aws:lambda/eventSourceMapping:EventSourceMapping"
BATCH = 10
_LOOK_S = 0.05


class Queues:
    """The few things that a mapping does with moto's queues, under the lock that its requests hold too."""

    def __init__(self, lock: threading.RLock) -> None:
        self._lock = lock

    def receive(self, arn: str, count: int) -> list[Any]:
        """Up to `count` visible messages; one received too often moves to the dead-letter queue instead."""
        with self._lock:
            located = _queue(arn)
            if located is None or not located[1]._messages:
                return []
            backend, queue = located
            return backend.receive_message(queue.name, count, 0, int(queue.visibility_timeout))

    def delete(self, arn: str, receipt_handles: list[str]) -> None:
        with self._lock:
            located = _queue(arn)
            for handle in receipt_handles if located else ():
                cast("Any", located)[1].delete_message(handle)

    def is_empty(self, arn: str) -> bool:
        """Whether no message is visible, hidden or delayed."""
        with self._lock:
            located = _queue(arn)
            return located is None or not located[1]._messages


class Pump:
    """One thread that looks at every mapped queue, and one more for each batch that is being worked on."""

    def __init__(
        self, records: Records, deployed: Deployed, functions: Functions, lock: threading.RLock
    ) -> None:
        self._records = records
        self._deployed = deployed
        self._functions = functions
        self._queues = Queues(lock)
        self._lock = threading.Lock()
        self._batches: Counter[str] = Counter()

    def start(self) -> None:
        threading.Thread(target=self._run, daemon=True, name="queues").start()

    def settled(self) -> bool:
        """Whether no mapped queue holds a message and no batch is being worked on."""
        if any(
            not self._queues.is_empty(str(mapping["eventSourceArn"])) for mapping in self._mappings().values()
        ):
            return False
        with self._lock:
            return not self._batches.total()

    def _run(self) -> None:
        while True:
            for id_, mapping in self._mappings().items():
                try:
                    while self._start_batch(id_, mapping):
                        pass
                except Exception as error:  # one queue's trouble is not the others'
                    print(f"queue {mapping.get('eventSourceArn')}: {error!r}", flush=True)
            time.sleep(_LOOK_S)

    def _mappings(self) -> dict[str, Json]:
        return {
            id_: mapping
            for id_, mapping in self._records.all(MAPPING).items()
            if mapping.get("enabled", True)
        }

    def _start_batch(self, id_: str, mapping: Json) -> bool:
        """Whether there was a batch to start, and a free place among the mapping's concurrent calls."""
        scaling: Json = mapping.get("scalingConfig") or {}
        with self._lock:
            if self._batches[id_] >= int(scaling.get("maximumConcurrency") or WORKERS):
                return False
        function = self._deployed.function(str(mapping.get("functionArn") or mapping["functionName"]))
        if function is None:
            return False
        arn = str(mapping["eventSourceArn"])
        messages = self._queues.receive(arn, int(mapping.get("batchSize") or BATCH))
        if not messages:
            return False
        with self._lock:
            self._batches[id_] += 1

        def work() -> None:
            try:
                result = self._functions.call(
                    function, {"Records": [_record(arn, message) for message in messages]}
                )
                partial = "ReportBatchItemFailures" in (mapping.get("functionResponseTypes") or ())
                done = _done(messages, result, partial=partial)
                self._queues.delete(arn, [message.receipt_handle for message in done])
            finally:
                with self._lock:
                    self._batches[id_] -= 1

        threading.Thread(target=work, daemon=True, name=f"batch-{function.name}").start()
        return True


def _queue(arn: str) -> tuple[Any, Any] | None:
    models: Any = sys.modules.get("moto.sqs.models")
    if models is None:
        return None
    _, _, _, region, _, name = arn.split(":")
    backend = models.sqs_backends[ACCOUNT][region]
    queue = backend.queues.get(name)
    return (backend, queue) if queue is not None else None


def _record(arn: str, message: Any) -> Json:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
        },
        "messageAttributes": {},
        "md5OfBody": hashlib.md5(message.body.encode(), usedforsecurity=False).hexdigest(),
        "eventSource": "aws:sqs",
        "eventSourceARN": arn,
        "awsRegion": arn.split(":")[3],
    }


def _done(messages: list[Any], result: Result, *, partial: bool) -> list[Any]:
    """The messages that succeeded: all or none, or those that are not among `batchItemFailures`.

    An answer that names an unknown message, or cannot be read, fails the whole batch:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-errorhandling.html
    """
    if result.error is not None:
        return []
    if not partial or not result.payload:
        return messages
    try:
        answer: Any = result.payload
        failed = {str(failure["itemIdentifier"]) for failure in answer.get("batchItemFailures") or ()}
    except (AttributeError, KeyError, TypeError):
        return []
    if not failed <= {message.id for message in messages}:
        return []
    return [message for message in messages if message.id not in failed]
