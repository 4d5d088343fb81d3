"""Whoever opens or writes an object of the state bucket may use the bucket's key for that, and no more.

S3 seals an object with the bucket's default key as the caller: putting asks for kms:GenerateDataKey and
getting for kms:Decrypt (S3 User Guide, UsingKMSEncryption, "Permissions"), with the bucket's ARN as the
encryption context where it has a bucket key (bucket-key, "Changes to note before enabling").
"""

from collections.abc import Iterator
from typing import Any

import pytest

from slipway.access.boundary import boundary_policy
from slipway.access.evaluate import Policy, Principal, Request, context_of, decide_access, decide_identity
from slipway.access.permissions import permission_policy
from slipway.access.state_documents import state_key_policy
from slipway.platform import naming
from slipway.platform.declaration import ReadState, RoleDeclaration, UseState
from slipway.platform.environments import environments
from slipway.platform.platform_roles import platform_roles
from slipway.platform.settings import Settings
from tests.platform.conftest import parse, stack_values

STACKS = ("automation", "staging", "prod")
ONE = "123412341234"
LAYOUTS = {"an account each": None, "one account": STACKS, "workloads together": ("staging", "prod")}


def settings_of(stack: str, together: tuple[str, ...] | None) -> Settings:
    values = stack_values(stack)
    values["organization"]["accounts"] |= dict.fromkeys(together or (), ONE)
    return parse(stack, values)


def roles_of(settings: Settings) -> Iterator[RoleDeclaration]:
    own = platform_roles(settings)
    yield from (own.plan, own.apply)
    yield from (environment.role for environment in environments(settings))


def bucket_owner(settings: Settings) -> str:
    return settings.organization.accounts.stacks_in(settings.account)[0].value


class Bucket:
    """The account's state bucket, with the key that its first stack made."""

    def __init__(self, settings: Settings) -> None:
        self.account, self.region = settings.account, settings.platform.region
        owner = bucket_owner(settings)
        self.name = naming.state_bucket(self.account, self.region)
        self.key = f"arn:aws:kms:{self.region}:{self.account}:key/0a1b"
        self.alias = naming.state_key_alias(owner)
        apply = naming.role_arn(self.account, naming.apply_role(owner), naming.INFRA_PATH)
        plan = naming.role_arn(self.account, naming.plan_role(owner))
        policy = state_key_policy(
            account=self.account, region=self.region, bucket=self.name, users=[apply], readers=[plan]
        )
        self.policy = Policy.parse(policy, "resource")

    def lets(self, role: RoleDeclaration, action: str, context: dict[str, Any]) -> bool:
        """Whether a role may do something with the key."""
        base = {"aws:PrincipalArn": role.arn, "kms:ResourceAliases": [self.alias]}
        request = Request(action, self.key, context_of({**base, **context}), Principal("AWS", role.arn))
        return decide_access(
            request,
            identity=[Policy.parse(permission_policy(role))],
            boundary=Policy.parse(boundary_policy(self.account)),
            resource_policy=self.policy,
            resource_account=self.account,
        ).allowed

    @property
    def through(self) -> dict[str, Any]:
        return {
            "kms:ViaService": f"s3.{self.region}.amazonaws.com",
            "kms:EncryptionContext:aws:s3:arn": f"arn:aws:s3:::{self.name}",
        }


@pytest.mark.parametrize("together", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("stack", STACKS)
def test_state_can_be_opened_and_written_where_it_is(stack: str, together: tuple[str, ...] | None) -> None:
    settings = settings_of(stack, together)
    bucket, seen = Bucket(settings), 0
    for role in roles_of(settings):
        for grant in role.all_grants:
            if isinstance(grant, (UseState, ReadState)):
                seen += 1
                assert bucket.lets(role, "kms:Decrypt", bucket.through), role.name
                writes = isinstance(grant, UseState)
                assert bucket.lets(role, "kms:GenerateDataKey", bucket.through) is writes, role.name
    assert seen >= 2


@pytest.mark.parametrize("together", LAYOUTS.values(), ids=LAYOUTS)
@pytest.mark.parametrize("stack", STACKS)
def test_the_buckets_key_opens_nothing_but_the_bucket(stack: str, together: tuple[str, ...] | None) -> None:
    settings = settings_of(stack, together)
    bucket = Bucket(settings)
    others = {**bucket.through, "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::another"}
    own = {naming.apply_role(bucket_owner(settings)), naming.plan_role(bucket_owner(settings))}
    for role in roles_of(settings):
        grants = [grant for grant in role.all_grants if isinstance(grant, (UseState, ReadState))]
        if role.name not in own:
            assert not bucket.lets(role, "kms:Decrypt", {}), f"{role.name} opens a stack's secrets"
            assert not bucket.lets(role, "kms:Decrypt", others), role.name
        if not grants:
            assert not bucket.lets(role, "kms:Decrypt", bucket.through), role.name
        prefixes = {grant.prefix.strip("/") for grant in grants}
        document = Policy.parse(permission_policy(role))
        for prefix in {"releases/another/production", ".pulumi", *prefixes}:
            request = Request("s3:GetObject", f"arn:aws:s3:::{bucket.name}/{prefix}/x")
            assert decide_identity([document], None, request).allowed is (prefix in prefixes), role.name


def test_nobody_who_opens_the_bucket_moves_the_alias_of_its_key() -> None:
    """By an alias that can be moved any key could be opened (KMS Developer Guide, alias-authorization)."""
    settings = settings_of("prod", STACKS)
    alias = naming.alias_arn(settings.account, settings.platform.region, naming.state_key_alias("automation"))
    for role in roles_of(settings):
        document = Policy.parse(permission_policy(role))
        for verb in ("CreateAlias", "DeleteAlias", "UpdateAlias"):
            assert not decide_identity([document], None, Request(f"kms:{verb}", alias)).allowed, role.name
