"""Bootstrap as a whole: what it makes, that it can be cut short anywhere, and what it leaves alone."""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from slipway.bootstrap import run as running
from slipway.bootstrap.clients import Clients
from slipway.bootstrap.plan import BootstrapPlan
from slipway.bootstrap.run import Report, Watcher, bootstrap
from slipway.bootstrap.stack_file import StackFile
from slipway.bootstrap.steps import Action, NotOwnedError
from slipway.errors import SlipwayError
from tests.bootstrap import samples
from tests.bootstrap.conftest import STACK_FILE, empty
from tests.sampling import drawn

AGREES = Watcher(agree=lambda _: True, done=lambda _: None)
STRANGER = [{"Key": "team", "Value": "someone"}]
OWN = [{"Key": "slipway:owner", "Value": "bootstrap"}, {"Key": "slipway:stack", "Value": "prod"}]


def loader(folder: Path) -> Callable[[], BootstrapPlan]:
    """As the program does it: once the stack file names the key, the policies name it too."""
    return lambda: samples.plan(StackFile(folder, "prod").read().state_key)


@pytest.fixture(autouse=True)
def _one_connection(monkeypatch: pytest.MonkeyPatch, clients: Clients) -> None:
    monkeypatch.setattr(running, "connect", lambda *_: clients)


def made(folder: Path, **options: Any) -> Report:
    report = bootstrap(folder, loader(folder), AGREES, **options)
    assert report is not None
    return report


def actions(report: Report) -> set[Action]:
    return {step.action for step in report.steps}


