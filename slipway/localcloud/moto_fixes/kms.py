"""Keys with imported material: moto 5.2.5 makes a key of origin EXTERNAL, and no call to fill it.

A key of that origin waits for its material here as it does in AWS, takes an RSA private key wrapped by
RSA_AES_KEY_WRAP_SHA_256, and signs with it from then on. No call gives the material out again.
https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html
"""

# ruff: noqa: PLC0415 -- a service of moto is imported when it is first used
import base64
import json
import secrets
import time
from dataclasses import dataclass
from typing import Any

WRAPPING_ALGORITHM = "RSA_AES_KEY_WRAP_SHA_256"
"""The one that takes RSA private keys, which are longer than what RSA alone wraps.
https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys-get-public-key-and-token.html"""
WRAPPING_KEY_BITS = {"RSA_2048": 2048, "RSA_3072": 3072, "RSA_4096": 4096}
VALID_SECONDS = 24 * 3600
"""https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html"""


@dataclass(frozen=True)
class _Offer:
    """A wrapping key that was handed out for one key, and until when it may be used (Unix seconds)."""

    key_id: str
    wrapping_key: Any
    ends: float


_OFFERS: dict[bytes, _Offer] = {}
"""By import token."""


def patch() -> None:
    from moto.core.exceptions import JsonRESTError
    from moto.kms.models import KmsBackend
    from moto.kms.responses import KmsResponse

    backend: Any = KmsBackend
    response: Any = KmsResponse
    create, sign = backend.create_key, backend.sign

    def create_key(this: Any, *arguments: Any, **given: Any) -> Any:
        key = create(this, *arguments, **given)
        # moto keeps no usage that it was not given; KMS takes ENCRYPT_DECRYPT.
        key.key_usage = key.key_usage or "ENCRYPT_DECRYPT"
        if key.origin == "EXTERNAL":
            key.key_state, key.enabled = "PendingImport", False
        return key

    def checked_sign(this: Any, key_id: str, *arguments: Any, **given: Any) -> Any:
        key = this.describe_key(key_id)
        if key.key_state != "Enabled":
            raise JsonRESTError("KMSInvalidStateException", f"{key.arn} is {_spoken(key.key_state)}.")
        return sign(this, key_id, *arguments, **given)

    def get_parameters_for_import(asked: Any) -> str:
        return json.dumps(_offer(_external_key(asked, JsonRESTError), asked, JsonRESTError))

    def import_key_material(asked: Any) -> str:
        _import(_external_key(asked, JsonRESTError), asked, JsonRESTError)
        return "{}"

    backend.create_key, backend.sign = create_key, checked_sign
    response.get_parameters_for_import = get_parameters_for_import
    response.import_key_material = import_key_material


def _spoken(state: str) -> str:
    return {"PendingImport": "pending import", "PendingDeletion": "pending deletion"}.get(
        state, state.lower()
    )


def _external_key(asked: Any, error: Any) -> Any:
    key_id = asked._get_param("KeyId")
    asked._validate_cmk_id(key_id)
    key = asked.kms_backend.describe_key(key_id)
    if key.origin != "EXTERNAL":
        raise error(
            "UnsupportedOperationException", f"{key.arn} origin is {key.origin} which is not EXTERNAL."
        )
    if key.key_state == "PendingDeletion":
        raise error("KMSInvalidStateException", f"{key.arn} is pending deletion.")
    return key


def _offer(key: Any, asked: Any, error: Any) -> dict[str, Any]:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    bits = WRAPPING_KEY_BITS.get(asked._get_param("WrappingKeySpec"))
    if asked._get_param("WrappingAlgorithm") != WRAPPING_ALGORITHM or bits is None:
        msg = f"the embedded cloud wraps by {WRAPPING_ALGORITHM} with one of {', '.join(WRAPPING_KEY_BITS)}"
        raise error("ValidationException", msg)
    wrapping_key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    token = secrets.token_bytes(64)
    ends = time.time() + VALID_SECONDS
    _OFFERS[token] = _Offer(key.id, wrapping_key, ends)
    public = wrapping_key.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return {
        "KeyId": key.arn,
        "ImportToken": base64.b64encode(token).decode(),
        "PublicKey": base64.b64encode(public).decode(),
        "ParametersValidTo": ends,
    }


def _import(key: Any, asked: Any, error: Any) -> None:
    """Refuses as ImportKeyMaterial does, in its order: token, cipher, material, expiry.

    https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html
    """
    offer = _OFFERS.get(base64.b64decode(asked._get_param("ImportToken")))
    if offer is None or offer.key_id != key.id:
        raise error("InvalidImportTokenException", "the import token was made for another key")
    if offer.ends < time.time():
        raise error("ExpiredImportTokenException", "the import token has expired")
    private = _unwrapped(
        offer.wrapping_key, base64.b64decode(asked._get_param("EncryptedKeyMaterial")), error
    )
    if f"RSA_{private.key_size}" != key.key_spec:
        msg = f"a key of {private.key_size} bits is not of spec {key.key_spec}"
        raise error("IncorrectKeyMaterialException", msg)
    known = getattr(key, "imported", None)
    if known is not None and known != private.public_key().public_numbers():
        # Whatever was imported first is the key's material for good.
        raise error("IncorrectKeyMaterialException", "the key material is not what was imported before")
    if asked._get_param("ExpirationModel") != "KEY_MATERIAL_DOES_NOT_EXPIRE":
        raise error("ValidationException", "the embedded cloud keeps no key material that expires")
    key.imported = private.public_key().public_numbers()
    key.private_key.private_key = private
    key.key_state, key.enabled = "Enabled", True


def _unwrapped(wrapping_key: Any, blob: bytes, error: Any) -> Any:
    """The RSA private key in `blob`: an AES key under RSA-OAEP, then the PKCS #8 key under that AES key."""
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import hashes, keywrap, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa

    size = wrapping_key.key_size // 8
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    try:
        aes = wrapping_key.decrypt(blob[:size], oaep)
        material = keywrap.aes_key_unwrap_with_padding(aes, blob[size:])
    except (ValueError, keywrap.InvalidUnwrap) as bad:
        raise error("InvalidCiphertextException", "the key material cannot be unwrapped") from bad
    try:
        private = serialization.load_der_private_key(material, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as bad:
        raise error("IncorrectKeyMaterialException", "the key material is no PKCS #8 private key") from bad
    if not isinstance(private, rsa.RSAPrivateKey):
        raise error("IncorrectKeyMaterialException", "the key material is no RSA private key")
    return private
