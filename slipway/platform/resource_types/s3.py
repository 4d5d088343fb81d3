"""Resource types of S3."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:s3/bucket:Bucket",
        source=f"{TERRAFORM_AWS}/s3/bucket.go",
        replace_on=names("bucket bucketPrefix objectLockEnabled bucketNamespace"),
        computed=names(
            "acl arn bucket bucketDomainName bucketRegion bucketRegionalDomainName "
            "objectLockEnabled policy versioning"
        ),
        actions=Actions(
            create=qualified("s3", "CreateBucket PutBucketTagging TagResource"),
            read=qualified("s3", "ListBucket GetBucketTagging GetBucketLocation ListTagsForResource"),
            update=qualified("s3", "PutBucketTagging TagResource UntagResource"),
            delete=qualified("s3", "DeleteBucket"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
    ResourceType(
        token="aws:s3/bucketVersioning:BucketVersioning",
        source=f"{TERRAFORM_AWS}/s3/bucket_versioning.go",
        replace_on=names("bucket expectedBucketOwner"),
        computed=names("versioningConfiguration.mfaDelete"),
        required=names("bucket versioningConfiguration"),
        actions=Actions(
            create=qualified("s3", "PutBucketVersioning"),
            read=qualified("s3", "GetBucketVersioning"),
            update=qualified("s3", "PutBucketVersioning"),
            delete=qualified("s3", "PutBucketVersioning"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
    ResourceType(
        token="aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        source=f"{TERRAFORM_AWS}/s3/bucket_lifecycle_configuration.go",
        replace_on=names("bucket expectedBucketOwner"),
        computed=names("rules.filter rules.prefix transitionDefaultMinimumObjectSize"),
        required=names("bucket"),
        unordered=names("rules.noncurrentVersionTransitions rules.transitions"),
        actions=Actions(
            create=qualified("s3", "PutLifecycleConfiguration"),
            read=qualified("s3", "GetLifecycleConfiguration"),
            update=qualified("s3", "PutLifecycleConfiguration"),
            delete=qualified("s3", "PutLifecycleConfiguration"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
    ResourceType(
        token="aws:s3/bucketPolicy:BucketPolicy",
        source=f"{TERRAFORM_AWS}/s3/bucket_policy.go",
        replace_on=names("bucket"),
        required=names("bucket policy"),
        actions=Actions(
            create=qualified("s3", "PutBucketPolicy"),
            read=qualified("s3", "GetBucketPolicy"),
            update=qualified("s3", "PutBucketPolicy"),
            delete=qualified("s3", "DeleteBucketPolicy"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
    ResourceType(
        token="aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        source=f"{TERRAFORM_AWS}/s3/bucket_public_access_block.go",
        replace_on=names("bucket"),
        required=names("bucket"),
        actions=Actions(
            create=qualified("s3", "PutBucketPublicAccessBlock"),
            read=qualified("s3", "GetBucketPublicAccessBlock"),
            update=qualified("s3", "PutBucketPublicAccessBlock"),
            delete=qualified("s3", "PutBucketPublicAccessBlock"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
    ResourceType(
        token="aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration",
        source=f"{TERRAFORM_AWS}/s3/bucket_server_side_encryption_configuration.go",
        replace_on=names("bucket expectedBucketOwner"),
        computed=names("rules.blockedEncryptionTypes"),
        required=names("bucket rules"),
        actions=Actions(
            create=qualified("s3", "PutEncryptionConfiguration"),
            read=qualified("s3", "GetEncryptionConfiguration"),
            update=qualified("s3", "PutEncryptionConfiguration"),
            delete=qualified("s3", "PutEncryptionConfiguration"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
    ResourceType(
        token="aws:s3/bucketOwnershipControls:BucketOwnershipControls",
        source=f"{TERRAFORM_AWS}/s3/bucket_ownership_controls.go",
        replace_on=names("bucket"),
        required=names("bucket rule"),
        actions=Actions(
            create=qualified("s3", "PutBucketOwnershipControls"),
            read=qualified("s3", "GetBucketOwnershipControls"),
            update=qualified("s3", "PutBucketOwnershipControls"),
            delete=qualified("s3", "PutBucketOwnershipControls"),
            on=("arn:aws:s3:::{bucket}",),
        ),
    ),
)
