"""One realistic sample of every AWS type that a runner fleet is made of."""

import base64
import json
from typing import Any

from tests.providers.aws_runner_world import (
    REGION,
    allowed,
    api,
    code,
    function,
    function_role,
    integration,
    queue,
    queue_arn,
    redrive,
    schedule_group,
    senders,
    table,
    template,
)
from tests.providers.aws_world import ACCOUNT, NEW_TAGS, TAGS, World
from tests.providers.life import Sample, plain


def mixed(world: World, *types: str) -> dict[str, Any]:
    return {
        "launchTemplate": {
            "launchTemplateSpecification": {
                "launchTemplateId": template(world).id,
                "version": str(template(world).state["latestVersion"]),
            },
            "overrides": [{"instanceType": one} for one in types],
        },
        "instancesDistribution": {
            "onDemandBaseCapacity": 0,
            "onDemandPercentageAboveBaseCapacity": 0,
            "onDemandAllocationStrategy": "prioritized",
            "spotAllocationStrategy": "price-capacity-optimized",
        },
    }


def group_tags(value: str) -> list[dict[str, Any]]:
    return [
        {"key": "slipway:class", "value": value, "propagateAtLaunch": True},
        {"key": "slipway:fleet", "value": "local", "propagateAtLaunch": False},
    ]


def template_tags(value: str) -> list[dict[str, Any]]:
    kinds = ("instance", "volume", "network-interface")
    return [{"resourceType": kind, "tags": {"slipway:class": value}} for kind in kinds]


def _template_inputs(world: World) -> dict[str, Any]:
    profile = world.get(
        "aws:iam/instanceProfile:InstanceProfile", "profile", name="world-profile", role=world.role().id
    )
    return {
        "name": "sample-template",
        "description": "runners",
        "imageId": "ami-12345678",
        "userData": base64.b64encode(b"#!/bin/sh").decode(),
        "updateDefaultVersion": True,
        "ebsOptimized": "true",
        "instanceInitiatedShutdownBehavior": "terminate",
        "iamInstanceProfile": {"arn": profile.state["arn"]},
        "metadataOptions": {
            "httpEndpoint": "enabled",
            "httpTokens": "required",
            "httpPutResponseHopLimit": 1,
            "httpProtocolIpv6": "disabled",
            "instanceMetadataTags": "disabled",
        },
        "networkInterfaces": [
            {
                "deviceIndex": 0,
                "associatePublicIpAddress": "false",
                "deleteOnTermination": "true",
                "securityGroups": [world.group()],
            }
        ],
        "blockDeviceMappings": [
            {
                "deviceName": "/dev/xvda",
                "ebs": {
                    "encrypted": "true",
                    "volumeType": "gp3",
                    "volumeSize": 40,
                    "deleteOnTermination": "true",
                },
            }
        ],
        "tagSpecifications": template_tags("general"),
        "tags": TAGS,
    }


INDEXES = [
    {"name": "waiting", "hashKey": "waiting", "rangeKey": "queued_at", "projectionType": "ALL"},
    {"name": "open", "hashKey": "open", "projectionType": "ALL"},
]
LIVE = {"name": "live", "hashKey": "live", "projectionType": "ALL"}


def attributes(**types: str) -> list[dict[str, str]]:
    return [{"name": name, "type": kind} for name, kind in types.items()]


