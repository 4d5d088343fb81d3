"""moto as installed, unmended: every fix still has its reason. One that fails here is a fix to delete.

A fix changes moto's classes for the rest of its process, so what they were is kept when this file is
collected, before any test runs, and put back for these tests.
"""

import copy
import inspect
import json
from collections.abc import Callable, Generator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import ec2, mock_aws
from moto.apigatewayv2 import models as api_models
from moto.apigatewayv2 import responses as api_responses
from moto.autoscaling import models as group_models
from moto.autoscaling import responses as group_responses
from moto.awslambda import models as function_models
from moto.awslambda import policy as function_policies
from moto.dynamodb import models as table_backends
from moto.dynamodb import responses as table_responses
from moto.dynamodb.models import dynamo_type, table
from moto.ec2.models import launch_templates
from moto.ec2.responses import elastic_network_interfaces
from moto.eks import models as cluster_models
from moto.eks import responses as cluster_responses
from moto.iam import models as iam_models
from moto.kms import models as key_models
from moto.kms import responses as key_responses
from moto.logs import models as log_models
from moto.s3 import models as s3_models
from moto.s3 import responses as s3_responses
from moto.scheduler import models as schedule_models
from moto.sqs import models as queue_models
from moto.ssm import models as parameter_models

from slipway.localcloud import moto_fixes
from tests.localcloud import conditional_writes

ROLE = "arn:aws:iam::123456789012:role/cluster"


AS_INSTALLED = {
    found: dict(vars(found))
    for module in (
        *(api_models, api_responses, function_models, function_policies, group_models, group_responses),
        *(cluster_models, cluster_responses),
        *(
            ec2.models,
            elastic_network_interfaces,
            iam_models,
            key_models,
            key_responses,
            launch_templates,
            queue_models,
            s3_models,
            s3_responses,
        ),
        *(dynamo_type, log_models, parameter_models, schedule_models, table, table_backends, table_responses),
    )
    for found in vars(module).values()
    if inspect.isclass(found) and found.__module__ == module.__name__
}


