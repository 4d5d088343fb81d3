"""Puts the App's private key into KMS, from where it signs and never comes out again."""

import os
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from slipway.aws import AWS_ERRORS, AwsError, error_code
from slipway.errors import SlipwayError
from slipway.runners.fleet import Fleet

Json = dict[str, Any]
WRAPPING = "RSA_AES_KEY_WRAP_SHA_256"
"""The only way into KMS for a private key of this size.
https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-conceptual.html"""
_PENDING_DAYS = 7


@dataclass(frozen=True, kw_only=True)
class EmptyKey:
    """A key in KMS without material, and what KMS gave to wrap its material with (good for 24 hours)."""

    key_id: str
    public_key: bytes
    token: bytes


def current_key(fleet: Fleet) -> str | None:
    """Id of the key that the fleet's alias points at; None where there is no such alias."""
    try:
        return str(fleet.client("kms").describe_key(KeyId=fleet.names.app_key)["KeyMetadata"]["KeyId"])
    except AWS_ERRORS as error:
        if error_code(error) == "NotFoundException":
            return None
        raise _refused(fleet, error) from error


def prepare(fleet: Fleet) -> EmptyKey:
    """Make an empty signing key, before GitHub is asked for what goes into it.

    Raises:
        SlipwayError: KMS refuses.
    """
    kms = fleet.client("kms")
    try:
        made: Json = kms.create_key(
            Description=f"Signs as the GitHub App of the runner fleet {fleet.name}; imported, never readable",
            KeySpec="RSA_2048",
            KeyUsage="SIGN_VERIFY",
            Origin="EXTERNAL",
            Tags=[{"TagKey": "slipway:fleet", "TagValue": fleet.name}],
        )
        key_id = str(made["KeyMetadata"]["KeyId"])
        given: Json = kms.get_parameters_for_import(
            KeyId=key_id, WrappingAlgorithm=WRAPPING, WrappingKeySpec="RSA_4096"
        )
    except AWS_ERRORS as error:
        raise _refused(fleet, error) from error
    return EmptyKey(key_id=key_id, public_key=bytes(given["PublicKey"]), token=bytes(given["ImportToken"]))


def fill(fleet: Fleet, empty: EmptyKey, pem: str) -> None:
    """Import the private key, wrapped for KMS alone.

    Raises:
        SlipwayError: it is no RSA key of 2048 bits, or KMS refuses it.
    """
    try:
        fleet.client("kms").import_key_material(
            KeyId=empty.key_id,
            ImportToken=empty.token,
            EncryptedKeyMaterial=wrapped(pem, empty.public_key),
            ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
        )
    except AWS_ERRORS as error:
        raise _refused(fleet, error) from error


def point(fleet: Fleet, key_id: str) -> None:
    """Make the fleet sign with this key from now on."""
    kms = fleet.client("kms")
    change = kms.create_alias if current_key(fleet) is None else kms.update_alias
    try:
        change(AliasName=fleet.names.app_key, TargetKeyId=key_id)
    except AWS_ERRORS as error:
        raise _refused(fleet, error) from error


def discard(fleet: Fleet, empty: EmptyKey) -> None:
    """Put away a key that nothing came into."""
    fleet.client("kms").schedule_key_deletion(KeyId=empty.key_id, PendingWindowInDays=_PENDING_DAYS)


def wrapped(pem: str, public_key: bytes) -> bytes:
    """A private key as KMS imports it: under an AES key of this moment (RFC 5649), itself under KMS's key.

    Args:
        pem: the private key as GitHub gives it.
        public_key: KMS's wrapping key (RSA), DER.

    Raises:
        SlipwayError: it is no RSA key of 2048 bits. Nothing of the key is in the message.
    """
    try:
        private = serialization.load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError) as error:
        raise SlipwayError("what GitHub gave as private key is none") from error
    if not isinstance(private, rsa.RSAPrivateKey) or private.key_size != 2048:
        raise SlipwayError(
            "the App's private key is not RSA of 2048 bits, which is what the fleet's key takes"
        )
    material = private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    outer = serialization.load_der_public_key(public_key)
    if not isinstance(outer, rsa.RSAPublicKey):
        raise SlipwayError("KMS's wrapping key is not RSA")
    once = os.urandom(32)
    sha256 = hashes.SHA256()
    sealed = outer.encrypt(once, padding.OAEP(mgf=padding.MGF1(sha256), algorithm=sha256, label=None))
    return sealed + keywrap.aes_key_wrap_with_padding(once, material)


def _refused(fleet: Fleet, error: Exception) -> AwsError:
    return AwsError(
        "KMS refuses",
        error,
        where=f"{fleet.names.app_key}, account {fleet.account}, {fleet.region}",
        fix="it takes the right to make a key, import into it, and give it its alias",
    )
