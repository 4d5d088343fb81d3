"""What `slipway bootstrap` made, the stack takes over as it is, and leaves when it goes."""

import json
import secrets
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pulumi
import pytest
from ruamel.yaml import YAML

from infra.foundation import foundation
from slipway.access.evaluate import evaluate
from slipway.access.permissions import permission_policy
from slipway.access.policies import Decision, Policy, Principal, Request
from slipway.bootstrap import documents
from slipway.bootstrap.clients import Clients, connect
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.run import Watcher, bootstrap, load_plan
from slipway.engine.embedded import EmbeddedEngine
from slipway.engine.fence import Fence
from slipway.engine.interface import Result
from slipway.engine.offline import render_apart
from slipway.engine.registration import Registration
from slipway.localcloud.providers.aws import AwsProvider
from slipway.platform import reading
from slipway.platform.declaration import RoleDeclaration
from slipway.platform.platform_roles import platform_roles
from slipway.platform.settings import Settings
from tests.bootstrap import samples
from tests.program.conftest import clone

STACKS = ("automation", "staging", "prod")
KEY = "arn:aws:kms:eu-west-1:{account}:key/11111111-2222-3333-4444-555555555555"
SERVICES = ("cloudwatchlogs", "ec2", "iam", "kms", "logs", "s3", "sts")
COMPONENT = "slipway:state:StateStore"
AGREES = Watcher(agree=lambda _: True, done=lambda _: None)


def settings(root: Path, stack: str) -> Settings:
    return reading.load(root, stack)


def change(root: Path, stack: str, **platform: Any) -> None:
    path = root / f"Pulumi.{stack}.yaml"
    yaml = YAML()
    document = yaml.load(path)
    document["config"]["slipway:platform"].update(platform)
    yaml.dump(document, path)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return clone(tmp_path / "platform").root


@pytest.fixture
def adopting(endpoint: str, root: Path, tmp_path: Path) -> Callable[[str], EmbeddedEngine]:
    """The foundation of a real stack, with everything that bootstrap made, on the stand-in."""

    def of(stack: str) -> EmbeddedEngine:
        config = {
            "aws:region": "eu-west-1",
            "aws:endpoints": json.dumps([dict.fromkeys(SERVICES, endpoint)]),
            # What infra.providers gives to everything; it must not reach what carries bootstrap's marks.
            "aws:defaultTags": json.dumps({"tags": {"slipway:managed": "pulumi"}}),
        }

        def program() -> None:
            own = platform_roles(settings(root, stack))
            foundation(settings(root, stack), own, pulumi.ResourceOptions())

        return EmbeddedEngine(
            program,
            "slipway",
            stack,
            config,
            tmp_path,
            {"aws": AwsProvider},
            passphrase="test",
            fence=Fence(),
        )

    return of


