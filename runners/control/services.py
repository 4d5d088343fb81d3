"""What the functions work with, put together once per container from the environment."""

import functools
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, cast

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from runners.control.config import Fleet, parse_fleet
from runners.control.github import GitHub, GitHubRest, Spent, Transport, by_urllib
from runners.control.groups import AutoScaling, Groups
from runners.control.items import CONFIG
from runners.control.observe import Observer
from runners.control.table import DynamoTable, Table, error_code
from runners.control.tokens import AppCredentials

_SETTINGS_MS = 60_000
"""How long a container trusts its copy of the fleet's settings."""


class NotConfigured(Exception):
    """The table has no settings yet: the platform's program writes them."""


class Queue(Protocol):
    """The fleet's queue."""

    def send(self, body: str) -> None:
        """Put a message on it."""
        ...


class BootLogs(Protocol):
    """The log group of a class."""

    def write(self, group: str, stream: str, at: int, text: str) -> None:
        """Write `text` (epoch ms `at`) to a stream, made if need be."""
        ...


@dataclass
class Services:
    """Everything outside of the process. `clock` gives epoch milliseconds, `sleep` takes seconds."""

    fleet_name: str
    table: Table
    groups: Groups
    queue: Queue
    boot_logs: BootLogs
    observer: Observer
    clock: Callable[[], int]
    sleep: Callable[[float], None]
    connect: Callable[[Fleet], GitHub]
    _github: dict[str, GitHub] = field(default_factory=dict[str, GitHub])
    _settings: tuple[int, Fleet] | None = None

    def fleet(self) -> Fleet:
        """The fleet's settings, at most a minute old. Raises NotConfigured."""
        now = self.clock()
        if self._settings is None or now - self._settings[0] > _SETTINGS_MS:
            item = self.table.get(CONFIG).get(CONFIG)
            if item is None:
                raise NotConfigured(f"no item {CONFIG!r}")
            self._settings = (now, parse_fleet(item["body"]))
        return self._settings[1]

    def github(self) -> GitHub:
        """GitHub, as the App that the settings name."""
        fleet = self.fleet()
        key = f"{fleet.app_id} {fleet.installation_id} {fleet.organization}"
        if key not in self._github:
            self._github = {key: self.connect(fleet)}
        return self._github[key]


def client(service: str) -> Any:
    """A boto3 client. boto3 has no types, so this is where `Any` comes in.

    Three tries with backoff and short timeouts: what is still refused is left to the next message or tick
    rather than retried into a storm.
    """
    config = Config(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=3, read_timeout=10)
    return cast(Any, boto3).client(service, region_name=os.environ.get("AWS_REGION"), config=config)


class SqsQueue:
    """The queue, found by its name when it is first used."""

    def __init__(self, connect: Callable[[], Any], name: str) -> None:
        self._connect, self._name = connect, name
        self._sqs: Any = None
        self._url = ""

    def send(self, body: str) -> None:
        """See `Queue`."""
        self._sqs = self._sqs or self._connect()
        self._url = self._url or self._sqs.get_queue_url(QueueName=self._name)["QueueUrl"]
        self._sqs.send_message(QueueUrl=self._url, MessageBody=body)


class CloudWatchLogs:
    """CloudWatch Logs, connected to when it is first used."""

    def __init__(self, connect: Callable[[], Any]) -> None:
        self._connect = connect
        self._logs: Any = None

    def write(self, group: str, stream: str, at: int, text: str) -> None:
        """See `BootLogs`."""
        self._logs = self._logs or self._connect()
        try:
            self._logs.create_log_stream(logGroupName=group, logStreamName=stream)
        except ClientError as error:
            if error_code(error) != "ResourceAlreadyExistsException":
                raise
        events = [{"timestamp": at, "message": line} for line in text.splitlines() if line.strip()]
        if events:
            self._logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def build(environment: Mapping[str, str], transport: Transport = by_urllib) -> Services:
    """Services as the environment of a function names them."""
    name = environment["FLEET"]
    table = DynamoTable(client("dynamodb"), environment["TABLE"])

    def connect(fleet: Fleet) -> GitHub:
        url, spent = environment["GITHUB_API_URL"], Spent()
        credentials = AppCredentials(
            fleet=name,
            app_id=fleet.app_id,
            installation_id=fleet.installation_id,
            url=url,
            kms=client("kms"),
            app_key=environment["APP_KEY"],
            token_key=environment["TOKEN_KEY"],
            table=table,
            transport=transport,
            clock=_now_ms,
            sleep=time.sleep,
            spent=spent,
        )
        return GitHubRest(url, fleet.organization, credentials, transport, spent, clock=_now_ms)

    return Services(
        fleet_name=name,
        table=table,
        groups=AutoScaling(client("autoscaling")),
        queue=SqsQueue(lambda: client("sqs"), f"slipway-{name}-runner-events"),
        boot_logs=CloudWatchLogs(lambda: client("logs")),
        observer=Observer(name, _now_ms),
        clock=_now_ms,
        sleep=time.sleep,
        connect=connect,
    )


@functools.cache
def deployed() -> Services:
    """The services of this container."""
    return build(os.environ)
