"""SQS queues, and the two policies of a queue that a program may also declare apart from it."""

from slipway.localcloud.providers.aws import tags
from slipway.localcloud.providers.aws.cloud import AwsCall
from slipway.localcloud.providers.aws.families import DOCS
from slipway.localcloud.providers.errors import ProviderError
from slipway.localcloud.providers.handler import AutoName, Handler, between, changed, names, pattern, written
from slipway.localcloud.providers.values import Props, block, items

_NUMBERS = {
    "delaySeconds": "DelaySeconds",
    "kmsDataKeyReusePeriodSeconds": "KmsDataKeyReusePeriodSeconds",
    "maxMessageSize": "MaximumMessageSize",
    "messageRetentionSeconds": "MessageRetentionPeriod",
    "receiveWaitTimeSeconds": "ReceiveMessageWaitTimeSeconds",
    "visibilityTimeoutSeconds": "VisibilityTimeout",
}
_FLAGS = {
    "contentBasedDeduplication": "ContentBasedDeduplication",
    "fifoQueue": "FifoQueue",
    "sqsManagedSseEnabled": "SqsManagedSseEnabled",
}
_FIFO = names("contentBasedDeduplication fifoQueue")
_TEXTS = {
    "deduplicationScope": "DeduplicationScope",
    "fifoThroughputLimit": "FifoThroughputLimit",
    "kmsMasterKeyId": "KmsMasterKeyId",
    "policy": "Policy",
    "redriveAllowPolicy": "RedriveAllowPolicy",
    "redrivePolicy": "RedrivePolicy",
}
_ATTRIBUTES = {**_NUMBERS, **_FLAGS, **_TEXTS}
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html"""


def _text(value: object) -> str:
    """SQS takes every attribute as text; an empty text takes a policy away."""
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _create(call: AwsCall, inputs: Props) -> str:
    if _find(call, inputs) is not None:
        # CreateQueue of the same attributes answers with the queue that exists, and takes it over so.
        raise ProviderError(f"CreateQueue: QueueNameExists: there is a queue {inputs['name']}")
    given = {
        attribute: _text(inputs[name])
        for name, attribute in _ATTRIBUTES.items()
        # A queue that is not FIFO must not say so: the service refuses FifoQueue=false.
        if inputs.get(name) not in (None, "") and (inputs[name] is not False or name not in _FIFO)
    }
    made = call.client("sqs").create_queue(
        QueueName=inputs["name"], Attributes=given, **tags.create_mapped(inputs, "tags")
    )
    return str(made["QueueUrl"])


def _attributes(call: AwsCall, url: str) -> dict[str, str]:
    found = call.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
    return dict(block(found.get("Attributes")))


def _read(call: AwsCall, id_: str, old: Props) -> Props:
    found = _attributes(call, id_)
    state: Props = {
        "name": found["QueueArn"].rpartition(":")[2],
        "arn": found["QueueArn"],
        "url": id_,
        "tagsAll": tags.mapped(call.client("sqs").list_queue_tags(QueueUrl=id_).get("Tags")),
    }
    for name, attribute in _ATTRIBUTES.items():
        value = found.get(attribute)
        if name in _FLAGS:
            state[name] = value == "true"
        elif value is not None:
            state[name] = int(value) if name in _NUMBERS else value
        else:
            state[name] = None
    return state


def _update(call: AwsCall, id_: str, old: Props, new: Props) -> None:
    computed = ("policy", "redrivePolicy", "redriveAllowPolicy")
    given = {
        attribute: _text(new.get(name))
        for name, attribute in _ATTRIBUTES.items()
        if (name in new or name in computed) and name != "fifoQueue" and changed(old, new, name)
    }
    if given:
        call.client("sqs").set_queue_attributes(QueueUrl=id_, Attributes=given)


def _delete(call: AwsCall, id_: str, state: Props) -> None:
    call.client("sqs").delete_queue(QueueUrl=id_)


def _find(call: AwsCall, inputs: Props) -> str | None:
    found = call.client("sqs").list_queues(QueueNamePrefix=inputs["name"])
    listed: list[str] = items(found.get("QueueUrls"))
    return next((url for url in listed if url.rpartition("/")[2] == inputs["name"]), None)


def _policy(token: str, page: str, name: str) -> Handler[AwsCall]:
    """A handler for one policy of a queue; its id is the queue's URL."""
    attribute = _TEXTS[name]

    def put(call: AwsCall, url: str, text: str) -> None:
        call.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={attribute: text})

    def read(call: AwsCall, id_: str, old: Props) -> Props | None:
        held = _attributes(call, id_).get(attribute)
        return {"queueUrl": id_, name: held} if held else None

    return written(
        token=token,
        source=f"{DOCS}/{page}",
        key="{queueUrl}",
        write=lambda call, inputs: put(call, inputs["queueUrl"], inputs[name]),
        read=read,
        delete=lambda call, id_, state: put(call, id_, ""),
        natural=("queueUrl",),
        documents=names(name),
    )


HANDLERS = (
    Handler[AwsCall](
        token="aws:sqs/queue:Queue",
        source=f"{DOCS}/sqs_queue",
        create=_create,
        read=_read,
        update=_update,
        delete=_delete,
        find=_find,
        tagger=tags.by_id("sqs", "QueueUrl", put="tag_queue", drop="untag_queue", form=dict),
        name=AutoName(longest=80, unless="namePrefix"),
        natural=("name",),
        documents=names("policy redrivePolicy redriveAllowPolicy"),
        defaults={
            "delaySeconds": 0,
            "messageRetentionSeconds": 345600,
            "receiveWaitTimeSeconds": 0,
            "visibilityTimeoutSeconds": 30,
        },
        rules=(
            pattern("name", r"[\w-]{1,80}|[\w-]{1,75}\.fifo", "must be 1 to 80 letters, digits, - or _"),
            between("delaySeconds", 0, 900, "seconds"),
            between("messageRetentionSeconds", 60, 1_209_600, "seconds"),
            between("receiveWaitTimeSeconds", 0, 20, "seconds"),
            between("visibilityTimeoutSeconds", 0, 43_200, "seconds"),
        ),
    ),
    _policy("aws:sqs/queuePolicy:QueuePolicy", "sqs_queue_policy", "policy"),
    _policy(
        "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy",
        "sqs_queue_redrive_allow_policy",
        "redriveAllowPolicy",
    ),
)
