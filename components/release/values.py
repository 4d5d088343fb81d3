"""The values a release is given: every image pinned to what was built, nothing that can move under it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from slipway.errors import SlipwayError

_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
# Tags that name one build for ever: a version, a commit, or `sha-` and a commit's first digits. The
# registry keeps tags immutable except `latest` and `deployed-*`, and neither of those has this form.
_NUMBER = r"(0|[1-9]\d*)"
_VERSION = rf"v?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(-[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?"
_EXACT_TAG = re.compile(rf"{_VERSION}|[0-9a-f]{{40}}|sha-[0-9a-f]{{7,40}}", re.ASCII)
# A reference without tag or digest: https://github.com/distribution/reference/blob/main/reference.go
_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"([a-zA-Z0-9.-]+(:[0-9]{{1,5}})?/)?{_PART}(/{_PART})*")
_IMAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_PINNED_KEYS = ("repository", "tag", "digest")


@dataclass(frozen=True, kw_only=True)
class ImageReference:
    """One image: `<registry>/<repository>`, and which build of it by digest or by a tag that never moves."""

    repository: str
    digest: str | None = None
    tag: str | None = None

    def __post_init__(self) -> None:
        """Raise SlipwayError for no pin, two pins, or one that can move: `latest`, a branch, `v1`."""
        where = f"image {self.repository!r}"
        if not _REPOSITORY.fullmatch(self.repository):
            raise SlipwayError("an image's repository is a name without tag and digest", where=where)
        if (self.digest is None) == (self.tag is None):
            raise SlipwayError(
                "an image is pinned by its digest or by its tag", where=where, fix="give the digest alone"
            )
        if self.digest is not None and not _DIGEST.fullmatch(self.digest):
            raise SlipwayError(f"{self.digest!r} is not sha256: and 64 hexadecimal digits", where=where)
        if self.tag is not None and not _EXACT_TAG.fullmatch(self.tag):
            raise SlipwayError(
                f"the tag {self.tag!r} can move to another image",
                where=where,
                fix="deploy a digest, a version such as v1.4.2, or a commit's 40 hexadecimal digits",
            )

    @property
    def values(self) -> dict[str, str]:
        """The image's part of the chart's values: `repository`, and `digest` or `tag`."""
        pin = {"digest": self.digest} if self.digest is not None else {"tag": self.tag or ""}
        return {"repository": self.repository, **pin}


def release_values(images: Mapping[str, ImageReference], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return `values` with `image.<name>.{repository, digest | tag}` for each of `images`, in their order.

    Raises SlipwayError where `values` say which image runs themselves: there would be two answers.
    """
    given = _mapping(values.get("image", {}), "image")
    merged: dict[str, Any] = dict(given)
    for name, reference in images.items():
        if not _IMAGE_NAME.fullmatch(name):
            raise SlipwayError(f"{name!r} cannot be a key of the chart's values", where="images")
        merged[name] = {**_mapping(given.get(name, {}), f"image.{name}"), **reference.values}
    for name, own in given.items():
        pinned = [key for key in _PINNED_KEYS if key in _mapping(own, f"image.{name}")]
        if pinned:
            raise SlipwayError(
                f"the values set image.{name}.{pinned[0]} themselves",
                where="values",
                fix="leave it out: which image runs is the deploy's to say",
            )
    return {**values, "image": merged} if merged else dict(values)


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise SlipwayError(f"{where} must be a mapping, found {type(value).__name__}", where="values")
    return dict(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
