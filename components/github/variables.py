"""Which Actions variables a service gets, and at which level.

The rule: a variable sits at the repository when every job reads the same value, and at the environment when
the value depends on where the job deploys. GitHub lets an environment's variable win over the repository's
(https://docs.github.com/en/actions/reference/workflows-and-actions/variables), and a job that names no
environment sees the repository's alone.

| variable | level | why |
|---|---|---|
| ECR_REPO_<IMAGE> | repository | there is one registry, and promotion moves a digest, never a repository |
| DEPLOY_RUNS_ON, MIGRATE_RUNS_ON | repository | `runs-on` is read before a job has an environment |
| HELM_RELEASE_NAME | repository | Deployments are named after the release, the same in every environment |
| AWS_REGION | both | at the repository the registry's region; at an environment its cluster's |
| AWS_ROLE_ARN | both | at the repository the build role; at an environment that environment's own role |
| HELM_NAMESPACE_<PACKAGE>, PUBLIC_HOSTNAME_<PACKAGE> | environment | instead, where packages are several |
| HELM_VALUES_PARAMETER | environment | staging and production publish two, where they share an account |
| EKS_CLUSTER_NAME, HELM_NAMESPACE, PUBLIC_HOSTNAME | environment | no two environments share them |
"""

import json
from collections.abc import Mapping, Sequence

import pulumi

from slipway.platform.services import ServiceSettings
from slipway.platform.variable_names import image_variables

ROLE = "AWS_ROLE_ARN"


def repository_variables(
    *,
    region: str,
    images: Mapping[str, str],
    release_name: str | None,
    role_arn: pulumi.Input[str] | None,
    runs_on: Mapping[str, Sequence[str]],
) -> dict[str, pulumi.Input[str]]:
    """Return a repository's variables, name -> value.

    `region` is the registry's, `images` maps each image to its ECR repository's name (no registry prefix),
    `release_name` is None where a repository has several packages, each released under its own name, and
    `role_arn` is the role of the jobs that only build. `runs_on` is, by kind of job, the labels of its
    runners.
    """
    variables: dict[str, pulumi.Input[str]] = {"AWS_REGION": region, **runs_on_variables(runs_on)}
    if role_arn is not None:
        variables[ROLE] = role_arn
    variables.update(image_variables(images))
    if release_name is not None:
        variables["HELM_RELEASE_NAME"] = release_name
    return variables


def runs_on_variables(runs_on: Mapping[str, Sequence[str]]) -> dict[str, pulumi.Input[str]]:
    """Return `<KIND>_RUNS_ON` -> the labels as JSON, for `runs-on: ${{ fromJSON(vars.DEPLOY_RUNS_ON) }}`.

    Not an environment's: those are there only once the job has a runner (GitHub Docs, "Contexts",
    availability).
    """
    return {f"{kind.upper()}_RUNS_ON": json.dumps(list(labels)) for kind, labels in runs_on.items()}


def environment_variables(
    *,
    region: str | None = None,
    cluster_name: pulumi.Input[str] | None = None,
    namespace: str | None = None,
    hostname: str | None = None,
    values_parameter: str | None = None,
    role_arn: pulumi.Input[str] | None = None,
) -> dict[str, pulumi.Input[str]]:
    """Return an environment's variables, name -> value, without those it has not (a build has no cluster)."""
    candidates: dict[str, pulumi.Input[str] | None] = {
        "AWS_REGION": region,
        ROLE: role_arn,
        "EKS_CLUSTER_NAME": cluster_name,
        "HELM_NAMESPACE": namespace,
        "PUBLIC_HOSTNAME": hostname,
        "HELM_VALUES_PARAMETER": values_parameter,
    }
    return {name: value for name, value in candidates.items() if value is not None}


def role_secrets(
    service: ServiceSettings, role_arn: pulumi.Input[str] | None
) -> dict[str, pulumi.Input[str]]:
    """Return AWS_ROLE_ARN as a secret beside the variable, for workflows that still read it so.

    It is off by default: a role's ARN opens nothing by itself, and GitHub would mask it in every log, the
    very line one needs when a role is refused.
    """
    return {ROLE: role_arn} if service.role_arn_as_secret and role_arn is not None else {}


def package_variables(
    package: str, namespace: str, hostname: str, values_parameter: str | None = None
) -> dict[str, pulumi.Input[str]]:
    """Return what an environment says of one of several packages: `HELM_NAMESPACE_<PACKAGE>` and so on."""
    suffix = package.upper().replace("-", "_")
    found: dict[str, pulumi.Input[str]] = {
        f"HELM_NAMESPACE_{suffix}": namespace,
        f"PUBLIC_HOSTNAME_{suffix}": hostname,
    }
    return found | ({f"HELM_VALUES_PARAMETER_{suffix}": values_parameter} if values_parameter else {})
