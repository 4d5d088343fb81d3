"""The embedded cloud's stand-ins, served in this process, and providers configured for them."""

import importlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from slipway.localcloud.aws import Aws
from slipway.localcloud.github.app import GitHub
from slipway.localcloud.providers.aws import AwsProvider
from slipway.localcloud.providers.github import GitHubProvider
from slipway.localcloud.records import Records, RecordsApi
from slipway.localcloud.web import RequestLog
from tests.providers.driver import Driver
from tests.providers.github_samples import SEED

REGION = "eu-west-1"
# Loaded before it is mended, as after any test that ran under mock_aws.
importlib.import_module("moto.apigateway.urls")
SERVICES = (
    *("ec2", "ecr", "eks", "iam", "kms", "logs", "s3", "secretsmanager", "ssm", "sts"),
    *("apigatewayv2", "autoscaling", "cloudwatch", "dynamodb", "lambda", "scheduler", "sqs"),
)


class QuietHandler(MotoRequestHandler):
    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Nothing: pytest shows what failed."""


@dataclass(frozen=True)
class Served:
    url: str


def serve(app: Any) -> Iterator[Served]:
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield Served(f"http://127.0.0.1:{server.server_port}")
    server.shutdown()


@pytest.fixture(scope="session")
def aws_server() -> Iterator[Served]:
    yield from serve(RecordsApi(Records(), Aws()))


def aws_arguments(url: str, **more: Any) -> dict[str, Any]:
    """The provider's arguments as the SDK sends them: lists and objects as JSON text."""
    return {
        "region": REGION,
        "accessKey": "test",
        "secretKey": "test",
        "endpoints": json.dumps([dict.fromkeys(SERVICES, url)]),
        "defaultTags": json.dumps({"tags": {"managed-by": "slipway"}}),
        **more,
    }


@pytest.fixture
def aws(aws_server: Served) -> Driver:
    driver = Driver(AwsProvider())
    driver.configure(aws_arguments(aws_server.url))
    return driver


@pytest.fixture(scope="session")
def github_server() -> Iterator[Served]:
    app = GitHub(RequestLog())
    app.world.seed(SEED)
    yield from serve(app)


@pytest.fixture
def github(github_server: Served) -> Driver:
    driver = Driver(GitHubProvider())
    driver.configure({"baseUrl": github_server.url, "token": "stand-in", "owner": "acme"})
    return driver
