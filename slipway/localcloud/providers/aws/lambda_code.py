"""What a function's `code` holds, as the bytes of a zip, and the hash by which Lambda knows it."""

import base64
import hashlib
import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi

from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.values import Packed, Props

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold; one time for all entries makes the same bytes of the same files."""


def zipped(code: Packed) -> bytes:
    """The zip of an archive: a zip file as it is, a folder or a set of assets packed here.

    Raises:
        ProviderError: there is nothing at the path, or it lies on another machine.
    """
    sdk: Any = code.sdk
    if isinstance(sdk, pulumi.FileArchive) and Path(sdk.path).is_file():
        return Path(sdk.path).read_bytes()
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in sorted(_entries(sdk, "")):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.external_attr = 0o644 << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            out.writestr(entry, content)
    return packed.getvalue()


def _entries(sdk: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    if isinstance(sdk, pulumi.AssetArchive):
        for name, one in sdk.assets.items():
            yield from _entries(one, f"{prefix}/{name}" if prefix else name)
    elif isinstance(sdk, pulumi.StringAsset):
        yield prefix, str(sdk.text).encode()
    elif isinstance(sdk, pulumi.FileAsset | pulumi.FileArchive):
        path = Path(sdk.path)
        if not path.exists():
            raise ProviderError(f"there is nothing at {path}", fix="build what the function is made of first")
        if path.is_file():
            yield prefix or path.name, path.read_bytes()
        for file in path.rglob("*") if path.is_dir() else ():
            if file.is_file():
                name = file.relative_to(path).as_posix()
                yield f"{prefix}/{name}" if prefix else name, file.read_bytes()
    else:
        raise ProviderError(
            "the embedded cloud fetches no code from another machine",
            fix="give the function's code as a path",
        )


def code_hash(content: bytes) -> str:
    """Base64 of the SHA-256, as Lambda's CodeSha256 has it."""
    return base64.b64encode(hashlib.sha256(content).digest()).decode()


def derived_hash(inputs: Props) -> Props:
    """The `sourceCodeHash` of an archive, by which a change of it is seen, where the program gives none."""
    code = inputs.get("code")
    if not isinstance(code, Packed) or "sourceCodeHash" in inputs:
        return {}
    return {"sourceCodeHash": code_hash(zipped(code))}
