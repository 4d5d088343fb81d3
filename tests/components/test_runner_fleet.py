"""What a runner fleet declares: machines that nothing ends but us, a throttled edge, nothing secret."""

import base64
import json
from typing import Any

import pytest

from components.runners.functions import API_SECONDS, PLANNER_SECONDS, WEBHOOK_SECONDS
from slipway.errors import SlipwayError
from tests.components.recording import Recorded, Recording, run
from tests.components.samples import ACCOUNT, REGION
from tests.components.samples_runners import CICD, CLASSES, declare, names, runner_class

OWN = names()


@pytest.fixture(scope="module")
def recording() -> Recording:
    return run(lambda: declare() and None)


def group(recording: Recording, name: str) -> Recorded:
    return recording.one("aws:autoscaling/group:Group", f"fleet-{name}-group")


def template(recording: Recording, name: str) -> Recorded:
    return recording.one("aws:ec2/launchTemplate:LaunchTemplate", f"fleet-{name}-template")


def functions(recording: Recording) -> dict[str, dict[str, Any]]:
    return {
        one.name.removeprefix("fleet-"): one.inputs for one in recording.of("aws:lambda/function:Function")
    }


@pytest.mark.parametrize("name", CLASSES)
def test_a_group_ends_no_instance_of_its_own_accord(name: str, recording: Recording) -> None:
    found = group(recording, name)
    inputs, one = found.inputs, CLASSES[name]
    assert inputs["name"] == f"slipway-automation-{name}"
    assert (inputs["minSize"], inputs["desiredCapacity"]) == (0, 0)
    assert inputs["maxSize"] == (10 if one.image else 0)
    assert found.ignore_changes == ("desiredCapacity",)
    assert inputs["protectFromScaleIn"] is True
    assert inputs["capacityRebalance"] is False
    assert inputs["suspendedProcesses"] == ["AZRebalance"]
    assert inputs["healthCheckType"] == "EC2"
    assert inputs["healthCheckGracePeriod"] == (360 + 10 + 15) * 60
    assert inputs["vpcZoneIdentifiers"] == ["subnet-a", "subnet-b", "subnet-c"]
    tags = {tag["key"]: tag["value"] for tag in inputs["tags"] if tag["propagateAtLaunch"]}
    assert (tags["slipway:fleet"], tags["slipway:class"]) == ("automation", name)
    for unwanted in ("targetGroupArns", "instanceRefresh", "maxInstanceLifetime", "forceDelete"):
        assert unwanted not in inputs


def test_spot_comes_first_and_several_types_in_order(recording: Recording) -> None:
    mixed = group(recording, "standard").inputs["mixedInstancesPolicy"]
    assert [one["instanceType"] for one in mixed["launchTemplate"]["overrides"]] == [
        "m7i.large",
        "m6i.large",
        "c7i.large",
    ]
    assert mixed["instancesDistribution"] == {
        "onDemandAllocationStrategy": "prioritized",
        "onDemandBaseCapacity": 0,
        "onDemandPercentageAboveBaseCapacity": 0,
        "spotAllocationStrategy": "capacity-optimized-prioritized",
    }
    arm = group(recording, "arm").inputs["mixedInstancesPolicy"]["instancesDistribution"]
    assert arm["onDemandPercentageAboveBaseCapacity"] == 100


def test_a_group_starts_from_the_newest_version_of_its_template_by_number(recording: Recording) -> None:
    specification = group(recording, "standard").inputs["mixedInstancesPolicy"]["launchTemplate"]
    assert specification["launchTemplateSpecification"]["version"] == "1"


def test_a_warm_pool_comes_and_goes_without_another_change_of_its_group(recording: Recording) -> None:
    warm = dict(group(recording, "warm").inputs)
    assert warm.pop("warmPool") == {"maxGroupPreparedCapacity": 10, "minSize": 2, "poolState": "Stopped"}
    classes = {**CLASSES, **runner_class("warm", capacity="on_demand", instance_types=("m7i.large",))}
    assert group(run(lambda: declare(classes=classes) and None), "warm").inputs == warm
    for name in CLASSES.keys() - {"warm"}:
        assert "warmPool" not in group(recording, name).inputs


@pytest.mark.parametrize("name", CLASSES)
def test_an_instance_is_closed(name: str, recording: Recording) -> None:
    inputs = template(recording, name).inputs
    assert inputs["metadataOptions"]["httpTokens"] == "required"
    assert inputs["metadataOptions"]["httpPutResponseHopLimit"] == 1
    (interface,) = inputs["networkInterfaces"]
    assert interface["associatePublicIpAddress"] == "false"
    assert interface["securityGroups"] == ["sg-run"]
    (disk,) = inputs["blockDeviceMappings"]
    assert disk["ebs"]["encrypted"] == "true"
    assert disk["ebs"]["volumeType"] == "gp3"
    assert "keyName" not in inputs
    assert "vpcSecurityGroupIds" not in inputs
    profile = f"arn:aws:iam::{ACCOUNT}:instance-profile/slipway/runners/runner-automation-{name}"
    assert inputs["iamInstanceProfile"] == {"arn": profile}


