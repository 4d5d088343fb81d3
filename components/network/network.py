"""A VPC over several zones, with the ways out that were asked for and no other."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from components.network.flow_log_policy import flow_log_permissions, flow_log_trust
from slipway.errors import SlipwayError
from slipway.platform import aws_names, naming
from slipway.platform.addressing import ZoneSubnets, subnets
from slipway.platform.network import NetworkSettings

ANYWHERE = "0.0.0.0/0"
INTERFACE_ENDPOINTS = ("ecr.api", "ecr.dkr", "sts")
"""Services reached inside the VPC, as in `com.amazonaws.<region>.<service>`; S3 has a gateway besides."""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,38}[a-z0-9]")


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """A network. `name` begins the physical names; new zones go to the end of `zones`, never between."""

    name: str
    account: str
    region: str
    settings: NetworkSettings
    """Addresses, zones and ways out, as a stack file describes them."""
    boundary_arn: str
    cluster_names: tuple[str, ...] = ()
    """EKS clusters that live here; their load balancer controllers find subnets by tags with these names."""

    def __post_init__(self) -> None:
        """Raise SlipwayError for what AWS would refuse after the preview."""
        where = f"network {self.name}"
        if not _NAME.fullmatch(self.name):
            raise SlipwayError(
                f"{self.name!r} cannot begin the names of a network", where=where, fix="use a-z 0-9 -"
            )
        aws_names.check_account(self.account, where)
        aws_names.check_region(self.region, where)
        aws_names.check_boundary(self.boundary_arn, where)


class Network(pulumi.ComponentResource):
    """The VPC; subnets in the order of the zones.

    What uses the private subnets' ids comes after their way out and goes before it: nodes and runners that
    have lost it neither join nor drain.
    """

    vpc_id: pulumi.Output[str]
    private_subnet_ids: pulumi.Output[Sequence[str]]
    public_subnet_ids: pulumi.Output[Sequence[str]]
    private_route_tables: Mapping[str, pulumi.Output[str]]
    """Ids of the private subnets' route tables, by zone."""
    nat_addresses: pulumi.Output[Sequence[str]]
    """Public addresses from which the private subnets are seen outside; empty without NAT."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:network:Network", name, {}, opts)
        self._name = name
        self._args = args
        self._child = pulumi.ResourceOptions(parent=self)
        plan = subnets(args.settings.cidr, args.settings.zones)
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.settings.cidr,
            enable_dns_hostnames=True,  # interface endpoints take over the services' own names by private DNS
            enable_dns_support=True,
            tags={"Name": args.name, **self._cluster_tags()},
            opts=self._child,
        )
        # Without rules: what is started without naming a security group reaches nothing and is not reached.
        aws.ec2.DefaultSecurityGroup(f"{name}-default", vpc_id=vpc.id, opts=self._child)
        public = self._subnets(vpc, plan, "public")
        private = self._subnets(vpc, plan, "private")
        public_table, internet = self._public_routes(vpc, public)
        private_tables, associations = self._private_tables(vpc, private)
        addresses, routes = self._nat(public, private_tables, internet)
        endpoints = self._endpoints(vpc, [*private_tables.values(), public_table], private)
        self._flow_logs(vpc)

        self.vpc_id = vpc.id
        self._private = private
        self._way_out: list[pulumi.Resource] = [*associations, *routes, *endpoints]
        self.private_subnet_ids = self.private_subnets_in(args.settings.zones)
        self.public_subnet_ids = pulumi.Output.all(*[subnet.id for subnet in public.values()])
        self.private_route_tables = {zone: table.id for zone, table in private_tables.items()}
        self.nat_addresses = pulumi.Output.all(*[address.public_ip for address in addresses])
        self.register_outputs(
            {
                "vpcId": self.vpc_id,
                "privateSubnetIds": self.private_subnet_ids,
                "publicSubnetIds": self.public_subnet_ids,
                "natAddresses": self.nat_addresses,
            }
        )

    def private_subnets_in(self, zones: Sequence[str]) -> pulumi.Output[Any]:
        """Ids of the private subnets of these zones; what uses them comes after their way out.

        Of no others: one that is still to be made would leave the whole list unknown.
        """
        return _after(pulumi.Output.all(*[self._private[zone].id for zone in zones]), self._way_out)

    def _cluster_tags(self) -> dict[str, str]:
        # `shared`: the cluster does not own the network (EKS User Guide, "View EKS networking requirements").
        return {f"kubernetes.io/cluster/{cluster}": "shared" for cluster in self._args.cluster_names}

    def _zone(self, zone: str) -> str:
        return zone.removeprefix(self._args.region)

    def _subnets(self, vpc: aws.ec2.Vpc, plan: Sequence[ZoneSubnets], kind: str) -> dict[str, aws.ec2.Subnet]:
        # These roles are where load balancers are put (EKS User Guide, "Route internet traffic with ALBs").
        role = "elb" if kind == "public" else "internal-elb"
        return {
            pair.zone: aws.ec2.Subnet(
                f"{self._name}-{kind}-{self._zone(pair.zone)}",
                vpc_id=vpc.id,
                availability_zone=pair.zone,
                cidr_block=pair.public if kind == "public" else pair.private,
                map_public_ip_on_launch=False,
                tags={
                    "Name": f"{self._args.name}-{kind}-{self._zone(pair.zone)}",
                    f"kubernetes.io/role/{role}": "1",
                    **self._cluster_tags(),
                },
                opts=self._child,
            )
            for pair in plan
        }

    def _public_routes(
        self, vpc: aws.ec2.Vpc, public: Mapping[str, aws.ec2.Subnet]
    ) -> tuple[aws.ec2.RouteTable, aws.ec2.Route]:
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet", vpc_id=vpc.id, tags={"Name": self._args.name}, opts=self._child
        )
        table = self._table(vpc, "public", f"{self._args.name}-public")
        route = aws.ec2.Route(
            f"{self._name}-public-internet",
            route_table_id=table.id,
            destination_cidr_block=ANYWHERE,
            gateway_id=gateway.id,
            opts=self._child,
        )
        for zone, subnet in public.items():
            self._associate(f"public-{self._zone(zone)}", table, subnet)
        return table, route

    def _private_tables(
        self, vpc: aws.ec2.Vpc, private: Mapping[str, aws.ec2.Subnet]
    ) -> tuple[dict[str, aws.ec2.RouteTable], list[aws.ec2.RouteTableAssociation]]:
        # One table per zone whatever the NAT mode, so that changing the mode changes routes and no table.
        tables: dict[str, aws.ec2.RouteTable] = {}
        associations: list[aws.ec2.RouteTableAssociation] = []
        for zone, subnet in private.items():
            tables[zone] = self._table(
                vpc, f"private-{self._zone(zone)}", naming.private_route_table(self._args.name, zone)
            )
            associations.append(self._associate(f"private-{self._zone(zone)}", tables[zone], subnet))
        return tables, associations

    def _table(self, vpc: aws.ec2.Vpc, suffix: str, physical_name: str) -> aws.ec2.RouteTable:
        return aws.ec2.RouteTable(
            f"{self._name}-{suffix}",
            vpc_id=vpc.id,
            tags={"Name": physical_name},
            opts=self._child,
        )

    def _associate(
        self, suffix: str, table: aws.ec2.RouteTable, subnet: aws.ec2.Subnet
    ) -> aws.ec2.RouteTableAssociation:
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{suffix}", route_table_id=table.id, subnet_id=subnet.id, opts=self._child
        )

    def _nat(
        self,
        public: Mapping[str, aws.ec2.Subnet],
        tables: Mapping[str, aws.ec2.RouteTable],
        internet: aws.ec2.Route,
    ) -> tuple[list[aws.ec2.Eip], list[aws.ec2.Route]]:
        if self._args.settings.nat == "none":
            return [], []
        zones = list(tables) if self._args.settings.nat == "one_per_zone" else list(tables)[:1]
        # A NAT gateway made before its VPC has a way out fails (VPC User Guide, "Work with NAT gateways").
        behind_internet = pulumi.ResourceOptions(parent=self, depends_on=[internet])
        addresses: dict[str, aws.ec2.Eip] = {}
        gateways: dict[str, aws.ec2.NatGateway] = {}
        for zone in zones:
            suffix = f"nat-{self._zone(zone)}"
            tags = {"Name": naming.nat_address(self._args.name, zone)}
            addresses[zone] = aws.ec2.Eip(
                f"{self._name}-{suffix}", domain="vpc", tags=tags, opts=behind_internet
            )
            gateways[zone] = aws.ec2.NatGateway(
                f"{self._name}-{suffix}",
                allocation_id=addresses[zone].allocation_id,
                subnet_id=public[zone].id,
                tags=tags,
                opts=behind_internet,
            )
        routes = [
            aws.ec2.Route(
                f"{self._name}-private-{self._zone(zone)}-nat",
                route_table_id=table.id,
                destination_cidr_block=ANYWHERE,
                nat_gateway_id=gateways.get(zone, gateways[zones[0]]).id,
                opts=self._child,
            )
            for zone, table in tables.items()
        ]
        return list(addresses.values()), routes

    def _endpoints(
        self, vpc: aws.ec2.Vpc, tables: Sequence[aws.ec2.RouteTable], private: Mapping[str, aws.ec2.Subnet]
    ) -> list[pulumi.Resource]:
        args = self._args
        # Image layers come from S3, so the registry's endpoints alone would still leave by NAT.
        s3 = aws.ec2.VpcEndpoint(
            f"{self._name}-s3",
            vpc_id=vpc.id,
            service_name=f"com.amazonaws.{args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=[table.id for table in tables],
            tags={"Name": f"{args.name}-s3"},
            opts=self._child,
        )
        group, rule = self._endpoint_group(vpc)
        interfaces = [
            aws.ec2.VpcEndpoint(
                f"{self._name}-{service.replace('.', '-')}",
                vpc_id=vpc.id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=[subnet.id for subnet in private.values()],
                security_group_ids=[group.id],
                tags={"Name": f"{args.name}-{service.replace('.', '-')}"},
                opts=self._child,
            )
            for service in INTERFACE_ENDPOINTS
        ]
        return [s3, *interfaces, rule]

    def _endpoint_group(
        self, vpc: aws.ec2.Vpc
    ) -> tuple[aws.ec2.SecurityGroup, aws.vpc.SecurityGroupIngressRule]:
        args = self._args
        group = aws.ec2.SecurityGroup(
            f"{self._name}-endpoints",
            name=f"{args.name}-endpoints",
            description="Interface endpoints: HTTPS from inside the VPC only",
            vpc_id=vpc.id,
            tags={"Name": f"{args.name}-endpoints"},
            opts=self._child,
        )
        rule = aws.vpc.SecurityGroupIngressRule(
            f"{self._name}-endpoints-https",
            security_group_id=group.id,
            description="HTTPS from the VPC",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=args.settings.cidr,
            opts=self._child,
        )
        return group, rule

    def _flow_logs(self, vpc: aws.ec2.Vpc) -> None:
        args = self._args
        log_group = f"/slipway/{args.name}/flow-logs"
        group = aws.cloudwatch.LogGroup(
            f"{self._name}-flow-logs",
            name=log_group,
            retention_in_days=args.settings.flow_log_days,
            opts=self._child,
        )
        role = aws.iam.Role(
            f"{self._name}-flow-logs",
            name=f"{args.name}-flow-logs",
            path=naming.CI_PATH,
            permissions_boundary=args.boundary_arn,
            assume_role_policy=json.dumps(flow_log_trust(args.account, args.region)),
            opts=self._child,
        )
        policy = aws.iam.RolePolicy(
            f"{self._name}-flow-logs",
            name="write-flow-logs",
            role=role.name,
            policy=json.dumps(flow_log_permissions(args.account, args.region, log_group)),
            opts=self._child,
        )
        aws.ec2.FlowLog(
            f"{self._name}-flow-logs",
            vpc_id=vpc.id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=role.arn,
            max_aggregation_interval=600,
            tags={"Name": args.name},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[policy]),
        )


def _after(value: pulumi.Output[list[str]], resources: Sequence[pulumi.Resource]) -> pulumi.Output[Any]:
    """The value as it is, whose users depend on `resources` besides.

    Not by their ids: of a route that is still to be made the id is unknown, and so would the value be, which
    previews as the replacement of every node group.
    """

    async def both() -> set[pulumi.Resource]:
        return {*await value.resources(), *resources}

    return pulumi.Output(both(), value.future(), value.is_known(), value.is_secret())