SAMPLES: dict[str, Sample] = {
    "aws:sqs/queue:Queue": Sample(
        lambda w: {
            "name": "sample-queue",
            "messageRetentionSeconds": 1209600,
            "visibilityTimeoutSeconds": 180,
            "receiveWaitTimeSeconds": 20,
            "sqsManagedSseEnabled": True,
            "policy": senders("events.amazonaws.com", "sample-queue"),
            "redrivePolicy": redrive(queue(w).rpartition("/")[2], 5),
            "redriveAllowPolicy": allowed("a"),
            "tags": TAGS,
        },
        plain(
            visibilityTimeoutSeconds=360,
            policy=senders("scheduler.amazonaws.com", "sample-queue"),
            redrivePolicy=redrive("world-queue-1", 3),
            redriveAllowPolicy=allowed("b"),
            tags=NEW_TAGS,
        ),
        plain(name="sample-other"),
    ),
    "aws:sqs/queuePolicy:QueuePolicy": Sample(
        lambda w: {"queueUrl": queue(w), "policy": senders("events.amazonaws.com")},
        plain(policy=senders("scheduler.amazonaws.com")),
        lambda w: {"queueUrl": queue(w, 2)},
    ),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": Sample(
        lambda w: {"queueUrl": queue(w), "redriveAllowPolicy": allowed("a")},
        plain(redriveAllowPolicy=allowed("b")),
        lambda w: {"queueUrl": queue(w, 2)},
    ),
    "aws:dynamodb/table:Table": Sample(
        plain(
            name="sample-table",
            billingMode="PAY_PER_REQUEST",
            hashKey="pk",
            attributes=attributes(pk="S", waiting="S", queued_at="N", open="S"),
            globalSecondaryIndexes=INDEXES,
            ttl={"attributeName": "expires_at", "enabled": True},
            pointInTimeRecovery={"enabled": True},
            serverSideEncryption={"enabled": True},
            tags=TAGS,
        ),
        lambda w: {
            "attributes": attributes(live="S", pk="S", waiting="S", queued_at="N"),
            "globalSecondaryIndexes": [LIVE, INDEXES[0]],
            "ttl": {"attributeName": "ends_at", "enabled": True},
            "pointInTimeRecovery": {"enabled": False},
            "serverSideEncryption": {"enabled": True, "kmsKeyArn": w.key().state["arn"]},
            "tags": NEW_TAGS,
        },
        plain(hashKey="live"),
    ),
    "aws:dynamodb/tableItem:TableItem": Sample(
        lambda w: {
            "tableName": table(w),
            "hashKey": "pk",
            "item": json.dumps({"pk": {"S": "config"}, "body": {"S": "{}"}, "old": {"N": "1"}}),
        },
        plain(item=json.dumps({"pk": {"S": "config"}, "body": {"S": '{"fleet": "local"}'}})),
        plain(item=json.dumps({"pk": {"S": "another"}, "body": {"S": "{}"}})),
        imports=False,
    ),
    "aws:lambda/function:Function": Sample(
        lambda w: {
            "name": "sample-function",
            "description": "a function",
            "role": function_role(w),
            "architectures": ["arm64"],
            "runtime": "python3.13",
            "handler": "main.handle",
            "timeout": 10,
            "memorySize": 256,
            "environment": {"variables": {"FLEET": "local"}},
            "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/sample-function"},
            "reservedConcurrentExecutions": 5,
            **code("one"),
            "tags": TAGS,
        },
        lambda w: {
            "description": "the function",
            "timeout": 20,
            "environment": {"variables": {"FLEET": "local", "TABLE": "t"}},
            "loggingConfig": {"logFormat": "Text", "logGroup": "/aws/lambda/other"},
            "reservedConcurrentExecutions": -1,
            "architectures": ["x86_64"],
            **code("two"),
            "tags": NEW_TAGS,
        },
        plain(name="sample-other"),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": Sample(
        lambda w: {
            "functionName": function(w).id,
            "maximumRetryAttempts": 0,
            "maximumEventAgeInSeconds": 60,
        },
        plain(maximumRetryAttempts=1, maximumEventAgeInSeconds=120),
        lambda w: {"functionName": function(w, 2).id},
    ),
    "aws:lambda/permission:Permission": Sample(
        lambda w: {
            "function": function(w).id,
            "statementId": "api",
            "action": "lambda:InvokeFunction",
            "principal": "apigateway.amazonaws.com",
            "sourceArn": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc/*/POST/webhook",
        },
        None,
        plain(principal="events.amazonaws.com"),
        imports=False,
    ),
    "aws:lambda/eventSourceMapping:EventSourceMapping": Sample(
        lambda w: {
            "eventSourceArn": queue_arn(queue(w).rpartition("/")[2]),
            "functionName": function(w).state["arn"],
            "batchSize": 10,
            "functionResponseTypes": ["ReportBatchItemFailures"],
            "scalingConfig": {"maximumConcurrency": 2},
            "tags": TAGS,
        },
        plain(batchSize=5, scalingConfig={"maximumConcurrency": 4}, enabled=False, tags=NEW_TAGS),
        lambda w: {"eventSourceArn": queue_arn(queue(w, 2).rpartition("/")[2])},
    ),
    "aws:apigatewayv2/api:Api": Sample(
        plain(name="sample", protocolType="HTTP", description="an API", tags=TAGS),
        plain(name="renamed", description="the API", tags=NEW_TAGS),
    ),
    "aws:apigatewayv2/integration:Integration": Sample(
        lambda w: {
            "apiId": api(w),
            "integrationType": "AWS_PROXY",
            "integrationUri": function(w).state["invokeArn"],
            "integrationMethod": "POST",
            "payloadFormatVersion": "2.0",
            "timeoutMilliseconds": 10_000,
        },
        lambda w: {"integrationUri": function(w, 2).state["invokeArn"], "timeoutMilliseconds": 5_000},
        lambda w: {"apiId": api(w, 2)},
        imports=False,
    ),
    "aws:apigatewayv2/route:Route": Sample(
        lambda w: {
            "apiId": api(w),
            "routeKey": "POST /claim",
            "authorizationType": "AWS_IAM",
            "target": f"integrations/{integration(w)}",
        },
        lambda w: {"authorizationType": "NONE", "target": f"integrations/{integration(w, 2)}"},
        lambda w: {"apiId": api(w, 2)},
        imports=False,
    ),
    "aws:apigatewayv2/stage:Stage": Sample(
        lambda w: {
            "apiId": api(w),
            "name": "$default",
            "autoDeploy": True,
            "accessLogSettings": {"destinationArn": w.log_group, "format": '{"id": "$context.requestId"}'},
            "defaultRouteSettings": {"throttlingBurstLimit": 20, "throttlingRateLimit": 10},
            "routeSettings": [
                {"routeKey": "POST /webhook", "throttlingBurstLimit": 50, "throttlingRateLimit": 25},
                {"routeKey": "POST /claim", "throttlingBurstLimit": 5, "throttlingRateLimit": 2.5},
            ],
            "tags": TAGS,
        },
        plain(
            defaultRouteSettings={"throttlingBurstLimit": 10, "throttlingRateLimit": 10},
            routeSettings=[
                {"routeKey": "POST /webhook", "throttlingBurstLimit": 100, "throttlingRateLimit": 50}
            ],
            tags=NEW_TAGS,
        ),
        plain(name="other"),
        imports=False,
    ),
    "aws:scheduler/scheduleGroup:ScheduleGroup": Sample(
        plain(name="sample-group", tags=TAGS), plain(tags=NEW_TAGS), plain(name="sample-other")
    ),
    "aws:scheduler/schedule:Schedule": Sample(
        lambda w: {
            "name": "sample-tick",
            "groupName": schedule_group(w),
            "description": "every minute",
            "scheduleExpression": "rate(1 minute)",
            "state": "ENABLED",
            "flexibleTimeWindow": {"mode": "OFF"},
            "target": {
                "arn": function(w).state["arn"],
                "roleArn": function_role(w),
                "input": '{"tick": true}',
                "retryPolicy": {"maximumEventAgeInSeconds": 60, "maximumRetryAttempts": 0},
            },
        },
        lambda w: {
            "scheduleExpression": "rate(5 minutes)",
            "state": "DISABLED",
            "target": {
                "arn": function(w, 2).state["arn"],
                "roleArn": function_role(w),
                "input": '{"tick": false}',
                "retryPolicy": {"maximumEventAgeInSeconds": 90, "maximumRetryAttempts": 1},
            },
        },
        lambda w: {"groupName": schedule_group(w, 2)},
    ),
    "aws:ec2/launchTemplate:LaunchTemplate": Sample(
        _template_inputs,
        lambda w: {
            "description": "new runners",
            "imageId": "resolve:ssm:/aws/service/ami",
            "instanceType": "m7g.large",
            "tagSpecifications": template_tags("large"),
            "tags": NEW_TAGS,
        },
        plain(name="sample-other"),
    ),
    "aws:autoscaling/group:Group": Sample(
        lambda w: {
            "name": "sample-group",
            "minSize": 0,
            "maxSize": 4,
            "desiredCapacity": 0,
            "vpcZoneIdentifiers": [w.subnet(2), w.subnet(1)],
            "protectFromScaleIn": True,
            "capacityRebalance": False,
            "healthCheckType": "EC2",
            "healthCheckGracePeriod": 60,
            "suspendedProcesses": ["AZRebalance"],
            "waitForCapacityTimeout": "0",
            "forceDelete": True,
            "mixedInstancesPolicy": mixed(w, "m7g.large", "c7g.large"),
            "tags": group_tags("general"),
        },
        lambda w: {
            "maxSize": 8,
            "vpcZoneIdentifiers": [w.subnet(1)],
            "suspendedProcesses": ["AZRebalance", "ReplaceUnhealthy"],
            "mixedInstancesPolicy": mixed(w, "m7g.xlarge"),
            "tags": group_tags("large")[:1],
        },
        plain(name="sample-other"),
    ),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Sample(
        plain(
            name="sample-alarm",
            alarmDescription="the oldest job waits",
            namespace="Slipway/Runners",
            metricName="OldestQueuedSeconds",
            dimensions={"Fleet": "local", "Class": "general"},
            statistic="Maximum",
            period=60,
            evaluationPeriods=5,
            datapointsToAlarm=3,
            threshold=300,
            comparisonOperator="GreaterThanThreshold",
            treatMissingData="notBreaching",
            alarmActions=["arn:aws:sns:eu-west-1:123456789012:pages"],
            tags=TAGS,
        ),
        plain(
            threshold=600,
            dimensions={"Fleet": "local"},
            alarmActions=[],
            treatMissingData="breaching",
            tags=NEW_TAGS,
        ),
        plain(name="sample-other"),
    ),
    "aws:cloudwatch/dashboard:Dashboard": Sample(
        plain(dashboardName="sample", dashboardBody=json.dumps({"widgets": [{"type": "text", "x": 0}]})),
        plain(dashboardBody=json.dumps({"widgets": [{"type": "metric", "x": 0}]})),
        plain(dashboardName="other"),
    ),
}
