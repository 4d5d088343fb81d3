"""A store of plans is opened by its address, and belongs to whoever calls."""

from pathlib import Path

import pytest

from slipway.aws import connect
from slipway.errors import SlipwayError
from slipway.platform import naming
from slipway.stacks import settings
from slipway.stacks.plan_stores import open_store
from slipway.stacks.plans.bundle import open_sealed, seal
from slipway.stacks.plans.keys import KmsKeys
from slipway.store import FolderStore
from tests.stacks.test_plan_bundle import manifest, plan
from tests.store.conftest import ACCOUNT, session

ROOT = Path(__file__).parents[2]
REGION = {"AWS_REGION": "us-east-1"}


def test_a_bucket_of_the_callers_account_and_region(endpoint: str, tmp_path: Path) -> None:
    aws = session(endpoint)
    aws.client("s3").create_bucket(Bucket=naming.plan_bucket(ACCOUNT, "us-east-1"))
    key = aws.client("kms").create_key()["KeyMetadata"]["Arn"]
    aws.client("kms").create_alias(AliasName=naming.plan_key_alias(), TargetKeyId=key)
    address = "s3://slipway-plans-{account}-{region}"
    opened = open_store(address, tmp_path, environment=REGION, connect=lambda _: aws)
    assert opened.address == f"s3://{naming.plan_bucket(ACCOUNT, 'us-east-1')}"
    opened.store.put_once("plans/demo/prod/1-1", b"sealed")
    listed = aws.client("s3").list_objects_v2(Bucket=naming.plan_bucket(ACCOUNT, "us-east-1"))
    assert [item["Key"] for item in listed["Contents"]] == ["plans/demo/prod/1-1"]
    sealed = seal(manifest(plan()), plan(), opened.keys)
    assert open_sealed(sealed, opened.keys).plan.result == plan().result


AUTOMATION, STAGING = "111111111111", "222222222222"


def test_the_platforms_own_store_is_automations_whoever_calls(endpoint: str) -> None:
    """Staging plans and seals in the bucket and with the key of another account: one store for all."""
    of = {name: connect("us-east-1", endpoint=endpoint, account=name) for name in (AUTOMATION, STAGING)}
    bucket = naming.plan_bucket(AUTOMATION, "us-east-1")
    of[AUTOMATION].client("s3").create_bucket(Bucket=bucket)
    kms = of[AUTOMATION].client("kms")
    kms.create_alias(AliasName=naming.plan_key_alias(), TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    address = settings.load(ROOT).store
    assert address is not None
    opened = open_store(address, ROOT, environment=REGION, connect=lambda _: of[STAGING])
    assert opened.address == f"s3://{bucket}"
    assert isinstance(opened.keys, KmsKeys)
    assert opened.keys.key == f"arn:aws:kms:us-east-1:{AUTOMATION}:{naming.plan_key_alias()}"
    opened.store.put_once("plans/slipway/staging/1-1", b"sealed")
    found = of[AUTOMATION].client("s3").get_object(Bucket=bucket, Key="plans/slipway/staging/1-1")
    assert found["Body"].read() == b"sealed"


def test_an_automation_account_that_nobody_names_is_told(endpoint: str, tmp_path: Path) -> None:
    (tmp_path / "Pulumi.yaml").write_text("name: shop\nruntime: yaml\n")
    with pytest.raises(SlipwayError, match="no such account is named") as told:
        open_store(
            "s3://plans-{automation}", tmp_path, environment=REGION, connect=lambda _: session(endpoint)
        )
    assert "organization.accounts.automation" in str(told.value.where)


def test_a_prefix_in_a_bucket(endpoint: str, tmp_path: Path) -> None:
    aws = session(endpoint)
    opened = open_store("s3://acme-plans/infra/", tmp_path, environment=REGION, connect=lambda _: aws)
    opened.store.put_once("log/x", b"1")
    assert aws.client("s3").get_object(Bucket="acme-plans", Key="infra/log/x")["Body"].read() == b"1"


def test_a_folder_from_the_top_of_the_repository(tmp_path: Path) -> None:
    for address in ("file://plans", f"file://{tmp_path}/plans"):
        opened = open_store(address, tmp_path, environment={})
        assert isinstance(opened.store, FolderStore)
        assert opened.address == str(tmp_path / "plans")
    sealed = seal(manifest(plan()), plan(), opened.keys)
    again = open_store("file://plans", tmp_path, environment={})
    assert open_sealed(sealed, again.keys).plan.result == plan().result
    assert again.store.list("") == []
    assert (tmp_path / "plans/plans.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("address", ["", "plans", "file://", "http://plans", "s3:/plans"])
def test_anything_else_is_no_store(address: str, tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="is no store"):
        open_store(address, tmp_path, environment=REGION)


def test_without_a_region_nothing_is_asked(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError, match="region"):
        open_store("s3://plans", tmp_path, environment={})
