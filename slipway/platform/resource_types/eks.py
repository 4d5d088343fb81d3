"""Resource types of EKS."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:eks/cluster:Cluster",
        source=f"{TERRAFORM_AWS}/eks/cluster.go",
        replace_on=names(
            "accessConfig.bootstrapClusterCreatorAdminPermissions bootstrapSelfManagedAddons "
            "kubernetesNetworkConfig.ipFamily kubernetesNetworkConfig.serviceIpv4Cidr name "
            "outpostConfig.controlPlaneInstanceType outpostConfig.controlPlanePlacement "
            "remoteNetworkConfig roleArn"
        ),
        computed=names(
            "accessConfig accessConfig.authenticationMode "
            "accessConfig.bootstrapClusterCreatorAdminPermissions arn certificateAuthority "
            "clusterId createdAt endpoint identities kubernetesNetworkConfig name platformVersion "
            "status upgradePolicy version vpcConfig.clusterSecurityGroupId "
            "vpcConfig.endpointPrivateAccess vpcConfig.endpointPublicAccess "
            "vpcConfig.publicAccessCidrs vpcConfig.vpcId"
        ),
        required=names("roleArn vpcConfig"),
        unordered=names(
            "enabledClusterLogTypes vpcConfig.publicAccessCidrs vpcConfig.securityGroupIds "
            "vpcConfig.subnetIds"
        ),
        checked="An update is one call of eks:UpdateClusterConfig for each block that changed, each waited "
        "for by eks:DescribeUpdate. A delete that meets another change is sent again for an hour, whatever "
        "its time-out. accessConfig.bootstrapClusterCreatorAdminPermissions is true unless it is said.",
        actions=Actions(
            create=qualified("eks", "CreateAccessEntry CreateCluster TagResource"),
            read=qualified("eks", "DescribeUpdate DescribeCluster"),
            update=qualified(
                "eks",
                "AssociateEncryptionConfig TagResource UntagResource UpdateClusterConfig "
                "UpdateClusterVersion",
            ),
            delete=qualified("eks", "DeleteCluster"),
            on=("arn:aws:eks:{region}:{account}:cluster/{name}",),
        ),
    ),
    ResourceType(
        token="aws:eks/nodeGroup:NodeGroup",
        source=f"{TERRAFORM_AWS}/eks/node_group.go",
        replace_on=names(
            "amiType capacityType clusterName diskSize instanceTypes nodeGroupName "
            "nodeGroupNamePrefix nodeRoleArn remoteAccess subnetIds"
        ),
        computed=names(
            "amiType arn capacityType diskSize instanceTypes nodeGroupName releaseVersion "
            "resources status updateConfig version"
        ),
        required=names("clusterName nodeRoleArn scalingConfig subnetIds"),
        unordered=names("subnetIds taints"),
        shared=names("scalingConfig.desiredSize"),
        actions=Actions(
            create=qualified("eks", "CreateNodegroup TagResource"),
            read=qualified("eks", "DescribeUpdate DescribeNodegroup"),
            update=qualified("eks", "TagResource UntagResource UpdateNodegroupConfig UpdateNodegroupVersion"),
            delete=qualified("eks", "DeleteNodegroup"),
            on=(
                "arn:aws:eks:{region}:{account}:nodegroup/{clusterName}/{nodeGroupName}/x",
                "arn:aws:eks:{region}:{account}:cluster/{clusterName}",
            ),
        ),
    ),
    ResourceType(
        token="aws:eks/accessEntry:AccessEntry",
        source=f"{TERRAFORM_AWS}/eks/access_entry.go",
        replace_on=names("clusterName principalArn type"),
        computed=names("accessEntryArn createdAt kubernetesGroups modifiedAt userName"),
        required=names("clusterName principalArn"),
        unordered=names("kubernetesGroups"),
        actions=Actions(
            create=qualified("eks", "CreateAccessEntry TagResource"),
            read=qualified("eks", "DescribeAccessEntry"),
            update=qualified("eks", "TagResource UntagResource UpdateAccessEntry"),
            delete=qualified("eks", "DeleteAccessEntry"),
            on=(
                "arn:aws:eks:{region}:{account}:access-entry/{clusterName}/x",
                "arn:aws:eks:{region}:{account}:cluster/{clusterName}",
            ),
        ),
    ),
    ResourceType(
        token="aws:eks/accessPolicyAssociation:AccessPolicyAssociation",
        source=f"{TERRAFORM_AWS}/eks/access_policy_association.go",
        replace_on=names("clusterName policyArn principalArn accessScope"),
        computed=names("associatedAt modifiedAt"),
        required=names("accessScope clusterName policyArn principalArn"),
        unordered=names("accessScope.namespaces"),
        actions=Actions(
            create=qualified("eks", "AssociateAccessPolicy"),
            read=qualified("eks", "ListAssociatedAccessPolicies"),
            delete=qualified("eks", "DisassociateAccessPolicy"),
            on=("arn:aws:eks:{region}:{account}:access-entry/{clusterName}/x",),
        ),
    ),
    ResourceType(
        token="aws:eks/addon:Addon",
        source=f"{TERRAFORM_AWS}/eks/addon.go",
        replace_on=names("namespaceConfig addonName clusterName"),
        computed=names("addonVersion arn configurationValues createdAt modifiedAt"),
        required=names("addonName clusterName"),
        actions=Actions(
            create=qualified("eks", "CreateAddon TagResource"),
            read=qualified("eks", "DescribeUpdate DescribeAddon"),
            update=qualified("eks", "TagResource UntagResource UpdateAddon"),
            delete=qualified("eks", "DeleteAddon"),
            on=(
                "arn:aws:eks:{region}:{account}:addon/{clusterName}/{addonName}/x",
                "arn:aws:eks:{region}:{account}:cluster/{clusterName}",
            ),
        ),
    ),
)
