"""SNS and SQS: topics, subscriptions, queues and their policies."""

from __future__ import annotations

from local.fidelity import Row
from local.resources.fit import text
from local.resources.kinds import (
    Answer,
    Kind,
    Made,
    Properties,
    Site,
    accepting,
    again,
    anew,
    answered,
    arn,
    deleting,
    given,
    ref,
)
from local.resources.naming import Name

FIDELITY = [
    Row("SNS", "subscription filter policies, FIFO topics, limits", "real", "moto; topic policies are not enforced"),
    Row("SNS", "e-mail, SMS and HTTP subscriptions", "absent", "the subscription exists and nothing is sent"),
    Row("SQS", "queues, redrive to a dead-letter queue, FIFO, delays", "real", "moto"),
]

_NAME, _FIFO = r"[A-Za-z0-9_-]+(\.fifo)?", ".fifo"
_TOPIC = (
    "DisplayName",
    "KmsMasterKeyId",
    "FifoTopic",
    "ContentBasedDeduplication",
    "SignatureVersion",
    "TracingConfig",
)
_SUBSCRIPTION = ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy")
_QUEUE = (
    "ContentBasedDeduplication",
    "DeduplicationScope",
    "DelaySeconds",
    "FifoQueue",
    "FifoThroughputLimit",
    "KmsDataKeyReusePeriodSeconds",
    "KmsMasterKeyId",
    "MaximumMessageSize",
    "MessageRetentionPeriod",
    "ReceiveMessageWaitTimeSeconds",
    "RedriveAllowPolicy",
    "RedrivePolicy",
    "SqsManagedSseEnabled",
    "VisibilityTimeout",
)


def _create_topic(site: Site, properties: Properties) -> Answer:
    attributes = {name: text(properties[name]) for name in _TOPIC if name in properties}
    answer = site.call(
        "sns", "create_topic", Name=properties["TopicName"], Attributes=attributes, Tags=properties.get("Tags")
    )
    for subscription in properties.get("Subscription", []):
        _subscribe(site, {**subscription, "TopicArn": answer["TopicArn"]})
    return {"TopicArn": answer["TopicArn"]}


def _update_topic(made: Made, properties: Properties) -> Answer:
    for name in _TOPIC:
        if properties.get(name) != made.given.get(name):
            value = text(properties.get(name, ""))
            made.site.call("sns", "set_topic_attributes", TopicArn=made.ref, AttributeName=name, AttributeValue=value)
    return {}


def _subscribe(site: Site, properties: Properties) -> Answer:
    return site.call(
        "sns",
        "subscribe",
        TopicArn=properties["TopicArn"],
        Protocol=properties["Protocol"],
        Endpoint=properties.get("Endpoint"),
        Attributes={name: text(properties[name]) for name in _SUBSCRIPTION if name in properties},
        ReturnSubscriptionArn=True,
    )


def _topic_policy(site: Site, properties: Properties) -> Answer:
    policy = text(properties["PolicyDocument"])
    for topic in properties["Topics"]:
        site.call("sns", "set_topic_attributes", TopicArn=topic, AttributeName="Policy", AttributeValue=policy)
    return {}


def _create_queue(site: Site, properties: Properties) -> Answer:
    attributes = {name: text(properties[name]) for name in _QUEUE if name in properties}
    answer = site.call(
        "sqs", "create_queue", QueueName=properties["QueueName"], Attributes=attributes, tags=properties.get("Tags")
    )
    return {"QueueUrl": answer["QueueUrl"]}


_QUEUE_DEFAULTS = {
    "DelaySeconds": 0,
    "MaximumMessageSize": 262_144,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "VisibilityTimeout": 30,
}


def _update_queue(made: Made, properties: Properties) -> Answer:
    changed = [name for name in _QUEUE if properties.get(name) != made.given.get(name)]
    attributes = {name: text(properties.get(name, _QUEUE_DEFAULTS.get(name, ""))) for name in changed}
    if attributes:
        made.site.call("sqs", "set_queue_attributes", QueueUrl=made.ref, Attributes=attributes)
    return {}


def _queue_policy(site: Site, properties: Properties) -> Answer:
    for queue in properties["Queues"]:
        policy = {"Policy": text(properties["PolicyDocument"])}
        site.call("sqs", "set_queue_attributes", QueueUrl=queue, Attributes=policy)
    return {}


def _policy_id(made: Made) -> str:
    return f"{made.site.stack}-{made.site.logical_id}"


KINDS = [
    Kind(
        type="AWS::SNS::Topic",
        name=Name("TopicName", longest=256, pattern=_NAME, ending=("FifoTopic", _FIFO)),
        create=_create_topic,
        ref=answered("TopicArn"),
        attributes={"TopicArn": ref, "TopicName": given("TopicName")},
        delete=deleting("sns", "delete_topic", TopicArn=ref),
        accepts=accepting("TopicName", "Subscription", "Tags", *_TOPIC),
        update=_update_topic,
    ),
    Kind(
        type="AWS::SNS::Subscription",
        create=_subscribe,
        ref=answered("SubscriptionArn"),
        attributes={"Arn": ref},
        delete=deleting("sns", "unsubscribe", SubscriptionArn=ref),
        accepts=accepting("TopicArn", "Protocol", "Endpoint", *_SUBSCRIPTION),
        ignored=accepting("Region"),
        update=anew(_subscribe, deleting("sns", "unsubscribe", SubscriptionArn=ref)),
    ),
    Kind(
        type="AWS::SNS::TopicPolicy",
        create=_topic_policy,
        ref=_policy_id,
        accepts=accepting("PolicyDocument", "Topics"),
        update=again(_topic_policy),
    ),
    Kind(
        type="AWS::SQS::Queue",
        name=Name("QueueName", longest=80, pattern=_NAME, ending=("FifoQueue", _FIFO)),
        create=_create_queue,
        ref=answered("QueueUrl"),
        attributes={
            "Arn": arn("sqs", "{QueueName}"),
            "QueueName": given("QueueName"),
            "QueueUrl": ref,
        },
        delete=deleting("sqs", "delete_queue", QueueUrl=ref),
        accepts=accepting("QueueName", "Tags", *_QUEUE),
        holds_data=True,
        update=_update_queue,
    ),
    Kind(
        type="AWS::SQS::QueuePolicy",
        create=_queue_policy,
        ref=_policy_id,
        accepts=accepting("PolicyDocument", "Queues"),
        update=again(_queue_policy),
    ),
]
