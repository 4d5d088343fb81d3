"""Resource types of CloudWatch."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        source=f"{TERRAFORM_AWS}/cloudwatch/metric_alarm.go",
        replace_on=names("name"),
        computed=names("arn evaluateLowSampleCountPercentiles name"),
        required=names("comparisonOperator evaluationPeriods metricName namespace period"),
        unordered=names("alarmActions insufficientDataActions okActions"),
        actions=Actions(
            create=qualified("cloudwatch", "PutMetricAlarm TagResource"),
            read=qualified("cloudwatch", "DescribeAlarms ListTagsForResource"),
            update=qualified("cloudwatch", "PutMetricAlarm TagResource UntagResource"),
            delete=qualified("cloudwatch", "DeleteAlarms"),
            on=("arn:aws:cloudwatch:{region}:{account}:alarm:{name}",),
        ),
    ),
    ResourceType(
        token="aws:cloudwatch/dashboard:Dashboard",
        source=f"{TERRAFORM_AWS}/cloudwatch/dashboard.go",
        replace_on=names("dashboardName"),
        computed=names("dashboardArn"),
        required=names("dashboardBody dashboardName"),
        actions=Actions(
            create=qualified("cloudwatch", "PutDashboard"),
            read=qualified("cloudwatch", "GetDashboard"),
            update=qualified("cloudwatch", "PutDashboard"),
            delete=qualified("cloudwatch", "DeleteDashboards"),
            on=("arn:aws:cloudwatch::{account}:dashboard/{dashboardName}",),
        ),
    ),
)
