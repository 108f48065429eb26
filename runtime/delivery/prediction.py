"""A prediction on request: the row's features, the model's score, and the record that is kept of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime import events, online
from runtime.delivery import lookup, records
from runtime.delivery.proxy import Refused
from runtime.delivery.request import Form, Request, check

RUN = "on-request"
"""In the place of a run in the record of a prediction that no run made."""


@dataclass(frozen=True)
class Service:
    """What a prediction needs: the clients, and the names of what they talk to."""

    dynamodb: Any
    sagemaker: Any
    line: str
    endpoint: str
    online_table: str
    predictions_table: str


def predict(service: Service, form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prediction record of a request body, kept in the lookup store; raises Refused."""
    request = check(form, given)
    row = {name: request.values[name] for name in form.columns} | _features(service, form, request)
    score, version = _invoke(service, row)
    record = {
        "schema": records.SCHEMA,
        "prediction_id": records.prediction_id(
            line=service.line, id_=request.id, score_date=request.event_time.date().isoformat()
        ),
        "line": service.line,
        "run": RUN,
        "model_version": version,
        "id": request.id,
        "event_time": request.event_time.isoformat(),
        "score": score,
        "at": events.now(),
    }
    lookup.put(service.dynamodb, service.predictions_table, [record])
    return record


def _features(service: Service, form: Form, request: Request) -> dict[str, Any]:
    """Return ``<view>__<column>`` of every view that knows the entity; the model takes the rest as unknown."""
    keys = {
        view: online.key(view, {column: request.values[column] for column in entity})
        for view, entity in form.views.items()
        if all(request.values[column] is not None for column in entity)
    }
    found = online.read(service.dynamodb, service.online_table, list(keys.values())) if keys else {}
    return {
        f"{view}__{column}": value
        for view, key in keys.items()
        if key in found
        for column, value in json.loads(found[key].features).items()
    }


def _invoke(service: Service, row: Mapping[str, Any]) -> tuple[float, Any]:
    try:
        answer = service.sagemaker.invoke_endpoint(
            EndpointName=service.endpoint,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({"instances": [row]}).encode(),
        )
    except ClientError as error:
        raise _refused(service, error) from None
    except BotoCoreError as error:
        raise _unanswered(service, type(error).__name__) from None
    told = json.loads(answer["Body"].read())
    return float(told["predictions"][0]["score"]), told["model_version"]


def _refused(service: Service, error: ClientError) -> Refused:
    """The model's own 400 is the sender's to mend, the rest is ours: both without what is inside."""
    code = error.response["Error"]["Code"]
    if code == "ModelError" and error.response.get("OriginalStatusCode") == 400:
        return Refused(400, _said(str(error.response.get("OriginalMessage", ""))))
    if code in ("ValidationError", "ValidationException"):
        return Refused(
            503, f"no model of line {service.line!r} is in service: run the line once (line run {service.line})"
        )
    return _unanswered(service, code)


def _unanswered(service: Service, why: str) -> Refused:
    return Refused(503, f"the model of line {service.line!r} did not answer ({why}): try again in a minute")


def _said(message: str) -> str:
    """Return the text in the model's answer, ``{"error": ...}``, without the index of the only instance."""
    try:
        return str(json.loads(message)["error"]).removeprefix("instances[0].")
    except (ValueError, KeyError, TypeError):
        return "the model refused the request"
