"""Which changed property makes the provider replace a resource, for the types this platform declares.

Source: the attributes that the upstream Terraform providers mark ``ForceNew`` (or plan as
``RequiresReplace``), which the Pulumi providers take over. AWS: hashicorp/terraform-provider-aws v6,
``internal/service/<service>/<file>``; GitHub: integrations/terraform-provider-github v6, ``github/<file>``.
Kubernetes: what pulumi-kubernetes v4 replaces by itself, ``provider/pkg/provider/<file>``.
Each entry names its file. A type that is not listed is unknown here, and a preview says 'may replace'.
"""

from __future__ import annotations

from typing import Final

_AWS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "aws:cloudwatch/logGroup:LogGroup": ("logs/group.go", ("name", "namePrefix", "logGroupClass")),
    "aws:ec2/eip:Eip": ("ec2/ec2_eip.go", ("domain", "networkBorderGroup", "publicIpv4Pool", "address")),
    "aws:ec2/flowLog:FlowLog": (
        "ec2/vpc_flow_log.go",
        (
            "vpcId",
            "subnetId",
            "eniId",
            "trafficType",
            "logDestination",
            "logDestinationType",
            "logFormat",
            "iamRoleArn",
            "maxAggregationInterval",
            "destinationOptions",
        ),
    ),
    "aws:ec2/internetGateway:InternetGateway": ("ec2/vpc_internet_gateway.go", ()),
    "aws:ec2/natGateway:NatGateway": (
        "ec2/vpc_nat_gateway.go",
        ("allocationId", "connectivityType", "privateIp", "secondaryPrivateIpAddressCount", "subnetId"),
    ),
    "aws:ec2/route:Route": (
        "ec2/vpc_route.go",
        ("routeTableId", "destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId"),
    ),
    "aws:ec2/routeTable:RouteTable": ("ec2/vpc_route_table.go", ("vpcId",)),
    "aws:ec2/routeTableAssociation:RouteTableAssociation": (
        "ec2/vpc_route_table_association.go",
        ("subnetId", "gatewayId"),
    ),
    "aws:ec2/securityGroup:SecurityGroup": (
        "ec2/vpc_security_group.go",
        ("name", "namePrefix", "description", "vpcId"),
    ),
    "aws:ec2/subnet:Subnet": (
        "ec2/vpc_subnet.go",
        ("vpcId", "cidrBlock", "availabilityZone", "availabilityZoneId", "outpostArn"),
    ),
    "aws:ec2/vpc:Vpc": ("ec2/vpc_.go", ("cidrBlock", "ipv4IpamPoolId", "ipv4NetmaskLength")),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (
        "ec2/vpc_endpoint.go",
        (
            "vpcId",
            "serviceName",
            "serviceNetworkArn",
            "resourceConfigurationArn",
            "serviceRegion",
            "vpcEndpointType",
        ),
    ),
    "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": (
        "ec2/vpc_security_group_ingress_rule.go",
        ("securityGroupId",),
    ),
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": (
        "ec2/vpc_security_group_ingress_rule.go",
        ("securityGroupId",),
    ),
    "aws:ecr/repository:Repository": ("ecr/repository.go", ("name", "encryptionConfigurations")),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": ("ecr/lifecycle_policy.go", ("repository",)),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": ("ecr/repository_policy.go", ("repository",)),
    "aws:eks/accessEntry:AccessEntry": ("eks/access_entry.go", ("clusterName", "principalArn", "type")),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": (
        "eks/access_policy_association.go",
        ("clusterName", "policyArn", "principalArn", "accessScope"),
    ),
    "aws:eks/addon:Addon": ("eks/addon.go", ("addonName", "clusterName")),
    "aws:eks/nodeGroup:NodeGroup": (
        "eks/node_group.go",
        (
            "amiType",
            "capacityType",
            "clusterName",
            "diskSize",
            "instanceTypes",
            "nodeGroupName",
            "nodeGroupNamePrefix",
            "nodeRoleArn",
            "remoteAccess",
            "subnetIds",
        ),
    ),
    "aws:iam/instanceProfile:InstanceProfile": ("iam/instance_profile.go", ("name", "namePrefix", "path")),
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": ("iam/openid_connect_provider.go", ("url",)),
    "aws:iam/policy:Policy": ("iam/policy.go", ("name", "namePrefix", "path", "description")),
    "aws:iam/role:Role": ("iam/role.go", ("name", "namePrefix", "path")),
    "aws:iam/rolePolicy:RolePolicy": ("iam/role_policy.go", ("name", "namePrefix", "role")),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": (
        "iam/role_policy_attachment.go",
        ("role", "policyArn"),
    ),
    "aws:kms/alias:Alias": ("kms/alias.go", ("name", "namePrefix")),
    "aws:kms/key:Key": (
        "kms/key.go",
        ("customerMasterKeySpec", "keyUsage", "multiRegion", "customKeyStoreId"),
    ),
    "aws:s3/bucket:Bucket": ("s3/bucket.go", ("bucket", "bucketPrefix", "objectLockEnabled")),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": (
        "s3/bucket_lifecycle_configuration.go",
        ("bucket", "expectedBucketOwner"),
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": (
        "s3/bucket_ownership_controls.go",
        ("bucket",),
    ),
    "aws:s3/bucketPolicy:BucketPolicy": ("s3/bucket_policy.go", ("bucket",)),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": (
        "s3/bucket_public_access_block.go",
        ("bucket",),
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        "s3/bucket_server_side_encryption_configuration.go",
        ("bucket", "expectedBucketOwner"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": (
        "s3/bucket_versioning.go",
        ("bucket", "expectedBucketOwner"),
    ),
    "aws:secretsmanager/secret:Secret": ("secretsmanager/secret.go", ("name", "namePrefix")),
    "aws:ssm/parameter:Parameter": ("ssm/parameter.go", ("name", "dataType")),
    "aws:apigatewayv2/api:Api": ("apigatewayv2/api.go", ("protocolType",)),
    "aws:apigatewayv2/integration:Integration": (
        "apigatewayv2/integration.go",
        ("apiId", "integrationType", "integrationSubtype"),
    ),
    "aws:apigatewayv2/route:Route": ("apigatewayv2/route.go", ("apiId",)),
    "aws:apigatewayv2/stage:Stage": ("apigatewayv2/stage.go", ("apiId", "name")),
    "aws:autoscaling/group:Group": ("autoscaling/group.go", ("name", "namePrefix")),
    "aws:cloudwatch/dashboard:Dashboard": ("cloudwatch/dashboard.go", ("dashboardName",)),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch/metric_alarm.go", ("name",)),
    "aws:dynamodb/table:Table": (
        "dynamodb/table.go",
        ("name", "hashKey", "rangeKey", "localSecondaryIndexes"),
    ),
    "aws:dynamodb/tableItem:TableItem": ("dynamodb/table_item.go", ("tableName", "hashKey", "rangeKey")),
    "aws:ec2/launchTemplate:LaunchTemplate": ("ec2/ec2_launch_template.go", ("name", "namePrefix")),
    "aws:lambda/eventSourceMapping:EventSourceMapping": (
        "lambda/event_source_mapping.go",
        ("eventSourceArn", "startingPosition", "startingPositionTimestamp"),
    ),
    "aws:lambda/function:Function": ("lambda/function.go", ("name", "packageType")),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        "lambda/function_event_invoke_config.go",
        ("functionName", "qualifier"),
    ),
    "aws:lambda/permission:Permission": (
        "lambda/permission.go",
        (
            "action",
            "eventSourceToken",
            "function",
            "functionUrlAuthType",
            "principal",
            "principalOrgId",
            "qualifier",
            "sourceAccount",
            "sourceArn",
            "statementId",
            "statementIdPrefix",
        ),
    ),
    "aws:scheduler/schedule:Schedule": ("scheduler/schedule.go", ("name", "namePrefix", "groupName")),
    "aws:scheduler/scheduleGroup:ScheduleGroup": ("scheduler/schedule_group.go", ("name", "namePrefix")),
    "aws:sqs/queue:Queue": ("sqs/queue.go", ("name", "namePrefix", "fifoQueue")),
    "aws:sqs/queuePolicy:QueuePolicy": ("sqs/queue_policy.go", ("queueUrl",)),
    "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy": ("sqs/queue_redrive_allow_policy.go", ("queueUrl",)),
}

