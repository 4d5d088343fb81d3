"""AWS through ordinary boto3: account, services of the platform, and each place where moto is mended."""

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from slipway.localcloud import runtime
from slipway.localcloud.aws import Aws
from slipway.localcloud.cloud import Cloud

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "ec2.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


@pytest.fixture(scope="module")
def number() -> Iterator[int]:
    """Names of their own for tests that share a cloud."""
    return iter(range(1, 1_000))


@pytest.fixture
def role(aws: Any, number: Iterator[int]) -> str:
    name = f"role-{next(number)}"
    return aws("iam").create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]


@pytest.fixture
def subnet(aws: Any) -> str:
    """One of those that an account has from the start."""
    return str(aws("ec2").describe_subnets()["Subnets"][0]["SubnetId"])


@pytest.fixture
def cluster(aws: Any, role: str, subnet: str, number: Iterator[int]) -> str:
    name = f"cluster-{next(number)}"
    aws("eks").create_cluster(
        name=name,
        roleArn=role,
        resourcesVpcConfig={"subnetIds": [subnet], "endpointPublicAccess": False},
        accessConfig={
            "authenticationMode": "API_AND_CONFIG_MAP",
            "bootstrapClusterCreatorAdminPermissions": False,
        },
    )
    return name


def test_the_account_is_the_same_for_any_key(aws: Any, cloud: Cloud) -> None:
    assert aws("sts").get_caller_identity()["Account"] == cloud.account == "123456789012"


def test_what_is_created_is_counted(aws: Any, cloud: Cloud) -> None:
    iam = aws("iam")
    before = status_counts(cloud).get("IAM OIDC providers", 0)
    iam.create_open_id_connect_provider(
        Url=f"https://issuer-{before}.example.com", ClientIDList=["sts.amazonaws.com"]
    )
    assert status_counts(cloud)["IAM OIDC providers"] == before + 1


def status_counts(cloud: Cloud) -> dict[str, int]:
    return runtime._get_json(cloud.console, "/status.json")["counts"]["aws"]


def test_no_identity_needs_any_permission(aws: Any, role: str) -> None:
    """IAM enforcement stays off: an unused key lists roles."""
    assert role in [one["Arn"] for one in aws("iam").list_roles()["Roles"]]


def test_policies_of_aws_can_be_attached(aws: Any, role: str) -> None:
    name = role.rpartition("/")[2]
    arn = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    aws("iam").attach_role_policy(RoleName=name, PolicyArn=arn)
    attached = aws("iam").list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    assert [one["PolicyArn"] for one in attached] == [arn]


def test_a_trust_policy_that_is_no_policy_is_refused(aws: Any) -> None:
    with pytest.raises(ClientError, match="MalformedPolicyDocument"):
        aws("iam").create_role(RoleName="broken", AssumeRolePolicyDocument='{"Version": "2012-10-17"')


def padded_trust(size: int) -> str:
    """A trust policy of exactly `size` characters without white space."""
    document = json.loads(json.dumps(TRUST))
    document["Statement"][0]["Condition"] = {"StringEquals": {"aws:SourceAccount": ""}}
    condition = document["Statement"][0]["Condition"]["StringEquals"]
    condition["aws:SourceAccount"] = "x" * (size - len("".join(json.dumps(document).split())))
    return json.dumps(document, indent=4)


def test_a_trust_policy_over_its_size_is_refused_white_space_aside(aws: Any) -> None:
    iam = aws("iam")
    iam.create_role(RoleName="exactly", AssumeRolePolicyDocument=padded_trust(2048))
    with pytest.raises(ClientError, match="ACLSizePerRole"):
        iam.create_role(RoleName="too-large", AssumeRolePolicyDocument=padded_trust(2049))
    with pytest.raises(ClientError, match="ACLSizePerRole"):
        iam.update_assume_role_policy(RoleName="exactly", PolicyDocument=padded_trust(2049))


def test_a_tls_only_policy_is_kept_and_does_not_lock_the_bucket(aws: Any) -> None:
    s3 = aws("s3")
    s3.create_bucket(Bucket="plans", CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    tls_only = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": ["arn:aws:s3:::plans", "arn:aws:s3:::plans/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    no_deletes = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:DeleteObject",
        "Resource": "arn:aws:s3:::plans/*",
    }
    policy = {"Version": "2012-10-17", "Statement": [tls_only, no_deletes]}
    s3.put_bucket_policy(Bucket="plans", Policy=json.dumps(policy))
    for _ in range(2):  # moto applies a policy only to keys that exist
        s3.put_object(Bucket="plans", Key="head/plan.json", Body=b"{}")
    assert s3.get_object(Bucket="plans", Key="head/plan.json")["Body"].read() == b"{}"
    assert json.loads(s3.get_bucket_policy(Bucket="plans")["Policy"]) == policy
    with pytest.raises(ClientError):
        s3.delete_object(Bucket="plans", Key="head/plan.json")


def test_a_cluster_keeps_its_access_configuration(aws: Any, cluster: str) -> None:
    found = aws("eks").describe_cluster(name=cluster)["cluster"]
    assert found["accessConfig"] == {
        "authenticationMode": "API_AND_CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": False,
    }


