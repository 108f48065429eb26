"""Delivery: predictions reach whoever decides, over every channel that the line declares, once each."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.feedback import Feedback
from assembly_line.handler import Handler, Handlers
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.topic import PredictionTopic
from config.line import Line

_TIMEOUT = Duration.minutes(10)


class DeliveryStation(Station):
    """Files in S3, messages to each consumer, and the lookup store behind the REST API, side by side.

    The store is always filled, because ground truth is joined with it; ``RestChannel`` offers it.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        supervisor: Supervisor,
        shared: Shared,
        handlers: Handlers,
        line: Line,
        feedback: Feedback,
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self._shared, self._builder, self._line = shared, handlers, line
        self._feedback = feedback
        self.topic = self._topic()
        channels = {"DeliverRest": self._rest()}
        if line.delivery.files:
            channels["DeliverFiles"] = self._files()
        if self.topic is not None:
            channels["DeliverTopic"] = self._to(self.topic)
        deliver = sfn.Parallel(self, "Deliver", result_path=sfn.JsonPath.DISCARD)
        for name, handler in channels.items():
            deliver.branch(self.handler_state(name, handler, caught=False))
        self.works(self.catching(deliver))

    def _topic(self) -> PredictionTopic | None:
        declared = self._line.delivery.topic
        if declared is None:
            return None
        return PredictionTopic(self, "Messages", shared=self._shared, consumers=declared.consumers)

    def _files(self) -> Handler:
        handler = self._channel("Files", DELIVERED_BUCKET=self._shared.delivered.bucket_name)
        allow_read(handler.role, self._shared.delivered, f"{self._line.line}/", listing=False)
        allow_write(handler.role, self._shared.delivered, f"{self._line.line}/")
        return handler

    def _to(self, messages: PredictionTopic) -> Handler:
        handler = self._channel("Topic", TOPIC_ARN=messages.topic.topic_arn)
        allow(handler.role, "sns:Publish", on=[messages.topic.topic_arn])
        return handler

    def _rest(self) -> Handler:
        slices = json.dumps(self._line.monitoring.performance.slices)
        handler = self._channel("Rest", **self._feedback.environment(), SLICES=slices)
        self._feedback.allow_counting(handler.role)
        return handler

    def _channel(self, id_: str, **environment: str) -> Handler:
        """A handler that reads the run's predictions and writes a receipt."""
        handler = self._handler(
            id_, timeout=_TIMEOUT, memory_mb=512, LAKE_BUCKET=self._shared.lake.bucket_name, **environment
        )
        runs = f"runs/{self._line.line}/"
        allow_read(handler.role, self._shared.lake, runs)
        allow_write(handler.role, self._shared.lake, runs)
        allow_key(handler.role, self._shared.key, write=True)
        return handler

    def _handler(self, id_: str, *, timeout: Duration, memory_mb: int = 256, **environment: Any) -> Handler:
        return Handler(
            self,
            f"{id_}Handler",
            handlers=self._builder,
            module=f"lambdas.delivery.{id_.lower()}",
            environment=environment,
            timeout=timeout,
            memory_mb=memory_mb,
        )
