"""Names of Actions variables, and texts as parts of logical names: what GitHub and Pulumi take."""

import re
from collections.abc import Iterable, Mapping

from slipway.errors import SlipwayError

_NAME = re.compile(r"[A-Z_][A-Z0-9_]*")
_LONGEST_NAME = 255


def check_name(name: str, *, kind: str = "variable", where: str = "") -> None:
    """Raise SlipwayError unless GitHub takes `name` for a variable or secret.

    Letters, digits and `_`, no leading digit, no `GITHUB_` prefix; GitHub ignores the case and shows upper
    case
    (https://docs.github.com/en/actions/reference/workflows-and-actions/variables#naming-conventions-for-configuration-variables).
    """
    if not _NAME.fullmatch(name) or len(name) > _LONGEST_NAME:
        raise SlipwayError(
            f"{name!r} cannot be the name of a {kind}",
            where=where,
            fix="use A to Z, 0 to 9 and _, no digit first",
        )
    if name.startswith("GITHUB_"):
        raise SlipwayError(
            f"{name!r} cannot be the name of a {kind}: GitHub keeps the prefix GITHUB_ for itself",
            where=where,
        )


def image_variable(image: str) -> str:
    """Return the variable that names an image's ECR repository: `web` -> `ECR_REPO_WEB`."""
    name = "ECR_REPO_" + re.sub(r"[^A-Za-z0-9]", "_", image).upper()
    check_name(name, where=f"image {image!r}")
    return name


def image_variables(repositories: Mapping[str, str]) -> dict[str, str]:
    """Return `ECR_REPO_<IMAGE>` -> ECR repository name for each image; no two images may share one."""
    variables: dict[str, str] = {}
    for image, repository in repositories.items():
        name = image_variable(image)
        if name in variables:
            raise SlipwayError(f"two images would share the variable {name}", where=f"image {image!r}")
        variables[name] = repository
    return variables


def slug(text: str) -> str:
    """Return `text` as a part of a logical name: `refs/pull/*/merge` -> `refs-pull-any-merge`."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower().replace("*", "-any-").replace("_", "-"))
    return words.strip("-") or "any"


def check_slugs_differ(texts: Iterable[str], where: str) -> None:
    """Raise SlipwayError when two texts would become one logical name, and so one URN."""
    seen: dict[str, str] = {}
    for text in texts:
        other = seen.setdefault(slug(text), text)
        if other != text:
            raise SlipwayError(f"{text!r} and {other!r} are too alike to be told apart", where=where)
