"""The apply role of a stack with a fleet changes that fleet, and no other one of its account."""

from typing import Any

import pytest

from slipway.access import fleet_permissions as fleet
from slipway.access.boundary import boundary_policy
from slipway.access.evaluate import Mode, evaluate
from slipway.access.permissions import statements_of
from slipway.access.stack_actions import INSTANCE_PROFILE, ROLE_BY_PATH, ROLE_UNDER_BOUNDARY
from slipway.access.statements import BARE_STAR, document, is_reading
from slipway.platform.declaration import ChangeFleet, ReadFleet
from slipway.platform.naming import boundary_arn

ACCOUNT = "111111111111"
HERE = f"eu-west-1:{ACCOUNT}"
BOUNDARY = boundary_arn(ACCOUNT)
CHANGE = document(statements_of(ChangeFleet("automation", ACCOUNT, "eu-west-1", BOUNDARY)))
APPLYING = {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:role/slipway/infra/infra-automation-apply"}
READ = document(statements_of(ReadFleet("automation", ACCOUNT, "eu-west-1")))
LIMIT = boundary_policy(ACCOUNT)
ROLE = f"arn:aws:iam::{ACCOUNT}:role/slipway/runners/runner-automation-linux"
FUNCTION = f"arn:aws:lambda:{HERE}:function:slipway-automation-runner-claim"
WHERE = {
    "AUTOSCALING": (
        "autoscaling",
        f"arn:aws:autoscaling:{HERE}:autoScalingGroup:x:autoScalingGroupName/slipway-automation-linux",
        {},
    ),
    "LAUNCH_TEMPLATE": ("ec2", f"arn:aws:ec2:{HERE}:launch-template/lt-1", {}),
    "FUNCTIONS": ("lambda", FUNCTION, {}),
    "MAPPINGS": (
        "lambda",
        f"arn:aws:lambda:{HERE}:event-source-mapping:1",
        {"lambda:FunctionArn": FUNCTION},
    ),
    "QUEUES": ("sqs", f"arn:aws:sqs:{HERE}:slipway-automation-runner-events", {}),
    "TABLES": ("dynamodb", f"arn:aws:dynamodb:{HERE}:table/slipway-automation-runners", {}),
    "ITEMS": (
        "dynamodb",
        f"arn:aws:dynamodb:{HERE}:table/slipway-automation-runners",
        {"dynamodb:LeadingKeys": ["config"]},
    ),
    "APIS": ("apigateway", "arn:aws:apigateway:eu-west-1::/apis/abc/routes", {}),
    "SCHEDULES": (
        "scheduler",
        f"arn:aws:scheduler:{HERE}:schedule/slipway-automation-runners/slipway-automation-runner-tick",
        {},
    ),
    "ALARMS": ("cloudwatch", f"arn:aws:cloudwatch:{HERE}:alarm:slipway-automation-dead-letters", {}),
    "SECRET": (
        "secretsmanager",
        f"arn:aws:secretsmanager:{HERE}:secret:slipway-automation-runner-webhook-AbCdEf",
        {},
    ),
}


def can(action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    return evaluate(
        [CHANGE], action, resource, {**APPLYING, **(context or {})}, boundary=LIMIT, mode=Mode.REACH
    ).allowed


def might(action: str, resource: str, context: dict[str, Any] | None = None) -> bool:
    return evaluate(
        [CHANGE], action, resource, {**APPLYING, **(context or {})}, boundary=LIMIT, mode=Mode.ATTACK
    ).allowed


@pytest.mark.parametrize("table", sorted(WHERE))
def test_apply_may_do_every_action_in_the_table(table: str) -> None:
    _, resource, context = WHERE[table]
    for action in getattr(fleet, table):
        assert can(action, resource, context), action


@pytest.mark.parametrize("table", sorted(set(WHERE) - {"APIS", "LAUNCH_TEMPLATE"}))
def test_apply_may_do_none_of_it_to_another_fleet(table: str) -> None:
    """APIs and launch templates have no name in their ARN, so a fleet's cannot be told from another's."""
    _, resource, context = WHERE[table]
    for action in getattr(fleet, table):
        if table == "MAPPINGS":
            other = {"lambda:FunctionArn": FUNCTION.replace("slipway-automation", "slipway-other")}
            assert not might(action, resource, other), action
            continue
        for changed in (
            resource.replace("slipway-automation", "slipway-other"),
            resource.replace("slipway-automation", "theirs"),
            resource.replace(ACCOUNT, "222222222222"),
            resource.replace("eu-west-1", "us-east-1"),
        ):
            assert not might(action, changed, context), (action, changed)


def test_roles_are_made_on_the_fleets_path_and_under_the_boundary() -> None:
    bounded = {"iam:PermissionsBoundary": BOUNDARY}
    for action in ROLE_UNDER_BOUNDARY:
        assert can(action, ROLE, bounded), action
        assert not might(action, ROLE, {}), action
        assert not might(action, ROLE.replace("/runners/", "/infra/"), bounded), action
    for action in ROLE_BY_PATH:
        assert can(action, ROLE), action
    for action in INSTANCE_PROFILE:
        assert can(action, f"arn:aws:iam::{ACCOUNT}:instance-profile/slipway/runners/x"), action
    for service in fleet.PASSED_TO:
        assert can("iam:PassRole", ROLE, {"iam:PassedToService": service})
    assert not might("iam:PassRole", ROLE, {"iam:PassedToService": "glue.amazonaws.com"})


def test_an_instance_is_launched_by_template_alone() -> None:
    resource = f"arn:aws:ec2:{HERE}:instance/*"
    template = {"ec2:LaunchTemplate": f"arn:aws:ec2:{HERE}:launch-template/lt-1"}
    assert can("ec2:RunInstances", resource, template)
    assert not might("ec2:RunInstances", resource, {})
    assert not might("ec2:TerminateInstances", resource, template)


def test_what_a_template_starts_is_tagged_with_the_launch_alone() -> None:
    for kind in ("instance", "network-interface", "volume"):
        resource = f"arn:aws:ec2:{HERE}:{kind}/*"
        assert can("ec2:CreateTags", resource, {"ec2:CreateAction": "RunInstances"})
        assert not might("ec2:CreateTags", resource, {})


def test_apply_reads_neither_the_secret_nor_any_item_but_the_config() -> None:
    _, secret, _ = WHERE["SECRET"]
    for action in ("secretsmanager:GetSecretValue", "secretsmanager:PutSecretValue"):
        assert not might(action, secret), action
    _, table, _ = WHERE["TABLES"]
    assert not might("dynamodb:GetItem", table, {"dynamodb:LeadingKeys": ["token"]})
    assert not might("dynamodb:GetItem", table, {"dynamodb:LeadingKeys": ["config", "token"]})
    for action in ("dynamodb:Query", "dynamodb:Scan"):
        assert not might(action, table), action


def test_planning_only_reads() -> None:
    for statement in READ["Statement"]:
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            assert is_reading(action) or action == "apigateway:GET", action


def test_nothing_changes_on_a_bare_star_without_its_condition() -> None:
    for statement in CHANGE["Statement"]:
        if statement["Resource"] != "*":
            continue
        actions = statement["Action"]
        for action in [actions] if isinstance(actions, str) else actions:
            if not is_reading(action):
                keys = {key for block in statement["Condition"].values() for key in block}
                assert keys == set(BARE_STAR[action].conditions), action