def test_user_data_is_what_the_builder_makes_of_class_and_address(recording: Recording) -> None:
    text = base64.b64decode(template(recording, "standard").inputs["userData"]).decode()
    assert text.startswith("#!/bin/sh\n# standard https://")
    assert f".execute-api.{REGION}.amazonaws.com" in text


def test_user_data_that_ec2_would_refuse_is_refused() -> None:
    with pytest.raises(SlipwayError, match="the user data has 16,385 bytes"):
        run(lambda: declare(user_data=lambda one, endpoint: "x" * 16_385) and None)


def test_a_class_without_an_image_starts_nothing_and_says_so(
    recording: Recording, caplog: pytest.LogCaptureFixture
) -> None:
    assert group(recording, "coming").inputs["maxSize"] == 0
    assert template(recording, "coming").inputs["imageId"].startswith("resolve:ssm:/aws/service/")
    run(lambda: declare(classes=runner_class("coming", image=None)) and None)
    assert "runner class coming has no image yet" in caplog.text


def test_github_lets_only_the_class_s_repositories_and_workflows_in(recording: Recording) -> None:
    standard = recording.one("ActionsRunnerGroup", "fleet-standard-runners").inputs
    assert standard["name"] == "slipway-automation-standard"
    assert standard["visibility"] == "selected"
    assert standard["selectedRepositoryIds"] == [70001, 70002]
    assert standard["allowsPublicRepositories"] is False
    assert standard["restrictedToWorkflows"] is False
    deploy = recording.one("ActionsRunnerGroup", "fleet-deploy-runners").inputs
    assert deploy["restrictedToWorkflows"] is True
    assert deploy["selectedWorkflows"] == ["acme/skill-pool/.github/workflows/deploy.yml@main"]


def test_the_settings_are_what_the_functions_read(recording: Recording) -> None:
    control = pytest.importorskip("runners.control.config")
    item = json.loads(recording.one("aws:dynamodb/tableItem:TableItem").inputs["item"])
    assert item["pk"] == {"S": "config"}
    fleet = control.parse_fleet(item["body"]["S"])
    assert (fleet.name, fleet.organization, fleet.app_id) == ("automation", "acme", 1234)
    assert fleet.minimum_runner_version == "2.329.0"
    for name, one in CLASSES.items():
        read = fleet.classes[name]
        assert read.group == group(recording, name).inputs["name"]
        assert read.role == f"runner-automation-{name}"
        assert read.runner_group_id > 0
        assert read.limit == (10 if one.image else 0)
        assert read.spot is (one.capacity == "spot")
        assert read.cicd is (one.cicd)
        assert read.log_group == f"/slipway/runners/automation/{name}"
        assert read.repositories == frozenset(one.repositories)


def test_the_functions_get_names_and_addresses_and_nothing_secret(recording: Recording) -> None:
    environments = {area: one["environment"]["variables"] for area, one in functions(recording).items()}
    both = {"FLEET", "TABLE", "GITHUB_API_URL", "APP_KEY", "TOKEN_KEY"}
    assert set(environments["webhook"]) == {"FLEET", "QUEUE_URL", "SECRET_ID"}
    assert set(environments["planner"]) == set(environments["claim"]) == both
    assert set(environments["finish"]) == {"FLEET", "TABLE"}
    assert environments["webhook"]["SECRET_ID"] == "slipway-automation-runner-webhook"
    assert environments["claim"]["APP_KEY"] == "alias/slipway-automation-runner-app"
    assert not recording.of("aws:secretsmanager/secretVersion:SecretVersion")


def test_only_the_embedded_cloud_s_functions_are_sent_elsewhere() -> None:
    local = run(lambda: declare(function_endpoint="http://127.0.0.1:5000") and None)
    for one in functions(local).values():
        assert one["environment"]["variables"]["AWS_ENDPOINT_URL"] == "http://127.0.0.1:5000"


def test_handlers_are_there_and_run_on_arm(recording: Recording) -> None:
    for area, one in functions(recording).items():
        module = "webhook.handler" if area == "webhook" else f"control.{area}_handler"
        assert one["handler"] == f"runners.{module}.handle"
        assert (one["runtime"], one["architectures"]) == ("python3.13", ["arm64"])
        assert one["sourceCodeHash"]
        retention = recording.one("aws:cloudwatch/logGroup:LogGroup", f"fleet-{area}-logs").inputs
        assert retention == {"name": f"/aws/lambda/slipway-automation-runner-{area}", "retentionInDays": 30}


