"""The program of one worker: loads a handler from the unpacked package and calls it for each request.

Run by its path in an isolated interpreter, and so written with the standard library only. Requests come as
one JSON object a line on one file descriptor, and answers go out in the same way on another, after one line
that says that the handler is loaded; stdout and stderr are the function's own. The end of the requests ends
the worker, even in the middle of a call: whoever asked is gone.

    python -I bootstrap.py <package directory> <handler> <requests fd> <answers fd>
"""

import importlib
import importlib.util
import json
import os
import queue
import sys
import threading
import time
import traceback
from pathlib import Path
from typing import Any

BLOCKED = "slipway"
FENCE = Path(__file__).parents[1] / "fence.py"
LOOPBACK = Path(__file__).parents[2] / "platform" / "loopback.py"


class Context:
    """What AWS tells a function about its call.
    https://docs.aws.amazon.com/lambda/latest/dg/python-context.html"""

    def __init__(self, request: dict[str, Any]) -> None:
        self.aws_request_id: str = request["id"]
        self.invoked_function_arn: str = request["arn"]
        self.function_name = os.environ["AWS_LAMBDA_FUNCTION_NAME"]
        self.function_version = os.environ["AWS_LAMBDA_FUNCTION_VERSION"]
        self.memory_limit_in_mb = os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]
        self.log_group_name = os.environ["AWS_LAMBDA_LOG_GROUP_NAME"]
        self.log_stream_name = os.environ["AWS_LAMBDA_LOG_STREAM_NAME"]
        self._deadline = time.monotonic() + float(request["timeout_s"])

    def get_remaining_time_in_millis(self) -> int:
        return max(0, round((self._deadline - time.monotonic()) * 1000))


def raise_fence() -> None:
    """Refuse a function every address off this machine, before any of its code runs."""
    by_path(FENCE).raise_fence(by_path(LOOPBACK).is_loopback_host)


def by_path(file: Path) -> Any:
    """A module of ours that is imported without the package, which a function cannot have."""
    spec = importlib.util.spec_from_file_location(f"slipway_{file.stem}", file)
    assert spec is not None and spec.loader is not None  # noqa: S101, PT018 - it is a file of ours
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def isolate(package: str) -> None:
    """Import from the package first, and from no directory that holds the product's own sources."""
    others = [entry for entry in sys.path if not (Path(entry or ".") / BLOCKED / "__init__.py").exists()]
    sys.path[:] = [package, *others]


def load(handler: str) -> Any:
    module, _, name = handler.rpartition(".")
    return getattr(importlib.import_module(module.replace("/", ".")), name)


def described(error: BaseException) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html"""
    return {
        "errorMessage": str(error),
        "errorType": type(error).__name__,
        "stackTrace": traceback.format_tb(error.__traceback__),
    }


def answer(handler: Any, failure: dict[str, Any] | None, request: dict[str, Any]) -> dict[str, Any]:
    print(f"START RequestId: {request['id']} Version: $LATEST", flush=True)
    if failure is not None:
        answered: dict[str, Any] = {"error": failure}
    else:
        try:
            payload = handler(request["event"], Context(request))
            # Checked here: an answer that is no JSON is the function's error, not the worker's.
            answered = {"payload": json.loads(json.dumps(payload))}
        except Exception as error:
            answered = {"error": described(error)}
    if "error" in answered:
        print(f"[ERROR] {json.dumps(answered['error'])}", flush=True)
    sys.stderr.flush()
    print(f"END RequestId: {request['id']}", flush=True)
    return {"id": request["id"], **answered}


def read_requests(fd: int, requests: "queue.SimpleQueue[dict[str, Any]]") -> None:
    with os.fdopen(fd, "rb") as source:
        for line in source:
            requests.put(json.loads(line))
    os._exit(0)


def main() -> None:
    package, handler_name, source, target = sys.argv[1:5]
    requests: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=read_requests, args=(int(source), requests), daemon=True).start()
    raise_fence()
    isolate(package)
    handler, failure = None, None
    try:
        handler = load(handler_name)
    except Exception as error:
        failure = {**described(error), "errorType": f"Runtime.{type(error).__name__}"}
    with os.fdopen(int(target), "wb", buffering=0) as answers:
        answers.write(b'{"loaded": true}\n')
        while True:
            answers.write(json.dumps(answer(handler, failure, requests.get())).encode() + b"\n")


if __name__ == "__main__":
    main()
