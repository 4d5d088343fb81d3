"""The table of resource types against AWS's own schemas and the installed SDKs; the providers read it."""

import re
from dataclasses import replace
from typing import Any

import pytest

from slipway.access.statements import is_reading
from slipway.errors import SlipwayError
from slipway.localcloud.providers import schema
from slipway.localcloud.providers.aws import HANDLERS as AWS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.github import HANDLERS as GITHUB
from slipway.localcloud.providers.handlers import table
from slipway.localcloud.providers.kubernetes.kinds import KINDS, Kind
from slipway.platform.resource_types import FILES, TYPES, Actions, ResourceType, files_of, row_of
from tests.published import WITHOUT_SCHEMA, published

ROWS = [row for token, row in TYPES.items() if token.startswith(("aws:", "github:"))]
AWS_ROWS = [row for token, row in TYPES.items() if token.startswith("aws:")]
CHANGED_IN_PLACE = {
    # CloudFormation replaces these only under conditions that no list of names can say.
    ("aws:autoscaling/group:Group", "launchTemplate"): "only from one kind of launch to another",
    ("aws:autoscaling/group:Group", "mixedInstancesPolicy"): "only from one kind of launch to another",
    ("aws:ec2/subnet:Subnet", "ipv6CidrBlock"): "only while addresses of it are assigned on creation",
    ("aws:ec2/vpc:Vpc", "instanceTenancy"): "from dedicated to default in place (vpc_.go, CustomizeDiff)",
    ("aws:ec2/vpcEndpoint:VpcEndpoint", "dnsOptions"): "only for the private DNS of some services",
    ("aws:eks/cluster:Cluster", "encryptionConfig"): "only its removal (cluster.go, CustomizeDiff)",
    ("aws:lambda/function:Function", "durableConfig"): "only when it comes or goes",
    ("aws:lambda/function:Function", "tenancyConfig"): "no component has it, and its upstream rule is unread",
    # The AWS provider changes these in place, where CloudFormation's handler does not.
    ("aws:ec2/routeTableAssociation:RouteTableAssociation", "routeTableId"): "ReplaceRouteTableAssociation",
    **{
        (f"aws:vpc/securityGroup{kind}Rule:SecurityGroup{kind}Rule", name): "ModifySecurityGroupRules"
        for kind in ("Egress", "Ingress")
        for name in ("cidrIpv6", "fromPort", "ipProtocol", "toPort")
    },
}

UNUSED_SETTINGS = "the handler's actions for settings that no component makes"
ANOTHER_TYPE = "CloudFormation has as one type what the provider has as several, whose rows have these"
NOT_IN_THE_ROW = {
    "aws:autoscaling/group:Group": UNUSED_SETTINGS,
    "aws:cloudwatch/dashboard:Dashboard": "the provider puts no tags on dashboards",
    "aws:cloudwatch/logGroup:LogGroup": UNUSED_SETTINGS,
    "aws:dynamodb/table:Table": UNUSED_SETTINGS,
    "aws:ec2/eip:Eip": UNUSED_SETTINGS,
    "aws:ec2/natGateway:NatGateway": UNUSED_SETTINGS,
    "aws:ec2/securityGroup:SecurityGroup": "the provider describes rules by ModifySecurityGroupRules",
    "aws:ec2/subnet:Subnet": UNUSED_SETTINGS,
    "aws:ec2/vpc:Vpc": UNUSED_SETTINGS,
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": ANOTHER_TYPE,
    "aws:ecr/repository:Repository": ANOTHER_TYPE,
    "aws:eks/accessEntry:AccessEntry": ANOTHER_TYPE,
    "aws:eks/addon:Addon": UNUSED_SETTINGS,
    "aws:eks/cluster:Cluster": UNUSED_SETTINGS,
    "aws:iam/instanceProfile:InstanceProfile": "iam:PassRole is of the role that is put into it",
    "aws:iam/policy:Policy": ANOTHER_TYPE,
    "aws:iam/role:Role": ANOTHER_TYPE,
    "aws:lambda/function:Function": UNUSED_SETTINGS,
    "aws:s3/bucket:Bucket": ANOTHER_TYPE,
    "aws:secretsmanager/secret:Secret": UNUSED_SETTINGS,
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": "ModifySecurityGroupRules serves for it",
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": "ModifySecurityGroupRules serves for it",
}
"""Types of which AWS's handlers ask for more of their own service than a row has, and why."""


