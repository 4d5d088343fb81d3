"""What the roles of a fleet can do, by evaluating the policies that the component declares."""

import json
from typing import Any

import pytest

from components.identity.permissions_boundary import PermissionsBoundaryArgs
from slipway.access.evaluate import Decision, Mode, decide_access, evaluate
from slipway.access.policies import Policy, Principal, Request
from slipway.access.statements import is_reading
from tests.components.recording import Recording, run
from tests.components.samples import ACCOUNT, BOUNDARY, REGION
from tests.components.samples_runners import CICD, CLASSES, declare, names

FUNCTIONS = ("webhook", "planner", "claim", "finish")
OWN, OTHER = names(), names("other")
BOUND = json.loads(PermissionsBoundaryArgs(account=ACCOUNT, arn=BOUNDARY).document)
Doc = dict[str, Any]


@pytest.fixture(scope="module")
def recording() -> Recording:
    return run(lambda: declare() and None)


@pytest.fixture(scope="module")
def policies(recording: Recording) -> dict[str, list[Doc]]:
    """Every role's identity policies, by its name."""
    found: dict[str, list[Doc]] = {role.inputs["name"]: [] for role in recording.of("aws:iam/role:Role")}
    for one in recording.of("aws:iam/rolePolicy:RolePolicy"):
        found[one.inputs["role"]].append(json.loads(one.inputs["policy"]))
    return found


def may(documents: list[Doc], action: str, resource: str, /, **context: str) -> bool:
    """Whether it is allowed, also to somebody who profits from every doubt."""
    given = {key.replace("__", ":").replace("_", "-"): value for key, value in context.items()}
    reach = evaluate(documents, action, resource, given, boundary=BOUND)
    attack = evaluate(documents, action, resource, given, boundary=BOUND, mode=Mode.ATTACK)
    assert reach is attack, f"{action} is in doubt"
    return reach.allowed


def group(fleet: Any, name: str) -> str:
    return fleet.group_arn(name).replace(":*:", ":0c5d1a2e-1111:")


def tagged(fleet: str) -> dict[str, str]:
    return {"aws:ResourceTag/slipway:fleet": fleet}


def scaling(documents: list[Doc], verb: str, arn: str, fleet: str) -> bool:
    return evaluate(
        documents, f"autoscaling:{verb}", arn, tagged(fleet), boundary=BOUND, mode=Mode.ATTACK
    ).allowed


def test_there_is_one_role_for_each_function_and_class(policies: dict[str, list[Doc]]) -> None:
    expected = {OWN.function(area) for area in FUNCTIONS}
    expected |= {OWN.instance_role(name) for name in CLASSES} | {OWN.tick}
    assert set(policies) == expected
    assert all(policies.values())


def test_nothing_is_changed_on_a_star(policies: dict[str, list[Doc]]) -> None:
    for role, documents in policies.items():
        for statement in (one for document in documents for one in document["Statement"]):
            resources = _list(statement["Resource"])
            for action in _list(statement["Action"]):
                assert "*" not in action, f"{role}: {action}"
                if statement["Effect"] == "Allow" and any(one.rpartition("/")[2] == "*" for one in resources):
                    held = "Condition" in statement or action.startswith("logs:")
                    assert is_reading(action) or held or _own_index(statement), f"{role}: {action}"
                if "*" in resources:
                    assert is_reading(action), f"{role}: {action}"


def _own_index(statement: Doc) -> bool:
    return statement["Sid"] == "State" and all(
        one.startswith(OWN.table_arn) for one in _list(statement["Resource"])
    )


def _list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def test_nothing_but_reading_machines_reaches_outside_of_the_fleet(policies: dict[str, list[Doc]]) -> None:
    ours = (OWN.prefix, f"/slipway/runners/{OWN.fleet}/", "key/*", "execute-api", CICD)
    for role, documents in policies.items():
        for statement in (one for document in documents for one in document["Statement"]):
            for resource in _list(statement["Resource"]):
                if resource != "*":
                    assert any(part in resource for part in ours), f"{role}: {resource}"
                    assert f":{ACCOUNT}:" in resource or resource.startswith("arn:aws:iam"), resource