def test_an_image_takes_the_place_of_the_zip_files() -> None:
    uri = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/functions@sha256:{'0' * 64}"
    for one in functions(run(lambda: declare(functions_image=uri) and None)).values():
        assert (one["packageType"], one["imageUri"]) == ("Image", uri)
        assert one["imageConfig"]["commands"][0].startswith("runners.")
        assert not {"code", "handler", "runtime"} & set(one)


def test_messages_outlive_the_planner_and_are_given_up_to_their_own_queue(recording: Recording) -> None:
    events = recording.one("aws:sqs/queue:Queue", "fleet-events").inputs
    assert events["visibilityTimeoutSeconds"] >= 6 * PLANNER_SECONDS
    assert json.loads(events["redrivePolicy"]) == {
        "deadLetterTargetArn": OWN.dead_letters_arn,
        "maxReceiveCount": 5,
    }
    assert events["sqsManagedSseEnabled"] is True
    dead = recording.one("aws:sqs/queue:Queue", "fleet-dead-letters").inputs
    assert json.loads(dead["redriveAllowPolicy"])["sourceQueueArns"] == [OWN.queue_arn]
    assert dead["messageRetentionSeconds"] > events["messageRetentionSeconds"]
    mapping = recording.one("aws:lambda/eventSourceMapping:EventSourceMapping").inputs
    assert mapping["functionResponseTypes"] == ["ReportBatchItemFailures"]
    assert mapping["scalingConfig"]["maximumConcurrency"] >= 2


def test_the_edge_asks_for_iam_but_for_webhooks_and_is_throttled(recording: Recording) -> None:
    routes = {one.inputs["routeKey"]: one.inputs for one in recording.of("aws:apigatewayv2/route:Route")}
    assert {key: one["authorizationType"] for key, one in routes.items()} == {
        "POST /webhook": "NONE",
        "POST /claim": "AWS_IAM",
        "POST /finish": "AWS_IAM",
    }
    stage = recording.one("aws:apigatewayv2/stage:Stage").inputs
    assert {one["routeKey"] for one in stage["routeSettings"]} == set(routes)
    assert all(one["throttlingRateLimit"] > 0 for one in stage["routeSettings"])
    assert "header" not in stage["accessLogSettings"]["format"].lower()
    for one in recording.of("aws:apigatewayv2/integration:Integration"):
        assert one.inputs["payloadFormatVersion"] == "2.0"
        assert one.inputs["timeoutMilliseconds"] <= 30_000
    assert WEBHOOK_SECONDS < 10
    assert API_SECONDS < 30


def test_the_tick_calls_the_planner_every_minute(recording: Recording) -> None:
    tick = recording.one("aws:scheduler/schedule:Schedule").inputs
    assert (tick["name"], tick["groupName"]) == (OWN.tick, OWN.api)
    assert tick["scheduleExpression"] == "rate(1 minute)"
    assert tick["target"]["arn"] == OWN.function_arn("planner")
    assert json.loads(tick["target"]["input"]) == {"tick": True}


def test_the_table_can_be_restored_and_forgets_by_itself(recording: Recording) -> None:
    table = recording.one("aws:dynamodb/table:Table").inputs
    assert {one["name"] for one in table["globalSecondaryIndexes"]} == {"waiting", "open", "live"}
    assert table["ttl"] == {"attributeName": "expires_at", "enabled": True}
    assert table["pointInTimeRecovery"] == {"enabled": True}
    assert table["serverSideEncryption"] == {"enabled": True}
    assert table["deletionProtectionEnabled"] is True


def test_the_dashboard_shows_what_the_alarms_watch(recording: Recording) -> None:
    dashboard = recording.one("aws:cloudwatch/dashboard:Dashboard").inputs
    body = json.loads(dashboard["dashboardBody"])
    shown = {metric[1] for widget in body["widgets"] for metric in widget["properties"]["metrics"]}
    watched = {one.inputs["metricName"] for one in recording.of("aws:cloudwatch/metricAlarm:MetricAlarm")}
    assert watched <= shown
    places = [(one["x"], one["y"]) for one in body["widgets"]]
    assert len(set(places)) == len(places)


def test_names_and_policies_are_known_before_the_first_apply() -> None:
    preview = run(lambda: declare() and None, preview=True)
    for one in preview:
        assert "name" not in one.unknowns, one.name
        if one.type == "aws:iam/rolePolicy:RolePolicy" and not one.name.endswith("-call-fleet"):
            assert "policy" not in one.unknowns, one.name
    assert CICD in preview.one("RolePolicy", "fleet-deploy-assume-cicd").inputs["policy"]
