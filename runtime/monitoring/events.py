"""The captured events in a message, checked field by field: what is stored and counted can be relied upon."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from runtime.delivery import records
from runtime.delivery.capture import MOST_EVENTS, SCHEMA
from runtime.poison import PoisonError

LARGEST_BODY = 256 * 1024
"""Characters: senders keep well below."""
_SHALLOW = 400
"""Brackets of a body that can be written again, whatever it says: Python goes deeper than that."""

Event = Mapping[str, Any]

_ID = re.compile(r"[0-9a-f]{32}")
_TEXTS = ("prediction_id", "line", "run", "id", "event_time", "at")


def parse(body: str, line: str) -> tuple[list[Event], str]:
    """Return the events of a message's body that are as they must be, and what is wrong with the others, "" if none.

    Raises PoisonError when the message as a whole is at fault.
    """
    if len(body) > LARGEST_BODY:
        raise PoisonError(f"the body has more than {LARGEST_BODY} characters")
    try:
        given = json.loads(body, parse_constant=_no_constant)
        _check_text(body, given)
    except (ValueError, RecursionError):
        raise PoisonError("the body is not JSON (which has no NaN or Infinity)") from None
    if not isinstance(given, dict):
        raise PoisonError("the body is not a JSON object")
    if given.get("schema") != SCHEMA or isinstance(given["schema"], bool):
        raise PoisonError(f"schema is not {SCHEMA}")
    if given.get("line") != line:
        raise PoisonError("line is not this line")
    events = given.get("events")
    if not isinstance(events, list) or not 0 < len(events) <= MOST_EVENTS:
        raise PoisonError(f"events is not a list of 1 to {MOST_EVENTS}")
    good, faults = [], []
    for i, event in enumerate(events):
        try:
            _check(event, line)
        except PoisonError as fault:
            faults.append(f"events[{i}]{fault}")
        else:
            good.append(event)
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return good, f"{faults[0]}{more}" if faults else ""


def date_of(event: Event) -> str:
    """Return the day (UTC) of the prediction, as ISO has it: that of its prediction id."""
    return records.parts(event["prediction"]["prediction_id"])[2]


def moment(given: str) -> dt.datetime:
    """Return a moment in UTC; one without an offset is in UTC already. Raises ValueError, OverflowError."""
    found = dt.datetime.fromisoformat(given)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def chosen(event: Event, share: float) -> bool:
    """Whether an event is among the share (0 to 1) whose inputs are stored: always the same answer for one event.

    >>> chosen({"event_id": "7fffffff" + 24 * "0"}, 0.5), chosen({"event_id": "80000000" + 24 * "0"}, 0.5)
    (True, False)
    >>> chosen({"event_id": 32 * "f"}, 1), chosen({"event_id": 32 * "0"}, 0)
    (True, False)
    """
    return int(event["event_id"][:8], 16) < share * 0x1_0000_0000


def _check_text(body: str, given: Any) -> None:
    """Raise ValueError or RecursionError for what could not be written again: half of a surrogate pair, or too deep."""
    if "\\ud" in body or "\\uD" in body or body.count("{") + body.count("[") > _SHALLOW:
        json.dumps(given, ensure_ascii=False).encode()
    else:
        body.encode()


def _check(event: Any, line: str) -> None:
    if not isinstance(event, dict):
        raise PoisonError(" is not an object")
    if not isinstance(event.get("event_id"), str) or not _ID.fullmatch(event["event_id"]):
        raise PoisonError(".event_id is not 32 hexadecimal digits")
    _check_prediction(event.get("prediction"), line)
    inputs = event.get("inputs")
    if not isinstance(inputs, dict):
        raise PoisonError(".inputs is not an object")
    for i, value in enumerate(inputs.values()):
        kind = type(value)
        if kind is str or value is None or (kind is float and math.isfinite(value)):
            continue
        if isinstance(value, (dict, list)) or (isinstance(value, (int, float)) and not _finite(value)):
            raise PoisonError(f".inputs: value {i} is neither a number that fits a double, text, true, false nor null")
    milliseconds = event.get("milliseconds")
    if milliseconds is not None and not (_number(milliseconds) and milliseconds >= 0):
        raise PoisonError(".milliseconds is neither a number from 0 on nor null")


def _check_prediction(prediction: Any, line: str) -> None:
    if not isinstance(prediction, dict):
        raise PoisonError(".prediction is not an object")
    if prediction.get("schema") != records.SCHEMA or isinstance(prediction["schema"], bool):
        raise PoisonError(f".prediction.schema is not {records.SCHEMA}")
    for name in _TEXTS:
        if not isinstance(prediction.get(name), str) or not prediction[name]:
            raise PoisonError(f".prediction.{name} is not text")
    if prediction["line"] != line:
        raise PoisonError(".prediction.line is not this line")
    for name in ("event_time", "at"):
        if not _moment(prediction[name]):
            raise PoisonError(f".prediction.{name} is not a moment in ISO 8601")
    if not _identified(prediction, line):
        raise PoisonError(".prediction.prediction_id is not <line>:<id>:<date>")
    if type(prediction.get("model_version")) is not int or abs(prediction["model_version"]) >= 1 << 63:
        raise PoisonError(".prediction.model_version is not a whole number")
    if not _number(prediction.get("score")) or not records.carried(prediction["score"]):
        raise PoisonError(".prediction.score is not a finite number")


def _identified(prediction: Mapping[str, Any], line: str) -> bool:
    try:
        named, id_, date = records.parts(prediction["prediction_id"])
        return (named, id_, date) == (line, prediction["id"], dt.date.fromisoformat(date).isoformat())
    except ValueError:
        return False


def _moment(text: str) -> bool:
    try:
        moment(text)
    except (ValueError, OverflowError):
        return False
    return True


def _number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and _finite(value)


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every double
        return False


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
