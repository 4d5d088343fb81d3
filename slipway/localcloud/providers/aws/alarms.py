"""CloudWatch alarms and dashboards. They are kept and shown; the embedded cloud evaluates no metric."""

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import (
    AutoName,
    Handler,
    Rule,
    changed,
    names,
    not_emulated,
    one_of,
    pattern,
    pick,
)
from slipway.localcloud.providers.values import Props, block, items

_FIELDS = {
    "AlarmName": "name",
    "AlarmDescription": "alarmDescription",
    "ActionsEnabled": "actionsEnabled",
    "Namespace": "namespace",
    "MetricName": "metricName",
    "Statistic": "statistic",
    "ExtendedStatistic": "extendedStatistic",
    "Period": "period",
    "Unit": "unit",
    "EvaluationPeriods": "evaluationPeriods",
    "DatapointsToAlarm": "datapointsToAlarm",
    "Threshold": "threshold",
    "ComparisonOperator": "comparisonOperator",
    "TreatMissingData": "treatMissingData",
}
_ACTIONS = {
    "AlarmActions": "alarmActions",
    "OKActions": "okActions",
    "InsufficientDataActions": "insufficientDataActions",
}


def _put(call: AwsCall, inputs: Props, more: Props) -> None:
    dimensions = [{"Name": key, "Value": value} for key, value in block(inputs.get("dimensions")).items()]
    actions = {field: items(inputs.get(name)) for field, name in _ACTIONS.items()}
    call.client("cloudwatch").put_metric_alarm(
        **pick(inputs, _FIELDS), **actions, Dimensions=dimensions, **more
    )


def _create(call: AwsCall, inputs: Props) -> None:
    if _read(call, inputs["name"], {}) is not None:
        # PutMetricAlarm writes over an alarm of that name.
        raise ProviderError(f"an alarm named {inputs['name']} Exists already")
    _put(call, inputs, tags.create_pairs(inputs))


def _read(call: AwsCall, id_: str, old: Props) -> Props | None:
    client = call.client("cloudwatch")
    listed = client.describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
    if not listed:
        return None
    found: Props = listed[0]
    return {
        **{name: found.get(field) for field, name in _FIELDS.items()},
        **{name: found.get(field) or None for field, name in _ACTIONS.items()},
        "treatMissingData": found.get("TreatMissingData") or "missing",
        "dimensions": {one["Name"]: one["Value"] for one in items(found.get("Dimensions"))} or None,
        "arn": found["AlarmArn"],
        "tagsAll": tags.unpaired(client.list_tags_for_resource(ResourceARN=found["AlarmArn"]).get("Tags")),
    }


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    _put(call, new, {})


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("cloudwatch").delete_alarms(AlarmNames=[id_])


def _dashboard_create(call: AwsCall, inputs: Props) -> None:
    if inputs["dashboardName"] in _dashboards(call, inputs["dashboardName"]):
        # PutDashboard writes over a dashboard of that name.
        raise ProviderError(f"a dashboard named {inputs['dashboardName']} Exists already")
    _dashboard_put(call, inputs)


def _dashboards(call: AwsCall, prefix: str) -> list[str]:
    listed = call.client("cloudwatch").list_dashboards(DashboardNamePrefix=prefix)["DashboardEntries"]
    return [str(one["DashboardName"]) for one in listed]


def _dashboard_put(call: AwsCall, inputs: Props) -> None:
    call.client("cloudwatch").put_dashboard(
        DashboardName=inputs["dashboardName"], DashboardBody=inputs["dashboardBody"]
    )


def _dashboard_read(call: AwsCall, id_: str, old: Props) -> Props:
    found: Props = call.client("cloudwatch").get_dashboard(DashboardName=id_)
    return {
        "dashboardName": id_,
        "dashboardBody": found["DashboardBody"],
        "dashboardArn": found["DashboardArn"],
    }


def _dashboard_update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    if changed(old, new, "dashboardBody"):
        _dashboard_put(call, new)


def _dashboard_delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("cloudwatch").delete_dashboards(DashboardNames=[id_])


HANDLERS = (
    Handler[AwsCall](
        token="aws:cloudwatch/metricAlarm:MetricAlarm",
        source=f"{DOCS}/cloudwatch_metric_alarm",
        key="{name}",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        tagger=tags.by_arn("cloudwatch", "ResourceARN"),
        name=AutoName(longest=255),
        natural=("name",),
        defaults={"actionsEnabled": True, "treatMissingData": "missing"},
        rules=(
            one_of(
                "comparisonOperator",
                "GreaterThanOrEqualToThreshold",
                "GreaterThanThreshold",
                "LessThanThreshold",
                "LessThanOrEqualToThreshold",
            ),
            one_of("statistic", "SampleCount", "Average", "Sum", "Minimum", "Maximum"),
            one_of("treatMissingData", "missing", "ignore", "breaching", "notBreaching"),
            pattern("extendedStatistic", r"(p|tm|wm|tc|ts|TM|WM|TC|TS|PR|IQM).*", "must be like p99"),
            Rule(
                name="period",
                reason="must be 10, 20, 30 or a multiple of 60 seconds",
                accepts=lambda value: value in (10, 20, 30) or (value > 0 and value % 60 == 0),
            ),
            *not_emulated("metricQueries thresholdMetricId evaluationCriteria"),
        ),
    ),
    Handler[AwsCall](
        token="aws:cloudwatch/dashboard:Dashboard",
        source=f"{DOCS}/cloudwatch_dashboard",
        key="{dashboardName}",
        create=_dashboard_create,
        read=_dashboard_read,
        update=_dashboard_update,
        delete=_dashboard_delete,
        natural=("dashboardName",),
        documents=names("dashboardBody"),
        rules=(pattern("dashboardName", r"[\w-]{1,255}", "must be 1 to 255 letters, digits, - or _"),),
    ),
)
