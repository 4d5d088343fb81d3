"""A sealed plan opens whole, for what it says that it is for, or not at all."""

import base64
import json
import random
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.aws.errors import AwsError
from slipway.engine.interface import Result, Step
from slipway.engine.plan import Plan, PlanRefused
from slipway.errors import SlipwayError
from slipway.stacks.plans import bundle
from slipway.stacks.plans.basis import Basis
from slipway.stacks.plans.bundle import Manifest, open_sealed, read_manifest, seal, steps_digest
from slipway.stacks.plans.keys import FileKeys, Keys, KmsKeys
from tests.sampling import drawn, size
from tests.store.conftest import session

SECRET = "hunter22-correct-horse"
KEY = b"k" * 32


def plan(stack: str = "prod", value: str = "1", project: str = "demo") -> Plan:
    urn = f"urn:pulumi:{stack}::{project}::toy:index:Thing::a"
    step = Step("create", urn, "toy:index:Thing", "a", new={"value": value, "password": "[secret 0f]"})
    result = Result("preview", project, stack, "embedded", (step,), {"made": "[unknown]"}, seconds=0.25)
    return Plan("up", result, "state-digest", "options-digest", KEY, constraint=SECRET.encode())


def manifest(plan: Plan, **changes: Any) -> Manifest:
    plain = Manifest(
        project=plan.result.project,
        stack=plan.result.stack,
        operation=plan.operation,
        run="812-1",
        commit="c" * 40,
        base="b" * 40,
        made=1_700_000_000.5,
        steps=steps_digest(plan),
        basis=Basis(evidence={"infra/program.py": "e" * 64}, tools={"pulumi": "3.272.0"}),
    )
    return replace(plain, **changes)


@pytest.fixture
def file_keys(tmp_path: Path) -> Keys:
    return FileKeys(tmp_path / "private" / "plans.key")


@pytest.fixture(scope="module")
def kms_keys(endpoint: str) -> Keys:
    opened = session(endpoint)
    made: Any = opened.client("kms").create_key()
    return KmsKeys(opened, made["KeyMetadata"]["Arn"])


@pytest.fixture(params=["file", "kms"])
def keys(request: pytest.FixtureRequest) -> Keys:
    return request.getfixturevalue(f"{request.param}_keys")


def test_what_was_sealed_is_opened(keys: Keys) -> None:
    sealed, given = seal(manifest(plan()), plan(), keys), plan()
    opened = open_sealed(sealed, keys)
    assert (opened.manifest, opened.plan) == (manifest(given), given)
    assert read_manifest(sealed) == manifest(given)
    assert opened.digest == bundle.digest_of(sealed)
    assert seal(manifest(given), given, keys) != sealed


def test_nothing_of_a_plan_is_in_the_clear_but_its_manifest(keys: Keys) -> None:
    sealed = seal(manifest(plan(value="plain-value")), plan(value="plain-value"), keys)
    told = sealed.split(b"\n")[1]
    for text in (SECRET.encode(), KEY, base64.b64encode(KEY), b"plain-value", b"[secret 0f]", b"urn:"):
        assert text not in sealed
    assert set(json.loads(told)) == {
        "version", "project", "stack", "operation", "run", "commit", "base", "made", "steps",
        "upstreams", "targets", "imports", "basis", "policy_packs", "checks",
    }  # fmt: skip


def refused(content: bytes, keys: Keys) -> None:
    with pytest.raises(PlanRefused) as caught:
        open_sealed(content, keys)
    assert SECRET not in str(caught.value)


def test_any_flipped_bit_is_refused(file_keys: Keys) -> None:
    sealed = seal(manifest(plan()), plan(), file_keys)
    bits = [(place, bit) for place in range(len(sealed)) for bit in range(8)]
    for place, bit in drawn(bits, 1500):
        changed = bytearray(sealed)
        changed[place] ^= 1 << bit
        refused(bytes(changed), file_keys)


def test_any_flipped_byte_is_refused_by_kms_as_well(kms_keys: Keys) -> None:
    sealed = seal(manifest(plan()), plan(), kms_keys)
    line = len(bundle._FORMAT) + 1  # pyright: ignore[reportPrivateUsage]
    for place in drawn(range(len(sealed)), 25):
        changed = bytearray(sealed)
        changed[place] ^= 1
        # Where the ciphertext names a key that there is not, KMS calls it an access denied.
        with pytest.raises((PlanRefused, AwsError)) as caught:
            open_sealed(bytes(changed), kms_keys)
        assert SECRET not in str(caught.value)
    # A manifest that is as good as another, but not the one that was sealed.
    other = sealed.replace(b'"run":"812-1"', b'"run":"812-2"')
    assert other[:line] == sealed[:line]
    assert read_manifest(other).run == "812-2"
    refused(other, kms_keys)


