"""Keys and certificates of one control plane: made for it, and nobody else's."""

import ipaddress
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_LIFE = timedelta(days=365)
_PEM = serialization.Encoding.PEM


@dataclass(frozen=True)
class Pair:
    """A certificate with its key, and the authority that signed it."""

    authority: Path
    certificate: Path
    key: Path


def secret(path: Path, text: str) -> None:
    """Write a file that only its owner can read, in place of what is there."""
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)


def account_keys(folder: Path) -> tuple[Path, Path]:
    """The private and the public key of the service accounts' tokens."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(_PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    files = folder / "accounts.key", folder / "accounts.pub"
    secret(files[0], _text(key))
    secret(files[1], public.decode())
    return files


def loopback_pair(folder: Path) -> Pair:
    """For both ends of a connection on 127.0.0.1; the authority's own key is kept nowhere."""
    root, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slipway-local-etcd")])
    issued = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "slipway-local")])
    authority = (
        _valid(name, name, root.public_key())
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(root, hashes.SHA256())
    )
    here = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    uses = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    certificate = (
        _valid(name, issued, key.public_key())
        .add_extension(x509.SubjectAlternativeName([here]), critical=False)
        .add_extension(x509.ExtendedKeyUsage(uses), critical=False)
        .sign(root, hashes.SHA256())
    )
    pair = Pair(folder / "etcd-ca.crt", folder / "etcd.crt", folder / "etcd.key")
    secret(pair.authority, authority.public_bytes(_PEM).decode())
    secret(pair.certificate, certificate.public_bytes(_PEM).decode())
    secret(pair.key, _text(key))
    return pair


def _valid(issuer: x509.Name, subject: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=key,
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(minutes=5),
        not_valid_after=now + _LIFE,
    )


def _text(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) -> str:
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(_PEM, form, serialization.NoEncryption()).decode()
