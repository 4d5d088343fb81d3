"""The App's key and the token that all functions share: one call to GitHub, nothing in the clear."""

import base64
import json
from typing import Any

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from runners.control.github import Answer, GitHubRest, GitHubUnavailable, Spent
from runners.control.items import TOKEN
from runners.control.table import DynamoTable
from runners.control.tokens import AppCredentials
from runners.control.writes import Write
from tests.runners.control.conftest import client
from tests.runners.control.world import START

LIMITED = "github_rate_limited"
RESET = {"x-ratelimit-reset": str(START // 1000 + 2400)}
SECONDARY = b'{"message": "You have exceeded a secondary rate limit. Please wait a few minutes."}'

pytestmark = pytest.mark.usefixtures("aws")


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
    return GitHubRest("http://github", "acme", credentials, wire, spent, clock=lambda: START)


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
        (Answer(403, {"x-ratelimit-remaining": "0", **RESET}), ("github_rate_limited", 2401)),
        (Answer(429, {"x-ratelimit-remaining": "0", **RESET}), ("github_rate_limited", 2401)),
        (
            Answer(403, {"x-ratelimit-remaining": "0", "retry-after": "9", **RESET}),
            ("github_rate_limited", 9),
        ),
        # A clock that is ahead of GitHub's, and a reset that is none.
        (Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1"}), ("github_rate_limited", 5)),
        (Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "9" * 15}), (LIMITED, 3660)),
        (Answer(403, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "soon"}), (LIMITED, 60)),
        (Answer(403, {"x-ratelimit-remaining": "4000", **RESET}, SECONDARY), (LIMITED, 60)),
        (Answer(403, {}, SECONDARY), (LIMITED, 60)),
        (Answer(403, {"retry-after": "\u00b2"}), (LIMITED, 60)),
        (Answer(429, {"retry-after": "9" * 12}), (LIMITED, 3660)),
        (Answer(502, {"retry-after": "3"}), ("github_unavailable", 3)),
        (Answer(503, {}), ("github_unavailable", 5)),
        (Answer(200, {}, b"<html>"), ("github_unavailable", 5)),
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


def test_who_read_before_another_minted_takes_the_others_token(
    table: DynamoTable, keys: Keys, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = github(table, keys, wire), github(table, keys, wire)
    read = table.get

    def read_and_then_the_other_mints(*wanted: str) -> dict[str, dict[str, Any]]:
        found = read(*wanted)
        monkeypatch.setattr(table, "get", read)
        second.mint_runner("r", 7, ("x",))
        return found

    monkeypatch.setattr(table, "get", read_and_then_the_other_mints)
    first.mint_runner("r", 7, ("x",))
    assert [path for _, path, _ in wire.asked].count("/app/installations/12/access_tokens") == 1


def test_a_list_of_runners_that_never_ends_is_left_at_what_github_can_hold(
    table: DynamoTable, keys: Keys, wire: Wire
) -> None:
    client = github(table, keys, wire)
    client.mint_runner("r", 7, ("x",))
    page = {"runners": [{"id": n, "name": f"r-{n}", "status": "offline"} for n in range(100)]}
    wire.answers = [Answer(200, {}, json.dumps(page).encode()) for _ in range(200)]
    assert sum(1 for _ in client.runners()) == 10_000


@pytest.mark.parametrize(
    ("status", "failed", "unreadable"),
    [(202, False, False), (503, True, False), (401, True, False), (400, True, True), (0, True, False)],
)
def test_a_delivery_that_was_not_taken_says_whether_it_can_be(
    table: DynamoTable, keys: Keys, wire: Wire, status: int, *, failed: bool, unreadable: bool
) -> None:
    told = {"id": 5, "guid": "g", "event": "workflow_job", "redelivery": False, "status_code": status}
    wire.answers = [Answer(200, {}, json.dumps([told]).encode())]
    ((delivery,), _) = github(table, keys, wire).deliveries("")
    assert (delivery.failed, delivery.unreadable) == (failed, unreadable)