_GITHUB: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret": (
        "resource_github_actions_environment_secret.go",
        ("repository", "environment", "secretName"),
    ),
    "github:index/actionsEnvironmentVariable:ActionsEnvironmentVariable": (
        "resource_github_actions_environment_variable.go",
        ("repository", "environment", "variableName"),
    ),
    "github:index/actionsVariable:ActionsVariable": (
        "resource_github_actions_variable.go",
        ("repository", "variableName"),
    ),
    "github:index/actionsSecret:ActionsSecret": (
        "resource_github_actions_secret.go",
        ("repository", "secretName"),
    ),
    "github:index/issueLabel:IssueLabel": ("resource_github_issue_label.go", ("repository",)),
    "github:index/repositoryEnvironment:RepositoryEnvironment": (
        "resource_github_repository_environment.go",
        ("repository", "environment"),
    ),
    "github:index/repositoryEnvironmentDeploymentPolicy:RepositoryEnvironmentDeploymentPolicy": (
        "resource_github_repository_environment_deployment_policy.go",
        ("repository", "environment"),
    ),
}

# Kubernetes identifies an object by these; another one is another object
# (https://kubernetes.io/docs/concepts/overview/working-with-objects/names/).
_KUBERNETES_IDENTITY: Final = ("apiVersion", "kind", "metadata.name", "metadata.namespace")
_SELECTOR: Final = ("spec.selector",)
_KUBERNETES: Final[dict[str, tuple[str, ...]]] = {
    # The list forceNew, beside name and namespace. The contents of a Secret and of a ConfigMap replace it
    # unless the provider is told enableSecretMutable or enableConfigMapMutable, which ours is not.
    "apps/v1:Deployment": _SELECTOR,
    "apps/v1:StatefulSet": (
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    ),
    "batch/v1:Job": ("spec.completions", "spec.parallelism", "spec.selector", "spec.template"),
    "core/v1:ConfigMap": ("binaryData", "data"),
    "core/v1:PersistentVolumeClaim": ("spec",),
    "core/v1:ResourceQuota": ("spec.scopes",),
    "core/v1:Secret": ("type", "stringData", "data"),
    "core/v1:Service": ("spec.clusterIP",),
    "rbac.authorization.k8s.io/v1:ClusterRoleBinding": ("roleRef",),
    "rbac.authorization.k8s.io/v1:RoleBinding": ("roleRef",),
    "storage.k8s.io/v1:StorageClass": ("parameters", "provisioner"),
}
_RELEASE: Final = "kubernetes:helm.sh/v3:Release"
_RELEASE_IDENTITY: Final = ("name", "namespace")


def forcing(type_: str) -> tuple[str, ...] | None:
    """Property paths whose change replaces a resource of this type; None where that is not known."""
    known = _AWS.get(type_) or _GITHUB.get(type_)
    if known is not None:
        return known[1]
    if type_ == _RELEASE:
        return _RELEASE_IDENTITY
    if type_.startswith("kubernetes:") and not type_.startswith("kubernetes:helm.sh/"):
        return (*_KUBERNETES_IDENTITY, *_KUBERNETES.get(type_.removeprefix("kubernetes:"), ()))
    return None


def source(type_: str) -> str:
    """Where the rule of a type comes from, or nothing."""
    if type_ in _AWS:
        return f"hashicorp/terraform-provider-aws internal/service/{_AWS[type_][0]}"
    if type_ in _GITHUB:
        return f"integrations/terraform-provider-github github/{_GITHUB[type_][0]}"
    if type_ == _RELEASE:
        return "pulumi/pulumi-kubernetes provider/pkg/provider/helm_release.go"
    if type_.removeprefix("kubernetes:") in _KUBERNETES:
        return "pulumi/pulumi-kubernetes provider/pkg/provider/diff.go"
    return "Kubernetes API conventions" if forcing(type_) is not None else ""
