"""One realistic sample of every AWS type: its inputs, a change in place, and one that needs a new object."""

import json
from typing import Any

from tests.providers.driver import Driver, Made
from tests.providers.life import Sample, plain

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


LIFECYCLE = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {
                    "tagStatus": "untagged",
                    "countType": "sinceImagePushed",
                    "countUnit": "days",
                    "countNumber": 7,
                },
                "action": {"type": "expire"},
            }
        ]
    }
)
PULL = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Pull",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
            }
        ],
    }
)


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


TAGS = {"Name": "sample"}
NEW_TAGS = {"Name": "renamed", "extra": "1"}

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
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": Sample(
        plain(
            url="https://token.actions.githubusercontent.com", clientIdLists=["sts.amazonaws.com"], tags=TAGS
        ),
        plain(clientIdLists=["sts.amazonaws.com", "other"], tags=NEW_TAGS),
        plain(url="https://example.com"),
    ),
    "aws:iam/role:Role": Sample(
        lambda w: {
            "name": "sample-role",
            "path": "/slipway/ci/",
            "assumeRolePolicy": TRUST,
            "description": "a role",
            "permissionsBoundary": w.policy,
            "managedPolicyArns": [w.policy],
            "inlinePolicies": [{"name": "own", "policy": allow("s3:ListBucket")}],
            "tags": TAGS,
        },
        plain(
            assumeRolePolicy=OTHER_TRUST,
            description="another",
            maxSessionDuration=7200,
            managedPolicyArns=[],
            inlinePolicies=[{"name": "other", "policy": allow("s3:PutObject")}],
            tags=NEW_TAGS,
        ),
        plain(path="/other/"),
    ),
    "aws:iam/rolePolicy:RolePolicy": Sample(
        lambda w: {"role": w.role().id, "name": "sample", "policy": allow("s3:GetObject")},
        plain(policy=allow("s3:PutObject")),
        lambda w: {"role": w.role(2).id},
    ),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": Sample(
        lambda w: {"role": w.role().id, "policyArn": w.policy},
        None,
        lambda w: {"role": w.role(2).id},
    ),
    "aws:iam/policy:Policy": Sample(
        plain(
            name="sample-policy",
            path="/slipway/",
            description="a policy",
            policy=allow("s3:GetObject"),
            tags=TAGS,
        ),
        plain(policy=allow("s3:PutObject"), tags=NEW_TAGS),
        plain(description="another"),
    ),
    "aws:iam/instanceProfile:InstanceProfile": Sample(
        lambda w: {"name": "sample-profile", "role": w.role(1).id, "tags": TAGS},
        lambda w: {"role": w.role(2).id, "tags": NEW_TAGS},
        plain(path="/other/"),
    ),
    "aws:ecr/repository:Repository": Sample(
        lambda w: {
            "name": "sample/server",
            "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
            "imageTagMutabilityExclusionFilters": [
                {"filter": "latest", "filterType": "WILDCARD"},
                {"filter": "deployed-*", "filterType": "WILDCARD"},
            ],
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfigurations": [{"encryptionType": "KMS", "kmsKey": w.key().state["arn"]}],
            "tags": TAGS,
        },
        plain(
            imageTagMutability="IMMUTABLE",
            imageTagMutabilityExclusionFilters=[],
            imageScanningConfiguration={"scanOnPush": False},
            tags=NEW_TAGS,
        ),
        plain(encryptionConfigurations=[{"encryptionType": "AES256"}]),
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Sample(
        lambda w: {"repository": w.repository(1), "policy": LIFECYCLE},
        plain(policy=LIFECYCLE.replace("7", "14")),
        lambda w: {"repository": w.repository(2)},
    ),
    "aws:ecr/repositoryPolicy:RepositoryPolicy": Sample(
        lambda w: {"repository": w.repository(1), "policy": PULL},
        plain(policy=PULL.replace("ecr:BatchGetImage", "ecr:BatchCheckLayerAvailability")),
        lambda w: {"repository": w.repository(2)},
    ),
    "aws:kms/key:Key": Sample(
        plain(description="a key", enableKeyRotation=True, deletionWindowInDays=7, tags=TAGS),
        plain(description="the key", enableKeyRotation=False, tags=NEW_TAGS),
        plain(multiRegion=True),
    ),
    "aws:kms/alias:Alias": Sample(
        lambda w: {"name": "alias/sample", "targetKeyId": w.key(1).state["arn"]},
        lambda w: {"targetKeyId": w.key(2).state["keyId"]},
        plain(name="alias/other"),
    ),
    "aws:eks/cluster:Cluster": Sample(
        lambda w: {
            "name": "sample-cluster",
            "roleArn": w.role().state["arn"],
            "version": "1.33",
            "vpcConfig": {
                "subnetIds": [w.subnet(2), w.subnet(1)],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": False,
            },
            "accessConfig": {"authenticationMode": "API_AND_CONFIG_MAP"},
            "enabledClusterLogTypes": ["audit", "api"],
            "encryptionConfig": {"provider": {"keyArn": w.key().state["arn"]}, "resources": ["secrets"]},
            "tags": TAGS,
        },
        lambda w: {
            "version": "1.34",
            "vpcConfig": {
                "subnetIds": [w.subnet(1), w.subnet(2)],
                "endpointPrivateAccess": True,
                "endpointPublicAccess": True,
            },
            "accessConfig": {"authenticationMode": "API"},
            "enabledClusterLogTypes": ["audit"],
            "tags": NEW_TAGS,
        },
        lambda w: {"roleArn": w.role(2).state["arn"]},
    ),
    "aws:eks/nodeGroup:NodeGroup": Sample(
        lambda w: {
            "clusterName": w.cluster,
            "nodeGroupName": "sample",
            "nodeRoleArn": w.role().state["arn"],
            "subnetIds": [w.subnet(2), w.subnet(1)],
            "scalingConfig": {"minSize": 1, "maxSize": 3, "desiredSize": 2},
            "instanceTypes": ["m7i.large"],
            "labels": {"class": "default"},
            "tags": TAGS,
        },
        plain(
            scalingConfig={"minSize": 1, "maxSize": 5, "desiredSize": 3},
            labels={"class": "big"},
            tags=NEW_TAGS,
        ),
        plain(instanceTypes=["m7i.xlarge"]),
    ),
    "aws:eks/accessEntry:AccessEntry": Sample(
        lambda w: {
            "clusterName": w.cluster,
            "principalArn": w.role().state["arn"],
            "kubernetesGroups": ["slipway:skill-pool:prod", "slipway:readers"],
            "tags": TAGS,
        },
        plain(kubernetesGroups=["slipway:skill-pool:staging"], tags=NEW_TAGS),
        plain(type="EC2_LINUX"),
    ),
    "aws:eks/accessPolicyAssociation:AccessPolicyAssociation": Sample(
        lambda w: {
            "clusterName": w.entry.inputs["clusterName"],
            "principalArn": w.entry.inputs["principalArn"],
            "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
            "accessScope": {"type": "namespace", "namespaces": ["b", "a"]},
        },
        None,
        plain(accessScope={"type": "cluster"}),
    ),
    "aws:eks/addon:Addon": Sample(
        lambda w: {
            "clusterName": w.cluster,
            "addonName": "vpc-cni",
            "addonVersion": "v1.20.0-eksbuild.1",
            "configurationValues": '{"env": {"A": "1", "B": "2"}}',
            "tags": TAGS,
        },
        plain(addonVersion="v1.20.1-eksbuild.1", tags=NEW_TAGS),
        plain(addonName="coredns"),
    ),
    "aws:ssm/parameter:Parameter": Sample(
        plain(name="/slipway/sample", type="String", value="one", description="a value", tags=TAGS),
        plain(value="two", description="another", tags=NEW_TAGS),
        plain(name="/slipway/other"),
    ),
    "aws:secretsmanager/secret:Secret": Sample(
        plain(name="sample/secret", description="a secret", recoveryWindowInDays=0, tags=TAGS),
        plain(description="another", tags=NEW_TAGS),
        plain(name="sample/other"),
    ),
    "aws:secretsmanager/secretVersion:SecretVersion": Sample(
        lambda w: {"secretId": w.secret(), "secretString": "hush"},
        None,
        plain(secretString="hush, hush"),
        stays=True,
    ),
    "aws:s3/bucket:Bucket": Sample(
        plain(bucket="sample-plans", forceDestroy=True, tags=TAGS),
        plain(tags=NEW_TAGS),
        plain(bucket="sample-other"),
    ),
    "aws:s3/bucketVersioning:BucketVersioning": Sample(
        lambda w: {"bucket": w.bucket(1), "versioningConfiguration": {"status": "Enabled"}},
        plain(versioningConfiguration={"status": "Suspended"}),
        lambda w: {"bucket": w.bucket(2)},
        stays=True,
    ),
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": Sample(
        lambda w: {
            "bucket": w.bucket(1),
            "rules": [
                {
                    "id": "old-plans",
                    "status": "Enabled",
                    "filter": {"prefix": "plans/"},
                    "expiration": {"days": 30},
                    "noncurrentVersionExpiration": {"noncurrentDays": 7},
                    "abortIncompleteMultipartUpload": {"daysAfterInitiation": 1},
                },
                {"id": "all", "status": "Enabled", "noncurrentVersionExpiration": {"noncurrentDays": 90}},
            ],
        },
        plain(
            rules=[
                {
                    "id": "old-plans",
                    "status": "Disabled",
                    "filter": {"prefix": ""},
                    "expiration": {"days": 60},
                }
            ]
        ),
        lambda w: {"bucket": w.bucket(2)},
    ),
    "aws:s3/bucketPolicy:BucketPolicy": Sample(
        lambda w: {"bucket": w.bucket(1), "policy": tls_only("world-bucket-1")},
        lambda w: {"policy": tls_only("world-bucket-1").replace("TlsOnly", "Encrypted")},
        lambda w: {"bucket": w.bucket(2)},
    ),
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": Sample(
        lambda w: {
            "bucket": w.bucket(1),
            "blockPublicAcls": True,
            "blockPublicPolicy": True,
            "ignorePublicAcls": True,
            "restrictPublicBuckets": True,
        },
        plain(blockPublicAcls=False),
        lambda w: {"bucket": w.bucket(2)},
    ),
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": Sample(
        lambda w: {
            "bucket": w.bucket(1),
            "rules": [
                {
                    "applyServerSideEncryptionByDefault": {
                        "sseAlgorithm": "aws:kms",
                        "kmsMasterKeyId": w.key().state["arn"],
                    },
                    "bucketKeyEnabled": True,
                }
            ],
        },
        plain(rules=[{"applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"}}]),
        lambda w: {"bucket": w.bucket(2)},
        stays=True,
    ),
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": Sample(
        lambda w: {"bucket": w.bucket(1), "rule": {"objectOwnership": "BucketOwnerEnforced"}},
        plain(rule={"objectOwnership": "BucketOwnerPreferred"}),
        lambda w: {"bucket": w.bucket(2)},
    ),
}


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
