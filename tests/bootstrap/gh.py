"""`gh` as far as our printed commands use it, against a stand-in: `gh api` and `gh variable set`.

https://cli.github.com/manual/gh_api and …/gh_variable_set: `-f` is text, `-F` knows numbers and booleans, a
repeated `key[][inner]` begins the next object where the inner key is there already.
"""

import argparse
import json
import os
import sys
from typing import Any

from slipway.github import connect, token
from slipway.github.values import set_variable


def main() -> None:
    """Do what the command line says."""
    client = connect(token("stand-in"), os.environ["GH_HOST_URL"])
    if sys.argv[1:3] == ["variable", "set"]:
        parser = argparse.ArgumentParser()
        parser.add_argument("name")
        for option in ("repo", "env", "body"):
            parser.add_argument(f"--{option}", required=True)
        given = parser.parse_args(sys.argv[3:])
        set_variable(client, f"/repos/{given.repo}/environments/{given.env}", given.name, given.body)
        return
    parser = argparse.ArgumentParser()
    parser.add_argument("command", choices=["api"])
    parser.add_argument("place")
    parser.add_argument("--method", default="GET")
    parser.add_argument("--jq", default="")
    parser.add_argument("--silent", action="store_true")
    parser.add_argument("-f", action=_Field, dest="body")
    parser.add_argument("-F", action=_Typed, dest="body")
    given = parser.parse_args()
    answer = client.exchange(given.method, f"/{given.place}", given.body)
    if answer.status >= 300:
        sys.exit(f"gh: HTTP {answer.status}")
    if not given.silent and answer.text:
        sys.stdout.write("".join(f"{line}\n" for line in _query(given.jq, json.loads(answer.text))))


class _Field(argparse.Action):
    def __call__(self, _: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        key, _, text = values.partition("=")
        body: dict[str, Any] = namespace.body or {}
        namespace.body = body
        outer, *inner = (part.rstrip("]") for part in key.split("["))
        value = self.value(text)
        if not inner:
            body[outer] = value
        elif inner[0]:
            body.setdefault(outer, {})[inner[0]] = value
        else:
            items = body.setdefault(outer, [{}])
            if inner[1] in items[-1]:
                items.append({})
            items[-1][inner[1]] = value

    def value(self, text: str) -> Any:
        return text


class _Typed(_Field):
    def value(self, text: str) -> Any:
        known = {"true": True, "false": False, "null": None}
        return known[text] if text in known else int(text) if text.isdecimal() else text


def _query(expression: str, answer: Any) -> list[str]:
    """jq, as far as `.a` and `.a[].b` go."""
    values = [answer]
    for part in expression.removeprefix(".").split(".") if expression else []:
        name = part.removesuffix("[]")
        values = [value[name] for value in values]
        if part.endswith("[]"):
            values = [item for value in values for item in value]
    return [value if isinstance(value, str) else json.dumps(value) for value in values]
