"""Resource types of SSM Parameter Store."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:ssm/parameter:Parameter",
        source=f"{TERRAFORM_AWS}/ssm/parameter.go",
        replace_on=names("name dataType"),
        computed=names("arn dataType hasValueWo insecureValue keyId name tier value version"),
        required=names("type"),
        secret=names("value"),
        checked="CustomizeDiff: `tier` from Advanced to Standard replaces; the other way is in place.",
        actions=Actions(
            create=qualified("ssm", "PutParameter AddTagsToResource"),
            read=qualified("ssm", "GetParameter GetParameters DescribeParameters ListTagsForResource"),
            update=qualified("ssm", "PutParameter AddTagsToResource RemoveTagsFromResource"),
            delete=qualified("ssm", "DeleteParameter"),
            on=("arn:aws:ssm:{region}:{account}:parameter/{name}",),
        ),
    ),
)
