"""Ground truth: a queue for labels, and the handler that joins them; files of labels are turned into messages."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.feedback import Feedback
from assembly_line.handler import Handler, Handlers
from assembly_line.permissions import allow, allow_key, allow_read
from assembly_line.queue import DeadLetters, WorkQueue
from assembly_line.shared import Shared
from config.line import Line
from runtime.monitoring.drops import prefix

_JOIN_TIMEOUT = Duration.seconds(30)
_READ_TIMEOUT = Duration.minutes(10)


class GroundTruth(Construct):
    """The queue, its handler, and the handler of the files that are dropped under ``ground_truth/<line>/``."""

    def __init__(
        self, scope: Construct, id_: str, *, shared: Shared, handlers: Handlers, line: Line, feedback: Feedback
    ) -> None:
        super().__init__(scope, id_)
        self._shared, self._builder, self._line = shared, handlers, line
        self.queue = WorkQueue(self, "Labels", key=shared.key, alarms=shared.alarms, handled_within=_JOIN_TIMEOUT)
        self.join = self._join(feedback)
        self.letters = DeadLetters(self, "Unread", key=shared.key, alarms=shared.alarms)
        self.drop = self._drop()
        self._arrivals()
        for name, handler, what in (("Join", self.join, "is not joined"), ("Drop", self.drop, "is not read")):
            error_alarm(
                self,
                f"{name}Errors",
                topic=shared.alarms,
                function=handler.function,
                says=f"the ground truth of line {line.line} {what}: read the log of its handler",
                page="ground-truth",
            )

    @property
    def from_table(self) -> bool:
        """Whether runs send the labels that the line's own tables know."""
        return self._line.monitoring.ground_truth.table

    def allow_send(self, role: iam.Role) -> None:
        """Let a role send labels."""
        allow(role, "sqs:SendMessage", on=[self.queue.queue.queue_arn])
        allow_key(role, self._shared.key, write=True)

    def _join(self, feedback: Feedback) -> Handler:
        queue, letters = self.queue.queue, self.queue.dead_letters.queue
        handler = Handler(
            self,
            "JoinHandler",
            handlers=self._builder,
            module="lambdas.monitoring.ground_truth",
            environment={**feedback.environment(), "DEAD_LETTERS": letters.queue_url},
            timeout=_JOIN_TIMEOUT,
        )
        feedback.allow_counting(handler.role)
        consume = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
        allow(handler.role, *consume, on=[queue.queue_arn])
        allow(handler.role, "sqs:SendMessage", on=[letters.queue_arn])
        allow_key(handler.role, self._shared.key, write=True)
        lambda_.EventSourceMapping(
            self,
            "Arrivals",
            target=handler.function,
            event_source_arn=queue.queue_arn,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            report_batch_item_failures=True,
        )
        return handler

    def _drop(self) -> Handler:
        shared, line = self._shared, self._line
        handler = Handler(
            self,
            "DropHandler",
            handlers=self._builder,
            module="lambdas.monitoring.ground_truth_file",
            environment={
                "RAW_BUCKET": shared.raw.bucket_name,
                "QUEUE": self.queue.queue.queue_url,
                "TASK": line.dataset.task,
                "LINE": line.line,
            },
            timeout=_READ_TIMEOUT,
            memory_mb=512,
            dead_letters=self.letters.queue,
        )
        allow_read(handler.role, shared.raw, prefix(line.line))
        self.allow_send(handler.role)
        return handler

    def _arrivals(self) -> None:
        """A file that could not be read by its third try is told of by the queue of what was not heard."""
        pattern = events.EventPattern(
            source=["aws.s3"],
            detail_type=["Object Created"],
            detail={
                "bucket": {"name": [self._shared.raw.bucket_name]},
                "object": {"key": events.Match.prefix(prefix(self._line.line))},
            },
        )
        target = targets.LambdaFunction(
            self.drop.function, dead_letter_queue=self.letters.queue, retry_attempts=8, max_event_age=Duration.hours(6)
        )
        events.Rule(self, "Files", event_pattern=pattern, targets=[target])
