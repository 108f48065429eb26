"""Capture: what was predicted on request reaches the lake and the windows, through a queue of its own."""

from __future__ import annotations

import json

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.feedback import Feedback
from assembly_line.handler import Handler, Handlers
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.queue import WorkQueue
from assembly_line.shared import Shared
from config.line import Line

_TIMEOUT = Duration.seconds(30)


class Capture(Construct):
    """A queue for captured predictions, and the handler that empties it; poison is put aside with its reason."""

    def __init__(
        self, scope: Construct, id_: str, *, shared: Shared, handlers: Handlers, line: Line, feedback: Feedback
    ) -> None:
        super().__init__(scope, id_)
        self._shared = shared
        self.queue = WorkQueue(
            self,
            "Events",
            key=shared.key,
            alarms=shared.alarms,
            handled_within=_TIMEOUT,
            largest_kib=256,  # so that poison finds room for its reason
        )
        self.handler = Handler(
            self,
            "Handler",
            handlers=handlers,
            module="lambdas.monitoring.capture",
            environment={
                **feedback.environment(),
                "MODELS_BUCKET": shared.models.bucket_name,
                "LEDGER_TABLE": shared.ledger.table_name,
                "SLICES": json.dumps(line.monitoring.performance.slices),
                "LAKE_BUCKET": shared.lake.bucket_name,
                "DEAD_LETTERS": self.queue.dead_letters.queue.queue_url,
                "INPUTS": str(line.monitoring.capture.inputs),
            },
            timeout=_TIMEOUT,
            memory_mb=512,
        )
        feedback.allow_counting(self.handler.role)
        shared.allow_ledger(self.handler.role, "dynamodb:GetItem")
        allow_read(self.handler.role, shared.models, f"{line.line}/")
        allow_write(self.handler.role, shared.lake, f"captured/{line.line}/")
        allow(self.handler.role, "sqs:SendMessage", on=[self.queue.dead_letters.queue.queue_arn])
        allow_key(self.handler.role, shared.key, write=True)
        self._consume()
        error_alarm(
            self,
            "Errors",
            topic=shared.alarms,
            function=self.handler.function,
            says=f"captured predictions of line {line.line} are not kept: read the log of their handler",
            page="capture",
        )

    def allow_send(self, handler: Handler) -> None:
        """Let a handler send captured predictions."""
        allow(handler.role, "sqs:SendMessage", on=[self.queue.queue.queue_arn])
        allow_key(handler.role, self._shared.key, write=True)

    def _consume(self) -> None:
        queue = self.queue.queue
        allow(
            self.handler.role,
            *("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"),
            on=[queue.queue_arn],
        )
        lambda_.EventSourceMapping(
            self,
            "Arrivals",
            target=self.handler.function,
            event_source_arn=queue.queue_arn,
            batch_size=100,
            max_batching_window=Duration.seconds(1),
            report_batch_item_failures=True,
        )
