"""What a sample of an AWS type needs around it, and the documents that several samples use."""

import json
from typing import Any

from tests.providers.driver import Driver, Made

ACCOUNT = "123456789012"

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["ec2.amazonaws.com", "eks.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
OTHER_TRUST = TRUST.replace("ec2.amazonaws.com", "lambda.amazonaws.com")


def allow(action: str, resource: str = "arn:aws:s3:::plans/*") -> str:
    statement = {"Effect": "Allow", "Action": [action], "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def tls_only(bucket: str) -> str:
    statement = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


TAGS = {"Name": "sample"}
NEW_TAGS = {"Name": "renamed", "extra": "1"}


class World:
    """What a sample needs around it, made on demand and removed in the reverse order."""

    def __init__(self, aws: Driver) -> None:
        self.aws = aws
        self.made: list[Made] = []
        self._by_name: dict[str, Made] = {}

    def get(self, token: str, key: str, /, **inputs: Any) -> Made:
        if key not in self._by_name:
            made = self.aws.create(token, inputs, key)
            self._by_name[key] = made
            self.made.append(made)
        return self._by_name[key]

    def clear(self) -> None:
        for made in reversed(self.made):
            self.aws.delete(made)

    @property
    def vpc(self) -> str:
        return self.get("aws:ec2/vpc:Vpc", "world", cidrBlock="10.20.0.0/16").id

    @property
    def other_vpc(self) -> str:
        return self.get("aws:ec2/vpc:Vpc", "other-world", cidrBlock="10.40.0.0/16").id

    def peering(self, number: int = 1) -> str:
        vpcs = {"vpcId": self.vpc, "peerVpcId": self.other_vpc}
        return self.get("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", f"peering-{number}", **vpcs).id

    @property
    def transit_gateway(self) -> str:
        """The organisation's, which no stack makes."""
        ec2: Any = self.aws.provider.cloud("").client("ec2")
        listed = ec2.describe_transit_gateways()["TransitGateways"]
        found = listed[0] if listed else ec2.create_transit_gateway()["TransitGateway"]
        return str(found["TransitGatewayId"])

    def subnet(self, number: int = 1) -> str:
        zone = "abc"[number % 3]
        return self.get(
            "aws:ec2/subnet:Subnet",
            f"subnet-{number}",
            vpcId=self.vpc,
            cidrBlock=f"10.20.{number}.0/24",
            availabilityZone=f"eu-west-1{zone}",
        ).id

    @property
    def gateway(self) -> str:
        return self.get("aws:ec2/internetGateway:InternetGateway", "gateway", vpcId=self.vpc).id

    def eip(self, number: int = 1) -> str:
        return self.get("aws:ec2/eip:Eip", f"eip-{number}", domain="vpc").id

    def table(self, number: int = 1) -> str:
        return self.get("aws:ec2/routeTable:RouteTable", f"table-{number}", vpcId=self.vpc).id

    def group(self, number: int = 1) -> str:
        return self.get("aws:ec2/securityGroup:SecurityGroup", f"group-{number}", vpcId=self.vpc).id

    def role(self, number: int = 1) -> Made:
        return self.get(
            "aws:iam/role:Role", f"role-{number}", assumeRolePolicy=TRUST, name=f"world-role-{number}"
        )

    @property
    def policy(self) -> str:
        return self.get(
            "aws:iam/policy:Policy", "policy", policy=allow("s3:GetObject"), name="world-policy"
        ).id

    def repository(self, number: int = 1) -> str:
        return self.get("aws:ecr/repository:Repository", f"repo-{number}", name=f"world/repo-{number}").id

    def key(self, number: int = 1) -> Made:
        return self.get("aws:kms/key:Key", f"key-{number}")

    def bucket(self, number: int = 1) -> str:
        return self.get("aws:s3/bucket:Bucket", f"bucket-{number}", bucket=f"world-bucket-{number}").id

    def secret(self, number: int = 1) -> str:
        name = f"world/secret-{number}"
        return self.get(
            "aws:secretsmanager/secret:Secret", f"secret-{number}", name=name, recoveryWindowInDays=0
        ).id

    @property
    def log_group(self) -> str:
        return self.get("aws:cloudwatch/logGroup:LogGroup", "logs", name="/world/logs").state["arn"]

    @property
    def cluster(self) -> str:
        return self.get(
            "aws:eks/cluster:Cluster",
            "cluster",
            name="world-cluster",
            roleArn=self.role().state["arn"],
            version="1.33",
            vpcConfig={"subnetIds": [self.subnet(1), self.subnet(2)]},
            accessConfig={"authenticationMode": "API", "bootstrapClusterCreatorAdminPermissions": False},
        ).id

    @property
    def entry(self) -> Made:
        return self.get(
            "aws:eks/accessEntry:AccessEntry",
            "entry",
            clusterName=self.cluster,
            principalArn=self.role().state["arn"],
        )
