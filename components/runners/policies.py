"""What each role of a fleet may do: its own fleet's resources and no others.

Actions, their resources and condition keys are those of AWS's Service Authorization Reference
(https://docs.aws.amazon.com/service-authorization/latest/reference/, one page per service). Describe* of
Auto Scaling has no resource type there, so it stands on `*`; it changes nothing.
"""

from collections.abc import Sequence

from slipway.access.statements import Document, Statement, allow, deny, document
from slipway.platform.fleet_names import FleetNames

FLEET_TAG = "slipway:fleet"
CLASS_TAG = "slipway:class"


def service_trust(service: str, condition: dict[str, dict[str, str]] | None = None) -> Document:
    """Trust in one AWS service."""
    statement: Statement = {
        "Sid": "Service",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return document([statement])


def schedule_trust(names: FleetNames) -> Document:
    """Trust in the scheduler on behalf of this fleet's schedule group: it takes a group here and no schedule
    (EventBridge Scheduler User Guide, cross-service-confused-deputy-prevention)."""
    return service_trust(
        "scheduler.amazonaws.com",
        {"StringEquals": {"aws:SourceAccount": names.account, "aws:SourceArn": names.schedule_group_arn}},
    )


def schedule(names: FleetNames) -> Document:
    """Start the planner."""
    return document([allow("Tick", ["lambda:InvokeFunction"], [names.function_arn("planner")])])


def webhook(names: FleetNames) -> Document:
    """Read the webhook's secret and put messages on the queue."""
    return document(
        [
            _logs(names, "webhook"),
            allow("Secret", ["secretsmanager:GetSecretValue"], [names.webhook_secret_arn]),
            allow("Enqueue", ["sqs:SendMessage"], [names.queue_arn]),
        ]
    )


def planner(names: FleetNames, classes: Sequence[str]) -> Document:
    """Take messages from the queue, raise the groups of the fleet and end surplus instances of theirs.

    A Lambda function reads a queue with its own role (Lambda Developer Guide, with-sqs, "Execution role").
    """
    take = ("ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    see = ("AutoScalingGroups", "AutoScalingInstances", "ScalingActivities")
    return document(
        [
            _logs(names, "planner"),
            allow("Dequeue", [f"sqs:{verb}" for verb in take], [names.queue_arn]),
            *_table(names),
            *_github(names),
            allow("SeeGroups", [f"autoscaling:Describe{what}" for what in see], ["*"]),
            _groups(names, classes, "SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"),
        ]
    )


def claim(names: FleetNames) -> Document:
    """Hand out runner configurations; it can change no machine."""
    return document([_logs(names, "claim"), *_table(names), *_github(names), _see_instances()])


def finish(names: FleetNames, classes: Sequence[str]) -> Document:
    """End the instance that asks, keep what it tells, and ask for a plan; no way to GitHub."""
    return document(
        [
            _logs(names, "finish"),
            *_table(names),
            _see_instances(),
            _groups(names, classes, "TerminateInstanceInAutoScalingGroup"),
            allow("BootLogs", ["logs:CreateLogStream", "logs:PutLogEvents"], [names.boot_logs_arn]),
            allow("Enqueue", ["sqs:GetQueueUrl", "sqs:SendMessage"], [names.queue_arn]),
        ]
    )


def instance(names: FleetNames, api_id: str) -> Document:
    """Call `claim` and `finish` of this API; both tell the caller by its own session, so that no instance
    can speak for another (API Gateway Developer Guide, http-api-access-control-iam)."""
    api = f"arn:aws:execute-api:{names.region}:{names.account}:{api_id}/*/POST"
    return document([allow("Fleet", ["execute-api:Invoke"], [f"{api}/claim", f"{api}/finish"])])


def cicd(role_arn: str) -> Document:
    """Go on to the CICD role."""
    return document([allow("Cicd", ["sts:AssumeRole"], [role_arn])])


def queue(names: FleetNames, arn: str) -> Document:
    """Refuse whoever comes without TLS or from outside of the account, an AWS service included.

    A service has no `aws:PrincipalAccount`, and a negated operator matches a missing key (IAM User Guide,
    "Condition operators"). Inside of the account a role needs leave in its own policy, which only the
    fleet's functions have; an operator who moves dead letters back must stay able to.
    """
    return document(
        [
            _refuse("OnlyOverTls", arn, {"Bool": {"aws:SecureTransport": "false"}}),
            _refuse("OnlyThisAccount", arn, {"StringNotEquals": {"aws:PrincipalAccount": names.account}}),
        ]
    )


def _refuse(sid: str, arn: str, condition: dict[str, dict[str, str]]) -> Statement:
    return {
        "Sid": sid,
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": arn,
        "Condition": condition,
    }


def _logs(names: FleetNames, area: str) -> Statement:
    return allow("Logs", ["logs:CreateLogStream", "logs:PutLogEvents"], [names.function_logs_arn(area)])


def _table(names: FleetNames) -> tuple[Statement, ...]:
    """The fleet's items, except that no function may change its own settings.

    A transaction needs leave for each of the actions in it (DynamoDB Developer Guide, transaction-apis-iam).
    """
    changes = ["dynamodb:DeleteItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]
    reads = ["dynamodb:BatchGetItem", "dynamodb:ConditionCheckItem", "dynamodb:GetItem", "dynamodb:Query"]
    return (
        allow("State", [*reads, *changes], [names.table_arn, f"{names.table_arn}/index/*"]),
        deny(
            "NeverTheSettings",
            changes,
            [names.table_arn],
            {"ForAnyValue:StringEquals": {"dynamodb:LeadingKeys": ["config"]}},
        ),
    )


def _github(names: FleetNames) -> tuple[Statement, ...]:
    """Sign as the App, and open and seal the shared token. A key is named by its alias, which the request
    must use too (KMS Developer Guide, "Use aliases to control access to KMS keys", kms:RequestAlias)."""
    token = {"kms:RequestAlias": names.token_key, "kms:EncryptionContext:fleet": names.fleet}
    sign = {"kms:RequestAlias": names.app_key, "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    return (
        allow("SignAsApp", ["kms:Sign"], [names.keys_arn], {"StringEquals": sign}),
        allow("SharedToken", ["kms:Decrypt", "kms:Encrypt"], [names.keys_arn], {"StringEquals": token}),
    )


def _see_instances() -> Statement:
    return allow("SeeInstances", ["autoscaling:DescribeAutoScalingInstances"], ["*"])


def _groups(names: FleetNames, classes: Sequence[str], *verbs: str) -> Statement:
    """Both name and tag must fit, so that a group of another fleet or a stray one is out of reach."""
    return allow(
        "Groups",
        [f"autoscaling:{verb}" for verb in verbs],
        [names.group_arn(name) for name in classes],
        {"StringEquals": {f"aws:ResourceTag/{FLEET_TAG}": names.fleet}},
    )