def test_what_is_cut_off_or_longer_is_refused(file_keys: Keys) -> None:
    sealed = seal(manifest(plan()), plan(), file_keys)
    for length in range(len(sealed)):
        refused(sealed[:length], file_keys)
    for more in (b"\0", b"\n", sealed):
        refused(sealed + more, file_keys)


@pytest.mark.parametrize("part", [1, 2, 3])
def test_no_part_can_come_from_another_plan(keys: Keys, part: int) -> None:
    ours = seal(manifest(plan()), plan(), keys).split(b"\n", 3)
    theirs = seal(manifest(plan(value="2"), run="813-1"), plan(value="2"), keys).split(b"\n", 3)
    ours[part] = theirs[part]
    refused(b"\n".join(ours), keys)


def test_the_text_of_a_manifest_is_one(file_keys: Keys) -> None:
    """JSON has many texts for one meaning, and base64 has some: who sealed chose one."""
    lines = seal(manifest(plan()), plan(), file_keys).split(b"\n", 3)
    spaced = json.dumps(json.loads(lines[1])).encode()
    refused(b"\n".join([lines[0], spaced, *lines[2:]]), file_keys)
    refused(b"\n".join([*lines[:2], lines[2] + b"=", lines[3]]), file_keys)


@pytest.mark.parametrize(
    "changes",
    [
        {"stack": "staging"},
        {"project": "other"},
        {"operation": "destroy"},
        {"steps": "0" * 64},
        {"targets": ("urn:pulumi:prod::demo::toy:index:Thing::a",)},
        {"imports": "{}"},
    ],
)
def test_a_manifest_says_of_its_plan_what_is_so(file_keys: Keys, changes: dict[str, Any]) -> None:
    """Whoever can seal could claim anything: what is claimed is held against the plan."""
    refused(seal(manifest(plan(), **changes), plan(), file_keys), file_keys)


def test_another_key_opens_nothing(tmp_path: Path, file_keys: Keys, endpoint: str, kms_keys: Keys) -> None:
    refused(seal(manifest(plan()), plan(), file_keys), FileKeys(tmp_path / "other.key"))
    opened = session(endpoint)
    made: Any = opened.client("kms").create_key()
    other = KmsKeys(opened, made["KeyMetadata"]["Arn"])
    with pytest.raises(SlipwayError):
        open_sealed(seal(manifest(plan()), plan(), kms_keys), other)


def test_a_key_file_is_its_owners_and_whole(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "plans.key")
    keys.make({})
    assert stat.S_IMODE(keys.path.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["plans.key"]
    keys.path.chmod(0o640)
    with pytest.raises(SlipwayError, match="only their owner"):
        keys.make({})
    keys.path.chmod(0o600)
    keys.path.write_bytes(b"short")
    with pytest.raises(SlipwayError, match="32 bytes"):
        keys.make({})


@settings(max_examples=size(300, 30))
@given(st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3))
def test_a_data_key_opens_in_its_own_context_only(tmp_path_factory: Any, context: dict[str, str]) -> None:
    keys = FileKeys(tmp_path_factory.getbasetemp() / "context.key")
    key, sealed = keys.make(context)
    assert keys.open(sealed, dict(reversed(context.items()))) == key
    for other in near(context):
        with pytest.raises(PlanRefused):
            keys.open(sealed, other)


def near(context: dict[str, str]) -> list[dict[str, str]]:
    """Contexts that are others, though their texts one after the other may be the same."""
    more: list[dict[str, str]] = [{**context, "more": ""}]
    if context:
        name, value = next(iter(context.items()))
        rest = {key: item for key, item in context.items() if key != name}
        more += [rest, {**context, name: value + "x"}]
        more += [{**rest, name + value[:1]: value[1:]}] if value and name + value[:1] not in context else []
    return more


def test_a_bomb_is_not_unpacked(file_keys: Keys, monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = seal(manifest(plan()), plan(), file_keys)
    monkeypatch.setattr(bundle, "LARGEST", 100)
    refused(sealed, file_keys)


@pytest.mark.parametrize("content", [b"", b"{}", b"slipway-plan/2\n{}\n\n", b"slipway-plan/1\n[]\n\n\n"])
def test_what_is_no_sealed_plan_is_refused(file_keys: Keys, content: bytes) -> None:
    refused(content, file_keys)


def test_noise_is_refused(file_keys: Keys) -> None:
    chance, sealed = random.Random(5), seal(manifest(plan()), plan(), file_keys)  # noqa: S311
    make: list[Callable[[], bytes]] = [
        lambda: chance.randbytes(200),
        lambda: bundle._FORMAT + b"\n" + chance.randbytes(200),  # pyright: ignore[reportPrivateUsage]
        lambda: sealed[: chance.randrange(len(sealed))] + chance.randbytes(30),
    ]
    for number in range(300):
        refused(make[number % 3](), file_keys)
