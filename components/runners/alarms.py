"""What wakes somebody up: each alarm is one sentence that says what is wrong.

Metrics of the namespace `Slipway/Runners` are written by the functions as log lines (CloudWatch User Guide,
"Embedded metric format"), with the dimension Fleet and, where they are a class's, Class.
"""

from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from components.runners.args import RunnerFleetArgs
from slipway.platform.fleet_names import FUNCTIONS

NAMESPACE = "Slipway/Runners"
OLDEST_JOB_SECONDS = 900
CLAIM_SECONDS = 600
IMAGE_DAYS = 30
"""GitHub wants runners updated within 30 days of a release
(https://docs.github.com/en/actions/reference/runners/self-hosted-runners)."""

RATE_LEFT = 1000
"""Of at least 5,000 an hour (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api)."""


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: a metric above `threshold` in `datapoints` of `periods` periods of `period` seconds."""

    name: str
    says: str
    metric: str
    dimensions: dict[str, str]
    threshold: float
    namespace: str = NAMESPACE
    statistic: Literal["Maximum", "Minimum", "Sum"] = "Maximum"
    below: bool = False
    period: int = 60
    periods: int = 1
    datapoints: int = 1
    missing: Literal["notBreaching", "breaching"] = "notBreaching"


def alarms(args: RunnerFleetArgs) -> tuple[Alarm, ...]:
    """Every alarm of a fleet."""
    found: list[Alarm] = []
    for name in args.classes:
        found += _of_class(args, name)
    return (*found, *_of_edge(args), *_of_functions(args))


def _of_class(args: RunnerFleetArgs, name: str) -> tuple[Alarm, ...]:
    dimensions = {"Fleet": args.fleet, "Class": name}
    group = args.names.group(name)
    return (
        Alarm(
            name=f"{group}-oldest-queued",
            says=f"A job of class {name} has waited for more than {OLDEST_JOB_SECONDS // 60} minutes",
            metric="OldestQueuedSeconds",
            dimensions=dimensions,
            threshold=OLDEST_JOB_SECONDS,
            periods=3,
            datapoints=3,
        ),
        Alarm(
            name=f"{group}-claim-age",
            says=f"An instance of class {name} took more than {CLAIM_SECONDS // 60} minutes to claim a job",
            metric="ClaimSeconds",
            dimensions=dimensions,
            threshold=CLAIM_SECONDS,
            period=300,
            periods=3,
            datapoints=2,
        ),
        Alarm(
            name=f"{group}-image-age",
            says=f"The image of class {name} is older than {IMAGE_DAYS} days",
            metric="ImageAgeDays",
            dimensions=dimensions,
            threshold=IMAGE_DAYS,
            period=3600,
        ),
        Alarm(
            name=f"{group}-runner-version",
            says=f"GitHub no longer registers the runner in the image of class {name}",
            metric="RunnerVersionBehind",
            dimensions=dimensions,
            threshold=0,
            period=3600,
        ),
    )


def _of_edge(args: RunnerFleetArgs) -> tuple[Alarm, ...]:
    names, dimensions = args.names, {"Fleet": args.fleet}
    return (
        Alarm(
            name=f"{names.queue}-dead-letters",
            says="A message could not be handled and was given up",
            namespace="AWS/SQS",
            metric="ApproximateNumberOfMessagesVisible",
            dimensions={"QueueName": names.dead_letters},
            threshold=0,
            period=300,
        ),
        Alarm(
            name=f"{names.function('webhook')}-failures",
            says="Webhooks were not taken: unreadable, or the secret store or the queue could not be reached",
            metric="WebhookFailed",
            dimensions=dimensions,
            statistic="Sum",
            threshold=0,
            period=300,
        ),
        Alarm(
            name=f"{names.function('webhook')}-lost",
            says="GitHub could not deliver webhooks for 15 minutes",
            metric="FailedDeliveries",
            dimensions=dimensions,
            threshold=0,
            period=300,
            periods=3,
            datapoints=3,
        ),
        Alarm(
            name=f"{names.api}-github-rate",
            says=f"Fewer than {RATE_LEFT} calls to GitHub are left of this hour's",
            metric="GithubRateLeft",
            dimensions=dimensions,
            statistic="Minimum",
            below=True,
            threshold=RATE_LEFT,
            period=300,
        ),
    )


def _of_functions(args: RunnerFleetArgs) -> tuple[Alarm, ...]:
    names = args.names
    errors = (
        Alarm(
            name=f"{names.function(area)}-errors",
            says=f"Function {area} fails",
            namespace="AWS/Lambda",
            metric="Errors",
            dimensions={"FunctionName": names.function(area)},
            statistic="Sum",
            threshold=0,
            period=300,
            periods=2,
            datapoints=2,
        )
        for area in FUNCTIONS
    )
    tick = Alarm(
        name=f"{names.tick}-missing",
        says="The planner's tick has not run for 10 minutes",
        metric="Ticks",  # not the function's invocations, which the queue's messages raise too
        dimensions={"Fleet": args.fleet},
        statistic="Sum",
        below=True,
        threshold=1,
        period=300,
        periods=2,
        datapoints=2,
        missing="breaching",
    )
    return (*errors, tick)


def declare_alarms(name: str, args: RunnerFleetArgs, child: pulumi.ResourceOptions) -> None:
    """The alarms; without a topic they only show."""
    actions = [args.runners.alarm_topic] if args.runners.alarm_topic else []
    for alarm in alarms(args):
        aws.cloudwatch.MetricAlarm(
            f"{name}-{alarm.name.removeprefix(args.names.prefix + '-')}",
            name=alarm.name,
            alarm_description=alarm.says,
            namespace=alarm.namespace,
            metric_name=alarm.metric,
            dimensions=alarm.dimensions,
            statistic=alarm.statistic,
            period=alarm.period,
            evaluation_periods=alarm.periods,
            datapoints_to_alarm=alarm.datapoints,
            threshold=alarm.threshold,
            comparison_operator="LessThanThreshold" if alarm.below else "GreaterThanThreshold",
            treat_missing_data=alarm.missing,
            alarm_actions=actions,
            ok_actions=actions,
            opts=child,
        )
