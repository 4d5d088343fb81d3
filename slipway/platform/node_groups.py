"""What a managed node group is asked to be."""

import re
from dataclasses import dataclass
from typing import Literal

from slipway.errors import SlipwayError
from slipway.platform.aws_names import architecture_of

_INSTANCE_TYPE = re.compile(r"[a-z][a-z0-9-]*[0-9][a-z0-9-]*\.[a-z0-9-]+")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]|[a-z]")
MAX_NODES = 450  # EKS service quotas, "Nodes per managed node group"
SMALLEST_DISK_GIB, LARGEST_DISK_GIB = 20, 16_384


def check_node_group_name(name: str, where: str) -> None:
    """Raise SlipwayError for a name that could not be part of a node group's URN and tags."""
    if not _NAME.fullmatch(name):
        raise SlipwayError(
            f"{name!r} cannot be a node group's name", where=where, fix="use at most 40 of a-z 0-9 -"
        )


@dataclass(frozen=True, kw_only=True)
class NodeGroupSpec:
    """A managed node group; `instance_types` share one architecture, earlier ones are preferred on demand."""

    instance_types: tuple[str, ...]
    minimum: int = 1
    maximum: int = 3
    capacity: Literal["ON_DEMAND", "SPOT"] = "ON_DEMAND"
    disk_gib: int = 50

    def __post_init__(self) -> None:
        """Raise SlipwayError for anything that EKS would refuse."""
        where = "node group"
        wrong = [one for one in self.instance_types if not _INSTANCE_TYPE.fullmatch(one)]
        if not self.instance_types or wrong:
            raise SlipwayError(
                f"{', '.join(wrong) or 'nothing'} as instance types",
                where=where,
                fix="give some like m7i.xlarge",
            )
        if len({architecture_of(one) for one in self.instance_types}) > 1:
            raise SlipwayError(
                f"{', '.join(self.instance_types)} need different images: some are Arm, some are not",
                where=where,
                fix="make a node group for each architecture",
            )
        if not 0 <= self.minimum <= self.maximum <= MAX_NODES or self.maximum < 1:
            raise SlipwayError(
                f"from {self.minimum} to {self.maximum} nodes",
                where=where,
                fix=f"give 0 <= minimum <= maximum and 1 <= maximum <= {MAX_NODES}",
            )
        if self.capacity not in ("ON_DEMAND", "SPOT"):
            raise SlipwayError(f"{self.capacity!r} as capacity", where=where, fix="give ON_DEMAND or SPOT")
        if not SMALLEST_DISK_GIB <= self.disk_gib <= LARGEST_DISK_GIB:
            raise SlipwayError(
                f"a disk of {self.disk_gib} GiB",
                where=where,
                fix=f"give {SMALLEST_DISK_GIB} to {LARGEST_DISK_GIB}",
            )

    @property
    def ami_type(self) -> str:
        """The image family for the architecture (EKS API Reference, Nodegroup, amiType)."""
        arm = architecture_of(self.instance_types[0]) == "arm64"
        return "AL2023_ARM_64_STANDARD" if arm else "AL2023_x86_64_STANDARD"

    @property
    def desired_at_first(self) -> int:
        """Nodes to begin with: one at least, or nothing would run the cluster's own pods."""
        return max(self.minimum, 1)
