"""Resource types of EC2 Auto Scaling."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:autoscaling/group:Group",
        source=f"{TERRAFORM_AWS}/autoscaling/group.go",
        replace_on=names("name namePrefix"),
        computed=names(
            "arn availabilityZones defaultCooldown desiredCapacity healthCheckType "
            "launchTemplate.id launchTemplate.name mixedInstancesPolicy.instancesDistribution "
            "mixedInstancesPolicy.instancesDistribution.onDemandAllocationStrategy "
            "mixedInstancesPolicy.instancesDistribution.onDemandBaseCapacity "
            "mixedInstancesPolicy.instancesDistribution.onDemandPercentageAboveBaseCapacity "
            "mixedInstancesPolicy.instancesDistribution.spotAllocationStrategy "
            "mixedInstancesPolicy.instancesDistribution.spotInstancePools "
            "mixedInstancesPolicy.instancesDistribution.spotMaxPrice "
            "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateId "
            "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.launchTemplateName "
            "mixedInstancesPolicy.launchTemplate.launchTemplateSpecification.version name "
            "predictedCapacity serviceLinkedRoleArn warmPoolSize"
        ),
        required=names("maxSize minSize"),
        unordered=names("availabilityZones suspendedProcesses tags vpcZoneIdentifiers"),
        actions=Actions(
            create=qualified(
                "autoscaling",
                "CreateAutoScalingGroup CreateOrUpdateTags PutWarmPool SetInstanceProtection "
                "SuspendProcesses",
            ),
            read=qualified(
                "autoscaling", "DescribeAutoScalingGroups DescribeScalingActivities DescribeWarmPool"
            ),
            update=qualified(
                "autoscaling",
                "CreateOrUpdateTags DeleteTags DeleteWarmPool PutWarmPool ResumeProcesses "
                "SuspendProcesses UpdateAutoScalingGroup",
            ),
            delete=qualified("autoscaling", "DeleteAutoScalingGroup DeleteWarmPool UpdateAutoScalingGroup"),
            on=("arn:aws:autoscaling:{region}:{account}:autoScalingGroup:x:autoScalingGroupName/{name}",),
            # Auto Scaling tries a launch as whoever names a template, and its tags with it (Amazon EC2 Auto
            # Scaling User Guide, ec2-auto-scaling-launch-template-permissions).
            dependent=(
                ("ec2:RunInstances", "arn:aws:ec2:{region}::image/x"),
                ("ec2:RunInstances", "arn:aws:ec2:{region}:{account}:instance/x"),
                ("ec2:RunInstances", "arn:aws:ec2:{region}:{account}:spot-instances-request/x"),
                ("ec2:CreateTags", "arn:aws:ec2:{region}:{account}:instance/x"),
                ("ec2:CreateTags", "arn:aws:ec2:{region}:{account}:network-interface/x"),
                ("ec2:CreateTags", "arn:aws:ec2:{region}:{account}:volume/x"),
            ),
        ),
    ),
)
