"""Asks the story's server for what a job is handed by others: credentials of AWS, tokens of an App."""

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path


def main() -> None:
    {"credentials": credentials, "app-token": app_token}[sys.argv[1]]()


def credentials() -> None:
    """aws-actions/configure-aws-credentials: the job's token for a session of the role."""
    request = urllib.request.Request(
        f"{os.environ['ACTIONS_ID_TOKEN_REQUEST_URL']}&audience=sts.amazonaws.com",
        headers={"Authorization": f"bearer {os.environ['ACTIONS_ID_TOKEN_REQUEST_TOKEN']}"},
    )
    with urllib.request.urlopen(request) as answer:
        token = json.load(answer)["value"]
    given = _post(
        "assume",
        {
            "token": token,
            "role": os.environ["ROLE"],
            "session": os.environ["SESSION"],
            "seconds": int(os.environ["SECONDS_ASKED"] or 3600),
        },
    )
    region = os.environ["REGION"]
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        print(f"::add-mask::{given[name]}")
    _env({**given, "AWS_REGION": region, "AWS_DEFAULT_REGION": region})


def app_token() -> None:
    """actions/create-github-app-token: the App's key for a token of its installation."""
    prefix = "ASKED_"
    permissions = {
        name.removeprefix(prefix).lower(): level
        for name, level in os.environ.items()
        if name.startswith(prefix) and level
    }
    given = _post("app-token", {"key": os.environ["KEY"], "permissions": permissions})
    print(f"::add-mask::{given['token']}")
    with Path(os.environ["GITHUB_OUTPUT"]).open("a", encoding="utf-8") as file:
        file.write(f"token={given['token']}\napp-slug={given['slug']}\n")


def _env(values: dict[str, str]) -> None:
    with Path(os.environ["GITHUB_ENV"]).open("a", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())


def _post(path: str, asked: Mapping[str, object]) -> dict[str, str]:
    request = urllib.request.Request(
        f"{os.environ['STORY_SERVER']}/{path}", data=json.dumps(asked).encode(), method="POST"
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        sys.exit(f"refused: {error.read().decode()}")


main()
