"""Auto Scaling groups of the embedded cloud, as the runner fleet uses them, through ordinary boto3."""

import base64
import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.localcloud import runtime
from slipway.localcloud.cloud import Cloud

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
OPTIONS = {"HttpEndpoint": "enabled", "HttpTokens": "required", "HttpPutResponseHopLimit": 1}


@pytest.fixture
def name() -> str:
    return f"fleet-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def network(aws: Any, name: str) -> dict[str, Any]:
    ec2 = aws("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.7.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.7.{index}.0/24", AvailabilityZone=f"eu-west-1{zone}")
        for index, zone in enumerate("ab")
    ]
    group = ec2.create_security_group(GroupName=name, Description="runners", VpcId=vpc)["GroupId"]
    return {"subnets": [one["Subnet"]["SubnetId"] for one in subnets], "group": group}


@pytest.fixture
def template(aws: Any, name: str, network: dict[str, Any]) -> dict[str, Any]:
    iam = aws("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)
    profile = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]["Arn"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    return {
        "ImageId": "ami-12345678",
        "UserData": base64.b64encode(b"#!/bin/sh").decode(),
        "IamInstanceProfile": {"Arn": profile},
        "MetadataOptions": OPTIONS,
        "EbsOptimized": True,
        "InstanceInitiatedShutdownBehavior": "terminate",
        "NetworkInterfaces": [
            {"DeviceIndex": 0, "AssociatePublicIpAddress": False, "Groups": [network["group"]]}
        ],
        "BlockDeviceMappings": [{"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 40, "Encrypted": True}}],
        "TagSpecifications": [
            {"ResourceType": "instance", "Tags": [{"Key": "from", "Value": "template"}, *_tag("class", "no")]}
        ],
    }


def _tag(key: str, value: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value}]


@pytest.fixture
def group(aws: Any, name: str, network: dict[str, Any], template: dict[str, Any]) -> Iterator[str]:
    aws("ec2").create_launch_template(LaunchTemplateName=name, LaunchTemplateData=template)
    asg = aws("autoscaling")
    asg.create_auto_scaling_group(
        AutoScalingGroupName=name,
        MinSize=0,
        MaxSize=4,
        VPCZoneIdentifier=",".join(network["subnets"]),
        NewInstancesProtectedFromScaleIn=True,
        MixedInstancesPolicy={
            "LaunchTemplate": {
                "LaunchTemplateSpecification": {"LaunchTemplateName": name, "Version": "$Latest"},
                "Overrides": [{"InstanceType": "m7g.large"}, {"InstanceType": "c7g.large"}],
            },
            "InstancesDistribution": {"OnDemandBaseCapacity": 1, "OnDemandPercentageAboveBaseCapacity": 0},
        },
        Tags=[{**_tag("class", "general")[0], "PropagateAtLaunch": True}],
    )
    yield name
    if described(asg, name):
        asg.delete_auto_scaling_group(AutoScalingGroupName=name, ForceDelete=True)


def described(asg: Any, name: str) -> dict[str, Any] | None:
    found = asg.describe_auto_scaling_groups(AutoScalingGroupNames=[name])["AutoScalingGroups"]
    return found[0] if found else None


def scaled(asg: Any, name: str, wanted: int) -> list[dict[str, Any]]:
    asg.set_desired_capacity(AutoScalingGroupName=name, DesiredCapacity=wanted)
    found = described(asg, name)
    assert found is not None
    return found["Instances"]


def test_an_instance_is_what_its_template_says(aws: Any, group: str, network: dict[str, Any]) -> None:
    asg, ec2 = aws("autoscaling"), aws("ec2")
    states = scaled(asg, group, 3)
    assert all(one["ProtectedFromScaleIn"] for one in states)
    assert {one["InstanceType"] for one in states} == {"m7g.large"}
    ids = [one["InstanceId"] for one in states]
    found = [
        instance
        for one in ec2.describe_instances(InstanceIds=ids)["Reservations"]
        for instance in one["Instances"]
    ]
    assert sorted(one["SubnetId"] for one in found) == sorted([network["subnets"][0], *network["subnets"]]), (
        "they are spread over the zones"
    )
    assert [one.get("InstanceLifecycle") for one in found].count("spot") == 2, "one is on demand"
    for one in found:
        assert one["IamInstanceProfile"]["Arn"].endswith(f"instance-profile/{group}")
        assert OPTIONS.items() <= one["MetadataOptions"].items()
        assert [held["GroupId"] for held in one["SecurityGroups"]] == [network["group"]]
        assert one["EbsOptimized"]
        assert [held["DeviceName"] for held in one["BlockDeviceMappings"]] == ["/dev/xvda"]
        tags = {held["Key"]: held["Value"] for held in one["Tags"]}
        assert (tags["class"], tags["from"]) == ("general", "template"), "the group's tag counts"
        assert tags["aws:autoscaling:groupName"] == group
        data = ec2.describe_instance_attribute(InstanceId=one["InstanceId"], Attribute="userData")
        assert base64.b64decode(data["UserData"]["Value"]) == b"#!/bin/sh"


def test_an_instance_keeps_the_version_it_was_launched_from(
    aws: Any, group: str, template: dict[str, Any]
) -> None:
    asg, ec2 = aws("autoscaling"), aws("ec2")
    old = scaled(asg, group, 1)[0]["InstanceId"]
    newer = {**template, "ImageId": "ami-87654321"}
    ec2.create_launch_template_version(LaunchTemplateName=group, LaunchTemplateData=newer)
    scaled(asg, group, 2)
    states = asg.describe_auto_scaling_instances()["AutoScalingInstances"]
    mine = {
        one["InstanceId"]: one["LaunchTemplate"]["Version"]
        for one in states
        if one["AutoScalingGroupName"] == group
    }
    assert sorted(mine.values()) == ["1", "2"]
    assert mine.pop(old) == "1"
    found = ec2.describe_instances(InstanceIds=list(mine))["Reservations"][0]["Instances"][0]
    assert found["ImageId"] == "ami-87654321"


def test_an_end_with_a_decrement_ends_exactly_that_instance(aws: Any, group: str) -> None:
    asg = aws("autoscaling")
    ids = [one["InstanceId"] for one in scaled(asg, group, 3)]
    asg.terminate_instance_in_auto_scaling_group(InstanceId=ids[1], ShouldDecrementDesiredCapacity=True)
    found = described(asg, group)
    assert found is not None
    assert found["DesiredCapacity"] == 2
    assert sorted(one["InstanceId"] for one in found["Instances"]) == sorted([ids[0], ids[2]])
    gone = aws("ec2").describe_instances(InstanceIds=[ids[1]])["Reservations"][0]["Instances"][0]
    assert gone["State"]["Name"] == "terminated"
    with pytest.raises(ClientError, match="No managed instance found"):
        asg.terminate_instance_in_auto_scaling_group(InstanceId=ids[1], ShouldDecrementDesiredCapacity=True)


def test_a_protected_instance_outlives_a_lower_desired_capacity(aws: Any, group: str) -> None:
    asg = aws("autoscaling")
    scaled(asg, group, 2)
    assert len(scaled(asg, group, 0)) == 2


def test_the_desired_capacity_stays_within_its_limits(aws: Any, group: str) -> None:
    asg = aws("autoscaling")
    with pytest.raises(ClientError, match="above max value 4"):
        scaled(asg, group, 5)
    asg.update_auto_scaling_group(AutoScalingGroupName=group, MinSize=1)
    with pytest.raises(ClientError, match="below min value 1"):
        scaled(asg, group, 0)
    only = scaled(asg, group, 1)[0]["InstanceId"]
    with pytest.raises(ClientError, match="desiredSize equals minSize"):
        asg.terminate_instance_in_auto_scaling_group(InstanceId=only, ShouldDecrementDesiredCapacity=True)


def test_an_update_keeps_what_it_does_not_name(aws: Any, group: str) -> None:
    asg = aws("autoscaling")
    asg.update_auto_scaling_group(AutoScalingGroupName=group, MaxSize=6, CapacityRebalance=True)
    found = described(asg, group)
    assert found is not None
    assert (found["MaxSize"], found["CapacityRebalance"]) == (6, True)
    assert len(found["MixedInstancesPolicy"]["LaunchTemplate"]["Overrides"]) == 2


def test_a_group_with_instances_goes_only_by_force_and_takes_them_along(aws: Any, group: str) -> None:
    asg = aws("autoscaling")
    held = scaled(asg, group, 1)[0]["InstanceId"]
    with pytest.raises(ClientError, match="ResourceInUse"):
        asg.delete_auto_scaling_group(AutoScalingGroupName=group)
    asg.delete_auto_scaling_group(AutoScalingGroupName=group, ForceDelete=True)
    assert described(asg, group) is None
    left = aws("ec2").describe_instances(InstanceIds=[held])["Reservations"][0]["Instances"][0]
    assert left["State"]["Name"] == "terminated"


def test_a_group_is_not_made_over_one_that_exists(aws: Any, group: str, network: dict[str, Any]) -> None:
    with pytest.raises(ClientError, match="AlreadyExists"):
        aws("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName=group,
            MinSize=0,
            MaxSize=1,
            VPCZoneIdentifier=network["subnets"][0],
            LaunchTemplate={"LaunchTemplateName": group},
        )


def test_instances_and_images_are_found_among_others(aws: Any, group: str) -> None:
    ec2 = aws("ec2")
    ids = sorted(one["InstanceId"] for one in scaled(aws("autoscaling"), group, 3))
    found = ec2.describe_instances(InstanceIds=ids[:2])["Reservations"]
    assert sorted(one["InstanceId"] for held in found for one in held["Instances"]) == ids[:2]
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        ec2.terminate_instances(InstanceIds=[ids[0], "i-00000000000000000"])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    named = {"Name": "image-id", "Values": [image]}
    assert [one["ImageId"] for one in ec2.describe_images(Filters=[named])["Images"]] == [image]
    owned = {"Name": "owner-id", "Values": ["000000000000"]}
    assert ec2.describe_images(Filters=[named, owned])["Images"] == []


def test_groups_and_instances_are_counted(aws: Any, group: str, cloud: Cloud) -> None:
    def count(name: str) -> int:
        counts: dict[str, int] = runtime._get_json(cloud.console, "/status.json")["counts"]["aws"]
        return counts.get(name, 0)

    before = count("Running instances")
    scaled(aws("autoscaling"), group, 2)
    assert count("Running instances") == before + 2
    assert count("Auto Scaling groups") >= 1
    assert count("Launch templates") >= 1


def test_what_a_fleet_is_made_of_is_counted(aws: Any, name: str, cloud: Cloud) -> None:
    aws("sqs").create_queue(QueueName=name)
    aws("apigatewayv2").create_api(Name=name, ProtocolType="HTTP")
    aws("cloudwatch").put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Statistic="Sum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
    )
    aws("dynamodb").create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    role = aws("iam").create_role(
        RoleName=name, AssumeRolePolicyDocument=TRUST.replace("ec2.amazonaws", "lambda.amazonaws")
    )["Role"]["Arn"]
    aws("lambda").create_function(
        FunctionName=name, Role=role, Runtime="python3.13", Handler="x.y", Code={"ZipFile": b"PK"}
    )
    aws("scheduler").create_schedule(
        Name=name,
        ScheduleExpression="rate(1 day)",
        State="DISABLED",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": f"arn:aws:lambda:eu-west-1:123456789012:function:{name}", "RoleArn": role},
    )
    counts = runtime._get_json(cloud.console, "/status.json")["counts"]["aws"]
    for kind in ("Queues", "HTTP APIs", "Alarms", "Tables", "Functions", "Schedules"):
        assert counts[kind] >= 1, kind
