"""moto as installed, unmended: every fix still has its reason. One that fails here is a fix to delete.

A fix changes moto's classes for the rest of its process, so what they were is kept when this file is
collected, before any test runs, and put back for these tests.
"""

import inspect
import json
from collections.abc import Generator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.iam import models as iam_models
from moto.s3 import models as s3_models
from moto.s3 import responses as s3_responses

from slipway.localcloud import moto_fixes

ROLE = "arn:aws:iam::123456789012:role/cluster"


AS_INSTALLED = {
    found: dict(vars(found))
    for module in (iam_models, s3_models, s3_responses)
    for found in vars(module).values()
    if inspect.isclass(found) and found.__module__ == module.__name__
}


@pytest.fixture(autouse=True)
def unmended(monkeypatch: pytest.MonkeyPatch) -> Generator[None]:
    for found, attributes in AS_INSTALLED.items():
        for name, value in attributes.items():
            if vars(found).get(name) is not value and callable(value):
                monkeypatch.setattr(found, name, value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    with mock_aws():
        yield


def client(service: str) -> Any:
    return boto3.client(service, region_name="us-east-1")


def test_a_fix_is_applied_for_exactly_these_services() -> None:
    assert set(moto_fixes._FIXES) == {"eks", "iam", "s3"}


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


def test_a_role_is_created_with_any_text_of_any_size() -> None:
    iam = client("iam")
    iam.create_role(RoleName="broken", AssumeRolePolicyDocument='{"Version"')
    iam.create_role(RoleName="large", AssumeRolePolicyDocument=json.dumps({"x": "y" * 3000}))


def test_a_cluster_forgets_its_access_configuration_and_cannot_change_its_version() -> None:
    eks = client("eks")
    eks.create_cluster(
        name="x", roleArn=ROLE, resourcesVpcConfig={}, accessConfig={"authenticationMode": "API"}
    )
    assert "accessConfig" not in eks.describe_cluster(name="x")["cluster"]
    assert "update" not in eks.update_cluster_config(name="x", logging={"clusterLogging": []})
    with pytest.raises(Exception, match=r"404|Not Found|not implemented|unreachable|Not yet implemented"):
        eks.update_cluster_version(name="x", version="1.35")


@pytest.mark.parametrize("operation", ["list_access_entries", "list_addons"])
def test_what_is_recorded_is_what_moto_lacks(operation: str) -> None:
    eks = client("eks")
    eks.create_cluster(name="x", roleArn=ROLE, resourcesVpcConfig={})
    with pytest.raises(Exception, match=r"404|Not Found|not implemented|Not yet implemented"):
        getattr(eks, operation)(clusterName="x")
