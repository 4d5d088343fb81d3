"""The platform program for `local` under the SDK's own mocks, in a process of its own: the yardstick."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import mocks
from pulumi.runtime.settings import set_root_resource
from pulumi.runtime.stack import run_in_stack

from benchmarks.echo import looked_up
from slipway.platform import reading

_ENDPOINT = "http://127.0.0.1:1"


class _Mocks(mocks.Mocks):
    """`args` are Any: the SDK says of its dictionaries that they are some."""

    def new_resource(self, args: Any) -> tuple[str, dict[Any, Any]]:
        arn, api = f"arn:aws:x:::{args.name}", "https://api.execute-api.eu-west-1.amazonaws.com"
        # GitHub numbers its runner groups, and the program reads the number.
        id_ = "1" if "RunnerGroup" in args.typ else f"{args.name}-id"
        return id_, {"arn": arn, "executionArn": arn, "apiEndpoint": api, **args.inputs}

    def call(self, args: Any) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
        return looked_up(args.token, str(args.args.get("fullName", ""))), []


def main() -> None:
    """Run it once."""
    written = reading.sources(Path(), "local").values
    config = {
        f"{reading.PREFIX}{key}": value if isinstance(value, str) else json.dumps(value)
        for key, value in written.items()
    }
    endpoints = dict.fromkeys(("aws", "github", "kubernetes"), _ENDPOINT)
    config["slipway:endpoints"] = json.dumps(endpoints)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    mocks.set_mocks(_Mocks(), project="slipway", stack="local", preview=False)
    set_root_resource(None)  # pyright: ignore[reportArgumentType] - set_mocks makes one that nothing waits for
    pulumi.runtime.set_all_config(config)
    from infra.program import main as program  # noqa: PLC0415 - importing it is part of what is measured

    loop.run_until_complete(run_in_stack(program))


if __name__ == "__main__":
    main()
