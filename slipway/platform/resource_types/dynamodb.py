"""Resource types of DynamoDB."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:dynamodb/table:Table",
        source=f"{TERRAFORM_AWS}/dynamodb/table.go",
        replace_on=names("name hashKey rangeKey localSecondaryIndexes"),
        computed=names(
            "arn name pointInTimeRecovery pointInTimeRecovery.recoveryPeriodInDays readCapacity "
            "serverSideEncryption serverSideEncryption.kmsKeyArn streamArn streamLabel tableClass "
            "ttl ttl.attributeName writeCapacity"
        ),
        required=names("attributes hashKey"),
        unordered=names("attributes globalSecondaryIndexes globalSecondaryIndexes.nonKeyAttributes"),
        actions=Actions(
            create=qualified("dynamodb", "CreateTable TagResource UpdateContinuousBackups UpdateTimeToLive"),
            read=qualified(
                "dynamodb", "DescribeContinuousBackups DescribeTable DescribeTimeToLive ListTagsOfResource"
            ),
            update=qualified(
                "dynamodb", "TagResource UntagResource UpdateContinuousBackups UpdateTable UpdateTimeToLive"
            ),
            delete=qualified("dynamodb", "DeleteTable"),
            on=("arn:aws:dynamodb:{region}:{account}:table/{name}",),
        ),
    ),
    ResourceType(
        token="aws:dynamodb/tableItem:TableItem",
        source=f"{TERRAFORM_AWS}/dynamodb/table_item.go",
        replace_on=names("tableName hashKey rangeKey"),
        computed=names("hashKeyValue rangeKeyValue"),
        required=names("hashKey item tableName"),
        actions=Actions(
            create=qualified("dynamodb", "PutItem"),
            read=qualified("dynamodb", "GetItem"),
            update=qualified("dynamodb", "UpdateItem PutItem"),
            delete=qualified("dynamodb", "DeleteItem"),
            on=("arn:aws:dynamodb:{region}:{account}:table/{tableName}",),
        ),
    ),
)
