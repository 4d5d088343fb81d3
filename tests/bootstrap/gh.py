"""`gh` as far as our printed commands use it, against a stand-in: `gh api`, `gh variable set` and `delete`.

https://cli.github.com/manual/gh_api and …/gh_variable_set: `-f` is text, `-F` knows numbers and booleans, a
repeated `key[][inner]` begins the next object where the inner key is there already. All of `-f` is read
before any of `-F`, wherever they stand (https://github.com/cli/cli/blob/trunk/pkg/cmd/api/fields.go).
"""

import argparse
import json
import os
import sys
from collections.abc import Callable
from typing import Any

from slipway.github import connect, token
from slipway.github.values import set_variable


def main() -> None:
    """Do what the command line says."""
    client = connect(token("stand-in"), os.environ["GH_HOST_URL"])
    if sys.argv[1] == "variable":
        parser = argparse.ArgumentParser()
        parser.add_argument("what", choices=["set", "delete"])
        parser.add_argument("name")
        for option in ("repo", "env"):
            parser.add_argument(f"--{option}", required=True)
        parser.add_argument("--body")
        given = parser.parse_args(sys.argv[2:])
        scope = f"/repos/{given.repo}/environments/{given.env}"
        if given.what == "set":
            set_variable(client, scope, given.name, given.body)
        else:
            client.delete(f"{scope}/variables/{given.name}")
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["api"])
    parser.add_argument("place")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--jq", default="")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("-f", action="append", default=[], dest="text")
    parser.add_argument("-F", action="append", default=[], dest="typed")
    given = parser.parse_args()
    body: dict[str, Any] = {}
    for field in given.text:
        _put(body, field, str)
    for field in given.typed:
        _put(body, field, _value)
    answer = client.exchange(given.method, f"/{given.place}", body or None)
    if answer.status >= 300:
        sys.exit(f"gh: HTTP {answer.status}")
    if not given.silent and answer.text:
        sys.stdout.write("".join(f"{line}\n" for line in _query(given.jq, json.loads(answer.text))))


def _put(body: dict[str, Any], field: str, read: Callable[[str], Any]) -> None:
    key, _, text = field.partition("=")
    outer, *inner = (part.rstrip("]") for part in key.split("["))
    value = read(text)
    if not inner:
        body[outer] = value
    elif inner[0]:
        body.setdefault(outer, {})[inner[0]] = value
    else:
        items = body.setdefault(outer, [{}])
        if inner[1] in items[-1]:
            items.append({})
        items[-1][inner[1]] = value


def _value(text: str) -> Any:
    known = {"true": True, "false": False, "null": None}
    return known[text] if text in known else int(text) if text.isdecimal() else text


def _query(expression: str, answer: Any) -> list[str]:
    """jq, as far as `.a` and `.a[].b` go; anything of null is null."""
    values = [answer]
    for part in expression.removeprefix(".").split(".") if expression else []:
        name = part.removesuffix("[]")
        values = [None if value is None else value[name] for value in values]
        if part.endswith("[]"):
            values = [item for value in values for item in value or ()]
    return [value if isinstance(value, str) else json.dumps(value) for value in values]
