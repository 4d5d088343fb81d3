"""Access entries, as any client of EKS makes, looks at and changes them."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest

from slipway.localcloud.moto_fixes.eks_access import CLUSTER_ADMIN
from tests.providers.conftest import REGION, Served, aws_server

__all__ = ["aws_server"]

ROLE = "arn:aws:iam::123456789012:role/slipway/ci/skill-pool-production"
VIEW = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"


def made(server: Served, mode: str, *, creator: bool = False) -> Any:
    client = boto3.client(
        "eks",
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id="test",
        aws_secret_access_key="test",
    )
    client.create_cluster(
        name="entries",
        roleArn=ROLE,
        resourcesVpcConfig={"subnetIds": []},
        accessConfig={"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": creator},
    )
    return client


@pytest.fixture
def eks(aws_server: Served) -> Iterator[Any]:
    client = made(aws_server, "API")
    yield client
    client.delete_cluster(name="entries")


WHO = {"clusterName": "entries", "principalArn": ROLE}


def entries(eks: Any, **more: str) -> list[str]:
    return eks.list_access_entries(clusterName="entries", **more)["accessEntries"]


def policies(eks: Any) -> dict[str, dict[str, Any]]:
    listed = eks.list_associated_access_policies(**WHO)["associatedAccessPolicies"]
    return {one["policyArn"]: one["accessScope"] for one in listed}


def test_an_entry_lives_from_its_creation_to_its_deletion(eks: Any) -> None:
    assert entries(eks) == []
    created = eks.create_access_entry(**WHO, kubernetesGroups=["deployers"], tags={"a": "1"})["accessEntry"]
    assert eks.describe_access_entry(**WHO)["accessEntry"] == created
    assert (created["type"], created["username"], created["tags"]) == ("STANDARD", ROLE, {"a": "1"})
    assert (
        ":access-entry/entries/role/123456789012/slipway/ci/skill-pool-production/"
        in created["accessEntryArn"]
    )
    assert entries(eks) == [ROLE]

    eks.update_access_entry(**WHO, kubernetesGroups=[])
    eks.tag_resource(resourceArn=created["accessEntryArn"], tags={"b": "2"})
    eks.untag_resource(resourceArn=created["accessEntryArn"], tagKeys=["a"])
    found = eks.describe_access_entry(**WHO)["accessEntry"]
    assert (found["kubernetesGroups"], found["tags"]) == ([], {"b": "2"})
    assert eks.list_tags_for_resource(resourceArn=created["accessEntryArn"])["tags"] == {"b": "2"}

    eks.delete_access_entry(**WHO)
    assert entries(eks) == []


def test_policies_come_and_go_with_their_entry(eks: Any) -> None:
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.associate_access_policy(**WHO, policyArn=VIEW, accessScope={"type": "cluster"})
    eks.create_access_entry(**WHO)
    eks.associate_access_policy(**WHO, policyArn=VIEW, accessScope={"type": "cluster"})
    scope = {"type": "namespace", "namespaces": ["app"]}
    eks.associate_access_policy(**WHO, policyArn=VIEW, accessScope=scope)
    eks.associate_access_policy(**WHO, policyArn=CLUSTER_ADMIN, accessScope={"type": "cluster"})
    assert policies(eks) == {VIEW: scope, CLUSTER_ADMIN: {"type": "cluster", "namespaces": []}}
    assert entries(eks, associatedPolicyArn=VIEW) == [ROLE]

    eks.disassociate_access_policy(**WHO, policyArn=VIEW)
    assert set(policies(eks)) == {CLUSTER_ADMIN}
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.disassociate_access_policy(**WHO, policyArn=VIEW)
    eks.delete_access_entry(**WHO)
    eks.create_access_entry(**WHO)
    assert policies(eks) == {}


def test_what_eks_refuses_is_refused(eks: Any) -> None:
    eks.create_access_entry(**WHO)
    with pytest.raises(eks.exceptions.ResourceInUseException):
        eks.create_access_entry(**WHO)
    eks.delete_access_entry(**WHO)
    for call in (eks.describe_access_entry, eks.update_access_entry, eks.delete_access_entry):
        with pytest.raises(eks.exceptions.ResourceNotFoundException):
            call(**WHO)
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.list_access_entries(clusterName="another")


@pytest.mark.parametrize(
    ("mode", "creator", "expected"),
    [("API", True, 1), ("API_AND_CONFIG_MAP", True, 1), ("CONFIG_MAP", True, 0), ("API", False, 0)],
)
def test_who_makes_a_cluster_is_in_it_unless_eks_is_told_not_to(
    mode: str, expected: int, aws_server: Served, *, creator: bool
) -> None:
    client = made(aws_server, mode, creator=creator)
    assert len(entries(client)) == expected
    if mode == "CONFIG_MAP":
        with pytest.raises(client.exceptions.InvalidRequestException, match="CONFIG_MAP"):
            client.create_access_entry(**WHO)
    client.delete_cluster(name="entries")
