"""The fleet on one page of CloudWatch: waiting, machines, the edge, GitHub and the functions."""

import json
from typing import Any

import pulumi
import pulumi_aws as aws

from components.runners.alarms import NAMESPACE
from components.runners.args import RunnerFleetArgs
from slipway.platform.fleet_names import FUNCTIONS

_WIDTH, _HEIGHT, _COLUMNS = 12, 6, 2  # of a grid of 24 columns (CloudWatch API Reference, dashboard body)


def dashboard_body(args: RunnerFleetArgs) -> dict[str, Any]:
    """The dashboard (CloudWatch API Reference, "Dashboard Body Structure and Syntax")."""
    names = args.names
    fleet = ["Fleet", args.fleet]
    by_class = [[*fleet, "Class", name] for name in args.classes]

    def of_classes(*metrics: str) -> list[list[str]]:
        return [[NAMESPACE, metric, *dimensions] for metric in metrics for dimensions in by_class]

    def of_fleet(*metrics: str) -> list[list[str]]:
        return [[NAMESPACE, metric, *fleet] for metric in metrics]

    def of_functions(metric: str) -> list[list[str]]:
        return [["AWS/Lambda", metric, "FunctionName", names.function(area)] for area in FUNCTIONS]

    queues = [
        ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", queue]
        for queue in (names.queue, names.dead_letters)
    ]
    widgets = (
        ("Longest wait of a queued job (s)", of_classes("OldestQueuedSeconds"), "Maximum"),
        ("Queued jobs", of_classes("QueuedJobs"), "Maximum"),
        ("Instances: claimable and running", of_classes("ClaimableInstances", "RunningInstances"), "Maximum"),
        ("From launch to claim (s)", of_classes("ClaimSeconds"), "p95"),
        ("Webhooks: refused, failed, not delivered", of_fleet(*_WEBHOOK_METRICS), "Sum"),
        ("Messages waiting, and given up", queues, "Maximum"),
        ("GitHub: calls", of_fleet("GithubCalls"), "Sum"),
        ("GitHub: calls left of the hour", of_fleet("GithubRateLeft"), "Minimum"),
        ("Ticks of the planner", of_fleet("Ticks"), "Sum"),
        ("Functions: errors", of_functions("Errors"), "Sum"),
        ("Functions: duration (ms)", of_functions("Duration"), "p95"),
        ("Age of the image (days)", of_classes("ImageAgeDays"), "Maximum"),
        ("Runner below GitHub's minimum", of_classes("RunnerVersionBehind"), "Maximum"),
    )
    return {
        "widgets": [
            {
                "type": "metric",
                "x": number % _COLUMNS * _WIDTH,
                "y": number // _COLUMNS * _HEIGHT,
                "width": _WIDTH,
                "height": _HEIGHT,
                "properties": {
                    "title": title,
                    "region": args.region,
                    "metrics": metrics,
                    "stat": statistic,
                    "period": 60,
                    "view": "timeSeries",
                    "yAxis": {"left": {"min": 0}},
                },
            }
            for number, (title, metrics, statistic) in enumerate(widgets)
        ]
    }


_WEBHOOK_METRICS = ("WebhookRejected", "WebhookFailed", "FailedDeliveries")


def declare_dashboard(name: str, args: RunnerFleetArgs, child: pulumi.ResourceOptions) -> None:
    """The dashboard, as code."""
    aws.cloudwatch.Dashboard(
        f"{name}-dashboard",
        dashboard_name=args.names.api,
        dashboard_body=json.dumps(dashboard_body(args)),
        opts=child,
    )
