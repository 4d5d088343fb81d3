"""What AWS's types do beyond the life that all types share: AWS's own refusals, drift, partial failure."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from slipway.localcloud.moto_fixes.eks_access import CLUSTER_ADMIN
from slipway.localcloud.providers.aws import HANDLERS
from slipway.localcloud.providers.aws.eks_access import ENTRY
from slipway.localcloud.providers.errors import InitFailed, ProviderError, UnknownTypeError
from slipway.localcloud.providers.values import UNKNOWN, plain_map
from tests.providers.aws_samples import SAMPLES
from tests.providers.aws_world import TAGS, TRUST, World, allow, tls_only
from tests.providers.conftest import Served, aws_arguments
from tests.providers.driver import CheckFailed, Driver, Made, urn

ROLE = "aws:iam/role:Role"
INLINE = "aws:iam/rolePolicy:RolePolicy"
REPOSITORY = "aws:ecr/repository:Repository"
PARAMETER = "aws:ssm/parameter:Parameter"
VPC = "aws:ec2/vpc:Vpc"
CLUSTER = "aws:eks/cluster:Cluster"


@pytest.fixture
def world(aws: Driver) -> Iterator[World]:
    made = World(aws)
    yield made
    made.clear()


@pytest.fixture
def role(aws: Driver) -> Iterator[Made]:
    made = aws.create(ROLE, {"name": "tried", "assumeRolePolicy": TRUST, "tags": TAGS})
    yield made
    aws.delete(made)


def client(driver: Driver, service: str) -> Any:
    return driver.provider.cloud("").client(service)


@pytest.mark.parametrize(
    "token",
    [
        ROLE,
        REPOSITORY,
        PARAMETER,
        "aws:iam/policy:Policy",
        "aws:iam/openIdConnectProvider:OpenIdConnectProvider",
        "aws:cloudwatch/logGroup:LogGroup",
        "aws:kms/alias:Alias",
        "aws:s3/bucket:Bucket",
        "aws:secretsmanager/secret:Secret",
        "aws:ec2/securityGroup:SecurityGroup",
        "aws:ec2/route:Route",
        CLUSTER,
        ENTRY,
        "aws:eks/addon:Addon",
    ],
)
def test_what_exists_is_not_taken_over(token: str, aws: Driver, world: World) -> None:
    inputs = SAMPLES[token].inputs(world)
    made = aws.create(token, inputs)
    with pytest.raises(ProviderError, match=r"Exist|InUse|Duplicate|BucketAlreadyOwnedByYou"):
        aws.create(token, inputs, name="other")
    aws.delete(made)


def test_a_role_with_a_policy_is_not_deleted_unless_forced(aws: Driver, role: Made) -> None:
    inline = aws.create(INLINE, {"role": role.id, "name": "own", "policy": allow("s3:GetObject")})
    with pytest.raises(ProviderError, match="DeleteConflict"):
        aws.delete(role)
    forced = aws.update(role, {**role.inputs, "forceDetachPolicies": True})
    aws.delete(forced)
    assert aws.read(inline) is None


def test_a_managed_policy_in_use_is_not_deleted(aws: Driver, world: World) -> None:
    policy = aws.create("aws:iam/policy:Policy", {"name": "used", "policy": allow("s3:GetObject")})
    inputs = {"role": world.role().id, "policyArn": policy.id}
    attachment = aws.create("aws:iam/rolePolicyAttachment:RolePolicyAttachment", inputs)
    with pytest.raises(ProviderError, match="DeleteConflict"):
        aws.delete(policy)
    aws.delete(attachment)
    aws.delete(policy)


def test_drift_of_a_role_is_seen_property_by_property(aws: Driver, role: Made) -> None:
    iam = client(aws, "iam")
    iam.update_assume_role_policy(RoleName="tried", PolicyDocument=TRUST.replace("ec2", "lambda"))
    iam.tag_role(RoleName="tried", Tags=[{"Key": "Name", "Value": "other"}, {"Key": "new", "Value": "1"}])
    found = aws.read(role)
    assert found is not None
    paths = set(aws.diff(found, role.inputs).detailed_diff)
    assert paths == {"assumeRolePolicy", "tags.Name", "tags.new"}
    repaired = aws.update(found, role.inputs)
    assert repaired.state == role.state


def test_a_policy_that_says_the_same_in_another_order_is_no_difference(aws: Driver, role: Made) -> None:
    document = json.loads(TRUST)
    statement = document["Statement"][0]
    statement["Principal"]["Service"].reverse()
    statement["Action"] = [statement["Action"]]
    other = json.dumps({"Statement": statement, "Version": document["Version"]}, indent=4)
    assert not aws.diff(role, {**role.inputs, "assumeRolePolicy": other}).detailed_diff
    narrower = other.replace("eks.amazonaws.com", "s3.amazonaws.com")
    assert set(aws.diff(role, {**role.inputs, "assumeRolePolicy": narrower}).detailed_diff) == {
        "assumeRolePolicy"
    }


def test_a_tls_only_policy_is_shown_and_does_not_lock_the_bucket(aws: Driver, world: World) -> None:
    bucket = world.bucket()
    made = aws.create("aws:s3/bucketPolicy:BucketPolicy", {"bucket": bucket, "policy": tls_only(bucket)})
    s3 = client(aws, "s3")
    s3.put_object(Bucket=bucket, Key="one", Body=b"1")
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(tls_only(bucket))
    s3.delete_object(Bucket=bucket, Key="one")
    aws.delete(made)


def test_default_tags_reach_the_object_and_change_with_the_provider(
    aws: Driver, aws_server: Served, role: Made
) -> None:
    assert role.state["tagsAll"] == {**TAGS, "managed-by": "slipway"}
    listed = client(aws, "iam").list_role_tags(RoleName="tried")["Tags"]
    assert {one["Key"]: one["Value"] for one in listed} == role.state["tagsAll"]
    tags = json.dumps({"tags": {"managed-by": "somebody", "stack": "local"}})
    aws.configure(aws_arguments(aws_server.url, defaultTags=tags))
    found = aws.diff(role, role.inputs)
    assert set(found.detailed_diff) == {"tagsAll.managed-by", "tagsAll.stack"}
    made = aws.update(role, role.inputs)
    assert made.state["tagsAll"] == {**TAGS, "managed-by": "somebody", "stack": "local"}
    assert made.state["tags"] == TAGS


def test_what_was_made_before_a_failure_is_reported_as_it_is(aws: Driver, world: World) -> None:
    iam = client(aws, "iam")
    inputs = {
        "name": "half",
        "assumeRolePolicy": TRUST,
        "managedPolicyArns": ["arn:aws:iam::123456789012:policy/absent"],
    }
    with pytest.raises(InitFailed) as raised:
        aws.create(ROLE, inputs)
    assert raised.value.id == "half"
    assert "NoSuchEntity" in raised.value.reasons[0]
    state = plain_map(raised.value.properties)
    assert (state["name"], state["managedPolicyArns"]) == ("half", [])
    iam.get_role(RoleName="half")
    made = Made(urn(ROLE), raised.value.id, {**inputs, "managedPolicyArns": []}, state)
    repaired = aws.update(made, {**inputs, "managedPolicyArns": [world.policy]})
    assert repaired.state["managedPolicyArns"] == [world.policy]
    aws.delete(repaired)


def test_an_update_that_fails_in_the_middle_says_what_is_there_now(aws: Driver, role: Made) -> None:
    inputs = {
        **role.inputs,
        "description": "new",
        "inlinePolicies": [{"name": "x", "policy": "{"}],
    }
    with pytest.raises(InitFailed) as raised:
        aws.update(role, inputs)
    assert raised.value.properties["description"].value == "new"
    assert "inlinePolicies" not in raised.value.properties


def test_a_create_that_fails_makes_nothing(aws: Driver) -> None:
    with pytest.raises(ProviderError) as raised:
        aws.create("aws:ec2/subnet:Subnet", {"vpcId": "vpc-absent", "cidrBlock": "10.0.0.0/24"})
    assert not isinstance(raised.value, InitFailed)


def test_two_of_a_kind_are_told_apart_when_they_are_looked_for(aws: Driver) -> None:
    inputs = {"domain": "vpc", "tags": TAGS}
    one = aws.create("aws:ec2/eip:Eip", inputs, name="one")
    other = aws.create("aws:ec2/eip:Eip", inputs, name="other")
    assert (aws.find(one), aws.find(other)) == (one.id, other.id)
    assert one.id != other.id
    aws.delete(one)
    assert aws.find(one) is None
    aws.delete(other)


def test_an_error_never_shows_a_secret(aws: Driver) -> None:
    inputs = {"name": "hush-hush", "assumeRolePolicy": TRUST}
    made = aws.create(ROLE, inputs)
    with pytest.raises(ProviderError) as raised:
        aws.create(ROLE, inputs, name="other", secrets={"name"})
    assert "Role with name [secret] already exists" in str(raised.value)
    aws.delete(made)


def test_parameter_values_are_secret_outputs(aws: Driver) -> None:
    made = aws.create(PARAMETER, {"name": "/tried", "type": "String", "value": "x"})
    assert "value" in made.secrets
    aws.delete(made)


def test_an_unknown_type_is_named_with_those_that_there_are(aws: Driver) -> None:
    with pytest.raises(UnknownTypeError) as raised:
        aws.check("aws:glacier/vault:Vault", {})
    assert "aws:glacier/vault:Vault" in str(raised.value)
    assert ROLE in str(raised.value)


REFUSED: dict[str, list[tuple[str, dict[str, Any]]]] = {
    ROLE: [
        ("name", {"name": "a b", "assumeRolePolicy": TRUST}),
        ("name", {"name": "a" * 65, "assumeRolePolicy": TRUST}),
        ("path", {"path": "slipway", "assumeRolePolicy": TRUST}),
        ("assumeRolePolicy", {"assumeRolePolicy": "nothing"}),
        ("assumeRolePolicy", {}),
        ("maxSessionDuration", {"assumeRolePolicy": TRUST, "maxSessionDuration": 60}),
        ("asumeRolePolicy", {"assumeRolePolicy": TRUST, "asumeRolePolicy": TRUST}),
        ("permissionsBoundary", {"assumeRolePolicy": TRUST, "permissionsBoundary": "boundary"}),
    ],
    REPOSITORY: [
        ("name", {"name": "Upper"}),
        ("name", {"name": "a"}),
        ("imageTagMutability", {"imageTagMutability": "NO"}),
    ],
    "aws:s3/bucket:Bucket": [
        ("bucket", {"bucket": name}) for name in ("ab", "Upper", "a..b", "10.0.0.1", "xn--a", "a_b", "a" * 64)
    ],
    PARAMETER: [
        ("name", {"name": "/aws/x", "type": "String", "value": "1"}),
        ("type", {"name": "/x", "type": "Text", "value": "1"}),
        ("value", {"name": "/x", "type": "String", "value": ""}),
    ],
    VPC: [
        ("cidrBlock", {"cidrBlock": "10.0.0.0/8"}),
        ("cidrBlock", {"cidrBlock": "10.0.0.1/16"}),
        ("cidrBlock", {}),
    ],
    "aws:kms/alias:Alias": [
        ("name", {"name": "alias/aws/s3", "targetKeyId": "x"}),
        ("name", {"name": "x", "targetKeyId": "x"}),
    ],
    "aws:cloudwatch/logGroup:LogGroup": [
        ("retentionInDays", {"retentionInDays": 2}),
        ("name", {"name": "a b"}),
    ],
    ENTRY: [
        ("principalArn", {"clusterName": "c", "principalArn": "role/x"}),
        (
            "kubernetesGroups",
            {
                "clusterName": "c",
                "principalArn": "arn:aws:iam::123456789012:role/x",
                "kubernetesGroups": ["system:masters"],
            },
        ),
    ],
}


@pytest.mark.parametrize(
    ("token", "name", "inputs"),
    [(token, name, inputs) for token, cases in REFUSED.items() for name, inputs in cases],
)
def test_what_aws_would_refuse_is_refused_by_check(
    token: str, name: str, inputs: dict[str, Any], aws: Driver
) -> None:
    with pytest.raises(CheckFailed) as raised:
        aws.check(token, inputs)
    assert raised.value.properties == [name]


def test_every_mistake_is_told_at_once(aws: Driver) -> None:
    with pytest.raises(CheckFailed) as raised:
        aws.check(ROLE, {"name": "a b", "path": "x", "nmae": "y"})
    assert raised.value.properties == ["nmae", "assumeRolePolicy", "name", "path"]


def test_an_unknown_value_is_not_judged(aws: Driver) -> None:
    assert aws.check(ROLE, {"name": UNKNOWN, "assumeRolePolicy": UNKNOWN})["name"] is UNKNOWN


def test_a_generated_name_is_kept_until_the_program_gives_one(aws: Driver) -> None:
    first = aws.check(ROLE, {"assumeRolePolicy": TRUST}, name="deploy")
    assert first["name"].startswith("deploy-")
    assert len(first["name"]) == len("deploy-") + 7
    assert aws.check(ROLE, {"assumeRolePolicy": TRUST}, first, "deploy")["name"] == first["name"]
    named = aws.check(ROLE, {"assumeRolePolicy": TRUST, "name": "mine"}, first, "deploy")
    assert named["name"] == "mine"
    assert aws.check(ROLE, {"assumeRolePolicy": TRUST}, named, "deploy")["name"] != "mine"
    assert len(aws.check(ROLE, {"assumeRolePolicy": TRUST}, name="x" * 100)["name"]) == 64


def test_unknown_inputs_show_as_a_change_and_force_a_replacement_where_they_would(
    aws: Driver, role: Made
) -> None:
    found = aws.diff(role, {**role.inputs, "assumeRolePolicy": UNKNOWN})
    assert (set(found.detailed_diff), found.replaces) == ({"assumeRolePolicy"}, [])
    assert aws.diff(role, {**role.inputs, "path": UNKNOWN}).replaces == ["path"]


def test_what_the_program_says_to_ignore_is_no_difference(aws: Driver, role: Made) -> None:
    inputs = {**role.inputs, "description": "other", "tags": {"Name": "other", "more": "1"}}
    assert set(aws.diff(role, inputs, ["description", "tags.Name"]).detailed_diff) == {"tags.more"}


def test_a_replacement_that_keeps_the_name_deletes_first(aws: Driver, role: Made) -> None:
    assert aws.diff(role, {**role.inputs, "path": "/other/"}).delete_before_replace
    assert not aws.diff(role, {**role.inputs, "name": "other"}).delete_before_replace


def test_the_creator_of_a_cluster_is_a_hidden_administrator(aws: Driver, world: World) -> None:
    made = aws.create(CLUSTER, SAMPLES[CLUSTER].inputs(world))
    eks = aws.provider.cloud("").client("eks")
    (hidden,) = eks.list_access_entries(clusterName=made.id)["accessEntries"]
    (policy,) = eks.list_associated_access_policies(clusterName=made.id, principalArn=hidden)[
        "associatedAccessPolicies"
    ]
    assert policy["policyArn"] == CLUSTER_ADMIN
    aws.delete(made)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.list_access_entries(clusterName=made.id)


def test_access_entries_need_a_mode_that_has_them(aws: Driver, world: World) -> None:
    inputs = {**SAMPLES[CLUSTER].inputs(world), "accessConfig": {"authenticationMode": "CONFIG_MAP"}}
    made = aws.create(CLUSTER, inputs)
    entry = {"clusterName": made.id, "principalArn": world.role().state["arn"]}
    with pytest.raises(ProviderError, match="CONFIG_MAP"):
        aws.create(ENTRY, entry)
    aws.delete(made)


def test_every_handler_says_where_its_rules_are_written_down() -> None:
    assert all(one.source.startswith("https://") for one in HANDLERS.values())


def test_handlers_name_properties_that_the_sdk_has(aws: Driver) -> None:
    for token, handler in HANDLERS.items():
        known = aws.provider.schema(token)
        for name in handler.replaces_here | handler.documents:
            assert name.split(".")[0] in known.inputs | known.outputs, (token, name)
        assert {rule.name for rule in handler.rules} <= known.inputs
