"""The stretches of event time that a line's parameters draw: the parts of its dataset and what is scored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from config.errors import LineError
from config.line import Line
from config.parameters import Value

PARTS = ("train", "validation", "test")


@dataclass(frozen=True)
class Window:
    """From ``start`` on, up to but without ``end``; both aware, in UTC."""

    start: dt.datetime
    end: dt.datetime

    def __str__(self) -> str:
        return f"[{self.start.isoformat(' ', 'minutes')[:16]}, {self.end.isoformat(' ', 'minutes')[:16]})"


def split_windows(line: Line, parameters: Mapping[str, Value]) -> dict[str, Window]:
    """Return each part's window; raises LineError when one is empty or two share a moment."""
    windows: dict[str, Window] = {}
    for part in PARTS:
        first, last = getattr(line.dataset.split, part)
        key = f"lines/{line.line}/line.yaml: dataset.split.{part}"
        window = Window(start=midnight(parameters[first]), end=midnight(parameters[last]))
        if window.start >= window.end:
            raise LineError(
                f"{key}: {first} ({parameters[first]}) is not before {last} ({parameters[last]}): correct one of them"
            )
        for other, taken in windows.items():
            if window.start < taken.end and taken.start < window.end:
                raise LineError(f"{key}: {window} overlaps {other} {taken}: correct the parameters")
        windows[part] = window
    return windows


def scoring_window(line: Line, parameters: Mapping[str, Value]) -> Window:
    """Return the window of the rows to score; its end is the moment up to which the run may know anything."""
    start = midnight(parameters[line.scoring.date])
    return Window(start=start, end=start + dt.timedelta(hours=line.scoring.hours))


def midnight(date: Value) -> dt.datetime:
    """Return the moment at which a day begins, in UTC."""
    if not isinstance(date, dt.date):
        raise TypeError(f"{date!r} is not a date")
    return dt.datetime(date.year, date.month, date.day, tzinfo=dt.UTC)
