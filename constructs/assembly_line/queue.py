"""A queue whose poison ends in a dead-letter queue that somebody hears of."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from assembly_line.alarms import alarm

RETENTION = Duration.days(4)
DEAD_LETTER_RETENTION = Duration.days(14)
"""Longer than a queue's own: a message keeps its age when it moves."""


class DeadLetters(Construct):
    """A queue for what could not be handled, with an alarm as soon as there is one."""

    def __init__(self, scope: Construct, id_: str, *, key: kms.IKey, alarms: sns.ITopic, fifo: bool = False) -> None:
        super().__init__(scope, id_)
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo or None,
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=DEAD_LETTER_RETENTION,
        )
        self.alarm = alarm(
            self,
            "NotEmpty",
            topic=alarms,
            metric=self.queue.metric_approximate_number_of_messages_visible(
                period=Duration.minutes(1), statistic=cloudwatch.Stats.MAXIMUM
            ),
            threshold=1,
            says="a message could not be handled: read it from the dead-letter queue, mend the cause, redrive it",
            page="dead-letters",
        )


class WorkQueue(Construct):
    """A queue that tries a message five times before it puts it aside; it takes what SQS takes, or less."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        key: kms.IKey,
        alarms: sns.ITopic,
        handled_within: Duration,
        largest_kib: int | None = None,
        fifo: bool = False,
    ) -> None:
        super().__init__(scope, id_)
        self.dead_letters = DeadLetters(self, "DeadLetters", key=key, alarms=alarms, fifo=fifo)
        self.queue = sqs.Queue(
            self,
            "Queue",
            fifo=fifo or None,  # which CloudFormation takes for a property of its own: it is true or absent
            encryption=sqs.QueueEncryption.KMS,
            encryption_master_key=key,
            enforce_ssl=True,
            retention_period=RETENTION,
            # a handler that is throttled keeps its batch for six of its timeouts, says Lambda's manual
            visibility_timeout=Duration.seconds(6 * int(handled_within.to_seconds())),
            max_message_size_bytes=largest_kib * 1024 if largest_kib else None,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters.queue, max_receive_count=5),
        )