def test_a_fleet_cannot_touch_another_of_its_account(policies: dict[str, list[Doc]]) -> None:
    secret = OTHER.webhook_secret_arn.replace("??????", "a1b2c3")
    foreign = {
        "dynamodb:GetItem": OTHER.table_arn,
        "dynamodb:UpdateItem": OTHER.table_arn,
        "dynamodb:Query": f"{OTHER.table_arn}/index/open",
        "sqs:SendMessage": OTHER.queue_arn,
        "sqs:ReceiveMessage": OTHER.queue_arn,
        "secretsmanager:GetSecretValue": secret,
        "lambda:InvokeFunction": OTHER.function_arn("planner"),
        "logs:PutLogEvents": OTHER.boot_logs_arn.replace("*", "standard:log-stream:i-1"),
        "sts:AssumeRole": OTHER.instance_role_arn("standard"),
    }
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    for documents in policies.values():
        for action, resource in foreign.items():
            assert not may(documents, action, resource)
        for verb in ("SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"):
            assert not scaling(documents, verb, group(OTHER, "standard"), "other")
            # Neither a foreign group that pretends to be ours, nor one with our name and another's tag.
            assert not scaling(documents, verb, group(OTHER, "standard"), "automation")
            assert not scaling(documents, verb, group(OWN, "standard"), "other")
        for alias, action in ((OTHER.app_key, "kms:Sign"), (OTHER.token_key, "kms:Decrypt")):
            context = {
                "kms:RequestAlias": alias,
                "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256",
                "kms:EncryptionContext:fleet": "other",
            }
            assert not evaluate(documents, action, key, context, boundary=BOUND, mode=Mode.ATTACK).allowed


def test_a_fleet_whose_name_begins_like_ours_is_another(policies: dict[str, list[Doc]]) -> None:
    twin = names(f"{OWN.fleet}-two")
    for documents in policies.values():
        for verb in ("SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"):
            assert not scaling(documents, verb, group(twin, "standard"), twin.fleet)
        assert not may(documents, "sqs:SendMessage", twin.queue_arn)
        assert not may(documents, "dynamodb:UpdateItem", twin.table_arn)


def test_only_planner_and_finish_end_instances_and_only_the_planner_makes_them(
    policies: dict[str, list[Doc]],
) -> None:
    able: dict[str, set[str]] = {}
    for role, documents in policies.items():
        for verb in ("SetDesiredCapacity", "TerminateInstanceInAutoScalingGroup"):
            if scaling(documents, verb, group(OWN, "standard"), OWN.fleet):
                able.setdefault(verb, set()).add(role)
    assert able == {
        "SetDesiredCapacity": {OWN.function("planner")},
        "TerminateInstanceInAutoScalingGroup": {OWN.function("planner"), OWN.function("finish")},
    }


def test_no_role_of_the_fleet_has_any_right_to_machines_by_themselves(
    policies: dict[str, list[Doc]],
) -> None:
    instance = f"arn:aws:ec2:{REGION}:{ACCOUNT}:instance/i-0123456789abcdef0"
    verbs = ("TerminateInstances", "RunInstances", "StopInstances", "CreateTags", "ModifyInstanceAttribute")
    for role, documents in policies.items():
        for verb in verbs:
            assert not may(documents, f"ec2:{verb}", instance), role
        assert not may(documents, "iam:PassRole", OWN.instance_role_arn("standard")), role
        for verb in ("UpdateAutoScalingGroup", "SetInstanceProtection", "DeleteAutoScalingGroup"):
            assert not scaling(documents, verb, group(OWN, "standard"), OWN.fleet), role