def test_a_cluster_without_an_access_configuration_gets_the_defaults_of_eks(
    aws: Any, role: str, subnet: str
) -> None:
    made = aws("eks").create_cluster(name="plain", roleArn=role, resourcesVpcConfig={"subnetIds": [subnet]})
    assert made["cluster"]["accessConfig"] == {
        "authenticationMode": "CONFIG_MAP",
        "bootstrapClusterCreatorAdminPermissions": True,
    }


def test_the_authentication_mode_goes_forward_and_never_back(aws: Any, cluster: str) -> None:
    eks = aws("eks")
    update = eks.update_cluster_config(name=cluster, accessConfig={"authenticationMode": "API"})["update"]
    assert (update["type"], update["status"]) == ("AccessConfigUpdate", "Successful")
    for mode in ("API_AND_CONFIG_MAP", "CONFIG_MAP", "API"):
        with pytest.raises(ClientError, match="Unsupported authentication mode"):
            eks.update_cluster_config(name=cluster, accessConfig={"authenticationMode": mode})
    assert eks.describe_cluster(name=cluster)["cluster"]["accessConfig"]["authenticationMode"] == "API"


def test_an_update_of_the_endpoints_keeps_the_subnets(aws: Any, cluster: str, subnet: str) -> None:
    eks = aws("eks")
    update = eks.update_cluster_config(name=cluster, resourcesVpcConfig={"endpointPublicAccess": True})[
        "update"
    ]
    assert eks.describe_update(name=cluster, updateId=update["id"])["update"]["status"] == "Successful"
    held = eks.describe_cluster(name=cluster)["cluster"]["resourcesVpcConfig"]
    assert (held["subnetIds"], held["endpointPublicAccess"]) == ([subnet], True)


def test_the_version_of_a_cluster_can_be_raised(aws: Any, cluster: str) -> None:
    eks = aws("eks")
    assert eks.update_cluster_version(name=cluster, version="1.35")["update"]["type"] == "VersionUpdate"
    assert eks.describe_cluster(name=cluster)["cluster"]["version"] == "1.35"


def test_parallel_creates_are_all_kept(aws: Any) -> None:
    iam = aws("iam")
    document = json.dumps(TRUST)
    failed: list[Exception] = []

    def create(start: int) -> None:
        try:
            for index in range(start, start + 20):
                iam.create_role(RoleName=f"parallel-{index}", AssumeRolePolicyDocument=document)
                list(iam.get_paginator("list_roles").paginate())
        except Exception as error:
            failed.append(error)

    threads = [threading.Thread(target=create, args=(start,)) for start in range(0, 100, 20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    pages = iam.get_paginator("list_roles").paginate()
    names = {role["RoleName"] for page in pages for role in page["Roles"]}
    assert {f"parallel-{index}" for index in range(100)} <= names


@pytest.mark.parametrize(("service", "at_once"), [("iam", 1), ("s3", 1), ("sqs", 3)])
def test_requests_wait_for_each_other_except_where_one_may_wait_long(service: str, at_once: int) -> None:
    """SQS polls for up to 20 s, which nobody else may have to wait for."""
    inside, most, gate = [0], [0], threading.Condition()

    def slow(environ: Any, start_response: Any) -> list[bytes]:
        with gate:
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            gate.notify_all()
            gate.wait_for(lambda: most[0] == 3, timeout=60 if at_once == 3 else 0.1)
            inside[0] -= 1
        return []

    served = Aws()
    served._app = slow  # type: ignore[assignment]  any WSGI application does
    scope = {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential=test/20260101/eu-west-1/{service}/aws4_request"
    }
    threads = [threading.Thread(target=served, args=(dict(scope), None)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == [at_once]


def test_every_service_can_be_loaded_ahead() -> None:
    """Where one could not, the first request to it would pay, and the cloud's log begin with a trace."""
    # In a process of its own: what is loaded here stays loaded, and mended, for every other test.
    program = "from slipway.localcloud.aws import Aws; Aws().warm()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_node_groups_of_a_cluster_that_is_not_there_are_told_so(aws: Any) -> None:
    eks = aws("eks")
    with pytest.raises(eks.exceptions.ResourceNotFoundException):
        eks.list_nodegroups(clusterName="nowhere")


def test_a_parameter_is_as_large_as_its_tier(aws: Any) -> None:
    """Systems Manager User Guide, parameter-store-advanced-parameters: 4 KB, 8 KB, and no way back."""
    ssm = aws("ssm")
    for tier, most in (("Standard", 4096), ("Advanced", 8192)):
        with pytest.raises(ClientError, match=f"{tier} tier parameters support .* of {most} characters"):
            ssm.put_parameter(Name="/sized", Type="String", Tier=tier, Value="x" * (most + 1), Overwrite=True)
        ssm.put_parameter(Name="/sized", Type="String", Tier=tier, Value="x" * most, Overwrite=True)
    with pytest.raises(ClientError, match="You can't downgrade a parameter"):
        ssm.put_parameter(Name="/sized", Type="String", Tier="Standard", Value="x", Overwrite=True)
