"""The App's private key in the embedded KMS: imported once, used for signatures, given out by nothing."""

import http.client
import os
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from slipway.localcloud.cloud import Cloud

ALGORITHM = "RSASSA_PKCS1_V1_5_SHA_256"


@pytest.fixture(scope="module")
def private() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def kms(aws: Any) -> Any:
    return aws("kms")


@pytest.fixture
def key(kms: Any) -> str:
    made = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")
    assert made["KeyMetadata"]["KeyState"] == "PendingImport"
    return made["KeyMetadata"]["KeyId"]


def parameters(kms: Any, key: str, spec: str = "RSA_4096") -> dict[str, Any]:
    return kms.get_parameters_for_import(
        KeyId=key, WrappingAlgorithm="RSA_AES_KEY_WRAP_SHA_256", WrappingKeySpec=spec
    )


def pkcs8(private: rsa.RSAPrivateKey) -> bytes:
    return private.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def wrapped(given: dict[str, Any], material: bytes) -> bytes:
    public: Any = serialization.load_der_public_key(given["PublicKey"])
    aes = os.urandom(32)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
    return public.encrypt(aes, oaep) + keywrap.aes_key_wrap_with_padding(aes, material)


def put(kms: Any, key: str, given: dict[str, Any], blob: bytes) -> None:
    kms.import_key_material(
        KeyId=key,
        ImportToken=given["ImportToken"],
        EncryptedKeyMaterial=blob,
        ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE",
    )


def test_the_imported_key_signs(kms: Any, key: str, private: rsa.RSAPrivateKey) -> None:
    given = parameters(kms, key)
    put(kms, key, given, wrapped(given, pkcs8(private)))
    kms.create_alias(AliasName=f"alias/{key}", TargetKeyId=key)
    signed = kms.sign(KeyId=f"alias/{key}", Message=b"header.claims", SigningAlgorithm=ALGORITHM)
    private.public_key().verify(signed["Signature"], b"header.claims", padding.PKCS1v15(), hashes.SHA256())
    public = private.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    assert kms.get_public_key(KeyId=key)["PublicKey"] == public
    described = kms.describe_key(KeyId=key)["KeyMetadata"]
    assert (described["KeyState"], described["Origin"]) == ("Enabled", "EXTERNAL")


def test_nothing_gives_the_material_out(kms: Any, key: str, private: rsa.RSAPrivateKey, cloud: Cloud) -> None:
    given = parameters(kms, key)
    put(kms, key, given, wrapped(given, pkcs8(private)))
    answers = [
        str(kms.describe_key(KeyId=key)),
        str(kms.get_public_key(KeyId=key)),
        str(kms.get_key_policy(KeyId=key, PolicyName="default")),
        *(fetched(cloud, path) for path in ("/moto-api/data.json", "/slipway/records", "/")),
    ]
    numbers = private.private_numbers()
    secret = [str(numbers.d), f"{numbers.d:x}", str(numbers.p), f"{numbers.p:x}"]
    assert not [one for one in secret if any(one in answer.lower() for answer in answers)]
    with pytest.raises(ClientError):
        kms.decrypt(CiphertextBlob=b"x" * 200, KeyId=key)


def fetched(cloud: Cloud, path: str) -> str:
    connection = http.client.HTTPConnection(urlsplit(cloud.aws).netloc, timeout=120)
    connection.request("GET", path)
    text = connection.getresponse().read().decode(errors="replace")
    connection.close()
    return text


def test_a_key_without_material_signs_nothing(kms: Any, key: str) -> None:
    with pytest.raises(ClientError, match="KMSInvalidStateException"):
        kms.sign(KeyId=key, Message=b"x", SigningAlgorithm=ALGORITHM)


def test_only_the_same_material_is_imported_again(kms: Any, key: str, private: rsa.RSAPrivateKey) -> None:
    given = parameters(kms, key)
    put(kms, key, given, wrapped(given, pkcs8(private)))
    given = parameters(kms, key)
    put(kms, key, given, wrapped(given, pkcs8(private)))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    with pytest.raises(ClientError, match="IncorrectKeyMaterialException"):
        put(kms, key, given, wrapped(given, pkcs8(other)))


def test_what_is_wrapped_wrongly_is_refused(kms: Any, key: str, private: rsa.RSAPrivateKey) -> None:
    given = parameters(kms, key, "RSA_2048")
    blob = wrapped(given, pkcs8(private))
    with pytest.raises(ClientError, match="InvalidCiphertextException"):
        put(kms, key, given, blob[:-1] + bytes([blob[-1] ^ 1]))
    with pytest.raises(ClientError, match="IncorrectKeyMaterialException"):
        put(kms, key, given, wrapped(given, b"-----BEGIN RSA PRIVATE KEY-----!"))
    other = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY", Origin="EXTERNAL")["KeyMetadata"]
    with pytest.raises(ClientError, match="InvalidImportTokenException"):
        put(kms, other["KeyId"], given, blob)


def test_a_key_of_kms_itself_takes_no_material(kms: Any) -> None:
    own = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    with pytest.raises(ClientError, match="UnsupportedOperationException"):
        parameters(kms, own)
