"""What is built in a network needs of it, whoever made it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import pulumi

from slipway.platform.network import ExistingNetwork


class Ground(Protocol):
    """A VPC, its subnets and the ways out of it. `Network` makes one."""

    @property
    def vpc_id(self) -> pulumi.Output[str]: ...
    @property
    def private_subnet_ids(self) -> pulumi.Output[Sequence[str]]: ...
    @property
    def public_subnet_ids(self) -> pulumi.Output[Sequence[str]]: ...
    @property
    def private_route_tables(self) -> Mapping[str, pulumi.Output[str]]:
        """Ids of the route tables that routes may be added to, each once, by a zone that uses it."""
        ...

    @property
    def nat_addresses(self) -> pulumi.Output[Sequence[str]]: ...
    def private_subnets_in(self, zones: Sequence[str]) -> pulumi.Output[Any]:
        """Ids of the private subnets of these zones."""
        ...


@dataclass(frozen=True, kw_only=True)
class ExistingGround:
    """A network that somebody else made, as a stack file describes it. No resource stands for it."""

    settings: ExistingNetwork

    @property
    def vpc_id(self) -> pulumi.Output[str]:
        """The VPC's id."""
        return pulumi.Output.from_input(self.settings.vpc)

    @property
    def private_subnet_ids(self) -> pulumi.Output[Sequence[str]]:
        """In the order of the zones."""
        return self.private_subnets_in(self.settings.zones)

    @property
    def public_subnet_ids(self) -> pulumi.Output[Sequence[str]]:
        """In the order in which they are named."""
        return pulumi.Output.from_input(list(self.settings.public_subnets.values()))

    @property
    def private_route_tables(self) -> Mapping[str, pulumi.Output[str]]:
        """Those that are named to be added to, and no other."""
        return {zone: pulumi.Output.from_input(table) for zone, table in self.settings.route_tables.items()}

    @property
    def nat_addresses(self) -> pulumi.Output[Sequence[str]]:
        """What its private subnets are seen with outside."""
        return pulumi.Output.from_input(list(self.settings.nat_addresses))

    def private_subnets_in(self, zones: Sequence[str]) -> pulumi.Output[Any]:
        """Ids of the private subnets of these zones."""
        return pulumi.Output.from_input([self.settings.private_subnets[zone].id for zone in zones])
