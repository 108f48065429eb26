"""Predictions as messages: a topic, and for each consumer a queue of its own."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from assembly_line.naming import pascal
from assembly_line.queue import WorkQueue
from assembly_line.shared import Shared
from config.delivery import Consumer, TopicChannel

CONSUMER_TIMEOUT = Duration.minutes(5)
"""How long a consumer may take for a message: this project knows none of them, so it is generous."""


class PredictionTopic(Construct):
    """An encrypted topic; each consumer's queue gets the bare messages that its filter lets pass, and keeps its poison.

    With ``fifo`` topic and queues keep the order of each id's messages and drop what is repeated within five minutes.
    """

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, channel: TopicChannel) -> None:
        super().__init__(scope, id_)
        fifo = channel.fifo or None
        self.topic = sns.Topic(self, "Topic", master_key=shared.key, enforce_ssl=True, fifo=fifo)
        self.queues: dict[str, WorkQueue] = {}
        for consumer in channel.consumers:
            work = WorkQueue(
                self,
                pascal(consumer.name),
                key=shared.key,
                alarms=shared.alarms,
                handled_within=CONSUMER_TIMEOUT,
                fifo=channel.fifo,
            )
            self.queues[consumer.name] = work
            self._subscribe(work, consumer)

    def _subscribe(self, work: WorkQueue, consumer: Consumer) -> None:
        made = self.topic.add_subscription(subscriptions.SqsSubscription(work.queue, raw_message_delivery=True))
        if consumer.filter is not None:  # given as it is written: CDK's own filters know fewer conditions
            subscription = made.node.default_child
            assert isinstance(subscription, sns.CfnSubscription)  # noqa: S101 (what a Subscription is made of)
            subscription.filter_policy = consumer.filter
            subscription.filter_policy_scope = "MessageBody"
