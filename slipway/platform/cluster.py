"""The EKS cluster of a workload account, as a stack file describes it."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Discriminator, Field, Tag, ValidationInfo, field_validator

from slipway.errors import SlipwayError
from slipway.platform.addon_versions import Addon, addon_version
from slipway.platform.authentication import AuthenticationMode
from slipway.platform.aws_names import architecture_of
from slipway.platform.endpoint import check_blocks
from slipway.platform.mistakes import refusal, text_of
from slipway.platform.model import EXISTING, MADE, Model, form_of
from slipway.platform.values import (
    AddonVersion,
    CallerName,
    ClusterName,
    ExistingClusterName,
    KubernetesVersion,
    NodeGroupName,
    PublicCidr,
    RoleArn,
    Zone,
)

NODE_GROUP_LABEL = "slipway.dev/node-group"
"""Of each node, and by it of its group, whose own name is made up: the name that the settings give it."""


class Reach(StrEnum):
    """From where a cluster's API server is reached."""

    PRIVATE = "private"
    """Its private endpoint alone, over a path from the network of the runners."""
    ADDRESSES = "addresses"
    """Its public endpoint too, from the runners' public addresses and from named ones, never from
    everywhere."""


_STANDARD_RUNNER = re.compile(r"(ubuntu|windows|macos)-.*", re.IGNORECASE)
"""https://docs.github.com/en/actions/reference/runners/github-hosted-runners"""

MAX_NODES = 450  # EKS service quotas, "Nodes per managed node group"


@dataclass(frozen=True, kw_only=True)
class NodeCount:
    """How many nodes a group has, and how few and how many an autoscaler may leave it."""

    minimum: int
    maximum: int
    desired: int


NodeInstanceType = Annotated[
    str,
    text_of(r"^[a-z][a-z0-9-]*[0-9][a-z0-9-]*\.[a-z0-9-]+$", "an EC2 instance type, such as m7i.large"),
]


class NodeGroup(Model):
    """One managed node group; earlier instance types are preferred on demand."""

    instance_types: Annotated[tuple[NodeInstanceType, ...], Field(min_length=1, examples=[["m7i.large"]])]
    """Of one architecture, such as `m7i.xlarge`."""
    minimum: Annotated[int, Field(ge=0, le=MAX_NODES)] = 1
    """Nodes that are always there."""
    maximum: Annotated[int, Field(ge=1, le=MAX_NODES)] = 3
    """Nodes that an autoscaler may start."""
    capacity: Literal["ON_DEMAND", "SPOT"] = "ON_DEMAND"
    """Spot nodes cost less and may be taken away within two minutes."""
    disk_gib: Annotated[int, Field(ge=20, le=16_384)] = 50
    """Each node's disk, in GiB."""

    @field_validator("instance_types")
    @classmethod
    def _one_architecture(cls, types: tuple[str, ...]) -> tuple[str, ...]:
        if len({architecture_of(name) for name in types}) > 1:
            message = "types of one architecture: some are Arm, some are not, and they need different images"
            raise ValueError(message)
        return types

    @field_validator("maximum")
    @classmethod
    def _not_below_the_minimum(cls, maximum: int, info: ValidationInfo) -> int:
        minimum = info.data.get("minimum")
        if isinstance(minimum, int) and maximum < minimum:
            message = f"at least minimum ({minimum})"
            raise ValueError(message)
        return maximum

    @property
    def ami_type(self) -> str:
        """The image family for the architecture (EKS API Reference, Nodegroup, amiType)."""
        arm = architecture_of(self.instance_types[0]) == "arm64"
        return "AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD"

    def count(self, standing: NodeCount | None = None) -> NodeCount:
        """What to ask EKS for: of a group that stands as many nodes as it has, as far as its bounds allow.

        EKS takes the three numbers together, and refuses a desired one that is out of the bounds.
        """
        # One at least to begin with, or nothing would run the cluster's own pods.
        held = standing.desired if standing else max(self.minimum, 1)
        return NodeCount(
            minimum=self.minimum, maximum=self.maximum, desired=min(max(held, self.minimum), self.maximum)
        )

    def moves(self, standing: NodeCount | None) -> bool:
        """Whether the bounds of a group that stands become others."""
        return standing is not None and (standing.minimum, standing.maximum) != (self.minimum, self.maximum)


