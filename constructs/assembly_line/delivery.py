"""Delivery: predictions reach whoever decides, over every channel that the line declares, once each."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_stepfunctions as sfn
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.endpoint import Endpoint
from assembly_line.feedback import Feedback
from assembly_line.handler import Handler, Handlers
from assembly_line.naming import slug
from assembly_line.permissions import allow, allow_key, allow_read, allow_write
from assembly_line.rest_api import PredictionApi
from assembly_line.shared import Shared
from assembly_line.station import Station
from assembly_line.supervisor import Supervisor
from assembly_line.table import Table
from assembly_line.topic import PredictionTopic
from config.line import Line

_TIMEOUT = Duration.minutes(10)


class DeliveryStation(Station):
    """Files in S3, messages to each consumer, and the lookup store behind the REST API, side by side.

    The store is always filled, because ground truth is joined with it; ``rest`` says whether it is offered over REST.
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
        endpoint: Endpoint,
        online: Table,
        feedback: Feedback,
    ) -> None:
        super().__init__(scope, id_, supervisor=supervisor)
        self._shared, self._builder, self._line = shared, handlers, line
        self._feedback = feedback
        self.topic = self._topic()
        self.api = self._api(endpoint, online) if line.delivery.rest else None
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

    def _api(self, endpoint: Endpoint, online: Table) -> PredictionApi:
        dataset = self._line.dataset
        views = {view: self._line.features[view].entity for view in dataset.features}
        entities = [column for columns in views.values() for column in columns]
        predict = None if endpoint.kind == "none" else self._predict(endpoint, online, views)
        look_up = self._look_up()
        watched = {"LookUpErrors": look_up} | ({"PredictErrors": predict} if predict else {})
        for id_, handler in watched.items():
            error_alarm(
                self,
                id_,
                topic=self._shared.alarms,
                function=handler.function,
                says=f"a request to the REST API of line {self._line.line} failed: read the log of its handler",
            )
        return PredictionApi(
            self,
            "Rest",
            shared=self._shared,
            name=slug(self._shared.environment.name, self._line.line),
            fields=list(dict.fromkeys([dataset.id, dataset.event_time, *dataset.request, *entities])),
            optional=list(self._line.delivery.known),
            predict=predict,
            look_up=look_up,
        )

    def _predict(self, endpoint: Endpoint, online: Table, views: dict[str, list[str]]) -> Handler:
        dataset = self._line.dataset
        handler = self._handler(
            "Predict",
            timeout=Duration.seconds(29),  # API Gateway waits no longer
            memory_mb=512,
            ENDPOINT_NAME=endpoint.name,
            ONLINE_TABLE=online.name,
            PREDICTIONS_TABLE=self._feedback.predictions.name,
            VIEWS=json.dumps(views),
            REQUEST=json.dumps(dataset.request),
            LINE=self._line.line,
            ID=dataset.id,
            EVENT_TIME=dataset.event_time,
            KNOWN=json.dumps(self._line.delivery.known),
        )
        endpoint.grant_invoke(handler.role)
        online.allow(handler.role, "dynamodb:BatchGetItem")
        self._feedback.allow_predicting(handler.role)
        return handler

    def _look_up(self) -> Handler:
        handler = self._handler(
            "LookUp",
            timeout=Duration.seconds(29),
            PREDICTIONS_TABLE=self._feedback.predictions.name,
            LINE=self._line.line,
        )
        self._feedback.predictions.allow(handler.role, "dynamodb:GetItem")
        return handler

    def _handler(self, id_: str, *, timeout: Duration, memory_mb: int = 256, **environment: Any) -> Handler:
        return Handler(
            self,
            f"{id_}Handler",
            handlers=self._builder,
            module=f"lambdas.delivery.{_MODULES.get(id_, id_.lower())}",
            environment=environment,
            timeout=timeout,
            memory_mb=memory_mb,
        )


_MODULES = {"LookUp": "look_up"}
