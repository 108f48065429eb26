"""Where live monitoring keeps what it knows of a line, and the windows of time that it is kept in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from config.metrics import Task
from runtime.delivery import records

DAY = dt.timedelta(days=1)
_FORMAT = "%Y-%m-%dT%H:%MZ"
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Store:
    """A line's two tables: predictions with their labels, and windows with what was counted of them.

    Without ``windows`` nothing is counted: for whoever may not write there, others count later what is complete.
    ``slices`` are the columns whose values are measured apart. With ``count`` a window holds so many predictions or
    labels as they come, and ``open`` is the one that takes what comes now.
    """

    dynamodb: Any
    predictions: str
    windows: str
    line: str
    task: Task = "binary"
    hours: int = 24
    keep_days: int = 90
    slices: tuple[str, ...] = ()
    count: int = 0
    open: str = ""

    def window(self, prediction_id: str, event_time: str) -> str:
        """Return the start of the window in which a prediction counts that was not counted yet."""
        return self.open if self.count else window_of(prediction_id, event_time, self.hours)


@dataclass(frozen=True)
class Told:
    """What the environment of a handler tells of the store: each takes its own from here."""

    predictions_table: str
    windows_table: str
    task: Task
    window_hours: int
    window_count: int
    """So many predictions or labels make a window; 0 where hours do."""
    keep_days: int
    line: str

    def store(self, dynamodb: Any, slices: Sequence[str] = ()) -> Store:
        """Return the store that is told of."""
        return Store(
            dynamodb=dynamodb,
            predictions=self.predictions_table,
            windows=self.windows_table,
            line=self.line,
            task=self.task,
            hours=self.window_hours,
            count=self.window_count,
            keep_days=self.keep_days,
            slices=tuple(slices),
        )


def instant(given: str) -> dt.datetime:
    """Return a moment in UTC; one without an offset is in UTC already. Raises ValueError, OverflowError.

    >>> instant("2013-08-15T12:00:00+02:00").isoformat()
    '2013-08-15T10:00:00+00:00'
    """
    moment = dt.datetime.fromisoformat(given)
    return moment.replace(tzinfo=dt.UTC) if moment.tzinfo is None else moment.astimezone(dt.UTC)


def start_of(moment: dt.datetime, hours: int) -> str:
    """Return the start of the window that a moment lies in.

    >>> start_of(instant("2013-08-15T10:30:00+00:00"), 24), start_of(instant("2013-08-15T10:30:00+00:00"), 6)
    ('2013-08-15T00:00Z', '2013-08-15T06:00Z')
    """
    span = dt.timedelta(hours=hours)
    return (_EPOCH + (moment - _EPOCH) // span * span).strftime(_FORMAT).zfill(17)


def moment_of(start: str) -> dt.datetime:
    """Return a window's start as a moment."""
    return dt.datetime.strptime(start, _FORMAT).replace(tzinfo=dt.UTC)


def window_of(prediction_id: str, event_time: str, hours: int) -> str:
    """Return the start of the window in which a prediction counts.

    It is that of its event time, or of the day in its id where a run scored several days under one date: what was
    scored together is judged together.

    >>> window_of("flights:1:2013-08-15", "2013-08-15T10:30:00+00:00", 6)
    '2013-08-15T06:00Z'
    >>> window_of("shop:1:2026-04-01", "2026-04-05T10:30:00+00:00", 24)
    '2026-04-01T00:00Z'
    """
    moment, day = instant(event_time), records.parts(prediction_id)[2]
    if moment.date().isoformat() != day:
        moment = instant(day)
    return start_of(moment, hours)


def expiry(now: dt.datetime, days: int) -> int:
    """Return the second of the epoch at which DynamoDB may forget an item."""
    return int((now + days * DAY).timestamp())
