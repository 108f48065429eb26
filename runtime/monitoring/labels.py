"""Labels as messages tell them: what a body may say, and what is wrong with one that says something else.

``{"prediction_id", "label"}``, ``{"id", "label", "time"}`` or ``{"id", "label"}``, each with ``known_at`` and
``outcome`` if they are known, or ``{"labels": [...]}`` of up to a hundred. No reason names a value.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from config.metrics import Task
from runtime.delivery import records
from runtime.monitoring.joins import Label
from runtime.monitoring.store import DAY, instant

MOST = 100
"""Labels of one message."""
LONGEST = 1024
"""Bytes of an id and of a prediction id."""
MOST_BYTES = 200_000


@dataclass(frozen=True)
class Told:
    """A label and whom it is about: a prediction, or the newest one of an id."""

    label: Label
    id: str
    prediction_id: str | None
    given: Mapping[str, Any]
    """As it was sent, for whoever has to look at one that could not be joined."""


@dataclass(frozen=True)
class Refusal:
    """What of a message is no label, with the reason; ``given`` is None where the whole body is not one."""

    reason: str
    given: Any = None


def parse(body: str, line: str, task: Task, now: dt.datetime) -> Iterator[Told | Refusal]:
    """Yield each label of a message's body, and a refusal for each thing in it that is none."""
    try:
        given = json.loads(body)
    except (ValueError, RecursionError):
        yield Refusal("the body is not JSON")
        return
    if not isinstance(given, dict):
        yield Refusal("the body is not a JSON object")
        return
    each = given.get("labels", [given])
    if not isinstance(each, list) or not 1 <= len(each) <= MOST:
        yield Refusal(f"labels is not a list of 1 to {MOST} labels")
        return
    for one in each:
        try:
            yield told(one, line, task, now)
        except ValueError as error:
            yield Refusal(str(error), given=one)


def told(given: Any, line: str, task: Task, now: dt.datetime) -> Told:
    """Return one label as it was given; raises ValueError saying what is wrong with it."""
    if not isinstance(given, dict):
        raise ValueError("a label is not a JSON object")
    label = Label(
        label=_label(given.get("label"), task), known_at=_known_at(given, now), outcome=_outcome(given.get("outcome"))
    )
    prediction_id, id_ = given.get("prediction_id"), given.get("id")
    if prediction_id is not None:
        id_ = _id_of(prediction_id, line)
    elif not isinstance(id_, str) or not id_:
        raise ValueError("neither prediction_id nor id is given as text")
    elif given.get("time") is not None:
        day = _moment(given["time"], "time").date().isoformat()
        prediction_id = records.prediction_id(line=line, id_=id_, score_date=day)
    if len(_bytes(prediction_id or id_)) > LONGEST:
        raise ValueError(f"the id has more than {LONGEST} bytes")
    return Told(label=label, id=id_, prediction_id=prediction_id, given=given)


def accept(sqs: Any, queue: str, line: str, task: Task, given: Sequence[Any]) -> list[str]:
    """Send labels to a line's queue, a hundred a message; return the reasons of those that are none, by their place.

    Nothing is sent unless all are labels. After an error sending all again is safe, because a label counts once.
    """
    now, wrong = dt.datetime.now(dt.UTC), []
    for place, one in enumerate(given):
        try:
            told(one, line, task, now)
        except ValueError as error:
            wrong.append(f"labels[{place}]: {error}")
    if not wrong:
        send(sqs, queue, given)
    return wrong


def send(sqs: Any, queue: str, given: Sequence[Any]) -> int:
    """Send labels as messages; return how many messages they became. After an error sending all again is safe."""
    bodies = list(_bodies(given))
    for body in bodies:
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    return len(bodies)


def _bodies(given: Sequence[Any]) -> Iterator[str]:
    """Yield message bodies, each of at most a hundred labels and of what a queue can hold."""
    batch: list[str] = []
    size = 0
    for one in given:
        text = json.dumps(one, separators=(",", ":"))
        if batch and (len(batch) == MOST or size + len(text) > MOST_BYTES):
            yield f'{{"labels":[{",".join(batch)}]}}'
            batch, size = [], 0
        batch.append(text)
        size += len(text) + 1
    if batch:
        yield f'{{"labels":[{",".join(batch)}]}}'


def _label(given: Any, task: Task) -> float:
    if task == "binary":
        if type(given) is not int or given not in (0, 1):
            raise ValueError("label is not 0 or 1")
        return given
    return _number(given, "label")


def _outcome(given: Any) -> float | None:
    return None if given is None else _number(given, "outcome")


def _number(given: Any, name: str) -> float:
    try:
        if isinstance(given, bool) or not isinstance(given, int | float) or not records.carried(given):
            raise ValueError
        return float(given) + 0.0  # so that -0 is 0
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not a finite number") from None


def _known_at(given: Mapping[str, Any], now: dt.datetime) -> str:
    """A moment that is yet to come would keep every correction out: a day is left for clocks that differ."""
    if given.get("known_at") is None:
        return ""
    moment = _moment(given["known_at"], "known_at")
    if moment > now + DAY:
        raise ValueError("known_at lies more than a day in the future")
    return moment.isoformat(timespec="microseconds")


def _moment(given: Any, name: str) -> dt.datetime:
    try:
        if not isinstance(given, str):
            raise ValueError
        return instant(given)
    except (ValueError, OverflowError):
        raise ValueError(f"{name} is not an ISO 8601 moment") from None


def _id_of(prediction_id: Any, line: str) -> str:
    if not isinstance(prediction_id, str):
        raise ValueError("prediction_id is not text")
    try:
        named, id_, day = records.parts(prediction_id)
        if dt.date.fromisoformat(day).isoformat() != day:
            raise ValueError
    except ValueError:
        raise ValueError("prediction_id is not <line>:<id>:<date>") from None
    if named != line:
        raise ValueError("prediction_id is of another line")
    return id_


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise ValueError("the id is not text that can be written") from None
