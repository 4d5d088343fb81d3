"""What the roles of a platform stack may do to a runner fleet, beside what they may do to any stack.

Actions, their resource types and their condition keys are those of AWS's Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/, one page per service). Everything of a
fleet is called `slipway-<fleet>…`, so that two fleets of one account stay out of each other's reach.
"""

from slipway.access.stack_actions import (
    INSTANCE_PROFILE,
    ROLE_BY_PATH,
    ROLE_UNDER_BOUNDARY,
    changing,
    without,
)
from slipway.access.statements import Statement, allow
from slipway.platform import naming
from slipway.platform.declaration import ChangeFleet, ReadFleet

PASSED_TO = ("ec2.amazonaws.com", "lambda.amazonaws.com", "scheduler.amazonaws.com")
SERVICE_LINKED = ("autoscaling.amazonaws.com", "ops.apigateway.amazonaws.com", "spot.amazonaws.com")

AUTOSCALING = changing("aws:autoscaling/group:Group")
LAUNCH_TEMPLATE = changing("aws:ec2/launchTemplate:LaunchTemplate")
FUNCTIONS = changing(
    "aws:lambda/function:Function",
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig",
    "aws:lambda/permission:Permission",
)
NEW_MAPPING = "lambda:CreateEventSourceMapping"
"""It has no resource type, so it is granted on `*` for the fleet's functions."""
MAPPING_TAGS = ("lambda:TagResource", "lambda:UntagResource")
"""They have no condition key for the function that a mapping feeds."""
MAPPINGS = without(changing("aws:lambda/eventSourceMapping:EventSourceMapping"), NEW_MAPPING, *MAPPING_TAGS)
QUEUES = changing("aws:sqs/queue:Queue", "aws:sqs/queuePolicy:QueuePolicy")
TABLES = changing("aws:dynamodb/table:Table")
ITEMS = ("dynamodb:GetItem", *changing("aws:dynamodb/tableItem:TableItem"))
APIS = (
    "apigateway:GET",
    *changing(
        "aws:apigatewayv2/api:Api",
        "aws:apigatewayv2/integration:Integration",
        "aws:apigatewayv2/route:Route",
        "aws:apigatewayv2/stage:Stage",
    ),
)
SCHEDULES = changing("aws:scheduler/schedule:Schedule", "aws:scheduler/scheduleGroup:ScheduleGroup")
ALARMS = changing("aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard")
# Not its value, which UpdateSecret could put too: whoever runs `slipway runners app create` puts that.
SECRET = without(changing("aws:secretsmanager/secret:Secret"), "secretsmanager:UpdateSecret")

_READ = (
    "autoscaling:Describe*",
    "cloudwatch:DescribeAlarms",
    "cloudwatch:GetDashboard",
    "cloudwatch:ListTagsForResource",
    "dynamodb:DescribeContinuousBackups",
    "dynamodb:DescribeTable",
    "dynamodb:DescribeTimeToLive",
    "dynamodb:ListTagsOfResource",
    "lambda:GetEventSourceMapping",
    "lambda:GetFunction",
    "lambda:GetFunctionCodeSigningConfig",
    "lambda:GetFunctionConfiguration",
    "lambda:GetFunctionEventInvokeConfig",
    "lambda:GetPolicy",
    "lambda:ListTags",
    "lambda:ListVersionsByFunction",
    "scheduler:GetSchedule",
    "scheduler:GetScheduleGroup",
    "scheduler:ListTagsForResource",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ListQueueTags",
)


def read(grant: ReadFleet) -> tuple[Statement, ...]:
    """Settings of a fleet; of its table the one item that the stack writes, `config`."""
    table = f"arn:aws:dynamodb:{grant.region}:{grant.account}:table/slipway-{grant.fleet}-runners"
    only_config = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["config"]}}
    return (
        allow("ReadFleet", _READ, ["*"]),
        allow("ReadApis", ["apigateway:GET"], [f"arn:aws:apigateway:{grant.region}::/*"]),
        allow("ReadFleetConfig", ["dynamodb:GetItem"], [table], only_config),
    )


def change(grant: ChangeFleet) -> tuple[Statement, ...]:
    """Changes to the resources of one fleet."""
    reading = read(ReadFleet(grant.fleet, grant.account, grant.region))
    return (*reading, *_machines(grant), *_functions(grant), *_stores(grant), *_edge(grant), *_roles(grant))