class ClusterBase(Model):
    """Who gets to a cluster and into it, whoever made it."""

    administrators: Annotated[
        tuple[RoleArn, ...], Field(min_length=1, examples=[["arn:aws:iam::111111111111:role/admin"]])
    ]
    """People's roles; the stack's apply role is an administrator besides."""
    reach: Reach = Reach.PRIVATE
    """How jobs get to its API server: by a path through private networks, or from named addresses."""
    addresses: dict[CallerName, Annotated[tuple[PublicCidr, ...], Field(min_length=1)]] = Field(
        default_factory=dict[str, tuple[PublicCidr, ...]], examples=[{"office": ["198.51.100.0/24"]}]
    )
    """From where the public endpoint answers, by who calls from there: the label of runners with fixed
    addresses, or any name. The fleet's own addresses are added. Only with `reach: addresses`."""

    @field_validator("addresses")
    @classmethod
    def _as_it_is_reached(
        cls, addresses: dict[str, tuple[str, ...]], info: ValidationInfo
    ) -> dict[str, tuple[str, ...]]:
        hosted = sorted(name for name in addresses if _STANDARD_RUNNER.fullmatch(name))
        if hosted:
            message = f"runners with addresses of their own: {', '.join(hosted)} are GitHub's, and anybody's"
            raise ValueError(message)
        if addresses and info.data.get("reach") is not Reach.ADDRESSES:
            message = "none, or 'reach: addresses' beside it: a private endpoint answers to no public address"
            raise ValueError(message)
        try:
            check_blocks([block for blocks in addresses.values() for block in blocks], "addresses")
        except SlipwayError as error:
            raise ValueError(refusal(error)) from error
        return addresses


class ClusterSettings(ClusterBase):
    """The EKS cluster of a workload account, which this stack makes."""

    name: ClusterName
    """Its name on EKS, which is never changed: another name is another cluster."""
    zones: Annotated[tuple[Zone, ...], Field(max_length=6, examples=[["eu-west-1a", "eu-west-1b"]])] = ()
    """Those of the network's zones that it is in; all of them unless said. EKS never changes them, so that a
    zone which the network gets later needs them said here."""
    version: KubernetesVersion
    """Kubernetes' minor version, always said, so that no cluster is upgraded by the calendar."""
    upgrade_policy: Literal["STANDARD", "EXTENDED"] = "EXTENDED"
    """What EKS does at the end of a version's standard support: upgrade the cluster by itself, or go on for a
    year at six times the price. It can be changed only before that day."""
    addon_versions: Annotated[
        dict[Addon, AddonVersion], Field(examples=[{"kube-proxy": "v1.35.3-eksbuild.13"}])
    ] = Field(default_factory=dict[Addon, AddonVersion])
    """Versions of EKS's add-ons other than those that Slipway knows for this version of Kubernetes, such as
    `kube-proxy: v1.35.3-eksbuild.13`; they are never upgraded unless this or Slipway changes."""
    authentication_mode: AuthenticationMode = AuthenticationMode.API
    """Who is asked for access: aws-auth, both, or access entries. EKS takes no step back in this order."""
    node_groups: Annotated[dict[NodeGroupName, NodeGroup], Field(min_length=1)]
    """The managed node groups. A name is never changed: add another group, then remove the first."""
    deletion_protection: bool = True
    """Whether EKS refuses to delete it; always on in prod."""

    def addon(self, name: Addon) -> str | None:
        """The version of one of EKS's add-ons; the rules refuse settings that leave it to the calendar."""
        return addon_version(name, self.version, self.addon_versions)


class ExistingCluster(ClusterBase):
    """A cluster that the organisation has: looked up and checked, never made, changed or deleted.

    What this stack adds to it is its own: access entries, namespaces and what is in them, and a rule for the
    runners.
    """

    existing: ExistingClusterName
    """Its name on EKS, in the region and the VPC of this stack."""

    @property
    def name(self) -> str:
        """Its name, as of a cluster that is made."""
        return self.existing


def _cluster(value: object) -> str:
    return form_of(value, "existing", ExistingCluster)


AnyCluster = Annotated[
    Annotated[ClusterSettings, Tag(MADE)] | Annotated[ExistingCluster, Tag(EXISTING)],
    Discriminator(_cluster),
]
"""Told apart by `existing`."""
