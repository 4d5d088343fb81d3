"""Searches everything that is kept anywhere for credentials that must be kept nowhere."""

import base64
import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from slipway.aws import ClientError
from slipway.aws.dynamodb import plain
from slipway.localcloud.cloud import log_file
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
Text = tuple[str, str]
"""Where it is, and what it says."""

TOKENS = re.compile(r"\b(?:ghs|ghp|gho|ghu|ghr)_[A-Za-z0-9]{16,}|-----BEGIN [A-Z ]*PRIVATE KEY-----")
"""GitHub's tokens by their prefixes, and private keys.
https://docs.github.com/en/authentication/keeping-your-account-and-data-secure/about-authentication-to-github"""

_SHORTEST = 16
"""Nothing shorter is a credential, and anything might contain it by chance."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """How much was looked at, by store, and where something was found; never what."""

    looked_at: dict[str, int]
    found: tuple[str, ...]


def search(fleet: Fleet, needles: Iterable[str], root: Path) -> Search:
    """Look for each needle, as it is and in base64, and for anything of a token's form, in every store.

    Args:
        fleet: its account and region are searched, not only its own things.
        needles: credentials that were handed out, whole.
        root: the folder with the cloud's own log.
    """
    wanted = sorted({form for needle in needles if len(needle) >= _SHORTEST for form in _forms(needle)})
    looked_at: dict[str, int] = {}
    places: list[str] = []
    for store, texts in stores(fleet, root).items():
        looked_at[store] = 0
        for where, text in texts():
            looked_at[store] += 1
            if TOKENS.search(text) or any(needle in text for needle in wanted):
                places.append(f"{store}: {where}")
    return Search(looked_at=looked_at, found=tuple(places))


def stores(fleet: Fleet, root: Path) -> dict[str, Callable[[], Iterator[Text]]]:
    """Readers of everything that keeps anything, by name."""
    return {
        "items of tables": lambda: _tables(fleet.client("dynamodb")),
        "parameters": lambda: _parameters(fleet.client("ssm")),
        "secrets": lambda: _secrets(fleet.client("secretsmanager")),
        "objects": lambda: _objects(fleet.client("s3")),
        "messages": lambda: _queues(fleet.client("sqs")),
        "user data": lambda: _user_data(fleet.client("ec2")),
        "tags": lambda: _tags(fleet),
        "function settings": lambda: _functions(fleet.client("lambda")),
        "lines of logs": lambda: _logs(fleet.client("logs")),
        "lines of the cloud's own log": lambda: _file(log_file(root)),
    }


def _forms(needle: str) -> tuple[str, ...]:
    """The needle, and its base64 at each of the three offsets at which it may stand in something encoded."""
    raw = needle.encode()
    shifted = (base64.b64encode(b"\0" * offset + raw).decode() for offset in range(3))
    # The ends depend on what stands around; the middle does not.
    return (needle, *(text[4:-4] for text in shifted if len(text) > _SHORTEST + 8))


def _tables(client: Any) -> Iterator[Text]:
    for page in client.get_paginator("list_tables").paginate():
        for table in page["TableNames"]:
            for items in client.get_paginator("scan").paginate(TableName=table):
                for item in items["Items"]:
                    yield f"{table} {item.get('pk', {}).get('S', '')}", _text(plain(item))


def _parameters(client: Any) -> Iterator[Text]:
    names = [
        str(parameter["Name"])
        for page in client.get_paginator("describe_parameters").paginate()
        for parameter in page["Parameters"]
    ]
    for name in names:
        yield name, str(client.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"])


def _secrets(client: Any) -> Iterator[Text]:
    for page in client.get_paginator("list_secrets").paginate():
        for secret in page["SecretList"]:
            for stage in ("AWSCURRENT", "AWSPREVIOUS"):
                try:
                    secret_value: Json = client.get_secret_value(SecretId=secret["ARN"], VersionStage=stage)
                except ClientError:  # it has no value, or no earlier one
                    continue
                yield (
                    f"{secret['Name']} {stage}",
                    _text(secret_value.get("SecretString") or secret_value.get("SecretBinary")),
                )


def _objects(client: Any) -> Iterator[Text]:
    for bucket in client.list_buckets()["Buckets"]:
        for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
            for entry in page.get("Contents", []):
                body = client.get_object(Bucket=bucket["Name"], Key=entry["Key"])["Body"].read()
                yield f"{bucket['Name']}/{entry['Key']}", _text(body)


def _queues(client: Any) -> Iterator[Text]:
    for page in client.get_paginator("list_queues").paginate():
        for url in page.get("QueueUrls", []):
            answer = client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0, WaitTimeSeconds=0
            )
            for message in answer.get("Messages", []):
                yield str(url), str(message["Body"])


def _user_data(client: Any) -> Iterator[Text]:
    for page in client.get_paginator("describe_launch_templates").paginate():
        for template in page["LaunchTemplates"]:
            versions = client.describe_launch_template_versions(LaunchTemplateId=template["LaunchTemplateId"])
            for version in versions["LaunchTemplateVersions"]:
                data = version["LaunchTemplateData"].get("UserData", "")
                yield f"{template['LaunchTemplateName']} {version['VersionNumber']}", _decoded(data)
    for page in client.get_paginator("describe_instances").paginate():
        for instance in chain.from_iterable(each["Instances"] for each in page["Reservations"]):
            name = str(instance["InstanceId"])
            try:
                given = client.describe_instance_attribute(InstanceId=name, Attribute="userData")
            except ClientError:  # it has none
                continue
            yield name, _decoded(given.get("UserData", {}).get("Value", ""))


def _tags(fleet: Fleet) -> Iterator[Text]:
    for page in fleet.client("ec2").get_paginator("describe_tags").paginate():
        for tag in page["Tags"]:
            yield str(tag["ResourceId"]), f"{tag['Key']}={tag.get('Value', '')}"
    for page in fleet.client("autoscaling").get_paginator("describe_tags").paginate():
        for tag in page["Tags"]:
            yield str(tag["ResourceId"]), f"{tag['Key']}={tag.get('Value', '')}"


def _functions(client: Any) -> Iterator[Text]:
    for page in client.get_paginator("list_functions").paginate():
        for function in page["Functions"]:
            yield str(function["FunctionName"]), _text(function.get("Environment", {}))


def _logs(client: Any) -> Iterator[Text]:
    for page in client.get_paginator("describe_log_groups").paginate():
        for group in page["logGroups"]:
            for events in client.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"]
            ):
                for event in events["events"]:
                    yield str(group["logGroupName"]), str(event["message"])


def _file(path: Path) -> Iterator[Text]:
    if path.is_file():
        with path.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                yield f"line {number}", line


def _decoded(data: str) -> str:
    try:
        return base64.b64decode(data, validate=True).decode("utf-8", "replace")
    except ValueError:
        return data


def _text(value: object) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, default=_binary)


def _binary(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
