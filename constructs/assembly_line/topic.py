"""Predictions as messages: a topic, and for each consumer a queue of its own."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from assembly_line.naming import pascal
from assembly_line.queue import WorkQueue
from assembly_line.shared import Shared

CONSUMER_TIMEOUT = Duration.minutes(5)
"""How long a consumer may take for a message: this project knows none of them, so it is generous."""


class PredictionTopic(Construct):
    """An encrypted topic; every consumer's queue gets the bare message, and keeps its poison apart."""

    def __init__(self, scope: Construct, id_: str, *, shared: Shared, consumers: Sequence[str]) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(self, "Topic", master_key=shared.key, enforce_ssl=True)
        self.queues = {
            consumer: WorkQueue(
                self, pascal(consumer), key=shared.key, alarms=shared.alarms, handled_within=CONSUMER_TIMEOUT
            )
            for consumer in consumers
        }
        for work in self.queues.values():
            self.topic.add_subscription(subscriptions.SqsSubscription(work.queue, raw_message_delivery=True))