def test_everything_is_made_and_the_stack_file_points_at_it(folder: Path, clients: Clients) -> None:
    report = made(folder)
    assert actions(report) == {Action.CREATE, Action.UPDATE, Action.KEEP}
    [key] = clients.kms.list_keys()["Keys"]
    pointers = StackFile(folder, "prod").read()
    assert pointers.state_key == key["KeyArn"]
    assert pointers.secrets_provider == f"awskms://{samples.ALIAS}?region=eu-west-1"
    sealed = base64.b64decode(pointers.encrypted_key or "")
    assert len(clients.kms.decrypt(CiphertextBlob=sealed)["Plaintext"]) == 32
    held = samples.held(clients, report.plan)
    assert held["bucket"]["versioning"] == "Enabled"
    assert all(held["bucket"]["public"].values())
    rule = held["bucket"]["encryption"]["Rules"][0]
    assert rule["BucketKeyEnabled"] is True
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"].endswith("key/ID")
    assert held["bucket"]["ownership"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert held["bucket"]["lifecycle"][0]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert held["keys"][0]["rotation"] is True
    assert held["keys"][0]["alias"] == [samples.ALIAS]
    assert held["provider"] == ["sts.amazonaws.com"]
    role = clients.iam.get_role(RoleName="infra-prod-apply")["Role"]
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == samples.BOUNDARY
    # What the role may do names the key itself, so it was rendered again after the key was made.
    assert key["KeyArn"] in json.dumps(samples_policy(clients))


def samples_policy(clients: Clients) -> object:
    return clients.iam.get_role_policy(RoleName="infra-prod-apply", PolicyName="state")["PolicyDocument"]


def test_a_second_run_changes_nothing(folder: Path, clients: Clients) -> None:
    made(folder)
    before, file = samples.held(clients, samples.plan()), (folder / "Pulumi.prod.yaml").read_text()
    report = made(folder)
    assert actions(report) == {Action.KEEP}
    assert not report.file_changed
    assert samples.held(clients, samples.plan()) == before
    assert (folder / "Pulumi.prod.yaml").read_text() == file


def test_a_dry_run_changes_nothing(folder: Path, clients: Clients) -> None:
    before = samples.held(clients, samples.plan())
    report = made(folder, dry_run=True)
    assert Action.CREATE in actions(report)
    assert samples.held(clients, samples.plan()) == before
    assert (folder / "Pulumi.prod.yaml").read_text() == STACK_FILE


def test_nothing_is_made_without_agreement(folder: Path, clients: Clients) -> None:
    before = samples.held(clients, samples.plan())
    refuses = Watcher(agree=lambda report: len(report.steps) == 0, done=lambda _: None)
    assert bootstrap(folder, loader(folder), refuses) is None
    assert samples.held(clients, samples.plan()) == before


class Cut(BaseException):
    """The process dies: nothing catches it."""


class Cutter:
    """Cuts a run short after its nth changing call, whose answer is lost.

    Between two changing calls a run only looks, so wherever it is cut there it leaves the same behind.
    """

    def __init__(self, clients: Clients) -> None:
        self.at = -1
        self.seen = 0
        for client in vars(clients).values():
            client.meta.events.register("after-call.*.*", self._call)

    def _call(self, model: Any, **_: Any) -> None:
        if str(model.name).startswith(("Get", "List", "Head", "Describe")):
            return
        self.seen += 1
        if self.seen == self.at:
            self.at = -1
            raise Cut

    def arm(self, at: int) -> None:
        self.at, self.seen = at, 0


@pytest.mark.slow
def test_a_run_cut_short_at_any_call_is_finished_by_the_next(
    folder: Path, clients: Clients, endpoint: str
) -> None:
    cutter = Cutter(clients)
    made(folder)
    calls, whole = cutter.seen, samples.held(clients, samples.plan())
    file = StackFile(folder, "prod").read()
    assert calls > 15
    for number in drawn(range(1, calls + 1), 8):
        empty(endpoint)
        (folder / "Pulumi.prod.yaml").write_text(STACK_FILE)
        cutter.arm(number)
        with pytest.raises(Cut):
            made(folder)
        made(folder)
        assert samples.held(clients, samples.plan()) == whole, f"cut after call {number}"
        now = StackFile(folder, "prod").read()
        assert now.state_key == clients.kms.list_keys()["Keys"][0]["KeyArn"], f"cut after call {number}"
        assert now.secrets_provider == file.secrets_provider
        assert now.encrypted_key


def test_a_run_cut_short_while_it_writes_the_stack_file_leaves_it_whole(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(_: int) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr("slipway.bootstrap.stack_file.os.fsync", die)
        with pytest.raises(Cut):
            made(folder)
    assert (folder / "Pulumi.prod.yaml").read_text() == STACK_FILE
    assert sorted(path.name for path in folder.iterdir()) == ["Pulumi.prod.yaml", "Pulumi.yaml"]
    assert made(folder).file_changed


def _bucket(clients: Clients) -> None:
    location = {"LocationConstraint": samples.REGION}
    clients.s3.create_bucket(Bucket=samples.BUCKET, CreateBucketConfiguration=location)


def _foreign_bucket(clients: Clients) -> None:
    def play(request: Any, **_: Any) -> None:
        request.headers.replace_header("x-moto-account-id", "999999999999")

    clients.s3.meta.events.register_last("before-sign.s3.*", play)
    _bucket(clients)
    clients.s3.meta.events.unregister("before-sign.s3.*", play)


def _key(clients: Clients) -> None:
    key = clients.kms.create_key(Tags=[{"TagKey": "team", "TagValue": "someone"}])["KeyMetadata"]["KeyId"]
    clients.kms.create_alias(AliasName=samples.ALIAS, TargetKeyId=key)


def _doomed_key(clients: Clients) -> None:
    tags = [{"TagKey": tag["Key"], "TagValue": tag["Value"]} for tag in OWN]
    key = clients.kms.create_key(Tags=tags)["KeyMetadata"]["KeyId"]
    clients.kms.create_alias(AliasName=samples.ALIAS, TargetKeyId=key)
    clients.kms.schedule_key_deletion(KeyId=key)


def _role(clients: Clients, path: str = "/slipway/infra/", tags: list[dict[str, str]] = STRANGER) -> None:
    trust = json.dumps(samples.plan().role.trust)
    clients.iam.create_role(RoleName="infra-prod-apply", Path=path, AssumeRolePolicyDocument=trust, Tags=tags)


def _other_stacks_role(clients: Clients) -> None:
    _role(clients, tags=[OWN[0], {"Key": "slipway:stack", "Value": "staging"}])


def _moved_role(clients: Clients) -> None:
    _role(clients, path="/", tags=OWN)


def _policy(clients: Clients) -> None:
    document = json.dumps(samples.plan().boundary.document)
    clients.iam.create_policy(
        PolicyName="slipway-ci-boundary", Path="/slipway/", PolicyDocument=document, Tags=STRANGER
    )


def _provider_for_others(clients: Clients) -> None:
    url = "https://token.actions.githubusercontent.com"
    clients.iam.create_open_id_connect_provider(Url=url, ClientIDList=["elsewhere"])


@pytest.mark.parametrize(
    "stranger",
    [
        _bucket,
        _foreign_bucket,
        _key,
        _doomed_key,
        _role,
        _other_stacks_role,
        _moved_role,
        _policy,
        _provider_for_others,
    ],
)
def test_what_is_not_its_own_is_refused_before_anything_is_made(
    folder: Path, clients: Clients, stranger: Callable[[Clients], None]
) -> None:
    stranger(clients)
    before = samples.held(clients, samples.plan())
    with pytest.raises(NotOwnedError):
        made(folder)
    assert samples.held(clients, samples.plan()) == before
    assert (folder / "Pulumi.prod.yaml").read_text() == STACK_FILE


def test_a_provider_that_is_there_already_is_adopted_and_left_alone(folder: Path, clients: Clients) -> None:
    url = "https://token.actions.githubusercontent.com"
    arn = clients.iam.create_open_id_connect_provider(Url=url, ClientIDList=["sts.amazonaws.com", "other"])
    report = made(folder)
    [step] = [step for step in report.steps if step.id == "provider"]
    assert step.action is Action.ADOPT
    held = clients.iam.get_open_id_connect_provider(OpenIDConnectProviderArn=arn["OpenIDConnectProviderArn"])
    assert held["ClientIDList"] == ["sts.amazonaws.com", "other"]
    assert held["Tags"] == []
    assert StackFile(folder, "prod").read().adopts_provider


def test_a_provider_that_the_stack_adopts_must_be_there(folder: Path) -> None:
    plan = samples.plan()
    adopting = replace(plan, provider=replace(plan.provider, adopted=True))
    with pytest.raises(NotOwnedError, match="does not have"):
        bootstrap(folder, lambda: adopting, AGREES)


def test_another_stack_of_the_account_shares_bucket_and_boundary(folder: Path, clients: Clients) -> None:
    made(folder)
    before = samples.held(clients, samples.plan())
    (folder / "Pulumi.staging.yaml").write_text(STACK_FILE)
    plan = samples.plan()
    role = replace(plan.role, name="infra-staging-apply", arn=f"{plan.role.arn}2", managed=())
    role = replace(role, arn=role.arn.replace("infra-prod-apply2", "infra-staging-apply"))
    second = replace(plan, stack="staging", key_alias="alias/slipway-state-staging", role=role)
    report = bootstrap(folder, lambda: second, AGREES)
    assert report is not None
    adopted = {step.id for step in report.steps if step.action is Action.ADOPT}
    assert adopted == {"bucket", "provider", "boundary"}
    after = samples.held(clients, samples.plan())
    assert after["bucket"] == before["bucket"]
    assert after["policies"] == before["policies"]


def test_a_shared_boundary_that_must_differ_is_refused(folder: Path) -> None:
    made(folder)
    (folder / "Pulumi.staging.yaml").write_text(STACK_FILE)
    plan = samples.plan()
    other = replace(plan.boundary, document={**plan.boundary.document, "Statement": []})
    second = replace(plan, stack="staging", key_alias="alias/slipway-state-staging", boundary=other)
    with pytest.raises(NotOwnedError, match="the two stacks want different ones"):
        bootstrap(folder, lambda: second, AGREES)


def test_what_drifted_is_put_right(folder: Path, clients: Clients) -> None:
    made(folder)
    whole = samples.held(clients, samples.plan())
    iam, s3, name = clients.iam, clients.s3, "infra-prod-apply"
    anyone = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
    }
    all_of_it = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(anyone))
    iam.update_role(RoleName=name, MaxSessionDuration=43_200)
    iam.put_role_policy(RoleName=name, PolicyName="more", PolicyDocument=json.dumps(all_of_it))
    iam.put_role_policy(RoleName=name, PolicyName="state", PolicyDocument=json.dumps(all_of_it))
    extra = iam.create_policy(PolicyName="extra", PolicyDocument=json.dumps(all_of_it))["Policy"]["Arn"]
    iam.attach_role_policy(RoleName=name, PolicyArn=extra)
    for _ in range(4):
        iam.create_policy_version(
            PolicyArn=samples.BOUNDARY, PolicyDocument=json.dumps(anyone | all_of_it), SetAsDefault=True
        )
    s3.put_bucket_versioning(Bucket=samples.BUCKET, VersioningConfiguration={"Status": "Suspended"})
    s3.delete_bucket_policy(Bucket=samples.BUCKET)
    clients.kms.disable_key_rotation(KeyId=clients.kms.list_keys()["Keys"][0]["KeyId"])
    report = made(folder)
    changed = {step.id for step in report.steps if step.action in (Action.UPDATE, Action.CREATE)}
    assert changed == {
        "boundary",
        "bucket.policy",
        "bucket.versioning",
        "key.rotation",
        "role",
        "role.inline.state",
        "role.only",
    }
    iam.delete_policy(PolicyArn=extra)
    assert samples.held(clients, samples.plan()) == whole