def made(
    root: Path, stack: str, endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> tuple[BootstrapPlan, Clients]:
    # Pulumi's provider does not say which account it means, so the stand-in has to know.
    account = settings(root, stack).account
    monkeypatch.setenv("MOTO_ACCOUNT_ID", account)
    report = bootstrap(root, lambda: load_plan(root, stack), AGREES, endpoint=endpoint)
    assert report is not None
    return load_plan(root, stack), connect(account, "eu-west-1", endpoint)


def operations(result: Result) -> dict[str, str]:
    assert result.ok, result.diagnostics
    return {step.name: step.op for step in result.steps}


@pytest.mark.slow
@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_adopts_changes_nothing_and_leaves_it(
    stack: str,
    endpoint: str,
    root: Path,
    adopting: Callable[[str], EmbeddedEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, clients = made(root, stack, endpoint, monkeypatch)
    before = samples.held(clients, plan)
    steps = operations(adopting(stack).up())
    imported = {name for name, op in steps.items() if op == "import"}
    assert {
        "state-key",
        "state-alias",
        "state-bucket",
        "state-ownership",
        "state-private",
        "state-versions",
        "state-encryption",
        "state-lifecycle",
        "state-policy",
        "github-oidc-provider",
        "infra-apply-role",
    } <= imported
    assert ours(clients, plan) == before
    assert set(operations(adopting(stack).up()).values()) == {"same"}

    destroyed = adopting(stack).destroy()
    assert not destroyed.ok
    assert "protected" in str(destroyed.errors)
    assert ours(clients, plan) == before

    if stack == "prod":  # whose protection no stack file can lift
        return
    change(root, stack, protect=False)
    assert set(operations(adopting(stack).up()).values()) <= {"same", "update"}
    assert adopting(stack).destroy().ok
    assert ours(clients, plan) == before
    assert bootstrap(root, lambda: load_plan(root, stack), AGREES, endpoint=endpoint) is not None
    assert ours(clients, plan) == before


def ours(clients: Clients, plan: BootstrapPlan) -> dict[str, Any]:
    """What bootstrap made: the stack's own policies are no part of it."""
    held = samples.held(clients, plan)
    bootstrapped = {plan.boundary.name, *(policy.name for policy in plan.role.managed)}
    held["policies"] = [one for one in held["policies"] if one[0] in bootstrapped]
    return held


@pytest.mark.slow
def test_what_somebody_changed_is_adopted_and_put_right_in_one_run(
    endpoint: str,
    root: Path,
    adopting: Callable[[str], EmbeddedEngine],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plan, clients = made(root, "automation", endpoint, monkeypatch)
    before = ours(clients, plan)
    clients.s3.put_bucket_versioning(Bucket=plan.bucket, VersioningConfiguration={"Status": "Suspended"})
    assert ours(clients, plan) != before
    result = adopting("automation").up()
    assert result.ok
    (changed,) = [step for step in result.steps if step.op == "update" and "BucketVersioning" in step.type]
    assert changed.diff
    assert ours(clients, plan) == before


@pytest.fixture(scope="module")
def pointed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose stack files name their state's keys."""
    root = clone(tmp_path_factory.mktemp("pointed")).root
    for stack in STACKS:
        change(root, stack, state_key=KEY.format(account=settings(root, stack).account))
    return root


def adopted(root: Path, stack: str) -> dict[str, Registration]:
    registrations = render_apart(root, stack, secrets.token_hex(8)).registrations
    [store] = [one for one in registrations if one.type == COMPONENT]
    return {one.name: one for one in registrations if one.parent == store.urn}


@pytest.mark.parametrize("stack", STACKS)
def test_every_real_stack_adopts_its_own_state(pointed: Path, stack: str) -> None:
    account = settings(pointed, stack).account
    found = adopted(pointed, stack)
    bucket = f"slipway-state-{account}-eu-west-1"
    assert {name: one.options["import_"] for name, one in found.items()} == {
        "state-key": KEY.rpartition("/")[2],
        "state-alias": f"alias/slipway-state-{stack}",
        **dict.fromkeys([name for name in found if name not in ("state-key", "state-alias")], bucket),
    }
    assert len(found) == 9
    for one in found.values():
        assert one.protect, one.name
        assert one.options["retain_on_delete"], one.name
        assert {"tags", "tagsAll"} <= set(one.paths("ignore_changes")), one.name


@pytest.mark.parametrize("stack", STACKS)
def test_what_is_declared_is_what_bootstrap_puts(pointed: Path, stack: str) -> None:
    found, plan = adopted(pointed, stack), load_plan(pointed, stack)
    assert plan.key_users
    assert plan.key_readers
    assert json.loads(found["state-key"].inputs["policy"]) == documents.key_policy(plan)
    assert json.loads(found["state-policy"].inputs["policy"]) == documents.bucket_policy(plan)


def test_stacks_of_one_account_share_a_bucket_that_one_of_them_owns(pointed: Path, tmp_path: Path) -> None:
    root = tmp_path / "shared"
    shutil.copytree(pointed, root)
    account = "111111111111"
    project = root / "Pulumi.yaml"
    accounts = ('"222222222222"', '"333333333333"')
    for other in accounts:
        project.write_text(project.read_text().replace(other, f'"{account}"'))
    for stack in STACKS:
        change(root, stack, state_key=KEY.format(account=account))
    owners = [stack for stack in STACKS if "state-bucket" in adopted(root, stack)]
    assert owners == ["automation"]


READS_OF_THE_KEY = ("DescribeKey", "GetKeyPolicy", "GetKeyRotationStatus", "ListResourceTags", "ListAliases")
READS_OF_THE_BUCKET = (
    # What the provider asks for (terraform-provider-aws, internal/service/s3/bucket*.go), as IAM calls it.
    *("ListBucket", "GetBucketLocation", "GetBucketTagging", "GetBucketAcl", "GetBucketCORS"),
    *("GetBucketLogging", "GetBucketWebsite", "GetBucketRequestPayment", "GetBucketObjectLockConfiguration"),
    *("GetAccelerateConfiguration", "GetReplicationConfiguration", "GetLifecycleConfiguration"),
    *("GetEncryptionConfiguration", "GetBucketVersioning", "GetBucketPolicy", "GetBucketPublicAccessBlock"),
    "GetBucketOwnershipControls",
)


@pytest.mark.parametrize("stack", STACKS)
def test_both_roles_can_read_what_they_compare_and_the_apply_role_changes_none_of_it(
    pointed: Path, stack: str
) -> None:
    plan = load_plan(pointed, stack)
    declared = platform_roles(settings(pointed, stack))
    key, bucket = str(plan.key_arn), f"arn:aws:s3:::{plan.bucket}"
    for role in (declared.plan, declared.apply):
        allowed = partial(may, plan, role)
        assert [one for one in READS_OF_THE_KEY if not allowed(f"kms:{one}", key)] == []
        assert [one for one in READS_OF_THE_BUCKET if not allowed(f"s3:{one}", bucket)] == []
        for action in ("kms:PutKeyPolicy", "kms:ScheduleKeyDeletion", "kms:TagResource"):
            assert not allowed(action, key), action
        for action in ("s3:PutBucketPolicy", "s3:DeleteBucket", "s3:PutLifecycleConfiguration"):
            assert not allowed(action, bucket), action


def may(plan: BootstrapPlan, role: RoleDeclaration, action: str, resource: str) -> bool:
    """What the role's own policy and the resource's policy decide together, in one account.

    A key's policy must allow, or let the account's policies allow (KMS Developer Guide, "Key policies"); a
    bucket's only must not deny (IAM User Guide, "Policy evaluation for requests within a single account").
    """
    request = Request(
        action=action,
        resource=resource,
        context={"aws:principalarn": (role.arn,), "aws:requestedregion": (role.region,)},
        principal=Principal("AWS", role.arn),
    )
    if not evaluate(
        [permission_policy(role)], action, resource, {"aws:RequestedRegion": role.region}
    ).allowed:
        return False
    if action == "kms:ListAliases":
        return True  # for the account, so no key's policy is asked
    if action.startswith("kms:"):
        return Policy.parse(documents.key_policy(plan), "resource").decide(request).allowed
    decision = Policy.parse(documents.bucket_policy(plan), "resource").decide(request)
    return decision is not Decision.EXPLICIT_DENY


def test_without_a_key_nothing_is_adopted(root: Path) -> None:
    """As bootstrap renders the program for the first time."""
    rendered = render_apart(root, "prod", "")
    assert not [one for one in rendered.registrations if one.type == COMPONENT]