def asked(row: ResourceType) -> set[str]:
    """The changing actions, of a type's own service, that CloudFormation's handlers ask for."""
    assert row.actions
    services = {action.partition(":")[0] for action in row.actions.changing}
    handlers = published(row).get("handlers", {})
    found = {
        action
        for part in ("create", "update", "delete")
        for action in handlers.get(part, {}).get("permissions", [])
    }
    reads = ("apigateway:GET",)
    return {
        action
        for action in found
        if action.partition(":")[0] in services and action not in reads and not is_reading(action)
    }


def unchangeable(row: ResourceType) -> set[str]:
    """The inputs that AWS's schema says cannot be changed, by Pulumi's spelling; others have other names."""
    known = {name.lower(): name for name in schema.of(row.token).inputs}
    name = row.token.rpartition(":")[2].lower()
    found = published(row)
    pointers = [*found.get("createOnlyProperties", []), *found.get("conditionalCreateOnlyProperties", [])]
    plain = {pointer.split("/")[2].lower() for pointer in pointers}
    return {known[form] for one in plain for form in (one, one.removeprefix(name)) if form in known}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.token)
def test_a_row_names_properties_that_the_installed_sdk_has(row: ResourceType) -> None:
    known = schema.of(row.token)
    named = row.replace_on | row.computed | row.unordered | row.secret
    assert {path.split(".")[0] for path in named} <= known.inputs | known.outputs
    assert {path.split(".")[0] for path in row.replace_on} <= known.inputs
    assert known.required <= row.required <= known.inputs


@pytest.mark.parametrize(
    "row", [row for row in AWS_ROWS if row.token not in WITHOUT_SCHEMA], ids=lambda row: row.token
)
def test_what_aws_cannot_change_replaces(row: ResourceType) -> None:
    justified = {name for token, name in CHANGED_IN_PLACE if token == row.token}
    replacing = {path.split(".")[0] for path in row.replace_on}
    assert unchangeable(row) - replacing == justified


@pytest.mark.parametrize(
    "row", [row for row in AWS_ROWS if row.token not in WITHOUT_SCHEMA], ids=lambda row: row.token
)
def test_a_row_has_the_actions_that_aws_asks_for(row: ResourceType) -> None:
    assert row.actions
    more = asked(row) - row.actions.changing
    assert bool(more) == (row.token in NOT_IN_THE_ROW), more


def test_each_type_is_made_read_and_removed() -> None:
    for row in AWS_ROWS:
        assert row.actions, row.token
        assert row.actions.create, row.token
        assert row.actions.read, row.token
        assert row.actions.on, row.token
        # The default group stays with its VPC, and a peering is removed by the side that asked for it.
        stays = ("DefaultSecurityGroup", "VpcPeeringConnectionAccepter")
        assert row.actions.delete or row.token.endswith(stays)
        assert all(is_reading(action) or action == "apigateway:GET" for action in row.actions.read), row.token


def test_types_without_a_published_schema_are_those_listed() -> None:
    missing: set[str] = set()
    for row in AWS_ROWS:
        try:
            published(row)
        except Exception:
            missing.add(row.token)
    assert missing == WITHOUT_SCHEMA


def test_the_embedded_providers_serve_the_types_of_the_table() -> None:
    handled = {*AWS, *GITHUB}
    missing = [f"{token} ({FILES[token]}) has no handler in slipway/localcloud/providers" for token in TYPES]
    served = [token in handled or token.startswith("kubernetes:") for token in TYPES]
    assert [line for line, has in zip(missing, served, strict=True) if not has] == []
    assert handled <= {row.token for row in ROWS}


