"""The rows of a prediction request, checked field by field."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.delivery.proxy import Refused

LONGEST_TEXT = 256
MOST_ROWS = 100
"""Rows of one request: what is written together."""
NOW = "now"


@dataclass(frozen=True)
class Form:
    """What a line's request consists of: the names of its id and event time, the columns that its model takes from the
    request, and per feature view the entity columns by which its features are found.

    ``known`` says what a request may leave out: a column -> ``<view>.<column>``, where its newest value lies online;
    the event time -> ``now``.
    """

    id: str
    event_time: str
    columns: list[str]
    views: Mapping[str, list[str]]
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def entities(self) -> list[str]:
        """Entity columns of any view, each once."""
        return list(dict.fromkeys(column for columns in self.views.values() for column in columns))


@dataclass(frozen=True)
class Request:
    """A checked request; ``values`` holds the columns and entities by name, null where they are unknown.

    What the form lets be left out is not among them when it was.
    """

    id: str
    event_time: dt.datetime
    values: Mapping[str, Any]


def check(form: Form, given: Mapping[str, Any]) -> Request:
    """Return the request; raises Refused (400) naming the first field that is missing, unknown or of a wrong kind."""
    expected = list(dict.fromkeys([form.id, form.event_time, *form.columns, *form.entities]))
    for name in expected:
        if name not in given and name not in form.known:
            raise Refused(400, f"{name}: missing, expected {', '.join(expected)}: add it (null when it is unknown)")
    for name in given:
        if name not in expected:
            raise Refused(400, f"{name[:LONGEST_TEXT]}: unknown field, expected {', '.join(expected)}: remove it")
    columns = [name for name in expected if name in given and name not in (form.id, form.event_time)]
    asked = form.event_time in given
    return Request(
        id=_identity(form.id, given[form.id]),
        event_time=_moment(form.event_time, given[form.event_time]) if asked else dt.datetime.now(dt.UTC),
        values={name: _scalar(name, given[name]) for name in columns},
    )


def check_all(form: Form, given: Any) -> list[Request]:
    """Return the requests of a batch; raises Refused (400) naming the first instance at fault and its field."""
    if not isinstance(given, list) or not 0 < len(given) <= MOST_ROWS:
        raise Refused(400, f"instances: expected a list of 1 to {MOST_ROWS} objects, each a row")
    requests = []
    for i, row in enumerate(given):
        if not isinstance(row, dict):
            raise Refused(400, f"instances[{i}]: expected an object, with a field per column")
        try:
            requests.append(check(form, row))
        except Refused as refused:
            raise Refused(refused.status, f"instances[{i}].{refused}") from None
    return requests


def _identity(name: str, value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise Refused(400, f"{name}: expected text of 1 to {LONGEST_TEXT} characters")
    return value


def _moment(name: str, value: Any) -> dt.datetime:
    """A moment without an offset is UTC."""
    try:
        moment = dt.datetime.fromisoformat(value)
        return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)
    except (TypeError, ValueError, OverflowError):
        raise Refused(400, f"{name}: expected a moment in ISO 8601, e.g. 2013-08-15T10:30:00Z") from None


def _scalar(name: str, value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_TEXT:
        raise Refused(400, f"{name}: {len(value)} characters long, expected at most {LONGEST_TEXT}")
    if isinstance(value, (dict, list)):
        raise Refused(400, f"{name}: expected a number, text, true, false or null")
    if isinstance(value, (int, float)) and not _finite(value):
        raise Refused(400, f"{name}: out of range, expected a number that fits a double")
    return value


def _finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False