def test_an_instance_calls_claim_and_finish_of_its_api_and_nothing_else(
    policies: dict[str, list[Doc]], recording: Recording
) -> None:
    documents = policies[OWN.instance_role("standard")]
    source = recording.one("aws:lambda/permission:Permission", "fleet-claim").inputs["sourceArn"]
    api = source.partition("/")[0]
    assert api.startswith(f"arn:aws:execute-api:{REGION}:{ACCOUNT}:")
    assert may(documents, "execute-api:Invoke", f"{api}/$default/POST/claim")
    assert may(documents, "execute-api:Invoke", f"{api}/$default/POST/finish")
    assert not may(documents, "execute-api:Invoke", f"{api}/$default/POST/webhook")
    assert not may(documents, "execute-api:Invoke", f"{api}/$default/GET/claim")
    assert not may(documents, "execute-api:Invoke", f"{api[:-2]}zz/$default/POST/claim")
    actions = {
        action for document in documents for one in document["Statement"] for action in _list(one["Action"])
    }
    assert actions == {"execute-api:Invoke"}
    assert not may(documents, "logs:PutLogEvents", OWN.boot_logs_arn.replace("*", "standard:log-stream:i-1"))


def test_only_an_opted_in_class_goes_on_to_the_cicd_role(policies: dict[str, list[Doc]]) -> None:
    for name in CLASSES:
        opted_in = may(policies[OWN.instance_role(name)], "sts:AssumeRole", CICD)
        assert opted_in is (name == "deploy")
    assert not may(policies[OWN.instance_role("deploy")], "sts:AssumeRole", f"{CICD}-two")
    for area in FUNCTIONS:
        assert not may(policies[OWN.function(area)], "sts:AssumeRole", CICD)


def test_every_function_can_do_what_it_does(policies: dict[str, list[Doc]]) -> None:
    table, index = OWN.table_arn, f"{OWN.table_arn}/index/open"
    item = {"dynamodb:LeadingKeys": "job#1#1"}
    state = [(verb, table) for verb in ("GetItem", "BatchGetItem", "UpdateItem", "DeleteItem")]
    for area in ("planner", "claim", "finish"):
        documents = policies[OWN.function(area)]
        for verb, resource in [*state, ("Query", index)]:
            decision = evaluate(documents, f"dynamodb:{verb}", resource, item, boundary=BOUND)
            assert decision is Decision.ALLOW, f"{area}: {verb}"
        assert may(documents, "autoscaling:DescribeAutoScalingInstances", "*")
    for area in FUNCTIONS:
        logs = OWN.function_logs_arn(area).removesuffix("*")
        assert may(policies[OWN.function(area)], "logs:PutLogEvents", f"{logs}log-stream:2026")
        assert not may(policies[OWN.function(area)], "logs:CreateLogGroup", logs)
    webhook, planner = policies[OWN.function("webhook")], policies[OWN.function("planner")]
    assert may(webhook, "secretsmanager:GetSecretValue", OWN.webhook_secret_arn.replace("??????", "a1b2c3"))
    assert may(webhook, "sqs:SendMessage", OWN.queue_arn)
    for verb in ("ReceiveMessage", "DeleteMessage", "GetQueueAttributes"):
        assert may(planner, f"sqs:{verb}", OWN.queue_arn)
        assert not may(webhook, f"sqs:{verb}", OWN.queue_arn)
    for verb in ("DescribeAutoScalingGroups", "DescribeScalingActivities"):
        assert may(planner, f"autoscaling:{verb}", "*")
    finish = policies[OWN.function("finish")]
    assert may(finish, "sqs:GetQueueUrl", OWN.queue_arn)
    assert may(finish, "sqs:SendMessage", OWN.queue_arn)
    assert may(finish, "logs:CreateLogStream", OWN.boot_logs_arn.replace("*", "standard:log-stream:i-1"))
    assert may(policies[OWN.tick], "lambda:InvokeFunction", OWN.function_arn("planner"))
    assert not may(policies[OWN.tick], "lambda:InvokeFunction", OWN.function_arn("finish"))


