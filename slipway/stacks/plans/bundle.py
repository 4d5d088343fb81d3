"""A sealed plan: one object that says what it is for, and that only who applies it can open.

    slipway-plan/1
    <manifest, one line of JSON: free of secrets>
    <sealed data key, base64>
    <nonce and AES-256-GCM ciphertext of the plan, raw>

The manifest's digest is the context in which the data key was sealed and the data that the ciphertext
authenticates: no byte of the object can be another, and no part of it can come from another plan.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from slipway.engine import documents
from slipway.engine.plan import Operation, Plan, PlanRefused
from slipway.errors import SlipwayError
from slipway.platform.plan_store import PROJECT_CONTEXT, STACK_CONTEXT
from slipway.stacks.plans.basis import Basis
from slipway.stacks.plans.keys import NONCE_BYTES, Context, Keys

_FORMAT: Final = b"slipway-plan/1"
MANIFEST_VERSION: Final = 1
LARGEST: Final = 512 * 1024 * 1024
"""Bytes of a plan, unpacked: an object that unpacks to more is refused and not read."""


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What a plan is for and was made from. Free of secrets.

    Attributes:
        run: which run made it, `<id>-<attempt>`; an apply takes those of its own run alone.
        commit: the revision that it was made at, and `base` the one of main that it was compared with.
            Both only for people: what binds is the basis.
        made: epoch seconds.
        steps: the digest of the plan's steps and options.
        upstreams: the stacks that the program refers to, as it names them.
        targets, imports: what the operation is confined to, and what it imports: see `Plan`.
        policy_packs: folders of policy packs that it was held to, from the top of the repository.
        checks: by the name of each check that looked at it, what holds it; nothing where it may be applied.
    """

    __pydantic_config__: ClassVar = documents.STRICT

    project: str
    stack: str
    operation: Operation
    run: str
    commit: str
    base: str
    made: float
    steps: str
    upstreams: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    imports: str = ""
    basis: Basis
    policy_packs: tuple[str, ...] = ()
    checks: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])

    def to_bytes(self) -> bytes:
        """One line, the same for the same manifest."""
        document = {"version": MANIFEST_VERSION, **documents.dump(self)}
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Opened:
    """A sealed plan that was opened: `digest` names the object as a whole."""

    manifest: Manifest
    plan: Plan
    digest: str


def digest_of(content: bytes) -> str:
    """Names a sealed plan."""
    return hashlib.sha256(content).hexdigest()


def steps_digest(plan: Plan) -> str:
    """Of what a plan says without its key: steps, outputs, state and options."""
    return hashlib.sha256(json.dumps(plan.to_json(), sort_keys=True).encode()).hexdigest()


def seal(manifest: Manifest, plan: Plan, keys: Keys) -> bytes:
    """The object to be stored."""
    line = manifest.to_bytes()
    key, sealed_key = keys.make(_context(manifest, line))
    nonce = secrets.token_bytes(NONCE_BYTES)
    packed = zlib.compress(json.dumps(plan.bundle(), separators=(",", ":")).encode())
    ciphertext = AESGCM(key).encrypt(nonce, packed, _bound(line))
    return b"\n".join([_FORMAT, line, base64.b64encode(sealed_key), nonce + ciphertext])


def read_manifest(content: bytes) -> Manifest:
    """What an object says that it is; nothing of it is proven before it is opened.

    Raises:
        PlanRefused: it is no sealed plan.
    """
    return _parts(content)[0]


def open_sealed(content: bytes, keys: Keys) -> Opened:
    """Open a sealed plan.

    Raises:
        PlanRefused: it is none, or anything in it was changed or is of another plan.
        SlipwayError: the keys cannot be used at all.
    """
    manifest, line, sealed_key, rest = _parts(content)
    key = keys.open(sealed_key, _context(manifest, line))
    try:
        packed = AESGCM(key).decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], _bound(line))
    except (InvalidTag, ValueError):
        raise _changed() from None
    plan = Plan.from_bundle(json.loads(_unpacked(packed)))
    result = plan.result
    said = (manifest.project, manifest.stack, manifest.operation, manifest.targets, manifest.imports)
    asked = (result.project, result.stack, plan.operation, plan.targets, plan.imports)
    if said != asked or manifest.steps != steps_digest(plan):
        raise _changed()
    return Opened(manifest, plan, digest_of(content))


def _parts(content: bytes) -> tuple[Manifest, bytes, bytes, bytes]:
    kind, _, rest = content.partition(b"\n")
    if kind != _FORMAT:
        raise PlanRefused("this is no sealed plan that this version of Slipway can read")
    parts = rest.split(b"\n", 2)
    if len(parts) != 3:
        raise _changed()
    line, encoded, rest = parts
    try:
        document: Any = json.loads(line)
        manifest = documents.load(Manifest, document, MANIFEST_VERSION)
        sealed_key = base64.b64decode(encoded, validate=True)
    except (ValueError, AttributeError, SlipwayError):
        raise _changed() from None
    # More than one text may mean the same manifest, or the same key.
    if manifest.to_bytes() != line or base64.b64encode(sealed_key) != encoded:
        raise _changed()
    return manifest, line, sealed_key, rest


def _context(manifest: Manifest, line: bytes) -> Context:
    """Of the data key. Policies may hold a role to its own stack by it."""
    return {
        PROJECT_CONTEXT: manifest.project,
        STACK_CONTEXT: manifest.stack,
        "slipway:manifest": hashlib.sha256(line).hexdigest(),
    }


def _bound(line: bytes) -> bytes:
    return _FORMAT + b"\n" + line


def _unpacked(packed: bytes) -> bytes:
    unpacking = zlib.decompressobj()
    text = unpacking.decompress(packed, LARGEST)
    if unpacking.unconsumed_tail or not unpacking.eof:
        raise PlanRefused(f"the plan is larger than {LARGEST} bytes, or ends too early")
    return text


def _changed() -> PlanRefused:
    return PlanRefused("this sealed plan was changed since it was made, or is cut off")
