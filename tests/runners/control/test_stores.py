"""The stores over moto: expressions, transactions, groups, keys and queues as AWS understands them."""

import base64
import json
import time
from collections.abc import Iterator
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from moto import mock_aws

from runners.control.github import Answer, GitHubRest, GitHubUnavailable, Spent
from runners.control.groups import AutoScaling
from runners.control.items import TOKEN
from runners.control.services import CloudWatchLogs, SqsQueue
from runners.control.table import DynamoTable
from runners.control.tokens import AppCredentials
from runners.control.writes import (
    ABSENT,
    NEW,
    PRESENT,
    Write,
    absent_or,
    absent_or_below,
    below,
    equals,
    one_of,
)
from tests.runners.control.memory import MemoryTable
from tests.runners.control.world import START


def client(service: str) -> Any:
    return cast(Any, boto3).client(service, region_name="eu-central-1")


@pytest.fixture(scope="module", autouse=True)
def _aws() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    with pytest.MonkeyPatch.context() as patch, mock_aws():
        patch.setenv("AWS_ACCESS_KEY_ID", "test")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "test")
        patch.delenv("AWS_ENDPOINT_URL", raising=False)
        yield


@pytest.fixture(scope="module")
def table() -> DynamoTable:
    dynamodb = client("dynamodb")
    dynamodb.create_table(
        TableName="t",
        BillingMode="PAY_PER_REQUEST",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": name, "AttributeType": kind}
            for name, kind in (
                ("pk", "S"),
                ("waiting", "S"),
                ("queued_at", "N"),
                ("open", "S"),
                ("live", "S"),
            )
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": name,
                "KeySchema": [
                    {"AttributeName": name, "KeyType": "HASH"},
                    *([{"AttributeName": "queued_at", "KeyType": "RANGE"}] if name == "waiting" else []),
                ],
                "Projection": {"ProjectionType": "ALL"},
            }
            for name in ("waiting", "open", "live")
        ],
    )
    return DynamoTable(dynamodb, "t")


numbers = st.integers(0, 3)
words = st.sampled_from(["idle", "queued", "a"])
conditions = st.one_of(
    st.just(ABSENT),
    st.just(PRESENT),
    words.map(equals),
    words.map(lambda w: one_of(w, "b")),
    words.map(absent_or),
)
numeric = st.one_of(st.just(ABSENT), numbers.map(below), numbers.map(absent_or_below), numbers.map(equals))


@st.composite
def writes(draw: st.DrawFn, key: str = "") -> Write:
    when = {"state": draw(conditions)} if draw(st.booleans()) else {}
    if draw(st.booleans()):
        when["rank"] = draw(numeric)
    put: dict[str, Any] = {"state": draw(words)} if draw(st.booleans()) else {}
    drop = () if put else draw(st.sampled_from([(), ("state",)]))
    return Write(
        key or draw(st.sampled_from(["x#1", "x#2"])),
        when=when,
        put={**put, "body": draw(st.sampled_from([b"\x00", True, ["l", 1], {"m": 2}]))},
        drop=drop,
        add=draw(
            st.sampled_from([{}, {"rank": 1}, {"set": frozenset({"p"})}, {"set": frozenset({"q", "r"})}])
        ),
        append=draw(st.sampled_from([{}, {"timeline": [{"at": 1, "what": "x"}]}])),
        delete=draw(st.integers(0, 9)) == 0,
    )


changes = st.one_of(
    st.tuples(writes()),
    st.tuples(writes("x#1"), writes("x#2")),
    st.tuples(writes("x#2"), writes("x#1")),
)


@given(steps=st.lists(changes, max_size=6))
@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_the_table_and_its_stand_in_mean_the_same(
    table: DynamoTable, steps: list[tuple[Write, *tuple[Write, ...]]]
) -> None:
    memory = MemoryTable()
    for key in ("x#1", "x#2"):
        table.write(Write(key, delete=True))
    for step in steps:
        if len(step) > 1:
            assert table.write_all(step) == memory.write_all(step)
        else:
            assert table.write(step[0]) == memory.write(step[0])
        assert table.get("x#1", "x#2") == memory.get("x#1", "x#2")


def test_indexes_hold_only_what_carries_their_attribute_in_order(table: DynamoTable) -> None:
    for number, at in ((1, 30), (2, 10), (3, 20)):
        table.write(Write(f"job#{number}#1", put={"waiting": "linux", "queued_at": at}))
    table.write(Write("job#3#1", drop=("waiting",)))
    assert [item["pk"] for item in table.query("waiting", "linux")] == ["job#2#1", "job#1#1"]
    assert [item["pk"] for item in table.query("waiting", "linux", 1)] == ["job#2#1"]
    assert table.query("open", "linux") == []


def test_reads_of_many_keys_take_as_many_calls_as_they_need(table: DynamoTable) -> None:
    for number in range(130):
        assert table.write(Write(f"many#{number}", when=NEW, put={"n": number})) is not None
    found = table.get(*(f"many#{number}" for number in range(140)))
    assert len(found) == 130