@pytest.fixture(autouse=True)
def unmended(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    for found, attributes in AS_INSTALLED.items():
        for name, value in attributes.items():
            if vars(found).get(name) is not value and (callable(value) or isinstance(value, list)):
                monkeypatch.setattr(found, name, value)
        for name, value in [*vars(found).items()]:
            if name not in attributes and callable(value):
                monkeypatch.delattr(found, name)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


def test_a_fix_is_applied_for_exactly_these_services() -> None:
    assert set(moto_fixes.FIXES) == {
        *("apigateway", "autoscaling", "awslambda", "dynamodb", "ec2"),
        *("eks", "iam", "kms", "logs", "s3", "scheduler", "sqs", "ssm"),
    }


def test_a_tls_only_policy_locks_the_bucket() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket="plans")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": "arn:aws:s3:::plans/*",
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    s3.put_object(Bucket="plans", Key="x", Body=b"")
    s3.put_bucket_policy(
        Bucket="plans", Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    )
    with pytest.raises(ClientError, match=r"403|Forbidden|Denied"):
        s3.get_object(Bucket="plans", Key="x")


def test_every_writer_finds_its_condition_met() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket=conditional_writes.BUCKET)

    def everybody_wins(write: Callable[[Any, int], None]) -> bool:
        outcomes = conditional_writes.compete(write, seconds=conditional_writes.UNTIL_ALL_HAVE_LOOKED)
        return outcomes == {"won": conditional_writes.WRITERS}

    def etag() -> str:
        return s3.head_object(Bucket=conditional_writes.BUCKET, Key=conditional_writes.KEY)["ETag"]

    assert everybody_wins(conditional_writes.put_if_absent)
    ready = conditional_writes.uploads(s3)
    s3.delete_object(Bucket=conditional_writes.BUCKET, Key=conditional_writes.KEY)
    assert everybody_wins(conditional_writes.complete(ready, {"IfNoneMatch": "*"}))
    assert everybody_wins(conditional_writes.put_if_unchanged(etag()))
    assert everybody_wins(conditional_writes.delete_if_unchanged(etag()))


def test_an_upload_is_completed_over_anything() -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket=conditional_writes.BUCKET)
    conditional_writes.complete(conditional_writes.uploads(s3, 1), {"IfMatch": '"another"'})(s3, 0)


def test_a_role_is_created_with_any_text_of_any_size() -> None:
    iam = client("iam")
    iam.create_role(RoleName="broken", AssumeRolePolicyDocument='{"Version"')
    iam.create_role(RoleName="large", AssumeRolePolicyDocument=json.dumps({"x": "y" * 3000}))


def test_a_cluster_forgets_its_access_configuration_and_cannot_change_its_version() -> None:
    eks = client("eks")
    given: dict[str, Any] = {
        "accessConfig": {"authenticationMode": "API"},
        "upgradePolicy": {"supportType": "STANDARD"},
    }
    eks.create_cluster(name="x", roleArn=ROLE, resourcesVpcConfig={}, **given)
    assert not set(given) & set(eks.describe_cluster(name="x")["cluster"])
    assert "update" not in eks.update_cluster_config(name="x", logging={"clusterLogging": []})
    with pytest.raises(
        Exception, match=r"404|Not Found|not (been )?implemented|unreachable|Not yet implemented"
    ):
        eks.update_cluster_version(name="x", version="1.35")


@pytest.mark.parametrize("operation", ["list_access_entries", "list_addons"])
def test_what_is_recorded_is_what_moto_lacks(operation: str) -> None:
    eks = client("eks")
    eks.create_cluster(name="x", roleArn=ROLE, resourcesVpcConfig={})
    with pytest.raises(Exception, match=r"404|Not Found|not (been )?implemented|Not yet implemented"):
        getattr(eks, operation)(clusterName="x")


def test_what_a_group_launches_is_not_what_its_template_says() -> None:
    ec2, asg = client("ec2"), client("autoscaling")
    data = {"ImageId": "ami-12345678", "MetadataOptions": {"HttpTokens": "required"}}
    ec2.create_launch_template(LaunchTemplateName="runners", LaunchTemplateData=data)
    specification = {"LaunchTemplateName": "runners"}
    overrides = [{"InstanceType": "m7g.large"}]
    group = {
        "AutoScalingGroupName": "runners",
        "MinSize": 0,
        "MaxSize": 1,
        "AvailabilityZones": ["us-east-1a"],
        "MixedInstancesPolicy": {
            "LaunchTemplate": {"LaunchTemplateSpecification": specification, "Overrides": overrides},
            "InstancesDistribution": {"OnDemandPercentageAboveBaseCapacity": 0},
        },
    }
    asg.create_auto_scaling_group(**group)
    asg.create_auto_scaling_group(**group)  # over the one that exists
    asg.set_desired_capacity(AutoScalingGroupName="runners", DesiredCapacity=2)  # above its maximum
    found = ec2.describe_instances()["Reservations"][0]["Instances"][0]
    assert found["InstanceType"] == ""
    assert found["MetadataOptions"]["HttpTokens"] == "optional"
    assert "InstanceLifecycle" not in found
    asg.update_auto_scaling_group(AutoScalingGroupName="runners", MinSize=0)
    assert "MixedInstancesPolicy" not in asg.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    asg.delete_auto_scaling_group(AutoScalingGroupName="runners")  # with instances, without force


def test_the_second_version_of_a_template_with_user_data_launches_nothing() -> None:
    ec2 = client("ec2")
    data = {"ImageId": "ami-12345678", "UserData": "eA=="}
    ec2.create_launch_template(LaunchTemplateName="runners", LaunchTemplateData=data)
    ec2.create_launch_template_version(LaunchTemplateName="runners", LaunchTemplateData=data)
    with pytest.raises(AssertionError):
        client("autoscaling").create_auto_scaling_group(
            AutoScalingGroupName="runners",
            MinSize=1,
            MaxSize=1,
            AvailabilityZones=["us-east-1a"],
            LaunchTemplate={"LaunchTemplateName": "runners", "Version": "2"},
        )


def test_a_key_of_origin_external_takes_no_material_and_is_usable_without() -> None:
    kms = client("kms")
    made = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")["KeyMetadata"]
    assert made["KeyState"] == "Enabled"
    with pytest.raises(NotImplementedError):
        kms.get_parameters_for_import(
            KeyId=made["KeyId"],
            WrappingAlgorithm="RSA_AES_KEY_WRAP_SHA_256",
            WrappingKeySpec="RSA_4096",
        )


def test_a_queue_loses_its_policies() -> None:
    sqs = client("sqs")
    statement = {"Effect": "Deny", "Principal": "*", "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    allow = json.dumps({"redrivePermission": "denyAll"})
    url = sqs.create_queue(QueueName="q", Attributes={"Policy": policy, "RedriveAllowPolicy": allow})[
        "QueueUrl"
    ]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert "Policy" in found
    assert "RedriveAllowPolicy" not in found
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    assert "Policy" not in sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]


def test_a_function_loses_its_logging_configuration_and_keeps_its_architecture() -> None:
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
    role = client("iam").create_role(RoleName="fn", AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"]
    functions = client("lambda")
    made = functions.create_function(
        FunctionName="f",
        Runtime="python3.13",
        Handler="x.y",
        Role=role,
        Code={"ZipFile": b"PK"},
        LoggingConfig={"LogFormat": "Text", "LogGroup": "/x"},
    )
    assert "LoggingConfig" not in made
    functions.update_function_code(FunctionName="f", ZipFile=b"PK2", Architectures=["arm64"])
    assert functions.get_function(FunctionName="f")["Configuration"]["Architectures"] == ["x86_64"]
    permission = {"StatementId": "one", "Action": "lambda:InvokeFunction", "Principal": "x.amazonaws.com"}
    functions.add_permission(FunctionName="f", **permission)
    functions.add_permission(FunctionName="f", **permission)
    for attempts in (0, 1):
        functions.put_function_event_invoke_config(FunctionName="f", MaximumRetryAttempts=attempts)
    assert functions.get_function_event_invoke_config(FunctionName="f")["MaximumRetryAttempts"] == 0


def test_a_stage_cannot_be_changed_and_is_made_over_another() -> None:
    apis = client("apigatewayv2")
    api = apis.create_api(Name="x", ProtocolType="HTTP")["ApiId"]
    apis.create_stage(ApiId=api, StageName="$default")
    apis.create_stage(ApiId=api, StageName="$default")
    apis.create_route(ApiId=api, RouteKey="POST /x")
    apis.create_route(ApiId=api, RouteKey="POST /x")
    with pytest.raises(NotImplementedError):
        apis.update_stage(ApiId=api, StageName="$default", AutoDeploy=True)


def test_the_encryption_of_a_table_cannot_be_changed() -> None:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="tee",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    dynamodb.update_table(TableName="tee", SSESpecification={"Enabled": True})
    assert "SSEDescription" not in dynamodb.describe_table(TableName="tee")["Table"]


def test_an_update_stores_a_number_of_any_length() -> None:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="numbers",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
    )
    dynamodb.update_item(
        TableName="numbers",
        Key={"pk": {"S": "x"}},
        UpdateExpression="SET n = :n",
        ExpressionAttributeValues={":n": {"N": "1" * 39}},
    )


def test_every_copy_of_an_item_is_kept() -> None:
    before = len(dynamo_type.Item.instances_tracked)
    made = dynamo_type.Item(dynamo_type.DynamoType({"S": "1"}), None, {"pk": {"S": "1"}})
    assert copy.deepcopy(made) is dynamo_type.Item.instances_tracked[-1]
    assert len(dynamo_type.Item.instances_tracked) == before + 2


def test_a_transaction_copies_whole_tables() -> None:
    assert "copy.deepcopy(" in inspect.getsource(table_backends.DynamoDBBackend.transact_write_items)
    assert "__deepcopy__" not in vars(table.Table)


def test_a_schedule_group_is_made_over_another() -> None:
    scheduler = client("scheduler")
    scheduler.create_schedule_group(Name="g")
    scheduler.create_schedule_group(Name="g")
    with pytest.raises(KeyError):
        scheduler.delete_schedule_group(Name="absent")


def test_a_parameter_of_any_size_is_taken_in_any_tier() -> None:
    ssm = client("ssm")
    ssm.put_parameter(Name="/x", Type="String", Tier="Advanced", Value="x")
    ssm.put_parameter(Name="/x", Type="String", Tier="Standard", Value="x" * 10_000, Overwrite=True)


def test_the_log_group_of_a_deleted_cluster_is_gone_for_good() -> None:
    eks, logs = client("eks"), client("logs")
    logging = {"clusterLogging": [{"types": ["audit"], "enabled": True}]}
    eks.create_cluster(name="x", roleArn=ROLE, resourcesVpcConfig={}, logging=logging)
    logs.create_log_group(logGroupName="/aws/eks/x/cluster")
    eks.delete_cluster(name="x")
    logs.delete_log_group(logGroupName="/aws/eks/x/cluster")
    assert not logs.describe_log_groups()["logGroups"]


def test_a_subnet_goes_from_under_an_interface() -> None:
    client_ = client("ec2")
    vpc = client_.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = client_.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    group = client_.create_security_group(GroupName="x", Description="x", VpcId=vpc)["GroupId"]
    client_.create_network_interface(SubnetId=subnet, Groups=[group])
    client_.delete_subnet(SubnetId=subnet)
    client_.delete_security_group(GroupId=group)
