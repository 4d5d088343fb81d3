"""Resource types of SQS."""

from slipway.platform.resource_types.row import TERRAFORM_AWS, Actions, ResourceType, names, qualified

TYPES = (
    ResourceType(
        token="aws:sqs/queue:Queue",
        source=f"{TERRAFORM_AWS}/sqs/queue.go",
        replace_on=names("name namePrefix fifoQueue"),
        computed=names(
            "arn deduplicationScope fifoThroughputLimit kmsDataKeyReusePeriodSeconds "
            "maxMessageSize name policy redriveAllowPolicy redrivePolicy sqsManagedSseEnabled url"
        ),
        actions=Actions(
            create=qualified("sqs", "CreateQueue TagQueue"),
            read=qualified("sqs", "GetQueueAttributes GetQueueUrl ListQueueTags"),
            update=qualified("sqs", "SetQueueAttributes TagQueue UntagQueue"),
            delete=qualified("sqs", "DeleteQueue"),
            on=("arn:aws:sqs:{region}:{account}:{name}",),
        ),
    ),
    ResourceType(
        token="aws:sqs/queuePolicy:QueuePolicy",
        source=f"{TERRAFORM_AWS}/sqs/queue_policy.go",
        replace_on=names("queueUrl"),
        required=names("policy queueUrl"),
        actions=Actions(
            create=qualified("sqs", "SetQueueAttributes"),
            read=qualified("sqs", "GetQueueAttributes"),
            update=qualified("sqs", "SetQueueAttributes"),
            delete=qualified("sqs", "SetQueueAttributes"),
            on=("arn:aws:sqs:{region}:{account}:x",),
        ),
    ),
    ResourceType(
        token="aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        source=f"{TERRAFORM_AWS}/sqs/queue_redrive_allow_policy.go",
        replace_on=names("queueUrl"),
        required=names("queueUrl redriveAllowPolicy"),
        actions=Actions(
            create=qualified("sqs", "SetQueueAttributes"),
            read=qualified("sqs", "GetQueueAttributes"),
            update=qualified("sqs", "SetQueueAttributes"),
            delete=qualified("sqs", "SetQueueAttributes"),
            on=("arn:aws:sqs:{region}:{account}:x",),
        ),
    ),
)
