"""Captured events on their way into the lake: one object per batch and day, each event as a line of JSON.

An object's key follows from its content and an object is never replaced, so a batch that comes again adds nothing, and
one that comes again in other company adds lines that the table's loading knows by their event ids.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from botocore.exceptions import ClientError

from runtime.monitoring import events
from runtime.monitoring.events import Event
from runtime.poison import PoisonError


@dataclass(frozen=True)
class Store:
    """Where a line's events are kept, and the share (0 to 1) of them whose inputs are kept, too."""

    s3: Any
    lake: str
    line: str
    share: float


@dataclass
class Read:
    """What a batch of messages holds: its events, one of each id, and per message that is at fault the reason."""

    events: list[Event] = field(default_factory=list)
    poison: dict[str, str] = field(default_factory=dict)
    carriers: dict[str, list[str]] = field(default_factory=dict)
    """Event id → the messages that carry it."""


def folder(line: str) -> str:
    """Return the prefix under which a line's events lie until they are in its table."""
    return f"captured/{line}/"


def read(messages: Mapping[str, str], line: str) -> Read:
    """Read messages (id → body). The good events of a message that is partly at fault are among the events."""
    found: dict[str, Event] = {}
    result = Read()
    for message, body in messages.items():
        try:
            good, fault = events.parse(body, line)
        except PoisonError as error:
            good, fault = [], str(error)
        for event in good:
            found.setdefault(event["event_id"], event)
            result.carriers.setdefault(event["event_id"], []).append(message)
        if fault:
            result.poison[message] = fault
    result.events = [found[event_id] for event_id in sorted(found)]
    return result


def keep(store: Store, captured: Sequence[Event]) -> list[str]:
    """Put the events into the lake, by day; return the keys of the objects that hold them."""
    days: dict[str, list[str]] = {}
    for event in captured:
        days.setdefault(events.date_of(event), []).append(_line(event, store.share))
    keys = []
    for date, lines in sorted(days.items()):
        body = "".join(lines).encode()
        keys.append(f"{folder(store.line)}{date}/{hashlib.sha256(body).hexdigest()[:32]}.jsonl")
        _put(store, keys[-1], body)
    return keys


def _line(event: Event, share: float) -> str:
    prediction = event["prediction"]
    row = {
        "event_id": event["event_id"],
        **prediction,
        **{name: events.moment(prediction[name]).isoformat() for name in ("event_time", "at")},
        "milliseconds": event.get("milliseconds"),
        "inputs": event["inputs"] if events.chosen(event, share) else None,
        "date": events.date_of(event),
    }
    return json.dumps(row, sort_keys=True) + "\n"


def _put(store: Store, key: str, body: bytes) -> None:
    """Create the object; one of that key is the same, since its key follows from its content."""
    try:
        store.s3.put_object(Bucket=store.lake, Key=key, Body=body, ContentType="application/x-ndjson", IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
