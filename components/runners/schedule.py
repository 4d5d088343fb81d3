"""The tick: every minute the planner compares what is asked for with what there is, webhook or not."""

import json

import pulumi
import pulumi_aws as aws

from components.runners import policies
from components.runners.args import RunnerFleetArgs
from slipway.access.trust import rendered
from slipway.platform import naming


def declare_tick(
    name: str, args: RunnerFleetArgs, planner: aws.lambda_.Function, child: pulumi.ResourceOptions
) -> None:
    """A schedule in a group of the fleet's own, since its role can trust no less than a group.

    A missed tick is not made up for: the next one sees the same.
    """
    names = args.names
    group = aws.scheduler.ScheduleGroup(f"{name}-schedules", name=names.api, opts=child)
    role = aws.iam.Role(
        f"{name}-tick-role",
        name=names.tick,
        path=naming.RUNNER_PATH,
        description=f"Starts the planner of runner fleet {args.fleet}",
        assume_role_policy=rendered(policies.schedule_trust(names)),
        permissions_boundary=args.boundary_arn,
        opts=child,
    )
    policy = aws.iam.RolePolicy(
        f"{name}-tick-policy",
        name="tick",
        role=role.name,
        policy=rendered(policies.schedule(names)),
        opts=child,
    )
    aws.scheduler.Schedule(
        f"{name}-tick",
        name=names.tick,
        group_name=group.name,
        description=f"Compares demand and supply of runner fleet {args.fleet}",
        schedule_expression="rate(1 minute)",
        state="ENABLED",
        flexible_time_window=aws.scheduler.ScheduleFlexibleTimeWindowArgs(mode="OFF"),
        target=aws.scheduler.ScheduleTargetArgs(
            arn=planner.arn,
            role_arn=role.arn,
            input=json.dumps({"tick": True}),
            retry_policy=aws.scheduler.ScheduleTargetRetryPolicyArgs(
                maximum_event_age_in_seconds=60, maximum_retry_attempts=0
            ),
        ),
        opts=pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[policy])),
    )
