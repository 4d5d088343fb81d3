"""Which Actions variables a service gets, and at which level.

The rule: a variable sits at the repository when every job reads the same value, and at the environment when
the value depends on where the job deploys. GitHub lets an environment's variable win over the repository's
(https://docs.github.com/en/actions/reference/workflows-and-actions/variables), and a job that names no
environment sees the repository's alone.

| variable | level | why |
|---|---|---|
| ECR_REPO_<IMAGE> | repository | there is one registry, and promotion moves a digest, never a repository |
| HELM_RELEASE_NAME | repository | Deployments are named after the release, the same in every environment |
| AWS_REGION | both | at the repository the registry's region; at an environment its cluster's |
| AWS_ROLE_ARN | both | at the repository the build role; at an environment that environment's own role |
| EKS_CLUSTER_NAME, HELM_NAMESPACE, PUBLIC_HOSTNAME | environment | no two environments share them |
"""

import re
from collections.abc import Iterable, Mapping

import pulumi

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


def repository_variables(
    *,
    region: str,
    images: Mapping[str, str],
    release_name: str,
    role_arn: pulumi.Input[str] | None,
) -> dict[str, pulumi.Input[str]]:
    """Return a repository's variables, name -> value.

    `region` is the registry's, `images` maps each image to its ECR repository's name (no registry prefix),
    and `role_arn` is the role of the jobs that only build.
    """
    variables: dict[str, pulumi.Input[str]] = {"AWS_REGION": region}
    if role_arn is not None:
        variables["AWS_ROLE_ARN"] = role_arn
    variables.update(image_variables(images))
    variables["HELM_RELEASE_NAME"] = release_name
    return variables


def environment_variables(
    *,
    region: str | None = None,
    cluster_name: pulumi.Input[str] | None = None,
    namespace: str | None = None,
    hostname: str | None = None,
    role_arn: pulumi.Input[str] | None = None,
) -> dict[str, pulumi.Input[str]]:
    """Return an environment's variables, name -> value, without those it has not (a build has no cluster)."""
    candidates: dict[str, pulumi.Input[str] | None] = {
        "AWS_REGION": region,
        "AWS_ROLE_ARN": role_arn,
        "EKS_CLUSTER_NAME": cluster_name,
        "HELM_NAMESPACE": namespace,
        "PUBLIC_HOSTNAME": hostname,
    }
    return {name: value for name, value in candidates.items() if value is not None}


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
