"""Labels over REST, checked field by field before they are taken: what is accepted can be joined."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from config.metrics import Task
from runtime.delivery import records
from runtime.delivery.api import LONGEST_ID, LONGEST_PREDICTION_ID, MOST_LABELS
from runtime.delivery.proxy import Refused
from runtime.delivery.request import LONGEST_TEXT

_FIELDS = ("prediction_id", "id", "time", "label", "known_at", "outcome")


def check(given: Mapping[str, Any], *, line: str, task: Task) -> list[Mapping[str, Any]]:
    """Return the labels in a body, one or a list; raises Refused (400) naming the first at fault, and its field.

    A number that is too small to be stored is 0.
    """
    if "labels" not in given:
        _check("", given, line, task)
        return [_stored(given)]
    told = given["labels"]
    if len(given) > 1 or not isinstance(told, list) or not 0 < len(told) <= MOST_LABELS:
        raise Refused(400, f"labels: expected a list of 1 to {MOST_LABELS} objects, and nothing beside it")
    for i, label in enumerate(told):
        if not isinstance(label, dict):
            raise Refused(400, f"labels[{i}]: expected an object with label and prediction_id or id")
        _check(f"labels[{i}].", label, line, task)
    return [_stored(label) for label in told]


def send(sqs: Any, queue: str, told: Sequence[Mapping[str, Any]], *, line: str) -> None:
    """Put the labels into the queue, all in one message; raises Refused (503) unless they are there."""
    body = json.dumps(told[0] if len(told) == 1 else {"labels": told})
    try:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    except (ClientError, BotoCoreError):
        raise Refused(503, f"labels of line {line!r} cannot be taken now: try again in a minute") from None


def _check(where: str, label: Mapping[str, Any], line: str, task: Task) -> None:
    for name in label:
        if name not in _FIELDS:
            expected = ", ".join(_FIELDS)
            raise Refused(400, f"{where}{name[:LONGEST_TEXT]}: unknown field, expected some of {expected}: remove it")
    if "label" not in label:
        raise Refused(400, f"{where}label: missing: add it")
    if task == "binary":
        if type(label["label"]) is not int or label["label"] not in (0, 1):
            raise Refused(400, f"{where}label: expected 0 or 1")
    elif not _number(label["label"]):
        raise Refused(400, f"{where}label: expected a finite number")
    if "prediction_id" not in label and "id" not in label:
        raise Refused(400, f"{where}prediction_id: missing, and so is id: add one of them")
    if "prediction_id" in label and not _identified(label["prediction_id"], line):
        raise Refused(400, f"{where}prediction_id: expected {line}:<id>:<date>, as the prediction has it")
    id_ = label.get("id", "-")
    if not isinstance(id_, str) or not 0 < len(id_) <= LONGEST_ID:
        raise Refused(400, f"{where}id: expected text of 1 to {LONGEST_ID} characters")
    for name in ("time", "known_at"):
        if name in label and not _moment(label[name]):
            raise Refused(400, f"{where}{name}: expected a moment in ISO 8601, e.g. 2013-08-15T10:30:00Z")
    if "outcome" in label and not _number(label["outcome"]):
        raise Refused(400, f"{where}outcome: expected a finite number")


def _stored(label: Mapping[str, Any]) -> Mapping[str, Any]:
    small = {name: 0 for name in ("label", "outcome") if name in label and abs(label[name]) < records.SMALLEST}
    return {**label, **small}


def _identified(given: Any, line: str) -> bool:
    try:
        named, _, date = records.parts(given)
        known = named == line and len(given) <= LONGEST_PREDICTION_ID
        return known and dt.date.fromisoformat(date).isoformat() == date
    except (AttributeError, ValueError):
        return False


def _moment(given: Any) -> bool:
    try:
        dt.datetime.fromisoformat(given).astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        return False
    return True


def _number(given: Any) -> bool:
    try:
        return isinstance(given, (int, float)) and not isinstance(given, bool) and abs(float(given)) <= records.LARGEST
    except OverflowError:
        return False
