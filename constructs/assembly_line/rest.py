"""REST: predictions on request, each of them captured; the newest prediction of an id; labels."""

from __future__ import annotations

import json
from typing import Any

from aws_cdk import Duration
from constructs import Construct

from assembly_line.alarms import error_alarm
from assembly_line.capture import Capture
from assembly_line.endpoint import Endpoint
from assembly_line.feedback import Feedback
from assembly_line.ground_truth import GroundTruth
from assembly_line.handler import Handler, Handlers
from assembly_line.naming import slug
from assembly_line.rest_api import PredictionApi
from assembly_line.shared import Shared
from assembly_line.table import Table
from config.line import Line
from config.rest import Rest
from runtime.delivery.api import form_of, operations
from runtime.delivery.openapi import document

_TIMEOUT = Duration.seconds(29)
"""API Gateway waits no longer."""


class RestChannel(Construct):
    """The handlers behind a line's REST API, and the API itself.

    Where an environment serves no endpoint nothing is predicted on request: the rest is offered all the same.
    """

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        shared: Shared,
        handlers: Handlers,
        line: Line,
        rest: Rest,
        endpoint: Endpoint,
        online: Table,
        feedback: Feedback,
        capture: Capture,
        ground_truth: GroundTruth,
    ) -> None:
        super().__init__(scope, id_)
        self._shared, self._builder, self._line = shared, handlers, line
        made = {"look_up": self._look_up(feedback), "labels": self._labels(ground_truth)}
        served = endpoint.kind != "none"
        if served:
            made["predict"] = self._predict(endpoint, online, feedback, capture)
        self.api = PredictionApi(
            self,
            "Rest",
            shared=shared,
            name=slug(shared.environment.name, line.line),
            rest=rest,
            operations=operations(line, endpoint=served),
            handlers=made,
            document=document(line, endpoint=served),
        )

    def _predict(self, endpoint: Endpoint, online: Table, feedback: Feedback, capture: Capture) -> Handler:
        form = form_of(self._line)
        handler = self._handler(
            "Predict",
            memory_mb=512,
            ENDPOINT_NAME=endpoint.name,
            ONLINE_TABLE=online.name,
            PREDICTIONS_TABLE=feedback.predictions.name,
            VIEWS=json.dumps(form.views),
            REQUEST=json.dumps(form.columns),
            ID=form.id,
            EVENT_TIME=form.event_time,
            KNOWN=json.dumps(form.known),
            CAPTURE_QUEUE=capture.queue.queue.queue_url,
            PERSONAL=json.dumps(self._line.personal),
            CAPTURE_PERSONAL=self._line.monitoring.capture.personal,
        )
        endpoint.grant_invoke(handler.role)
        online.allow(handler.role, "dynamodb:BatchGetItem")
        feedback.allow_predicting(handler.role)
        capture.allow_send(handler)
        return handler

    def _look_up(self, feedback: Feedback) -> Handler:
        handler = self._handler("LookUp", PREDICTIONS_TABLE=feedback.predictions.name)
        feedback.predictions.allow(handler.role, "dynamodb:GetItem")
        return handler

    def _labels(self, ground_truth: GroundTruth) -> Handler:
        handler = self._handler(
            "Labels", GROUND_TRUTH_QUEUE=ground_truth.queue.queue.queue_url, TASK=self._line.dataset.task
        )
        ground_truth.allow_send(handler.role)
        return handler

    def _handler(self, id_: str, *, memory_mb: int = 256, **environment: Any) -> Handler:
        line = self._line.line
        handler = Handler(
            self,
            f"{id_}Handler",
            handlers=self._builder,
            module=f"lambdas.delivery.{_MODULES.get(id_, id_.lower())}",
            environment={**environment, "LINE": line},
            timeout=_TIMEOUT,
            memory_mb=memory_mb,
        )
        error_alarm(
            self,
            f"{id_}Errors",
            topic=self._shared.alarms,
            function=handler.function,
            says=f"a request to the REST API of line {line} failed: read the log of its handler",
            page="rest",
        )
        return handler


_MODULES = {"LookUp": "look_up"}
