"""Errors of the services that we depend on are one family, and each class of errors has a name of its own."""

import ast
from collections import Counter
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from slipway.aws import AwsError
from slipway.engine.errors import EngineError
from slipway.engine.plan import PlanRefused
from slipway.errors import ServiceError
from slipway.github import GithubError, GithubRateLimited

ROOT = Path(__file__).parents[1]
DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "PutObject")


@pytest.mark.parametrize(
    ("error", "service", "code"),
    [
        (AwsError("it cannot be written", DENIED, fix="ask"), "AWS", "AccessDenied"),
        (GithubError("GitHub answers 404", status=404, fix="ask"), "GitHub", "404"),
        (GithubError("GitHub does not answer", fix="ask"), "GitHub", ""),
        (GithubRateLimited("used up", status=429, wait_s=7, where="GET /"), "GitHub", "429"),
        (EngineError("`pulumi up` failed", code="255", fix="ask"), "Pulumi", "255"),
        (PlanRefused("the state was changed"), "Pulumi", ""),
    ],
)
def test_a_service_s_error_says_whose_and_why(error: ServiceError, service: str, code: str) -> None:
    assert (error.service, error.code, error.exit_code) == (service, code, 1)
    assert error.fix


def test_no_two_classes_of_errors_share_a_name() -> None:
    names = Counter(
        node.name
        for room in ("slipway", "infra", "components")
        for file in (ROOT / room).rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ClassDef)
        and any(getattr(base, "id", "").endswith(("Error", "Exception", "Refused")) for base in node.bases)
    )
    assert len(names) > 15
    assert [name for name, times in names.items() if times > 1 or name == "Refused"] == []