def test_only_planner_and_claim_sign_as_the_app_and_open_its_token(policies: dict[str, list[Doc]]) -> None:
    key = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/1"
    sign = {"kms:RequestAlias": OWN.app_key, "kms:SigningAlgorithm": "RSASSA_PKCS1_V1_5_SHA_256"}
    token = {"kms:RequestAlias": OWN.token_key, "kms:EncryptionContext:fleet": OWN.fleet}
    for role, documents in policies.items():
        expected = role in (OWN.function("planner"), OWN.function("claim"))
        for action, context in (("kms:Sign", sign), ("kms:Decrypt", token), ("kms:Encrypt", token)):
            decided = evaluate(documents, action, key, context, boundary=BOUND, mode=Mode.ATTACK)
            assert decided.allowed is expected, f"{role}: {action}"
        for action in ("kms:Sign", "kms:Decrypt", "kms:GetPublicKey", "kms:ImportKeyMaterial"):
            assert not may(documents, action, key), f"{role}: {action} without an alias"
        other = {**token, "kms:EncryptionContext:fleet": "other"}
        assert not evaluate(documents, "kms:Decrypt", key, other, mode=Mode.ATTACK).allowed


def test_no_function_changes_its_own_settings(policies: dict[str, list[Doc]]) -> None:
    settings = {"dynamodb:LeadingKeys": "config"}
    for role, documents in policies.items():
        for verb in ("PutItem", "UpdateItem", "DeleteItem"):
            decided = evaluate(documents, f"dynamodb:{verb}", OWN.table_arn, settings, mode=Mode.ATTACK)
            assert not decided.allowed, role


def test_the_queue_takes_messages_over_tls_from_this_account(recording: Recording) -> None:
    webhook = f"arn:aws:sts::{ACCOUNT}:assumed-role/{OWN.function('webhook')}/webhook"
    own = {"aws:securetransport": ("true",), "aws:principalaccount": (ACCOUNT,)}
    for queue in recording.of("aws:sqs/queue:Queue"):
        arn = f"arn:aws:sqs:{REGION}:{ACCOUNT}:{queue.inputs['name']}"
        policy = Policy.parse(queue.inputs["policy"], "resource")
        identity = [Policy.parse(_allow("sqs:SendMessage", arn))]

        def sends(principal: Principal, context: dict[str, tuple[str, ...]]) -> bool:
            request = Request("sqs:SendMessage", arn, context, principal)  # noqa: B023
            return decide_access(
                request,
                identity=identity,  # noqa: B023
                boundary=None,
                resource_policy=policy,  # noqa: B023
                resource_account=ACCOUNT,
                mode=Mode.ATTACK,
            ).allowed

        assert sends(Principal("AWS", webhook), own)
        assert not sends(Principal("AWS", webhook), {**own, "aws:securetransport": ("false",)})
        stranger = {**own, "aws:principalaccount": ("999999999999",)}
        assert not sends(Principal("AWS", webhook.replace(ACCOUNT, "999999999999")), stranger)
        service = {"aws:securetransport": ("true",)}
        assert not sends(Principal("Service", "sns.amazonaws.com"), service)


def _allow(action: str, resource: str) -> Doc:
    statement = {"Sid": "All", "Effect": "Allow", "Action": action, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def test_each_role_trusts_its_own_service_alone(recording: Recording) -> None:
    services = {OWN.tick: "scheduler.amazonaws.com"}
    services |= {OWN.function(area): "lambda.amazonaws.com" for area in FUNCTIONS}
    services |= {OWN.instance_role(name): "ec2.amazonaws.com" for name in CLASSES}
    for role in recording.of("aws:iam/role:Role"):
        (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert statement["Principal"] == {"Service": services[role.inputs["name"]]}
        assert role.inputs["permissionsBoundary"] == BOUNDARY
        assert role.inputs["path"] == "/slipway/runners/"
        if role.inputs["name"] == OWN.tick:
            assert statement["Condition"]["StringEquals"]["aws:SourceArn"] == OWN.schedule_group_arn