def test_the_account_is_checked_before_anything_else(folder: Path, clients: Clients) -> None:
    elsewhere = replace(samples.plan(), account="111111111111")
    with pytest.raises(SlipwayError, match=r"you are in account 333333333333, .* 111111111111"):
        bootstrap(folder, lambda: elsewhere, AGREES)
    assert clients.kms.list_keys()["Keys"] == []


def test_a_stack_file_that_names_a_lost_key_is_refused(folder: Path) -> None:
    (folder / "Pulumi.prod.yaml").write_text(
        STACK_FILE.replace("    zones:\n", f"    state_key: {samples.KEY}\n    zones:\n")
    )
    with pytest.raises(NotOwnedError, match="names another key"):
        made(folder)


@pytest.mark.parametrize(
    "line", ["encryptionsalt: v1:abc=\n", "secretsprovider: awskms://alias/mine?region=eu-west-1\n"]
)
def test_secrets_that_are_sealed_otherwise_are_not_touched(folder: Path, clients: Clients, line: str) -> None:
    (folder / "Pulumi.prod.yaml").write_text(line + STACK_FILE)
    with pytest.raises(SlipwayError, match="sealed by"):
        made(folder)
    assert clients.kms.list_keys()["Keys"] == []


def test_a_program_that_changes_under_way_is_not_followed(folder: Path, clients: Clients) -> None:
    plan = samples.plan()
    other = replace(plan, role=replace(plan.role, arn=f"{plan.role.arn}-other", name="infra-prod-other"))
    plans = [plan, other]
    with pytest.raises(SlipwayError, match="other things now"):
        bootstrap(folder, lambda: plans.pop(0), AGREES)
    assert clients.iam.list_roles()["Roles"] == []
