"""Resource types of CloudWatch Logs."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:cloudwatch/logGroup:LogGroup",
        source=f"{TERRAFORM_AWS}/logs/group.go",
        replace_on=names("name namePrefix logGroupClass"),
        computed=names("arn deletionProtectionEnabled logGroupClass name"),
        actions=Actions(
            create=qualified("logs", "CreateLogGroup PutRetentionPolicy TagResource"),
            read=qualified("logs", "DescribeLogGroups ListTagsForResource"),
            update=qualified(
                "logs",
                "AssociateKmsKey DisassociateKmsKey PutRetentionPolicy DeleteRetentionPolicy "
                "TagResource UntagResource",
            ),
            delete=qualified("logs", "DeleteLogGroup"),
            on=("arn:aws:logs:{region}:{account}:log-group:{name}",),
        ),
    ),
)
