"""The first step of a job: waits until it may run, and takes what it may have. It runs alone, without us."""

import json
import os
import secrets
import sys
import urllib.error
import urllib.request
from pathlib import Path


def main() -> None:
    asked = {
        "run": os.environ["GITHUB_RUN_ID"],
        "job": os.environ["STORY_JOB"],
        "environment": os.environ["STORY_ENVIRONMENT"],
        "permissions": json.loads(os.environ["STORY_PERMISSIONS"]),
    }
    request = urllib.request.Request(
        f"{os.environ['STORY_SERVER']}/admit", data=json.dumps(asked).encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            given = json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"this job may not run: {error.read().decode()}")
    lines: list[str] = []
    for name, value in given["hidden"].items():
        print(f"::add-mask::{value}")
        lines += _line(name, value)
    for name, value in given["shown"].items():
        lines += _line(name, value)
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as file:
        file.writelines(lines)


def _line(name: str, value: str) -> list[str]:
    end = f"end-{secrets.token_hex(8)}"
    return [f"{name}<<{end}\n{value}\n{end}\n"]


main()
