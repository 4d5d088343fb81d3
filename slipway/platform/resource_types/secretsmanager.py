"""Resource types of Secrets Manager."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:secretsmanager/secret:Secret",
        source=f"{TERRAFORM_AWS}/secretsmanager/secret.go",
        replace_on=names("name namePrefix type"),
        computed=names("arn name policy replicas"),
        actions=Actions(
            create=qualified("secretsmanager", "CreateSecret TagResource"),
            read=qualified("secretsmanager", "DescribeSecret GetResourcePolicy"),
            update=qualified("secretsmanager", "UpdateSecret TagResource UntagResource"),
            delete=qualified("secretsmanager", "DeleteSecret"),
            on=("arn:aws:secretsmanager:{region}:{account}:secret:{name}-AbCdEf",),
        ),
    ),
    ResourceType(
        token="aws:secretsmanager/secretVersion:SecretVersion",
        source=f"{TERRAFORM_AWS}/secretsmanager/secret_version.go",
        replace_on=names("secretId secretString secretBinary secretStringWoVersion"),
        computed=names("arn hasSecretStringWo secretArn versionId versionStages"),
        required=names("secretId"),
        unordered=names("versionStages"),
        secret=names("secretBinary secretString"),
        actions=Actions(
            create=qualified("secretsmanager", "PutSecretValue"),
            read=qualified("secretsmanager", "GetSecretValue"),
            update=qualified("secretsmanager", "UpdateSecretVersionStage"),
            delete=qualified("secretsmanager", "UpdateSecretVersionStage"),
            on=("arn:aws:secretsmanager:{region}:{account}:secret:{secretId}",),
        ),
    ),
)
