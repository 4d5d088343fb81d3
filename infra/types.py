"""The vocabulary of a stack file: a type per kind of value, with the rule of whoever enforces it."""

import ipaddress
import re
from typing import Annotated

from pydantic import AfterValidator, StringConstraints


def _cidr(value: str) -> str:
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError as error:
        message = f"must be an IPv4 network such as 10.20.0.0/16 ({error})"
        raise ValueError(message) from error
    return str(network)


def _kebab_free_of_doubles(value: str) -> str:
    if "--" in value:
        message = "must not contain '--'"
        raise ValueError(message)
    return value


def _hostname(value: str) -> str:
    labels = value.split(".")
    if len(labels) < 2 or len(value) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        message = "must be a lower-case DNS host name such as app.example.com (RFC 1123)"
        raise ValueError(message)
    return value


_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")

AccountId = Annotated[str, StringConstraints(pattern=r"^\d{12}$")]
"""AWS account: twelve digits, quoted in YAML or a leading zero is lost."""

Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d$")]
Zone = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$")]
Cidr = Annotated[str, AfterValidator(_cidr)]

ServiceName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$", min_length=2, max_length=40),
    AfterValidator(_kebab_free_of_doubles),
]
"""A service: a DNS label (Kubernetes namespaces, Helm releases), short enough for an IAM role name of 64."""

EnvironmentName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9-]*[a-z0-9]$", min_length=2, max_length=22),
    AfterValidator(_kebab_free_of_doubles),
]
"""A GitHub environment: lower-case, because GitHub ignores case in these names, `StringEquals` does not."""

ImageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]
"""The last part of an ECR repository name (ECR API: CreateRepository, repositoryName)."""

Namespace = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", max_length=63)]
Hostname = Annotated[str, AfterValidator(_hostname)]
RepositorySlug = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$")
]
Organization = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$")]
ClusterName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,55}$")]
"""EKS takes 100 characters; the cluster's roles are called after it, and IAM takes 64."""

KubernetesVersion = Annotated[str, StringConstraints(pattern=r"^1\.\d{2}$")]
Reviewer = Annotated[str, StringConstraints(pattern=r"^(team|user):[A-Za-z0-9][A-Za-z0-9-]*$")]
"""Who approves: `team:slug` or `user:login`."""

RefPattern = Annotated[str, StringConstraints(pattern=r"^[^\s~^:\\]{1,255}$")]
RoleArn = Annotated[str, StringConstraints(pattern=r"^arn:aws:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@/-]+$")]
Digest = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]
KeyArn = Annotated[str, StringConstraints(pattern=r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]{36}$")]