@pytest.fixture(scope="module")
def group() -> str:
    ec2, autoscaling = client("ec2"), client("autoscaling")
    image = ec2.describe_images()["Images"][0]["ImageId"]
    ec2.create_launch_template(
        LaunchTemplateName="template", LaunchTemplateData={"ImageId": image, "InstanceType": "t3.micro"}
    )
    autoscaling.create_auto_scaling_group(
        AutoScalingGroupName="slipway-test-linux",
        MinSize=0,
        MaxSize=5,
        DesiredCapacity=0,
        LaunchTemplate={"LaunchTemplateName": "template", "Version": "1"},
        AvailabilityZones=["eu-central-1a"],
    )
    return "slipway-test-linux"


def test_a_group_is_raised_read_and_lowered_by_ending_one_instance(group: str) -> None:
    groups = AutoScaling(client("autoscaling"))
    groups.set_desired(group, 2)
    found = groups.describe([group, "missing"])
    assert set(found) == {group}
    assert (found[group].desired, found[group].maximum, len(found[group].instances)) == (2, 5, 2)
    first, second = sorted(found[group].instances)
    assert found[group].counted(first)
    assert groups.members([first, "i-0123456789abcdef0"]) == {first: group}
    assert groups.terminate(first)
    left = groups.describe([group])[group]
    assert (left.desired, list(left.instances)) == (1, [second])
    assert groups.members([first]) == {}
    assert not groups.failing(group)


def test_boot_logs_go_to_the_instances_stream() -> None:
    logs = client("logs")
    logs.create_log_group(logGroupName="g")
    written = CloudWatchLogs(lambda: logs)
    for _ in range(2):
        written.write("g", "i-1", time.time_ns() // 1_000_000, "one\n\ntwo\n")
    events = logs.get_log_events(logGroupName="g", logStreamName="i-1")["events"]
    assert [event["message"] for event in events] == ["one", "two"] * 2


def test_the_queue_is_found_by_its_name() -> None:
    sqs = client("sqs")
    url = sqs.create_queue(QueueName="slipway-test-runner-events")["QueueUrl"]
    SqsQueue(lambda: sqs, "slipway-test-runner-events").send("hello")
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == "hello"


class Keys:
    """KMS: the real moto for the token's key, a key made here for the App (moto cannot import one)."""

    def __init__(self) -> None:
        self.real = client("kms")
        self.token = self.real.create_key()["KeyMetadata"]["KeyId"]
        self.app = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.signed = 0

    def sign(self, **asked: Any) -> dict[str, bytes]:
        assert asked["SigningAlgorithm"] == "RSASSA_PKCS1_V1_5_SHA_256"
        self.signed += 1
        return {"Signature": self.app.sign(asked["Message"], padding.PKCS1v15(), hashes.SHA256())}

    def encrypt(self, **asked: Any) -> Any:
        assert asked["EncryptionContext"] == {"fleet": "test"}
        return self.real.encrypt(**asked)

    def decrypt(self, **asked: Any) -> Any:
        return self.real.decrypt(**asked)

    @property
    def public(self) -> rsa.RSAPublicKey:
        return self.app.public_key()


class Wire:
    """GitHub on the wire: keeps what was asked, answers from a list or like GitHub."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, str]] = []
        self.answers: list[Answer] = []

    def __call__(self, method: str, url: str, headers: dict[str, str], body: bytes | None) -> Answer:
        self.asked.append((method, url.removeprefix("http://github"), headers["authorization"]))
        if self.answers:
            return self.answers.pop(0)
        if url.endswith("/access_tokens"):
            token = f"ghs_{len(self.asked)}"
            return Answer(
                201, {}, json.dumps({"token": token, "expires_at": "2099-01-01T00:00:00Z"}).encode()
            )
        told = {"encoded_jit_config": "ZmFrZQ==", "runner": {"id": 5}}
        return Answer(201, {"x-ratelimit-remaining": "4999"}, json.dumps(told).encode())


@pytest.fixture(scope="module")
def keys() -> Keys:
    return Keys()


@pytest.fixture
def wire(table: DynamoTable) -> Wire:
    table.write(Write(TOKEN, delete=True))
    return Wire()


def github(table: DynamoTable, keys: Keys, wire: Wire) -> GitHubRest:
    spent = Spent()
    credentials = AppCredentials(
        fleet="test",
        app_id=11,
        installation_id=12,
        url="http://github",
        kms=keys,
        app_key="alias/slipway-test-runner-app",
        token_key=keys.token,
        table=table,
        transport=wire,
        clock=lambda: START,
        sleep=lambda _: None,
        spent=spent,
    )
    return GitHubRest("http://github", "acme", credentials, wire, spent)


def test_containers_share_one_token_that_lies_encrypted(table: DynamoTable, keys: Keys, wire: Wire) -> None:
    for _ in range(3):
        client = github(table, keys, wire)
        for _ in range(2):
            assert client.mint_runner("r", 7, ("self-hosted",)) == ("ZmFrZQ==", 5)
    paths = [path for _, path, _ in wire.asked]
    assert paths.count("/app/installations/12/access_tokens") == 1
    assert len(paths) == 7
    item = table.get(TOKEN)[TOKEN]
    assert b"ghs_" not in item["ciphertext"]
    assert "lease_owner" not in item


def signed_claims(token: str, public: rsa.RSAPublicKey) -> dict[str, Any]:
    """What a token says, if it is signed by the key's owner as RS256 (RFC 7518, section 3.3)."""
    header, payload, signature = token.split(".")
    decoded = [base64.urlsafe_b64decode(one + "=" * (-len(one) % 4)) for one in (header, payload, signature)]
    assert json.loads(decoded[0])["alg"] == "RS256"
    public.verify(decoded[2], f"{header}.{payload}".encode(), padding.PKCS1v15(), hashes.SHA256())
    return dict(json.loads(decoded[1]))


def test_the_jwt_is_signed_for_the_app_and_lasts_less_than_ten_minutes(
    table: DynamoTable, keys: Keys, wire: Wire
) -> None:
    github(table, keys, wire).redeliver(3)
    github(table, keys, wire).redeliver(3)
    sent = [authorization.removeprefix("Bearer ") for _, _, authorization in wire.asked]
    first, second = (signed_claims(one, keys.public) for one in sent)
    assert first["iss"] == "11"
    assert first["exp"] - first["iat"] <= 600
    assert first["iat"] < START // 1000 < first["exp"]
    assert first["jti"] != second["jti"]


def test_a_token_that_github_refuses_is_forgotten_by_all(table: DynamoTable, keys: Keys, wire: Wire) -> None:
    first, second = github(table, keys, wire), github(table, keys, wire)
    first.mint_runner("r", 7, ("x",))
    second.mint_runner("r", 7, ("x",))
    wire.answers = [Answer(401, {})]
    with pytest.raises(GitHubUnavailable):
        first.mint_runner("r", 7, ("x",))
    assert "ciphertext" not in table.get(TOKEN)[TOKEN]
    first.mint_runner("r", 7, ("x",))
    assert [path for _, path, _ in wire.asked].count("/app/installations/12/access_tokens") == 2


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(429, {"retry-after": "7"}), ("github_rate_limited", 7)),
        (Answer(403, {"retry-after": "9"}), ("github_rate_limited", 9)),
        (Answer(403, {"x-ratelimit-remaining": "0"}), ("github_rate_limited", 60)),
        (Answer(502, {"retry-after": "3"}), ("github_unavailable", 3)),
        (Answer(503, {}), ("github_unavailable", 5)),
    ],
)
def test_github_says_when_to_come_again(
    table: DynamoTable, keys: Keys, wire: Wire, answer: Answer, expected: tuple[str, int]
) -> None:
    client = github(table, keys, wire)
    client.mint_runner("r", 7, ("x",))
    wire.answers = [answer]
    with pytest.raises(GitHubUnavailable) as caught:
        client.mint_runner("r", 7, ("x",))
    assert (caught.value.reason, caught.value.retry_after) == expected


