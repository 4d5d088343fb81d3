"""Resource types of ECR."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:ecr/repository:Repository",
        source=f"{TERRAFORM_AWS}/ecr/repository.go",
        replace_on=names("name encryptionConfigurations"),
        computed=names(
            "arn encryptionConfigurations encryptionConfigurations.kmsKey name registryId repositoryUrl"
        ),
        actions=Actions(
            create=qualified("ecr", "CreateRepository TagResource"),
            read=qualified("ecr", "DescribeRepositories ListTagsForResource"),
            update=qualified(
                "ecr", "PutImageScanningConfiguration PutImageTagMutability TagResource UntagResource"
            ),
            delete=qualified("ecr", "DeleteRepository"),
            on=("arn:aws:ecr:{region}:{account}:repository/{name}",),
        ),
    ),
    ResourceType(
        token="aws:ecr/lifecyclePolicy:LifecyclePolicy",
        source=f"{TERRAFORM_AWS}/ecr/lifecycle_policy.go",
        replace_on=names("repository"),
        computed=names("registryId"),
        required=names("policy repository"),
        actions=Actions(
            create=qualified("ecr", "PutLifecyclePolicy"),
            read=qualified("ecr", "GetLifecyclePolicy"),
            update=qualified("ecr", "PutLifecyclePolicy"),
            delete=qualified("ecr", "DeleteLifecyclePolicy"),
            on=("arn:aws:ecr:{region}:{account}:repository/{repository}",),
        ),
    ),
    ResourceType(
        token="aws:ecr/repositoryPolicy:RepositoryPolicy",
        source=f"{TERRAFORM_AWS}/ecr/repository_policy.go",
        replace_on=names("repository"),
        computed=names("registryId"),
        required=names("policy repository"),
        actions=Actions(
            create=qualified("ecr", "SetRepositoryPolicy"),
            read=qualified("ecr", "GetRepositoryPolicy"),
            update=qualified("ecr", "SetRepositoryPolicy"),
            delete=qualified("ecr", "DeleteRepositoryPolicy"),
            on=("arn:aws:ecr:{region}:{account}:repository/{repository}",),
        ),
    ),
)
