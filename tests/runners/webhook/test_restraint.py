"""How signatures are compared, and that nothing which is slow to import comes along."""

import ast
import hmac
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from runners.webhook import handler
from tests.runners.webhook.conftest import Answer
from tests.runners.webhook.payloads import job, request
from tests.runners.webhook.stand_in import Aws

ROOT = Path(__file__).parents[3]
SOURCES = sorted((ROOT / "runners/webhook").glob("*.py"))
ONE_REQUEST = """
import json, sys
from runners.webhook.handler import handle
status = handle(json.load(sys.stdin))["statusCode"]
print(json.dumps([status, sorted({name.partition(".")[0] for name in sys.modules})]))
"""


@pytest.mark.parametrize(("secret", "expected"), [("current", 202), ("previous", 202), ("wrong", 401)])
def test_every_signature_is_compared_in_constant_time_with_each_secret(
    aws: Aws, status: Answer, monkeypatch: pytest.MonkeyPatch, secret: str, expected: int
) -> None:
    aws.secrets = {"AWSCURRENT": "current", "AWSPREVIOUS": "previous"}
    compared: list[str] = []
    constant_time = hmac.compare_digest

    def spy(one: str, other: str) -> bool:
        compared.append(other)
        return constant_time(one, other)

    monkeypatch.setattr("hmac.compare_digest", spy)
    event = request(job(), secret=secret)
    assert status(event) == expected
    given = event["headers"]["x-hub-signature-256"].removeprefix("sha256=")
    assert compared == [given] * 2
    assert len(aws.messages) == (expected == 202)


@pytest.mark.parametrize("says", [True, False])
def test_nothing_but_that_comparison_decides(
    aws: Aws, status: Answer, monkeypatch: pytest.MonkeyPatch, *, says: bool
) -> None:
    monkeypatch.setattr("hmac.compare_digest", lambda *_: says)
    assert status(request(job(), secret="wrong" if says else "current")) == (202 if says else 401)


@pytest.mark.parametrize("source", SOURCES, ids=lambda one: one.name)
def test_it_imports_the_standard_library_and_itself_only(source: Path) -> None:
    for node in ast.walk(ast.parse(source.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            names = [node.module or ""]
        else:
            continue
        for name in names:
            own = name == "runners.webhook" or name.startswith("runners.webhook.")
            assert own or name.partition(".")[0] in sys.stdlib_module_names, name


def test_the_sources_are_those_that_run() -> None:
    assert Path(handler.__file__) in SOURCES


def test_an_accepted_request_brings_no_library_of_aws_along(aws: Aws) -> None:
    done = subprocess.run(
        [sys.executable, "-c", ONE_REQUEST],
        cwd=ROOT,
        env=dict(os.environ),
        input=json.dumps(request(job())),
        capture_output=True,
        text=True,
        check=True,
    )
    answer, modules = json.loads(done.stdout.splitlines()[-1])
    assert answer == 202
    assert len(aws.messages) == 1
    assert "runners" in modules
    assert not {"boto3", "botocore"} & set(modules)
