"""Removes the network interfaces that a cluster's nodes leave behind, while their stack is destroyed.

The network plug-in makes interfaces for pods and does not get to delete them when its node is ended; subnets
and security groups that hold one cannot be deleted (EKS Best Practices Guide, "Amazon VPC CNI";
amazon-vpc-cni-k8s issue 608). The AWS provider removes what Lambda, DMS and Comprehend leave
(vpc_network_interface.go, deleteLingeringENIs), and waits twenty minutes for all else.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from slipway.aws import AWS_ERRORS, AwsSession
from slipway.errors import SlipwayError
from slipway.platform.naming import INTERFACE_TAG

CLUSTER = "aws:eks/cluster:Cluster"
_CLUSTER_TAG = "kubernetes.io/cluster/"
"""How the tag of a network begins that a cluster is in; it names the cluster after that is deleted, too."""
_PROVIDER = "pulumi:providers:aws"
EVERY_SECONDS = 20.0


class LeftInterfaces:
    """A context in which interfaces of the clusters in a state go as soon as nothing carries them.

    One is taken for left behind that was attached to nothing at two looks in a row: a node that still runs
    attaches what it makes within seconds.

    Args:
        state: the stack's, as `Engine.export` gives it, before anything is destroyed.
        connect: a session with AWS, by its region.
        every: seconds between two looks.
    """

    def __init__(
        self,
        state: Mapping[str, Any],
        connect: Callable[[str], AwsSession],
        every: float = EVERY_SECONDS,
    ) -> None:
        deployment = cast("dict[str, Any]", state.get("deployment") or {})
        resources = cast("list[dict[str, Any]]", deployment.get("resources") or [])
        self._clusters = sorted({name for one in resources for name in _clusters(one)})
        regions = [one["inputs"].get("region") for one in resources if one["type"] == _PROVIDER]
        self._regions = [str(region) for region in regions if region]
        self._connect = connect
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sweep, name="left-interfaces", daemon=True)
        self.problem = ""
        """Why interfaces may have been left; empty if nothing is known of that."""

    def __enter__(self) -> LeftInterfaces:
        if self._clusters and self._regions:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join()

    def _sweep(self) -> None:
        before: set[str] = set()
        while not self._over.wait(self._every):
            try:
                before = self._look(before)
            except (*AWS_ERRORS, SlipwayError) as error:
                self.problem = str(error)

    def _look(self, before: set[str]) -> set[str]:
        """Delete those that were there at the look before; what is there after that."""
        ec2: Any = self._connect(self._regions[0]).client("ec2")
        filters = [
            {"Name": f"tag:{INTERFACE_TAG}", "Values": self._clusters},
            {"Name": "status", "Values": ["available"]},
        ]
        pages = ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)
        now = {str(one["NetworkInterfaceId"]) for page in pages for one in page["NetworkInterfaces"]}
        for left in sorted(now & before):
            try:
                ec2.delete_network_interface(NetworkInterfaceId=left)
                now.remove(left)
            except AWS_ERRORS as error:  # the others go all the same, and this one is tried again
                self.problem = str(error)
        return now


def _clusters(resource: Mapping[str, Any]) -> set[str]:
    """The clusters that a resource tells of: itself, or those in a network."""
    inputs = cast("dict[str, Any]", resource.get("inputs") or {})
    if resource["type"] == CLUSTER:
        return {str(inputs["name"])}
    tags = inputs.get("tags")
    if not isinstance(tags, dict):  # a group's are a list of blocks
        return set()
    return {
        tag.removeprefix(_CLUSTER_TAG) for tag in cast("dict[str, str]", tags) if tag.startswith(_CLUSTER_TAG)
    }
