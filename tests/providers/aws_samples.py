"""One realistic sample of every AWS type: its inputs, a change in place, and one that needs a new object."""

import json

from tests.providers import aws_network_samples, aws_runner_samples
from tests.providers.aws_world import ACCOUNT, NEW_TAGS, OTHER_TRUST, TAGS, TRUST, allow, tls_only
from tests.providers.life import Sample, plain

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

SAMPLES: dict[str, Sample] = {
    **aws_network_samples.SAMPLES,
    **aws_runner_samples.SAMPLES,
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
            "upgradePolicy": {"supportType": "EXTENDED"},
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
            "upgradePolicy": {"supportType": "STANDARD"},
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
