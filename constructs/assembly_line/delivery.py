"""Delivery: predictions reach whoever decides, over every channel that the line declares, once each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.feedback import Feedback
from assembly_line.handler import Handler, Handlers
from assembly_line.jobs import Jobs
from assembly_line.naming import pascal
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.queue import WorkQueue
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.table_job import TableJob
from assembly_line.topic import PredictionTopic
from config.connections import lent
from config.line import Line

_TIMEOUT = Duration.minutes(10)


class DeliveryStation(Station):
    """Files in S3, messages to each consumer, rows in databases, and the lookup store behind REST, side by side.

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
        jobs: Jobs,
        line: Line,
        feedback: Feedback,
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self._shared, self._builder, self._jobs, self._line = shared, handlers, jobs, line
        self._feedback = feedback
        self.topics = {
            channel.name: PredictionTopic(self, f"{pascal(channel.name)}Messages", shared=shared, channel=channel)
            for channel in line.delivery.topics
        }
        deliver = sfn.Parallel(self, "Deliver", result_path=sfn.JsonPath.DISCARD)
        for branch in self._branches():
            deliver.branch(branch)
        self.works(self.catching(deliver))

    @property
    def queues(self) -> dict[str, WorkQueue]:
        """The queue of each consumer of any topic, by the consumer's name."""
        return {consumer: work for topic in self.topics.values() for consumer, work in topic.queues.items()}

    def _branches(self) -> Iterator[sfn.TaskStateBase]:
        """Yield the state of each channel; they run side by side."""
        delivery = self._line.delivery
        yield self.handler_state("DeliverRest", self._rest(), caught=False)
        files = self._files() if delivery.files else None
        for channel in delivery.files:
            assert files is not None  # noqa: S101
            more = {"channel": channel.name, "format": channel.format}
            yield self.handler_state(f"Deliver{pascal(channel.name)}", files, more=more, caught=False)
        topics = self._to_topics() if self.topics else None
        for name, made in self.topics.items():
            assert topics is not None  # noqa: S101
            told = {"channel": name, "topic": made.topic.topic_arn}
            yield self.handler_state(f"Deliver{pascal(name)}", topics, more=told, caught=False)
        environment = self._shared.environment
        lent_to = lent(delivery.tables, environment.connections, environment=environment.name, line=self._line.line)
        for table in delivery.tables:
            job = TableJob(
                self,
                f"{pascal(table.name)}Table",
                shared=self._shared,
                jobs=self._jobs,
                channel=table,
                connection=lent_to[table.name],
            ).job
            yield self.glue_state(f"Deliver{pascal(table.name)}", job, caught=False)

    def _files(self) -> Handler:
        handler = self._channel("Files", DELIVERED_BUCKET=self._shared.delivered.bucket_name)
        allow_read(handler.role, self._shared.delivered, f"{self._line.line}/", listing=False)
        allow_write(handler.role, self._shared.delivered, f"{self._line.line}/", parts=True)
        return handler

    def _to_topics(self) -> Handler:
        handler = self._channel("Topic")
        allow(handler.role, "sns:Publish", on=[made.topic.topic_arn for made in self.topics.values()])
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
