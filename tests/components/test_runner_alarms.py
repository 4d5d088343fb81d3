"""What each alarm watches, by a table of its own; and that the functions write what the alarms read."""

import json
from typing import Any

import pytest

from components.runners.alarms import NAMESPACE
from runners.control import claim_handler, planner_handler
from runners.webhook import handler
from tests.components.recording import Recording, run
from tests.components.samples_runners import CLASSES, TOPIC, declare, names
from tests.runners.control.world import World, call, job_message, records, run_message
from tests.runners.webhook.payloads import job, request

OWN = names()
ABOVE, BELOW = "GreaterThanThreshold", "LessThanThreshold"
PASSES, ALARMS = "notBreaching", "breaching"
OF_CLASS, OF_FLEET = {"Fleet", "Class"}, {"Fleet"}

# Statistic, metric, operator, threshold, seconds of a period, periods, of which so many, dimensions, no data.
EACH_CLASS: dict[str, tuple[Any, ...]] = {
    "oldest-queued": ("Maximum", "OldestQueuedSeconds", ABOVE, 900, 60, 3, 3, OF_CLASS, PASSES),
    "claim-age": ("Maximum", "ClaimSeconds", ABOVE, 600, 300, 3, 2, OF_CLASS, PASSES),
    "image-age": ("Maximum", "ImageAgeDays", ABOVE, 30, 3600, 1, 1, OF_CLASS, PASSES),
    "runner-version": ("Maximum", "RunnerVersionBehind", ABOVE, 0, 3600, 1, 1, OF_CLASS, PASSES),
}
DEAD = ("Maximum", "ApproximateNumberOfMessagesVisible", ABOVE, 0, 300, 1, 1, {"QueueName"}, PASSES)
ERRORS = ("Sum", "Errors", ABOVE, 0, 300, 2, 2, {"FunctionName"}, PASSES)
TABLE: dict[str, tuple[Any, ...]] = {
    **{f"{name}-{suffix}": row for name in CLASSES for suffix, row in EACH_CLASS.items()},
    "runner-events-dead-letters": DEAD,
    "runner-webhook-failures": ("Sum", "WebhookFailed", ABOVE, 0, 300, 1, 1, OF_FLEET, PASSES),
    "runner-webhook-lost": ("Maximum", "FailedDeliveries", ABOVE, 0, 300, 3, 3, OF_FLEET, PASSES),
    "runners-github-rate": ("Minimum", "GithubRateLeft", BELOW, 1000, 300, 1, 1, OF_FLEET, PASSES),
    **{f"runner-{area}-errors": ERRORS for area in ("webhook", "planner", "claim", "finish")},
    "runner-tick-missing": ("Sum", "Ticks", BELOW, 1, 300, 2, 2, OF_FLEET, ALARMS),
}


@pytest.fixture(scope="module")
def alarms() -> dict[str, dict[str, Any]]:
    """The alarms by what follows the fleet's name in theirs."""
    return {
        one["name"].removeprefix(f"{OWN.prefix}-"): one for one in declared(run(lambda: declare() and None))
    }


def declared(recording: Recording) -> list[dict[str, Any]]:
    return [one.inputs for one in recording.of("aws:cloudwatch/metricAlarm:MetricAlarm")]


def test_every_alarm_watches_what_the_table_says(alarms: dict[str, dict[str, Any]]) -> None:
    found = {
        suffix: (
            one["statistic"],
            one["metricName"],
            one["comparisonOperator"],
            one["threshold"],
            one["period"],
            one["evaluationPeriods"],
            one["datapointsToAlarm"],
            set(one["dimensions"]),
            one["treatMissingData"],
        )
        for suffix, one in alarms.items()
    }
    assert found == TABLE


def test_every_alarm_watches_the_thing_that_it_is_called_after(alarms: dict[str, dict[str, Any]]) -> None:
    areas = ("webhook", "planner", "claim", "finish")
    others: dict[str, tuple[str, dict[str, str]]] = {
        "runner-events-dead-letters": ("AWS/SQS", {"QueueName": OWN.dead_letters}),
        **{f"runner-{one}-errors": ("AWS/Lambda", {"FunctionName": OWN.function(one)}) for one in areas},
    }
    of_class = {f"{name}-{suffix}": name for name in CLASSES for suffix in EACH_CLASS}
    for suffix, one in alarms.items():
        own = {"Fleet": OWN.fleet, **({"Class": of_class[suffix]} if suffix in of_class else {})}
        assert (one["namespace"], one["dimensions"]) == others.get(suffix, (NAMESPACE, own)), suffix


def test_every_alarm_says_what_is_wrong_and_tells_the_topic(alarms: dict[str, dict[str, Any]]) -> None:
    for one in alarms.values():
        assert one["name"].startswith(f"{OWN.prefix}-")
        assert one["alarmDescription"]
        assert one["alarmActions"] == one["okActions"] == [TOPIC]
    quiet = declared(run(lambda: declare(alarm_topic=None) and None))
    assert all(one["alarmActions"] == one["okActions"] == [] for one in quiet)


def test_the_functions_write_the_metrics_that_alarms_watch(
    alarms: dict[str, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World()
    world.github.spent.rate_left = 4000
    planner_handler.respond(world.services, records(run_message(101), job_message()))
    for instance in world.groups.settle():
        assert claim_handler.respond(world.services, call(instance))["statusCode"] == 200
    for _ in range(10):  # some duties are not done at every tick
        world.now += 60_000
        planner_handler.respond(world.services, {"tick": True})
    unreachable_webhook(monkeypatch)
    written = emitted([*world.kept.lines, *capsys.readouterr().out.splitlines()])
    watched = {
        (one["metricName"], frozenset(one["dimensions"]))
        for one in alarms.values()
        if one["namespace"] == NAMESPACE
    }
    assert watched <= written


def unreachable_webhook(monkeypatch: pytest.MonkeyPatch) -> None:
    """One request while the secret store does not answer."""
    variables = (
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_REGION",
        "FLEET",
        "QUEUE_URL",
        "SECRET_ID",
    )
    for name in variables:
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setattr(handler, "_webhook", None)
    assert handler.handle(request(job()))["statusCode"] == 503


def emitted(lines: list[str]) -> set[tuple[str, frozenset[str]]]:
    """Names with their dimensions, of the lines in which both have a value."""
    found: set[tuple[str, frozenset[str]]] = set()
    for record in map(json.loads, lines):
        for group in record.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert group["Namespace"] == NAMESPACE
            for metric in group["Metrics"]:
                for dimensions in group["Dimensions"]:
                    assert all(isinstance(record[one], str) for one in dimensions)
                    assert isinstance(record[metric["Name"]], int | float)
                    found.add((metric["Name"], frozenset(dimensions)))
    return found
