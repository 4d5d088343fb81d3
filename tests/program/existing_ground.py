"""A network and a cluster as an organisation has them, made by ordinary clients on a stand-in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

REGION = "eu-west-1"
ZONES = (f"{REGION}a", f"{REGION}b")
CLUSTER = "shared"
Client = Callable[[str], Any]
"""A client of AWS by its service."""


@dataclass
class Ground:
    """What was made, by its ids."""

    vpc: str = ""
    cidr: str = "10.40.0.0/16"
    private: dict[str, str] = field(default_factory=dict[str, str])
    public: dict[str, str] = field(default_factory=dict[str, str])
    tables: dict[str, str] = field(default_factory=dict[str, str])
    """Of the private subnets, by zone."""

    def network(self, *, route_tables: bool = False) -> dict[str, Any]:
        """The block `network` of a stack's file."""
        subnets = {
            zone: {
                "id": self.private[zone],
                "cidr": block(number),
                **({"route_table": self.tables[zone]} if route_tables else {}),
            }
            for number, zone in enumerate(self.private)
        }
        return {"vpc": self.vpc, "cidr": self.cidr, "private_subnets": subnets}


def block(number: int) -> str:
    """The block of the private subnet in a zone, by the zone's place."""
    return f"10.40.{16 * number}.0/20"


def network(client: Client) -> Ground:
    """A VPC in two zones, with a NAT gateway and a table for each private subnet."""
    ec2, made = client("ec2"), Ground()
    made.vpc = ec2.create_vpc(CidrBlock=made.cidr)["Vpc"]["VpcId"]
    for attribute in ("EnableDnsSupport", "EnableDnsHostnames"):
        ec2.modify_vpc_attribute(VpcId=made.vpc, **{attribute: {"Value": True}})
    internet = ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    ec2.attach_internet_gateway(InternetGatewayId=internet, VpcId=made.vpc)
    outside = _table(ec2, made.vpc, GatewayId=internet)
    for number, zone in enumerate(ZONES):
        made.public[zone] = _subnet(ec2, made.vpc, zone, f"10.40.{200 + number}.0/24", outside)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    nat = ec2.create_nat_gateway(SubnetId=made.public[ZONES[0]], AllocationId=address)["NatGateway"]
    for number, zone in enumerate(ZONES):
        made.tables[zone] = _table(ec2, made.vpc, NatGatewayId=nat["NatGatewayId"])
        made.private[zone] = _subnet(ec2, made.vpc, zone, block(number), made.tables[zone])
    roles = [{"Key": "kubernetes.io/role/internal-elb", "Value": "1"}]
    ec2.create_tags(Resources=list(made.private.values()), Tags=roles)
    return made


def _table(ec2: Any, vpc: str, **target: str) -> str:
    table = ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", **target)
    return str(table)


def _subnet(ec2: Any, vpc: str, zone: str, cidr: str, table: str) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=cidr, AvailabilityZone=zone)["Subnet"]["SubnetId"]
    ec2.associate_route_table(SubnetId=made, RouteTableId=table)
    return str(made)


def cluster(client: Client, subnets: Sequence[str], **changes: Any) -> None:
    """A cluster with access entries and a private endpoint."""
    given: dict[str, Any] = {
        "name": CLUSTER,
        "roleArn": "arn:aws:iam::123456789012:role/somebody",
        "version": "1.35",
        "resourcesVpcConfig": {
            "subnetIds": list(subnets),
            "endpointPrivateAccess": True,
            "endpointPublicAccess": False,
        },
        "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
    }
    client("eks").create_cluster(**{**given, **changes})


def seen(client: Client, ground: Ground) -> dict[str, Any]:
    """All that AWS says of the network and the cluster, for what must stay as it is."""
    ec2, eks = client("ec2"), client("eks")
    here = [{"Name": "vpc-id", "Values": [ground.vpc]}]
    described = eks.describe_cluster(name=CLUSTER)["cluster"]
    group = described["resourcesVpcConfig"]["clusterSecurityGroupId"]
    rules = ec2.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])
    entries = eks.list_access_entries(clusterName=CLUSTER)["accessEntries"]
    return {
        "vpc": ec2.describe_vpcs(VpcIds=[ground.vpc])["Vpcs"],
        "subnets": ec2.describe_subnets(Filters=here)["Subnets"],
        "tables": ec2.describe_route_tables(Filters=here)["RouteTables"],
        "groups": sorted(
            g["GroupName"] for g in ec2.describe_security_groups(Filters=here)["SecurityGroups"]
        ),
        "cluster": described,
        "rules": sorted(str(one) for one in rules["SecurityGroupRules"]),
        "entries": {
            one: (
                eks.describe_access_entry(clusterName=CLUSTER, principalArn=one)["accessEntry"],
                eks.list_associated_access_policies(clusterName=CLUSTER, principalArn=one)[
                    "associatedAccessPolicies"
                ],
            )
            for one in entries
        },
        "node groups": eks.list_nodegroups(clusterName=CLUSTER)["nodegroups"],
    }
