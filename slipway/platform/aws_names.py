"""The shapes of AWS names that components take, refused here before anything is declared with them."""

import re
from typing import Literal

from slipway.errors import SlipwayError
from slipway.platform.naming import CI_PATH

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-[0-9]")
_BOUNDARY = re.compile(r"arn:aws:iam::[0-9]{12}:policy/[\w+=,.@/-]+", re.ASCII)
_ROLE = re.compile(r"arn:aws:iam::[0-9]{12}:role/[\w+=,.@/-]+", re.ASCII)
_ROLE_PATH = re.compile(r"/(?:[\w+=,.@-]+/)+", re.ASCII)
_BUCKET = re.compile(r"(?!xn--|sthree-)[a-z0-9](?:[a-z0-9-]{1,61})[a-z0-9](?<!-s3alias)(?<!--ol-s3)")
_GRAVITON = re.compile(r"(?:a1|[a-z]+[0-9]+g[a-z0-9]*)\.")
_ROLE_NAME_LIMIT = 64  # IAM API Reference, CreateRole


def _check(pattern: re.Pattern[str], value: str, where: str, what: str, fix: str) -> None:
    if not pattern.fullmatch(value):
        raise SlipwayError(f"{value!r} is no {what}", where=where, fix=fix)


def check_account(value: str, where: str) -> None:
    """Raise SlipwayError unless this is an account id of twelve digits."""
    _check(_ACCOUNT, value, where, "AWS account", "give its 12 digits, quoted in YAML")


def check_region(value: str, where: str) -> None:
    """Raise SlipwayError unless this has the form of a region."""
    _check(_REGION, value, where, "AWS region", "give one such as eu-west-1")


def check_boundary(value: str, where: str) -> None:
    """Raise SlipwayError unless this is the ARN of a managed policy."""
    _check(_BOUNDARY, value, where, "permissions boundary", "give the ARN of the account's boundary policy")


def check_role_arn(value: str, where: str) -> None:
    """Raise SlipwayError unless this is the exact ARN of one role, without a wildcard."""
    _check(_ROLE, value, where, "exact role ARN", "give arn:aws:iam::<account>:role/<path>/<name>")


def check_role_path(value: str, where: str) -> None:
    """Raise SlipwayError unless this is an IAM path that is not the root."""
    _check(_ROLE_PATH, value, where, "IAM path", f"give one such as {CI_PATH}")


def check_role_name(value: str, where: str) -> None:
    """Raise SlipwayError for a role name that IAM would refuse (IAM API Reference, CreateRole)."""
    pattern = re.compile(rf"[\w+=,.@-]{{1,{_ROLE_NAME_LIMIT}}}", re.ASCII)
    _check(pattern, value, where, "IAM role name", "use at most 64 of A-Z a-z 0-9 + = , . @ _ -")


def check_bucket(value: str, where: str) -> None:
    """Raise SlipwayError for a bucket name that S3 would refuse (S3 User Guide, bucketnamingrules).

    Dots are legal and refused all the same: they break TLS to the bucket's own host name.
    """
    _check(_BUCKET, value, where, "S3 bucket name", "use 3 to 63 of a-z 0-9 -, no dots")


def architecture_of(instance_type: str) -> Literal["x86_64", "arm64"]:
    """The processor of an instance type, by its name.

    A `g` after the generation is Graviton, and so is `a1`
    (https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html).
    """
    return "arm64" if _GRAVITON.match(instance_type) else "x86_64"


def mapped_arn(role_arn: str) -> str:
    """A role's ARN as aws-auth must have it: without the path.

    The caller of an assumed role is `assumed-role/<name>/<session>`, in which the path is lost, so a line
    with the path never matches (EKS User Guide, "Troubleshooting IAM"; aws-iam-authenticator issue 268).
    """
    head, _, resource = role_arn.partition(":role/")
    return f"{head}:role/{resource.rpartition('/')[2]}"
