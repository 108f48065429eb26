"""Captured predictions: what a model was given and what it answered, as events for the line's capture queue.

A message is ``{"schema": 1, "line", "events": [{"event_id", "prediction", "inputs", "milliseconds"}, ...]}``. The id of
an event follows from what it says, so that a request that is sent again gives the same event. Personal columns leave
here dropped or masked: no queue holds their values.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from botocore.exceptions import BotoCoreError, ClientError

from runtime.delivery.proxy import Refused
from runtime.delivery.records import Record

SCHEMA = 1
LARGEST_MESSAGE = 200_000
"""Bytes."""
MOST_EVENTS = 100
MASK = "***"

Personal = Literal["drop", "mask"]


@dataclass(frozen=True)
class Capture:
    """Where a line's events go, and what becomes of its ``personal`` columns, also as ``<view>__<column>``."""

    sqs: Any
    queue: str
    line: str
    personal: Sequence[str] = ()
    hidden: Personal = "drop"
    _known: dict[str, bool] = field(default_factory=dict, init=False, repr=False, compare=False)

    def send(self, records: Sequence[Record], inputs: Sequence[Mapping[str, Any]], milliseconds: float | None) -> None:
        """Send an event for each record and the row that it was made from; raises Refused (503) unless all are taken.

        ``milliseconds`` is the time that the model took for the whole request.
        """
        events = [event(record, self.shown(row), milliseconds) for record, row in zip(records, inputs, strict=True)]
        try:
            for body in messages(self.line, events):
                self.sqs.send_message(QueueUrl=self.queue, MessageBody=body)
        except (ClientError, BotoCoreError) as error:
            raise Refused(
                503,
                f"the prediction of line {self.line!r} cannot be captured now ({_code(error)}): try again in a minute",
            ) from None

    def shown(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Return a row as it may leave: without personal values, and without numbers that JSON does not know."""
        shown = {}
        for name, value in inputs.items():
            if self._personal(name):
                if self.hidden == "mask":
                    shown[name] = None if value is None else MASK
            else:
                shown[name] = None if value.__class__ is float and not math.isfinite(value) else value
        return shown

    def _personal(self, name: str) -> bool:
        """Whether a column is personal by its name, or by that in its view; asked once for each name."""
        found = self._known.get(name)
        if found is None:
            names = {name.lower(), name.lower().partition("__")[2]}
            found = self._known[name] = not names.isdisjoint(column.lower() for column in self.personal)
        return found


def event(record: Record, inputs: Mapping[str, Any], milliseconds: float | None) -> str:
    """Return the event of a prediction as JSON; its id names prediction, model version, score and inputs."""
    given = json.dumps(inputs, sort_keys=True)
    known = json.dumps([record["prediction_id"], record["model_version"], record["score"]])
    event_id = hashlib.sha256(f"{known}{given}".encode()).hexdigest()[:32]
    head = f'{{"event_id": "{event_id}", "prediction": {json.dumps(record)}, "inputs": '
    tail = f', "milliseconds": {json.dumps(milliseconds)}}}'
    if len(head) + len(given) + len(tail) > LARGEST_MESSAGE - 1_000:
        given = "{}"  # what no message can carry goes without what the model was given
    return f"{head}{given}{tail}"


def messages(line: str, events: Sequence[str]) -> Iterator[str]:
    """Yield the bodies of the messages that carry some events, in their order, each within the limits.

    >>> [len(json.loads(body)["events"]) for body in messages("flights", ['{"event_id": "0"}'] * 250)]
    [100, 100, 50]
    """
    head = f'{{"schema": {SCHEMA}, "line": {json.dumps(line)}, "events": ['
    waiting: list[str] = []
    size = len(head) + 2
    for one in events:  # json.dumps writes ASCII, so characters are bytes
        if waiting and (len(waiting) == MOST_EVENTS or size + len(one) + 2 > LARGEST_MESSAGE):
            yield f"{head}{', '.join(waiting)}]}}"
            waiting, size = [], len(head) + 2
        waiting.append(one)
        size += len(one) + 2
    if waiting:
        yield f"{head}{', '.join(waiting)}]}}"


def _code(error: ClientError | BotoCoreError) -> str:
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__