def _machines(grant: ChangeFleet) -> tuple[Statement, ...]:
    here, prefix = f"{grant.region}:{grant.account}", f"slipway-{grant.fleet}"
    ec2 = f"arn:aws:ec2:{grant.region}"
    group = f"arn:aws:autoscaling:{here}:autoScalingGroup:*:autoScalingGroupName/{prefix}-*"
    kinds = ("instance", "launch-template", "network-interface", "security-group", "subnet", "volume")
    # Auto Scaling tries a launch as whoever names a template (Amazon EC2 Auto Scaling User Guide,
    # ec2-auto-scaling-launch-template-permissions); the condition shuts out every launch without one.
    templated = {"ArnLike": {"ec2:LaunchTemplate": f"{ec2}:{grant.account}:launch-template/*"}}
    return (
        allow("Groups", AUTOSCALING, [group]),
        allow(
            "LaunchTemplates",
            LAUNCH_TEMPLATE,
            [f"{ec2}:{grant.account}:launch-template/*"],
        ),
        allow(
            "LaunchByTemplate",
            ["ec2:RunInstances"],
            [*(f"{ec2}:{grant.account}:{kind}/*" for kind in kinds), f"{ec2}::image/*"],
            templated,
        ),
        # A spot class asks for these besides; they have no key for the template, which holds the instance all
        # the same (Service Authorization Reference, Amazon EC2, RunInstances and spot-instances-request).
        allow(
            "LaunchSpot",
            ["ec2:RunInstances"],
            [f"{ec2}:{grant.account}:spot-instances-request/*"],
        ),
        # The template tags what it starts, and its image may be AWS's own by public parameter.
        allow(
            "TagLaunched",
            ["ec2:CreateTags"],
            [f"{ec2}:{grant.account}:{kind}/*" for kind in ("instance", "network-interface", "volume")],
            {"StringEquals": {"ec2:CreateAction": "RunInstances"}},
        ),
        allow(
            "PublicImages",
            ["ssm:GetParameters"],
            [f"arn:aws:ssm:{grant.region}::parameter/aws/service/ami-amazon-linux-latest/*"],
        ),
    )


def _functions(grant: ChangeFleet) -> tuple[Statement, ...]:
    here, prefix = f"{grant.region}:{grant.account}", f"slipway-{grant.fleet}"
    own = f"arn:aws:lambda:{here}:function:{prefix}-*"
    return (
        allow("Functions", FUNCTIONS, [own]),
        allow(
            "NewMappings",
            [NEW_MAPPING],
            ["*"],
            {"ArnLike": {"lambda:FunctionArn": own}},
        ),
        allow(
            "Mappings",
            MAPPINGS,
            [f"arn:aws:lambda:{here}:event-source-mapping:*"],
            {"ArnLike": {"lambda:FunctionArn": own}},
        ),
        allow(
            "TagMappings",
            MAPPING_TAGS,
            [f"arn:aws:lambda:{here}:event-source-mapping:*"],
        ),
        allow(
            "Schedules",
            SCHEDULES,
            [f"arn:aws:scheduler:{here}:{kind}/{prefix}-*" for kind in ("schedule", "schedule-group")],
        ),
    )


def _stores(grant: ChangeFleet) -> tuple[Statement, ...]:
    here, prefix = f"{grant.region}:{grant.account}", f"slipway-{grant.fleet}"
    table = f"arn:aws:dynamodb:{here}:table/{prefix}-runners"
    only_config = {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": ["config"]}}
    return (
        allow("Queues", QUEUES, [f"arn:aws:sqs:{here}:{prefix}-*"]),
        allow("Tables", TABLES, [table]),
        allow("FleetConfig", ITEMS, [table], only_config),
        allow(
            "FleetSecret",
            SECRET,
            [f"arn:aws:secretsmanager:{here}:secret:{prefix}-runner-*"],
        ),
        allow(
            "Alarms",
            ALARMS,
            [
                f"arn:aws:cloudwatch:{here}:alarm:{prefix}-*",
                f"arn:aws:cloudwatch::{grant.account}:dashboard/{prefix}-*",
            ],
        ),
    )


def _edge(grant: ChangeFleet) -> tuple[Statement, ...]:
    region = {"StringEquals": {"aws:RequestedRegion": grant.region}}
    gateway = f"arn:aws:apigateway:{grant.region}::"
    # An API has no name in its ARN before it exists, so all of the region's are in reach.
    return (
        allow(
            "Apis",
            APIS,
            [f"{gateway}/{kind}" for kind in ("apis", "apis/*", "tags/*")],
        ),
        allow(
            "AccessLogs",
            [
                "logs:CreateLogDelivery",
                "logs:DeleteLogDelivery",
                "logs:DescribeResourcePolicies",
                "logs:GetLogDelivery",
                "logs:ListLogDeliveries",
                "logs:PutResourcePolicy",
                "logs:UpdateLogDelivery",
            ],
            ["*"],
            region,
        ),
    )


def _roles(grant: ChangeFleet) -> tuple[Statement, ...]:
    iam = f"arn:aws:iam::{grant.account}"
    roles = [f"{iam}:role{naming.RUNNER_PATH}*"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": grant.boundary_arn}}
    passed = {"StringEquals": {"iam:PassedToService": list(PASSED_TO)}}
    services = {"StringEquals": {"iam:AWSServiceName": list(SERVICE_LINKED)}}
    return (
        allow("FleetRolesUnderBoundary", ROLE_UNDER_BOUNDARY, roles, bounded),
        allow("FleetRoles", ROLE_BY_PATH, roles),
        allow("PassFleetRoles", ["iam:PassRole"], roles, passed),
        allow(
            "FleetInstanceProfiles",
            INSTANCE_PROFILE,
            [f"{iam}:instance-profile{naming.RUNNER_PATH}*"],
        ),
        allow(
            "FleetServiceLinkedRoles",
            ["iam:CreateServiceLinkedRole"],
            [f"{iam}:role/aws-service-role/*"],
            services,
        ),
    )
