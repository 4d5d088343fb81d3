"""Zip files of the functions: the same bytes for the same sources, wherever and whenever they are made."""

import base64
import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from slipway.errors import SlipwayError

_SKIPPED_FOLDERS = frozenset({"__pycache__", ".pytest_cache", ".ruff_cache", ".mypy_cache"})
_SKIPPED_ENDINGS = frozenset({".pyc", ".pyo", ".swp"})
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip file can say (APPNOTE.TXT 4.4.6, MS-DOS dates)
_READABLE = 0o100644 << 16  # a Lambda function's user only reads (Lambda Developer Guide, python-package)


@dataclass(frozen=True, kw_only=True)
class ZipPackage:
    """A zip file: where it is, and its SHA-256 in base64, which is how Lambda tells one code from another."""

    path: str
    sha256: str


def package(root: Path, parts: Sequence[str], build: Path) -> ZipPackage:
    """Zip files and folders of `root` under their own paths, into `build`, named by their content.

    Nothing of the machine gets in: no times, owners or modes, no caches, and files in the order of their
    names. Nothing is compressed: which bytes a compressor makes depends on its version, and Lambda unpacks
    the package anyway.

    Args:
        root: the folder that the functions import from.
        parts: files and folders below it, such as `runners/webhook`.
        build: the folder for the zip file; made if need be.

    Raises:
        SlipwayError: a part that is not there, or nothing to zip.
    """
    content = _zipped(root, sorted(_files(root, parts)))
    digest = hashlib.sha256(content)
    name = "-".join(part.replace("/", "-") for part in parts[-1:])
    target = build / f"{name}-{digest.hexdigest()[:16]}.zip"
    _write(target, content)
    return ZipPackage(path=str(target), sha256=base64.b64encode(digest.digest()).decode())


def _files(root: Path, parts: Sequence[str]) -> set[Path]:
    found: set[Path] = set()
    for part in parts:
        path = root / part
        if not path.exists():
            raise SlipwayError(
                f"{part} is not there", where=str(root), fix="package what is in the repository"
            )
        found.update(_below(path))
    if not found:
        raise SlipwayError("nothing to package", where=str(root))
    return {path.relative_to(root) for path in found}


def _below(path: Path) -> Iterable[Path]:
    if path.is_file():
        return [path]
    return (
        file
        for file in path.rglob("*")
        if file.is_file()
        and file.suffix not in _SKIPPED_ENDINGS
        and not _SKIPPED_FOLDERS.intersection(file.relative_to(path).parts)
    )


def _zipped(root: Path, files: Sequence[Path]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path in files:
            entry = zipfile.ZipInfo(path.as_posix(), _EPOCH)
            entry.external_attr = _READABLE
            entry.create_system = 3  # Unix, on any machine
            archive.writestr(entry, (root / path).read_bytes())
    return buffer.getvalue()


def _write(target: Path, content: bytes) -> None:
    if target.exists() and target.read_bytes() == content:
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    # Two commands may package at the same time: a reader finds a whole file or none.
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".package-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
