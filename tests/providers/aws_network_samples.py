"""One realistic sample of every AWS type that a network is made of."""

from tests.providers.aws_world import NEW_TAGS, TAGS
from tests.providers.life import Sample, plain

SAMPLES: dict[str, Sample] = {
    "aws:ec2/vpc:Vpc": Sample(
        plain(cidrBlock="10.30.0.0/16", enableDnsHostnames=True, tags=TAGS),
        plain(enableDnsHostnames=False, enableDnsSupport=True, tags=NEW_TAGS),
        plain(cidrBlock="10.31.0.0/16"),
    ),
    "aws:ec2/subnet:Subnet": Sample(
        lambda w: {
            "vpcId": w.vpc,
            "cidrBlock": "10.20.9.0/24",
            "availabilityZone": "eu-west-1a",
            "tags": TAGS,
        },
        plain(mapPublicIpOnLaunch=True, tags=NEW_TAGS),
        plain(cidrBlock="10.20.10.0/24"),
    ),
    "aws:ec2/internetGateway:InternetGateway": Sample(
        lambda w: {"vpcId": w.vpc, "tags": TAGS},
        plain(tags=NEW_TAGS),
    ),
    "aws:ec2/eip:Eip": Sample(
        plain(domain="vpc", tags=TAGS), plain(tags=NEW_TAGS), plain(publicIpv4Pool="amazon")
    ),
    "aws:ec2/natGateway:NatGateway": Sample(
        lambda w: {"subnetId": w.subnet(1), "allocationId": w.eip(1), "tags": TAGS},
        plain(tags=NEW_TAGS),
        lambda w: {"subnetId": w.subnet(2)},
    ),
    "aws:ec2/routeTable:RouteTable": Sample(
        lambda w: {
            "vpcId": w.vpc,
            "tags": TAGS,
            "routes": [{"cidrBlock": "0.0.0.0/0", "gatewayId": w.gateway}],
        },
        lambda w: {"tags": NEW_TAGS, "routes": [{"cidrBlock": "10.99.0.0/16", "gatewayId": w.gateway}]},
        plain(vpcId="vpc-other"),
    ),
    "aws:ec2/route:Route": Sample(
        lambda w: {"routeTableId": w.table(), "destinationCidrBlock": "0.0.0.0/0", "gatewayId": w.gateway},
        None,
        plain(destinationCidrBlock="192.168.0.0/16"),
    ),
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection": Sample(
        lambda w: {"vpcId": w.vpc, "peerVpcId": w.other_vpc, "tags": TAGS},
        plain(tags=NEW_TAGS),
        lambda w: {"vpcId": w.other_vpc, "peerVpcId": w.vpc},
    ),
    "aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter": Sample(
        lambda w: {"vpcPeeringConnectionId": w.peering(1), "autoAccept": True},
        None,
        lambda w: {"vpcPeeringConnectionId": w.peering(2)},
        stays=True,
    ),
    "aws:ec2transitgateway/vpcAttachment:VpcAttachment": Sample(
        lambda w: {
            "transitGatewayId": w.transit_gateway,
            "vpcId": w.vpc,
            "subnetIds": [w.subnet(1), w.subnet(2)],
            "tags": TAGS,
        },
        plain(tags=NEW_TAGS),
        lambda w: {"vpcId": w.other_vpc},
    ),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": Sample(
        lambda w: {"routeTableId": w.table(1), "subnetId": w.subnet(1)},
        None,
        lambda w: {"routeTableId": w.table(2)},
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Sample(
        lambda w: {
            "vpcId": w.vpc,
            "serviceName": "com.amazonaws.eu-west-1.ecr.api",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": [w.subnet(2), w.subnet(1)],
            "securityGroupIds": [w.group()],
            "tags": TAGS,
        },
        lambda w: {"subnetIds": [w.subnet(1)], "tags": NEW_TAGS},
        plain(serviceName="com.amazonaws.eu-west-1.sts"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": Sample(
        lambda w: {
            "vpcId": w.vpc,
            "name": "sample-group",
            "description": "for a test",
            "egress": [{"protocol": "tcp", "fromPort": 443, "toPort": 443, "cidrBlocks": ["0.0.0.0/0"]}],
            "tags": TAGS,
        },
        plain(
            egress=[{"protocol": "tcp", "fromPort": 80, "toPort": 80, "cidrBlocks": ["10.0.0.0/8"]}],
            tags=NEW_TAGS,
        ),
        plain(description="for another test"),
    ),
    "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": Sample(
        lambda w: {"vpcId": w.vpc, "tags": TAGS},
        plain(
            ingress=[{"protocol": "tcp", "fromPort": 22, "toPort": 22, "cidrBlocks": ["10.0.0.0/8"]}],
            tags=NEW_TAGS,
        ),
        plain(vpcId="vpc-other"),
        stays=True,
    ),
    "aws:ec2/flowLog:FlowLog": Sample(
        lambda w: {
            "vpcId": w.vpc,
            "trafficType": "ALL",
            "logDestination": w.log_group,
            "iamRoleArn": w.role().state["arn"],
            "tags": TAGS,
        },
        plain(tags=NEW_TAGS),
        plain(trafficType="REJECT"),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": Sample(
        lambda w: {
            "securityGroupId": w.group(1),
            "ipProtocol": "tcp",
            "fromPort": 22,
            "toPort": 22,
            "cidrIpv4": "10.0.0.0/8",
            "description": "SSH",
            "tags": TAGS,
        },
        plain(fromPort=443, toPort=443, description="HTTPS", tags=NEW_TAGS),
        lambda w: {"securityGroupId": w.group(2)},
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": Sample(
        lambda w: {"securityGroupId": w.group(1), "ipProtocol": "-1", "cidrIpv4": "0.0.0.0/0", "tags": TAGS},
        plain(cidrIpv4="10.0.0.0/8", tags=NEW_TAGS),
        lambda w: {"securityGroupId": w.group(2)},
    ),
    "aws:cloudwatch/logGroup:LogGroup": Sample(
        plain(name="/sample/logs", retentionInDays=30, tags=TAGS),
        plain(retentionInDays=90, tags=NEW_TAGS),
        plain(name="/sample/other"),
    ),
}
