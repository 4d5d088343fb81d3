"""The vocabulary of settings: a type per kind of value, with the rule of whoever enforces it."""

import ipaddress
import re
from collections.abc import Callable
from typing import Annotated, TypeVar

from pydantic import AfterValidator, Field

from slipway.errors import SlipwayError
from slipway.platform.addressing import check_private, check_ssh_block, vpc_block
from slipway.platform.endpoint import check_block
from slipway.platform.mistakes import refusal, text_of
from slipway.platform.protection import EnvironmentRules, Reviewers
from slipway.platform.variable_names import image_variables

_T = TypeVar("_T")


def passes(rule: Callable[[_T], object]) -> AfterValidator:
    """A rule that raises SlipwayError, as a value's own: its refusal is told as a mistake."""

    def check(value: _T) -> _T:
        try:
            rule(value)
        except SlipwayError as error:
            raise ValueError(refusal(error)) from error
        return value

    return AfterValidator(check)


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


def _inside(path: str) -> str:
    if path.startswith("/") or ".." in path.split("/"):
        message = "a path from the project's folder that does not lead out of it"
        raise ValueError(message)
    return path


def _each_once(names: tuple[str, ...]) -> tuple[str, ...]:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"each one once, not {', '.join(twice)} twice"
        raise ValueError(message)
    return names


def _public(cidr: str) -> object:
    return check_block(cidr, "addresses")


def _private(cidr: str) -> object:
    return check_private(cidr, "network")


def _ipv4(address: str) -> str:
    try:
        return str(ipaddress.IPv4Address(address))
    except ValueError as error:
        message = "an IPv4 address such as 198.51.100.7"
        raise ValueError(message) from error


def _ssh(cidr: str) -> object:
    return check_ssh_block(cidr)


def belongs_to_cluster(namespace: str) -> bool:
    """Whether Kubernetes keeps a namespace for itself."""
    return namespace == "default" or namespace.startswith("kube-")


def _own_namespace(name: str) -> str:
    if belongs_to_cluster(name):
        message = f"another one: {name} belongs to the cluster"
        raise ValueError(message)
    return name


def _node_group_name(name: str) -> str:
    if not _NODE_GROUP.fullmatch(name):
        message = f"{name!r} cannot be a node group's name: use at most 40 of a-z 0-9 -"
        raise ValueError(message)
    return name


def _reviewers(names: tuple[str, ...]) -> object:
    return EnvironmentRules(name="any", reviewers=Reviewers(users=names))


def _images(names: tuple[str, ...]) -> object:
    return image_variables({name: name for name in names})


def _not_the_chart(name: str) -> str:
    if name == CHART:
        message = f"another name: the service's chart is in the ECR repository <service>/{CHART}"
        raise ValueError(message)
    return name


def _not_reserved(name: str) -> str:
    if name in RESERVED_SERVICES:
        message = f"another name: {RESERVED_SERVICES[name]}"
        raise ValueError(message)
    return name


CHART = "chart"
"""The part of a service's ECR repositories that its Helm chart is pushed to."""

RESERVED_SERVICES = {
    "platform": "the platform's own repository is called so",
    "network": "the roles that join networks begin with it",
    "preview": "ECR repositories of pull requests' images have this part in their name",
}

_KEBAB = "lower-case letters, digits and single hyphens, beginning with a letter and not ending in a hyphen"
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_NODE_GROUP = re.compile(r"[a-z]([a-z0-9-]{0,38}[a-z0-9])?")

AccountId = Annotated[str, text_of(r"^\d{12}$", "12 digits, in quotes"), Field(examples=["111111111111"])]
"""AWS account: twelve digits, quoted in YAML or a leading zero is lost."""

Region = Annotated[
    str,
    text_of(r"^[a-z]{2}(-[a-z]+)+-\d$", "a region of AWS, such as eu-west-1"),
    Field(examples=["eu-west-1"]),
]
Zone = Annotated[str, text_of(r"^[a-z]{2}(-[a-z]+)+-\d[a-z]$", "an availability zone, such as eu-west-1a")]
Cidr = Annotated[str, AfterValidator(_cidr)]
VpcCidr = Annotated[Cidr, passes(vpc_block), Field(examples=["10.20.0.0/16"])]
PublicCidr = Annotated[Cidr, passes(_public)]
PrivateCidr = Annotated[Cidr, passes(_private), Field(examples=["10.40.0.0/20"])]
PublicAddress = Annotated[str, AfterValidator(_ipv4)]
SshCidr = Annotated[
    Cidr,
    passes(_ssh),
]

ServiceName = Annotated[
    str,
    text_of(r"^[a-z][a-z0-9-]*[a-z0-9]$", _KEBAB, min_length=2, max_length=40),
    AfterValidator(_kebab_free_of_doubles),
    AfterValidator(_not_reserved),
]
"""A service: a DNS label (Kubernetes namespaces, Helm releases), short enough for an IAM role name of 64."""

EnvironmentName = Annotated[
    str,
    text_of(r"^[a-z][a-z0-9-]*[a-z0-9]$", _KEBAB, min_length=2, max_length=22),
    AfterValidator(_kebab_free_of_doubles),
]
"""A GitHub environment: lower-case, because GitHub ignores case in these names, `StringEquals` does not."""

