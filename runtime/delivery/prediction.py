"""Predictions on request: the rows' features, the model's scores, and the records that are kept of them.

A row names its entities, and the online store gives their features. What the line declares as known may be left out of
a request: it is looked up with them, and may itself lead to further entities (the model of a plane, by its number).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from runtime import events, online
from runtime.delivery import lookup, records
from runtime.delivery.capture import Capture
from runtime.delivery.proxy import Refused
from runtime.delivery.request import Form, Request, check, check_all

RUN = "on-request"
"""In the place of a run in the record of a prediction that no run made."""


@dataclass(frozen=True)
class Service:
    """What a prediction needs: the clients, and the names of what they talk to."""

    dynamodb: Any
    sagemaker: Any
    capture: Capture
    line: str
    endpoint: str
    online_table: str
    predictions_table: str


def predict(service: Service, form: Form, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the prediction record of a request body, kept in the lookup store and captured; raises Refused."""
    try:
        return _predicted(service, form, [check(form, given)])[0]
    except Refused as refused:
        raise Refused(refused.status, str(refused).removeprefix("instances[0].")) from None


def predict_all(service: Service, form: Form, given: object) -> list[dict[str, Any]]:
    """Return the records of a batch of rows, in their order; raises Refused if one of them is at fault."""
    return _predicted(service, form, check_all(form, given))


def _predicted(service: Service, form: Form, requests: Sequence[Request]) -> list[dict[str, Any]]:
    rows = _rows(service, form, requests)
    began = time.monotonic()
    scores, version = _invoke(service, rows)
    milliseconds = round((time.monotonic() - began) * 1000, 3)
    records_ = [
        {
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
        for request, score in zip(requests, scores, strict=True)
    ]
    try:
        lookup.put(service.dynamodb, service.predictions_table, records_)
    except (RuntimeError, ClientError, BotoCoreError):  # a RuntimeError: others keep changing the same prediction
        raise Refused(
            503, f"the prediction of line {service.line!r} cannot be kept now: try again in a minute"
        ) from None
    service.capture.send(records_, rows, milliseconds)
    return records_


def _rows(service: Service, form: Form, requests: Sequence[Request]) -> list[dict[str, Any]]:
    """Return what the model gets for each request: its columns, and ``<view>__<column>`` of every view that knows its
    entity; the model takes the rest as unknown.

    Everything is read together, once for each step from an entity to the next.
    """
    values = [dict(request.values) for request in requests]
    features: list[dict[str, dict[str, Any]]] = [{} for _ in requests]
    left = {(i, view) for i in range(len(requests)) for view in form.views}
    while askable := sorted((i, view) for i, view in left if all(column in values[i] for column in form.views[view])):
        left.difference_update(askable)
        keys = {
            (i, view): online.key(view, {column: values[i][column] for column in form.views[view]})
            for i, view in askable
            if all(values[i][column] is not None for column in form.views[view])
        }
        found = _online(service, sorted(set(keys.values())))
        for (i, view), key in keys.items():
            if key in found:
                features[i][view] = json.loads(found[key].features)
        for i in {i for i, _ in askable}:
            _fill(form, values[i], features[i])
    for i, row in enumerate(values):
        _check_found(form, i, row)
    return [
        {name: row[name] for name in form.columns}
        | {f"{view}__{column}": value for view, known in features[i].items() for column, value in known.items()}
        for i, row in enumerate(values)
    ]


def _fill(form: Form, values: dict[str, Any], features: Mapping[str, Mapping[str, Any]]) -> None:
    """Put what was left out and is known by now among a request's values."""
    for column, source in form.known.items():
        view, _, name = source.partition(".")
        if column not in values and view in features:
            if name not in features[view]:
                raise Refused(
                    503,
                    f"{column}: view {view!r} has no column {name!r}: correct delivery.known in the line's line.yaml",
                )
            values[column] = features[view][name]


def _check_found(form: Form, index: int, values: Mapping[str, Any]) -> None:
    """Raise Refused (404) for the first column that was left out and that nothing online knows."""
    for column in dict.fromkeys([*form.columns, *form.entities]):
        if column not in values:
            view = form.known[column].partition(".")[0]
            told = ", ".join(form.views[view])
            raise Refused(
                404, f"instances[{index}].{column}: left out, but view {view!r} does not know this {told}: give it"
            )


def _online(service: Service, keys: Sequence[str]) -> dict[str, online.Item]:
    if not keys:
        return {}
    try:
        return online.read(service.dynamodb, service.online_table, keys)
    except (RuntimeError, ClientError, BotoCoreError):  # a RuntimeError: keys that stayed unprocessed however often
        raise Refused(503, f"the features of line {service.line!r} cannot be read now: try again in a minute") from None


def _invoke(service: Service, rows: Sequence[Mapping[str, Any]]) -> tuple[list[float], Any]:
    try:
        answer = service.sagemaker.invoke_endpoint(
            EndpointName=service.endpoint,
            ContentType="application/json",
            Accept="application/json",
            Body=json.dumps({"instances": rows}).encode(),
        )
    except ClientError as error:
        raise _refused(service, error) from None
    except BotoCoreError as error:
        raise _unanswered(service, type(error).__name__) from None
    told = json.loads(answer["Body"].read())
    return [float(prediction["score"]) for prediction in told["predictions"]], told["model_version"]


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
    """Return the text in the model's answer, ``{"error": ...}``."""
    try:
        return str(json.loads(message)["error"])
    except (ValueError, KeyError, TypeError):
        return "the model refused the request"