def test_who_cannot_mint_frees_the_lease_for_the_next(table: DynamoTable, keys: Keys, wire: Wire) -> None:
    wire.answers = [Answer(502, {})]
    with pytest.raises(GitHubUnavailable):
        github(table, keys, wire).mint_runner("r", 7, ("x",))
    assert github(table, keys, wire).mint_runner("r", 7, ("x",)) == ("ZmFrZQ==", 5)


@pytest.mark.parametrize("call", ["sign", "encrypt", "decrypt"])
def test_while_kms_fails_it_is_told_and_then_all_is_as_before(
    table: DynamoTable, keys: Keys, wire: Wire, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    if call == "decrypt":
        github(table, keys, wire).mint_runner("r", 7, ("x",))

    def fail(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "KMSInternalException", "Message": ""}}, call)

    with monkeypatch.context() as patch:
        patch.setattr(keys, call, fail)
        with pytest.raises(GitHubUnavailable, match="failed in KMS"):
            github(table, keys, wire).mint_runner("r", 7, ("x",))
    assert github(table, keys, wire).mint_runner("r", 7, ("x",)) == ("ZmFrZQ==", 5)


def test_who_meets_a_lease_waits_and_then_asks_for_patience(
    table: DynamoTable, keys: Keys, wire: Wire
) -> None:
    table.write(Write(TOKEN, put={"lease_owner": "other", "lease_until": START + 1}))
    with pytest.raises(GitHubUnavailable) as caught:
        github(table, keys, wire).mint_runner("r", 7, ("x",))
    assert caught.value.retry_after == 2
    assert wire.asked == []


def test_what_is_encrypted_for_one_fleet_does_not_open_for_another(
    table: DynamoTable, keys: Keys, wire: Wire
) -> None:
    github(table, keys, wire).mint_runner("r", 7, ("x",))
    item = table.get(TOKEN)[TOKEN]
    with pytest.raises(Exception, match="InvalidCiphertext"):
        keys.real.decrypt(CiphertextBlob=item["ciphertext"], EncryptionContext={"fleet": "other"})
    assert base64.b64encode(item["ciphertext"])
