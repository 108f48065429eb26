"""How runs flow through a line: how many are on it at a time, week by week, and whether Little's law holds."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import numpy as np

from runtime.throughput.columns import BAD, NEVER, RUNNING, Column, Runs, moment

_MOST_WEEKS = 1000
_WEEK = 7 * 24 * 3600 * 1_000_000
_MONDAY = 4 * 24 * 3600 * 1_000_000
"""The first Monday after 1970 began, in microseconds."""


@dataclass(frozen=True)
class Week:
    """A week from a Monday on, in UTC: runs that began, delivered, or ended badly in it, and how many were on the line.

    ``whole`` tells that all of it lies in the range that is looked at.
    """

    monday: dt.date
    whole: bool
    started: int
    delivered: int
    bad: int
    in_progress: float
    """On average over the part of the week that lies in the range."""
    most: int
    """At one time."""


@dataclass(frozen=True)
class Little:
    """Little's law: runs on the line = runs that end a second x seconds that a run takes, when what begins also ends.

    ``ratio`` is the right side by the left; far below 1 where runs began that never ended. None without a run.
    """

    in_progress: float
    rate: float
    seconds: float
    ratio: float | None


class Occupancy:
    """How many intervals cover each moment, as steps; an interval holds its start, not its end."""

    def __init__(self, begins: Column, ends: Column, first: int, last: int) -> None:
        """Take intervals in microseconds, cut to ``first`` and ``last``; one that ends before it begins is none."""
        begins, ends = np.clip(begins, first, last), np.clip(ends, first, last)
        inside = ends > begins
        begins, ends = begins[inside], ends[inside]
        moments = np.concatenate([begins, ends])
        self.at, where = np.unique(moments, return_inverse=True)
        steps = np.bincount(where[: len(begins)], minlength=len(self.at)) - np.bincount(
            where[len(begins) :], minlength=len(self.at)
        )
        self.count: Column = np.cumsum(steps)
        """From ``at[i]`` to ``at[i + 1]``."""
        self.first, self.last = first, last
        self.busy: Column = np.diff(np.concatenate([self.at, [last]]))
        area = np.concatenate([[0], np.cumsum(self.count[:-1] * self.busy[:-1])]) if len(self.at) else np.zeros(0)
        self._area: Column = area.astype(np.float64)

    def area(self, moments: Column) -> Column:
        """Return the integral up to each moment, in microseconds."""
        if not len(self.at):
            return np.zeros(len(moments))
        where = np.searchsorted(self.at, moments, side="right") - 1
        inside = np.maximum(where, 0)
        found: Column = np.where(where < 0, 0.0, self._area[inside] + self.count[inside] * (moments - self.at[inside]))
        return found

    def mean(self, first: int, last: int) -> float:
        """Return how many there were on average."""
        if last <= first:
            return 0.0
        before, after = self.area(np.array([first, last]))
        return float((after - before) / (last - first))

    def most(self, first: int, last: int) -> int:
        """Return the most at one time."""
        begin = max(0, int(np.searchsorted(self.at, first, side="right")) - 1)
        return int(self.count[begin : int(np.searchsorted(self.at, last))].max(initial=0))

    def usual_most(self, rare: float = 0.005) -> int:
        """Return how many there are at most, but for a ``rare`` part of the time in which there is any."""
        held = np.bincount(self.count, weights=self.busy) if len(self.at) else np.zeros(1)
        above = held[1:].sum() - np.cumsum(held[1:])
        return int(np.argmax(above <= rare * held[1:].sum())) + 1 if held[1:].sum() > 0 else 0


def on_the_line(runs: Runs, first: int, last: int, *, without: Column | None = None) -> Occupancy:
    """Return how many runs there were at a time, runs ``without`` apart; one under way is there until ``last``."""
    there = slice(None) if without is None else ~without
    ends = np.where(runs.finished == NEVER, last, runs.finished)
    return Occupancy(runs.started[there], ends[there], first, last)


def ends_in(runs: Runs, first: int, last: int) -> Column:
    """Whether each run has ended, within a range."""
    found: Column = (runs.end != RUNNING) & (runs.finished != NEVER)
    return found & (runs.finished >= first) & (runs.finished <= last)


def little(runs: Runs, line: Occupancy) -> Little:
    """Return both sides of Little's law, each counted on its own."""
    seconds = (line.last - line.first) / 1e6
    done = ends_in(runs, line.first, line.last)
    took = np.maximum(0, runs.finished[done] - runs.started[done]) / 1e6
    mean = line.mean(line.first, line.last)
    rate = len(took) / seconds if seconds > 0 else 0.0
    each = float(took.mean()) if len(took) else 0.0
    return Little(mean, rate, each, rate * each / mean if mean > 0 else None)


def weeks(runs: Runs, line: Occupancy) -> list[Week]:
    """Return the weeks of the range, the newest thousand of them, the oldest first."""
    begin = (line.first - _MONDAY) // _WEEK * _WEEK + _MONDAY
    edges = np.arange(begin, max(line.last, line.first + 1), _WEEK, dtype=np.int64)[-_MOST_WEEKS:]
    edges = np.append(edges, edges[-1] + _WEEK)
    within = np.clip(edges, line.first, line.last)
    started, good, ended = (
        np.histogram(moments[(moments >= line.first) & (moments <= line.last)], edges)[0]
        for moments in (runs.started, runs.delivered, runs.finished[runs.end == BAD])
    )
    return [
        Week(
            monday=moment(edges[i]).date(),
            whole=bool(edges[i] >= line.first and edges[i + 1] <= line.last),
            started=int(started[i]),
            delivered=int(good[i]),
            bad=int(ended[i]),
            in_progress=line.mean(int(within[i]), int(within[i + 1])),
            most=line.most(int(within[i]), int(within[i + 1])),
        )
        for i in range(len(edges) - 1)
    ]


def trend(found: list[Week]) -> float | None:
    """Return by how many deliveries a week the weeks grow or shrink from one to the next: the slope of a straight line.

    Of whole weeks only; None where there are fewer than three.
    """
    counts = [week.delivered for week in found if week.whole]
    if len(counts) < 3:
        return None
    return float(np.polyfit(np.arange(len(counts)), counts, 1)[0])
