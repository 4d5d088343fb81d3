"""Resource types of EC2."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

_LEFT_INTERFACES = (
    "A delete always asks ec2:DescribeNetworkInterfaces, and takes away what Lambda, Comprehend and DMS left "
    "(vpc_network_interface.go, deleteLingeringENIs); for other interfaces it waits."
)

TYPES = (
    ResourceType(
        token="aws:ec2/vpcEndpoint:VpcEndpoint",
        source=f"{TERRAFORM_AWS}/ec2/vpc_endpoint.go",
        replace_on=names(
            "vpcId serviceName serviceNetworkArn resourceConfigurationArn serviceRegion vpcEndpointType"
        ),
        computed=names(
            "arn cidrBlocks dnsEntries dnsOptions ipAddressType networkInterfaceIds ownerId "
            "policy prefixListId privateDnsEnabled requesterManaged routeTableIds "
            "securityGroupIds state subnetIds"
        ),
        required=names("serviceName vpcId"),
        unordered=names("routeTableIds securityGroupIds subnetIds"),
        actions=Actions(
            create=qualified("ec2", "CreateVpcEndpoint CreateTags"),
            read=qualified("ec2", "DescribeVpcEndpoints DescribePrefixLists"),
            update=qualified("ec2", "ModifyVpcEndpoint CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteVpcEndpoints"),
            on=(
                "arn:aws:ec2:{region}:{account}:vpc-endpoint/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
                "arn:aws:ec2:{region}:{account}:subnet/x",
                "arn:aws:ec2:{region}:{account}:route-table/x",
                "arn:aws:ec2:{region}:{account}:security-group/x",
            ),
            # Private DNS of an interface endpoint is a hosted zone of the service's.
            dependent=(("route53:AssociateVPCWithHostedZone", "arn:aws:route53:::hostedzone/x"),),
        ),
    ),
    ResourceType(
        token="aws:ec2/internetGateway:InternetGateway",
        source=f"{TERRAFORM_AWS}/ec2/vpc_internet_gateway.go",
        computed=names("arn ownerId vpcId"),
        actions=Actions(
            create=qualified("ec2", "CreateInternetGateway AttachInternetGateway CreateTags"),
            read=qualified("ec2", "DescribeInternetGateways"),
            update=qualified("ec2", "AttachInternetGateway DetachInternetGateway CreateTags DeleteTags"),
            delete=qualified("ec2", "DetachInternetGateway DeleteInternetGateway"),
            on=(
                "arn:aws:ec2:{region}:{account}:internet-gateway/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/eip:Eip",
        source=f"{TERRAFORM_AWS}/ec2/ec2_eip.go",
        replace_on=names("ipamPoolId domain networkBorderGroup publicIpv4Pool address"),
        computed=names(
            "allocationId arn domain instance networkInterface privateDns privateIp publicDns publicIp"
        ),
        actions=Actions(
            create=qualified("ec2", "AllocateAddress CreateTags"),
            read=qualified("ec2", "DescribeAddresses DescribeAddressesAttribute"),
            update=qualified("ec2", "CreateTags DeleteTags"),
            delete=qualified("ec2", "DisassociateAddress ReleaseAddress"),
            on=("arn:aws:ec2:{region}:{account}:elastic-ip/x",),
        ),
    ),
    ResourceType(
        token="aws:ec2/natGateway:NatGateway",
        source=f"{TERRAFORM_AWS}/ec2/vpc_nat_gateway.go",
        replace_on=names(
            "availabilityMode allocationId connectivityType privateIp "
            "secondaryPrivateIpAddressCount subnetId vpcId"
        ),
        computed=names("associationId networkInterfaceId privateIp publicIp"),
        required=names("subnetId"),
        actions=Actions(
            create=qualified("ec2", "CreateNatGateway CreateTags"),
            read=qualified("ec2", "DescribeNatGateways"),
            update=qualified("ec2", "CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteNatGateway"),
            on=(
                "arn:aws:ec2:{region}:{account}:natgateway/x",
                "arn:aws:ec2:{region}:{account}:subnet/x",
                "arn:aws:ec2:{region}:{account}:elastic-ip/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/vpc:Vpc",
        source=f"{TERRAFORM_AWS}/ec2/vpc_.go",
        replace_on=names("cidrBlock ipv4IpamPoolId ipv4NetmaskLength"),
        computed=names(
            "arn cidrBlock defaultNetworkAclId defaultRouteTableId defaultSecurityGroupId "
            "dhcpOptionsId enableDnsHostnames mainRouteTableId ownerId"
        ),
        required=names("cidrBlock"),
        actions=Actions(
            create=qualified("ec2", "CreateVpc ModifyVpcAttribute CreateTags"),
            read=qualified("ec2", "DescribeVpcs DescribeVpcAttribute"),
            update=qualified("ec2", "ModifyVpcAttribute CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteVpc"),
            on=("arn:aws:ec2:{region}:{account}:vpc/x",),
        ),
    ),
    ResourceType(
        token="aws:ec2/subnet:Subnet",
        source=f"{TERRAFORM_AWS}/ec2/vpc_subnet.go",
        replace_on=names(
            "ipv4IpamPoolId ipv4NetmaskLength ipv6IpamPoolId ipv6NetmaskLength vpcId cidrBlock "
            "availabilityZone availabilityZoneId outpostArn ipv6Native"
        ),
        computed=names("arn availabilityZone availabilityZoneId ownerId privateDnsHostnameTypeOnLaunch"),
        required=names("cidrBlock vpcId"),
        checked=_LEFT_INTERFACES,
        actions=Actions(
            create=qualified("ec2", "CreateSubnet ModifySubnetAttribute CreateTags"),
            read=qualified("ec2", "DescribeNetworkInterfaces DescribeSubnets"),
            update=qualified("ec2", "ModifySubnetAttribute CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteSubnet"),
            on=(
                "arn:aws:ec2:{region}:{account}:subnet/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/routeTable:RouteTable",
        source=f"{TERRAFORM_AWS}/ec2/vpc_route_table.go",
        replace_on=names("vpcId"),
        computed=names("arn ownerId propagatingVgws routes"),
        required=names("vpcId"),
        unordered=names("routes"),
        actions=Actions(
            create=qualified("ec2", "CreateRouteTable CreateTags"),
            read=qualified("ec2", "DescribeRouteTables"),
            update=qualified("ec2", "CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteRouteTable"),
            on=(
                "arn:aws:ec2:{region}:{account}:route-table/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/route:Route",
        source=f"{TERRAFORM_AWS}/ec2/vpc_route.go",
        replace_on=names(
            "routeTableId destinationCidrBlock destinationIpv6CidrBlock destinationPrefixListId"
        ),
        computed=names("instanceId instanceOwnerId networkInterfaceId origin state"),
        required=names("routeTableId"),
        actions=Actions(
            create=qualified("ec2", "CreateRoute"),
            read=qualified("ec2", "DescribeRouteTables"),
            update=qualified("ec2", "ReplaceRoute"),
            delete=qualified("ec2", "DeleteRoute"),
            on=("arn:aws:ec2:{region}:{account}:route-table/x",),
        ),
    ),
    ResourceType(
        token="aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
        source=f"{TERRAFORM_AWS}/ec2/vpc_peering_connection.go",
        replace_on=names("peerOwnerId peerRegion peerVpcId vpcId"),
        computed=names("acceptStatus accepter peerOwnerId peerRegion requester"),
        required=names("peerVpcId vpcId"),
        actions=Actions(
            create=qualified("ec2", "CreateVpcPeeringConnection CreateTags"),
            read=qualified("ec2", "DescribeVpcPeeringConnections"),
            update=qualified("ec2", "CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteVpcPeeringConnection"),
            on=(
                "arn:aws:ec2:{region}:{account}:vpc-peering-connection/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        # Destroying it leaves the peering to the side that asked for it.
        token="aws:ec2/vpcPeeringConnectionAccepter:VpcPeeringConnectionAccepter",
        source=f"{TERRAFORM_AWS}/ec2/vpc_peering_connection_accepter.go",
        replace_on=names("vpcPeeringConnectionId"),
        computed=names("acceptStatus accepter peerOwnerId peerRegion peerVpcId requester vpcId"),
        required=names("vpcPeeringConnectionId"),
        actions=Actions(
            create=qualified("ec2", "AcceptVpcPeeringConnection"),
            read=qualified("ec2", "DescribeVpcPeeringConnections"),
            on=(
                "arn:aws:ec2:{region}:{account}:vpc-peering-connection/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2transitgateway/vpcAttachment:VpcAttachment",
        source=f"{TERRAFORM_AWS}/ec2/transitgateway_vpc_attachment.go",
        replace_on=names("transitGatewayId vpcId"),
        computed=names(
            "arn applianceModeSupport dnsSupport ipv6Support securityGroupReferencingSupport "
            "transitGatewayDefaultRouteTableAssociation transitGatewayDefaultRouteTablePropagation vpcOwnerId"
        ),
        required=names("subnetIds transitGatewayId vpcId"),
        unordered=names("subnetIds"),
        actions=Actions(
            create=qualified("ec2", "CreateTransitGatewayVpcAttachment CreateTags"),
            read=qualified(
                "ec2",
                "DescribeTransitGatewayVpcAttachments DescribeTransitGateways "
                # Of a gateway of the same account.
                "GetTransitGatewayRouteTableAssociations GetTransitGatewayRouteTablePropagations",
            ),
            update=qualified("ec2", "ModifyTransitGatewayVpcAttachment CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteTransitGatewayVpcAttachment"),
            on=(
                "arn:aws:ec2:{region}:{account}:transit-gateway-attachment/x",
                "arn:aws:ec2:{region}:{account}:transit-gateway/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
                "arn:aws:ec2:{region}:{account}:subnet/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/routeTableAssociation:RouteTableAssociation",
        source=f"{TERRAFORM_AWS}/ec2/vpc_route_table_association.go",
        replace_on=names("subnetId gatewayId"),
        required=names("routeTableId"),
        actions=Actions(
            create=qualified("ec2", "AssociateRouteTable"),
            read=qualified("ec2", "DescribeRouteTables"),
            update=qualified("ec2", "ReplaceRouteTableAssociation"),
            delete=qualified("ec2", "DisassociateRouteTable"),
            on=(
                "arn:aws:ec2:{region}:{account}:route-table/x",
                "arn:aws:ec2:{region}:{account}:subnet/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/flowLog:FlowLog",
        source=f"{TERRAFORM_AWS}/ec2/vpc_flow_log.go",
        replace_on=names(
            "tagFieldSpecifications vpcId subnetId eniId trafficType logDestination "
            "logDestinationType logFormat "
            "iamRoleArn maxAggregationInterval destinationOptions deliverCrossAccountRole"
        ),
        computed=names("arn logDestination logFormat"),
        actions=Actions(
            create=qualified("ec2", "CreateFlowLogs CreateTags"),
            read=qualified("ec2", "DescribeFlowLogs"),
            update=qualified("ec2", "CreateTags DeleteTags"),
            delete=qualified("ec2", "DeleteFlowLogs"),
            on=(
                "arn:aws:ec2:{region}:{account}:vpc-flow-log/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/securityGroup:SecurityGroup",
        source=f"{TERRAFORM_AWS}/ec2/vpc_security_group.go",
        replace_on=names("name namePrefix description vpcId"),
        computed=names("arn egress ingress name ownerId vpcId"),
        unordered=names("egress egress.securityGroups ingress ingress.securityGroups"),
        checked=_LEFT_INTERFACES,
        actions=Actions(
            create=qualified(
                "ec2",
                "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress "
                "RevokeSecurityGroupEgress CreateSecurityGroup CreateTags",
            ),
            read=qualified("ec2", "DescribeNetworkInterfaces DescribeSecurityGroups"),
            update=qualified(
                "ec2",
                "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress "
                "RevokeSecurityGroupEgress RevokeSecurityGroupIngress CreateTags DeleteTags",
            ),
            delete=qualified("ec2", "DeleteSecurityGroup"),
            on=(
                "arn:aws:ec2:{region}:{account}:security-group/x",
                "arn:aws:ec2:{region}:{account}:vpc/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/defaultSecurityGroup:DefaultSecurityGroup",
        source=f"{TERRAFORM_AWS}/ec2/vpc_default_security_group.go",
        replace_on=names("vpcId"),
        computed=names("arn description name namePrefix ownerId vpcId"),
        unordered=names("egress egress.securityGroups ingress ingress.securityGroups"),
        actions=Actions(
            create=qualified(
                "ec2",
                "RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
                "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateTags",
            ),
            read=qualified("ec2", "DescribeSecurityGroups"),
            update=qualified(
                "ec2",
                "RevokeSecurityGroupEgress RevokeSecurityGroupIngress "
                "AuthorizeSecurityGroupEgress AuthorizeSecurityGroupIngress CreateTags DeleteTags",
            ),
            on=("arn:aws:ec2:{region}:{account}:security-group/x",),
        ),
    ),
    ResourceType(
        token="aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
        source=f"{TERRAFORM_AWS}/ec2/vpc_security_group_ingress_rule.go",
        replace_on=names("securityGroupId"),
        computed=names("arn securityGroupRuleId"),
        required=names("ipProtocol securityGroupId"),
        actions=Actions(
            create=qualified("ec2", "AuthorizeSecurityGroupIngress CreateTags"),
            read=qualified("ec2", "DescribeSecurityGroupRules"),
            update=qualified("ec2", "ModifySecurityGroupRules CreateTags DeleteTags"),
            delete=qualified("ec2", "RevokeSecurityGroupIngress"),
            on=(
                "arn:aws:ec2:{region}:{account}:security-group/x",
                "arn:aws:ec2:{region}:{account}:security-group-rule/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        source=f"{TERRAFORM_AWS}/ec2/vpc_security_group_ingress_rule.go",
        replace_on=names("securityGroupId"),
        computed=names("arn securityGroupRuleId"),
        required=names("ipProtocol securityGroupId"),
        actions=Actions(
            create=qualified("ec2", "AuthorizeSecurityGroupEgress CreateTags"),
            read=qualified("ec2", "DescribeSecurityGroupRules"),
            update=qualified("ec2", "ModifySecurityGroupRules CreateTags DeleteTags"),
            delete=qualified("ec2", "RevokeSecurityGroupEgress"),
            on=(
                "arn:aws:ec2:{region}:{account}:security-group/x",
                "arn:aws:ec2:{region}:{account}:security-group-rule/x",
            ),
        ),
    ),
    ResourceType(
        token="aws:ec2/launchTemplate:LaunchTemplate",
        source=f"{TERRAFORM_AWS}/ec2/ec2_launch_template.go",
        replace_on=names("name namePrefix"),
        computed=names("arn defaultVersion latestVersion metadataOptions name"),
        unordered=names("networkInterfaces.securityGroups vpcSecurityGroupIds"),
        actions=Actions(
            create=qualified("ec2", "CreateLaunchTemplate CreateTags"),
            read=qualified("ec2", "DescribeLaunchTemplates DescribeLaunchTemplateVersions"),
            update=qualified(
                "ec2",
                "CreateLaunchTemplateVersion DeleteLaunchTemplateVersions ModifyLaunchTemplate "
                "CreateTags DeleteTags",
            ),
            delete=qualified("ec2", "DeleteLaunchTemplate"),
            on=("arn:aws:ec2:{region}:{account}:launch-template/x",),
        ),
    ),
)