def test_a_handler_without_a_row_is_named_with_its_file() -> None:
    vault = replace(AWS["aws:sqs/queue:Queue"], token="aws:glacier/vault:Vault")
    with pytest.raises(ProviderError) as raised:
        table({"slipway.localcloud.providers.aws.glacier": [vault]})
    text = str(raised.value)
    assert "aws:glacier/vault:Vault has a handler, but no row" in text
    assert "slipway/localcloud/providers/aws/glacier.py" in text
    assert "slipway/platform/resource_types" in text


def test_two_handlers_of_a_type_are_named() -> None:
    queue = AWS["aws:sqs/queue:Queue"]
    with pytest.raises(ProviderError, match=r"(?s)aws:sqs/queue:Queue has two handlers.*other\.py"):
        table({"slipway.localcloud.providers.aws.sqs": [queue], "other": [queue]})


@pytest.mark.parametrize("actions", [None, Actions(create=("sqs:CreateQueue",))])
def test_a_row_without_actions_is_named_with_its_file(actions: Actions | None) -> None:
    row = replace(TYPES["aws:sqs/queue:Queue"], actions=actions)
    with pytest.raises(SlipwayError) as raised:
        files_of({"slipway/platform/resource_types/sqs.py": [row]})
    assert "aws:sqs/queue:Queue has a row without actions" in str(raised.value)
    assert "slipway/platform/resource_types/sqs.py" in str(raised.value)


def test_two_rows_of_a_type_are_named_with_both_files() -> None:
    row = TYPES["aws:sqs/queue:Queue"]
    with pytest.raises(SlipwayError, match=r"(?s)aws:sqs/queue:Queue has two rows.*b\.py.*a\.py"):
        files_of({"a.py": [row], "b.py": [row]})


def test_types_outside_iam_need_no_actions() -> None:
    row = TYPES["github:index/issueLabel:IssueLabel"]
    assert row.actions is None
    assert files_of({"github.py": [row]}) == {row.token: "github.py"}


@pytest.mark.parametrize("handler", [*AWS.values(), *GITHUB.values()], ids=lambda handler: handler.token)
def test_a_provider_takes_what_replaces_from_the_table(handler: Any) -> None:
    assert handler.type is TYPES[handler.token]
    assert handler.replace_on == TYPES[handler.token].replace_on | handler.replaces_here
    assert not handler.replaces_here & TYPES[handler.token].replace_on, "said twice"


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_the_contents_of_a_kubernetes_object_replace_it_only_where_no_provider_says_mutable(
    kind: Kind,
) -> None:
    row = row_of(kind.token)
    assert row is not None
    assert not kind.content & row.replace_on


def test_a_type_without_a_row_is_unknown() -> None:
    assert row_of("aws:glacier/vault:Vault") is None
    assert row_of("kubernetes:helm.sh/v3:Chart") is None
    namespaced = row_of("kubernetes:example.org/v1:Anything")
    assert namespaced is not None
    assert "metadata.name" in namespaced.replace_on


def test_calls_that_a_provider_makes_beyond_what_is_declared_are_actions_of_the_row() -> None:
    """So that whoever plans and applies may make them (tests/program/test_apply_covers.py)."""
    checked = [row for row in AWS_ROWS if row.checked]
    assert len(checked) >= 5
    for row in checked:
        assert row.actions
        named = set(re.findall(r"\b[a-z0-9-]+:[A-Z][A-Za-z]+\b", row.checked))
        assert named <= {*row.actions.read, *row.actions.changing}, row.token


def test_rows_name_their_source() -> None:
    assert all(row.source for row in TYPES.values())
    assert TYPES["aws:iam/role:Role"].source.endswith("iam/role.go")
    assert TYPES["kubernetes:core/v1:Secret"].source.endswith("provider/diff.go")
    assert TYPES["kubernetes:helm.sh/v3:Release"].source.endswith("helm_release.go")
