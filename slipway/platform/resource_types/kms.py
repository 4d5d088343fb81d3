"""Resource types of KMS."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:kms/key:Key",
        source=f"{TERRAFORM_AWS}/kms/key.go",
        replace_on=names("customerMasterKeySpec keyUsage multiRegion customKeyStoreId xksKeyId"),
        computed=names("arn description keyId multiRegion policy rotationPeriodInDays"),
        actions=Actions(
            create=qualified("kms", "CreateKey EnableKeyRotation TagResource"),
            read=qualified("kms", "DescribeKey GetKeyPolicy GetKeyRotationStatus ListResourceTags"),
            update=qualified(
                "kms",
                "DisableKey DisableKeyRotation EnableKey EnableKeyRotation PutKeyPolicy "
                "TagResource UntagResource UpdateKeyDescription",
            ),
            delete=qualified("kms", "ScheduleKeyDeletion"),
            on=("arn:aws:kms:{region}:{account}:key/x",),
        ),
    ),
    ResourceType(
        token="aws:kms/alias:Alias",
        source=f"{TERRAFORM_AWS}/kms/alias.go",
        replace_on=names("name namePrefix"),
        computed=names("arn name targetKeyArn"),
        required=names("targetKeyId"),
        actions=Actions(
            create=qualified("kms", "CreateAlias"),
            read=qualified("kms", "ListAliases"),
            update=qualified("kms", "UpdateAlias"),
            delete=qualified("kms", "DeleteAlias"),
            on=(
                "arn:aws:kms:{region}:{account}:{name}",
                "arn:aws:kms:{region}:{account}:key/x",
            ),
        ),
    ),
)
