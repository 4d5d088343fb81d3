"""Resource types of EventBridge Scheduler."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:scheduler/scheduleGroup:ScheduleGroup",
        source=f"{TERRAFORM_AWS}/scheduler/schedule_group.go",
        replace_on=names("name namePrefix"),
        computed=names("arn creationDate lastModificationDate name state"),
        actions=Actions(
            create=qualified("scheduler", "CreateScheduleGroup TagResource"),
            read=qualified("scheduler", "GetScheduleGroup ListTagsForResource"),
            update=qualified("scheduler", "TagResource UntagResource"),
            delete=qualified("scheduler", "DeleteSchedule DeleteScheduleGroup"),
            on=("arn:aws:scheduler:{region}:{account}:schedule-group/{name}",),
        ),
    ),
    ResourceType(
        token="aws:scheduler/schedule:Schedule",
        source=f"{TERRAFORM_AWS}/scheduler/schedule.go",
        replace_on=names("name namePrefix groupName"),
        computed=names("arn name target.retryPolicy"),
        required=names("flexibleTimeWindow scheduleExpression target"),
        actions=Actions(
            create=qualified("scheduler", "CreateSchedule"),
            read=qualified("scheduler", "GetSchedule"),
            update=qualified("scheduler", "UpdateSchedule"),
            delete=qualified("scheduler", "DeleteSchedule"),
            on=("arn:aws:scheduler:{region}:{account}:schedule/{groupName}/{name}",),
        ),
    ),
)
