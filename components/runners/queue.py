"""The queue between the webhook and the planner, and where messages go that nobody could handle."""

import json

import pulumi
import pulumi_aws as aws

from components.runners import policies
from components.runners.args import RunnerFleetArgs
from components.runners.functions import PLANNER_SECONDS
from slipway.access.trust import rendered

VISIBILITY_FACTOR = 6
"""A message must stay hidden for six times the function's timeout, so that a throttled function can be tried
again (Lambda Developer Guide, services-sqs-configure, "Configuring a queue to use with Lambda")."""

_TRIES = 5  # the same page asks for at least five before a message is given up
_DAY_SECONDS = 86_400
_LONGEST_DAYS = 14  # SQS Developer Guide, quotas: message retention
_BATCH = 10


def declare_queue(name: str, args: RunnerFleetArgs, child: pulumi.ResourceOptions) -> aws.sqs.Queue:
    """The queue of events and its dead letters, which only that queue may send there."""
    names = args.names
    dead = aws.sqs.Queue(
        f"{name}-dead-letters",
        name=names.dead_letters,
        message_retention_seconds=_LONGEST_DAYS * _DAY_SECONDS,
        sqs_managed_sse_enabled=True,
        policy=rendered(policies.queue(names, names.dead_letters_arn)),
        redrive_allow_policy=json.dumps(
            {"redrivePermission": "byQueue", "sourceQueueArns": [names.queue_arn]}
        ),
        opts=child,
    )
    return aws.sqs.Queue(
        f"{name}-events",
        name=names.queue,
        visibility_timeout_seconds=VISIBILITY_FACTOR * PLANNER_SECONDS,
        message_retention_seconds=4 * _DAY_SECONDS,
        sqs_managed_sse_enabled=True,
        policy=rendered(policies.queue(names, names.queue_arn)),
        redrive_policy=dead.arn.apply(
            lambda arn: json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": _TRIES})
        ),
        opts=child,
    )


def declare_mapping(
    name: str,
    queue: aws.sqs.Queue,
    planner: aws.lambda_.Function,
    child: pulumi.ResourceOptions,
) -> aws.lambda_.EventSourceMapping:
    """Hand messages to the planner, few at a time: planners that run side by side only wait for each other.

    Only the messages that failed come back (Lambda Developer Guide, services-sqs-errorhandling), and the
    concurrency is held here rather than by reserving some, which would send throttled messages to the dead
    letters (services-sqs-scaling; the least is 2).
    """
    return aws.lambda_.EventSourceMapping(
        f"{name}-events",
        event_source_arn=queue.arn,
        function_name=planner.arn,
        batch_size=_BATCH,
        function_response_types=["ReportBatchItemFailures"],
        scaling_config=aws.lambda_.EventSourceMappingScalingConfigArgs(maximum_concurrency=4),
        enabled=True,
        opts=child,
    )