ImageName = Annotated[
    str,
    text_of(
        r"^[a-z0-9]+([._-][a-z0-9]+)*$",
        "lower-case letters and digits, with one of . _ - between them",
        max_length=64,
    ),
    AfterValidator(_not_the_chart),
]
"""The last part of an ECR repository name (ECR API: CreateRepository, repositoryName)."""

Namespace = Annotated[
    str,
    text_of(
        r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$",
        "lower-case letters, digits and hyphens, no hyphen at either end",
        max_length=63,
    ),
]
OwnNamespace = Annotated[Namespace, AfterValidator(_own_namespace)]
"""A namespace that the platform makes: none of Kubernetes' own."""

Images = Annotated[
    tuple[ImageName, ...],
    Field(min_length=1, examples=[["server"]]),
    AfterValidator(_each_once),
    passes(_images),
]
Hostname = Annotated[str, AfterValidator(_hostname)]
ChartPath = Annotated[
    str, text_of(r"^[\w./-]+$", "a folder's path, of letters, digits and . _ - /"), AfterValidator(_inside)
]
ValuesPath = Annotated[
    str,
    text_of(r"^[\w./-]+\.ya?ml$", "the path of a .yaml file, of letters, digits and . _ - /"),
    AfterValidator(_inside),
]
RepositorySlug = Annotated[
    str,
    text_of(
        r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}$",
        "a repository of GitHub as owner/name, such as acme/app",
    ),
    Field(examples=["acme/app"]),
]
Organization = Annotated[
    str,
    text_of(
        r"^[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})$",
        "an organisation's name on GitHub: up to 39 letters, digits and hyphens",
    ),
    Field(examples=["acme"]),
]
ClusterName = Annotated[
    str,
    text_of(
        r"^[A-Za-z0-9][A-Za-z0-9_-]{0,55}$",
        "up to 56 letters, digits, _ and -, beginning with a letter or a digit",
    ),
    Field(examples=["slipway"]),
]
"""EKS takes 100 characters; the cluster's roles are called after it, and IAM takes 64."""

ExistingClusterName = Annotated[
    str,
    text_of(
        r"^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$",
        "up to 100 letters, digits, _ and -, beginning with a letter or a digit",
    ),
]
"""As EKS has it (EKS API Reference, CreateCluster, name)."""

AddonVersion = Annotated[
    str,
    text_of(
        r"^v\d+\.\d+\.\d+-eksbuild\.\d+$", "the version of an add-on of EKS, such as v1.35.3-eksbuild.13"
    ),
    Field(examples=["v1.35.3-eksbuild.13"]),
]
KubernetesVersion = Annotated[
    str,
    text_of(r"^1\.\d{2}$", 'a minor version in quotes, such as "1.35"'),
    Field(examples=["1.35"]),
]
Reviewer = Annotated[
    str,
    text_of(
        r"^(team|user):[A-Za-z0-9][A-Za-z0-9-]*$", "team:NAME or user:NAME, as GitHub has it in its addresses"
    ),
]
"""Who approves: `team:slug` or `user:login`."""

ReviewerNames = Annotated[tuple[Reviewer, ...], AfterValidator(_each_once), passes(_reviewers)]

NodeGroupName = Annotated[str, AfterValidator(_node_group_name)]
"""A part of a node group's URN and tags."""

RefPattern = Annotated[
    str,
    text_of(
        r"^[^\s~^:\\]{1,255}$",
        "a branch, a tag or a pattern of some: up to 255 characters, without spaces and ~ ^ : \\",
    ),
]
RefPatterns = Annotated[tuple[RefPattern, ...], AfterValidator(_each_once)]
RoleArn = Annotated[
    str,
    text_of(
        r"^arn:aws:iam::[0-9]{12}:role/[a-zA-Z0-9_+=,.@/-]+$",
        "an IAM role's ARN, such as arn:aws:iam::111111111111:role/admin",
    ),
]
Digest = Annotated[str, text_of(r"^sha256:[0-9a-f]{64}$", "a digest: sha256: and 64 of 0-9 a-f")]
KeyArn = Annotated[
    str,
    text_of(
        r"^arn:aws:kms:[a-z0-9-]+:\d{12}:key/[0-9a-f-]{36}$",
        "a KMS key's ARN, arn:aws:kms:REGION:ACCOUNT:key/ID",
    ),
]

CallerName = Annotated[
    str, text_of(r"^[A-Za-z0-9._-]{1,100}$", "a runner's label or a name: up to 100 of A-Z a-z 0-9 . _ -")
]
"""Who calls a public endpoint: a runner's label, or any name."""
TransitGatewayId = Annotated[
    str,
    text_of(r"^tgw-[0-9a-f]{8,17}$", "a transit gateway's id, such as tgw-0123456789abcdef0"),
    Field(examples=["tgw-0123456789abcdef0"]),
]

VpcId = Annotated[
    str,
    text_of(r"^vpc-[0-9a-f]{8,17}$", "a VPC's id, such as vpc-0123456789abcdef0"),
    Field(examples=["vpc-0123456789abcdef0"]),
]
SubnetId = Annotated[
    str,
    text_of(r"^subnet-[0-9a-f]{8,17}$", "a subnet's id, such as subnet-0123456789abcdef0"),
    Field(examples=["subnet-0123456789abcdef0"]),
]
RouteTableId = Annotated[
    str,
    text_of(r"^rtb-[0-9a-f]{8,17}$", "a route table's id, such as rtb-0123456789abcdef0"),
    Field(examples=["rtb-0123456789abcdef0"]),
]
