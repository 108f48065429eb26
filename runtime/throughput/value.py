"""The value journey of a line: from data that land to decisions that are delivered, in figures."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from runtime.records import RunRecord
from runtime.throughput.bottleneck import Bottleneck, bottleneck
from runtime.throughput.columns import BAD, NEVER, RUNNING, Column, Runs, gathered, micros, moment
from runtime.throughput.flow import Little, Week, little, on_the_line, trend, weeks
from runtime.throughput.lead import Lead, lead
from runtime.throughput.service import Service
from runtime.throughput.spread import Spread, spread
from runtime.throughput.stations import Station, rolled, stations

_STUCK = 10
"""A run that is under way for so many times as long as nine of ten take is told: it may never end."""


@dataclass(frozen=True)
class Halt:
    """Runs that ended badly at a station for a cause; a run with two causes counts under both."""

    station: str
    cause: str
    runs: int


@dataclass(frozen=True)
class InProgress:
    """The runs on the line now; ``stuck`` are those that are there for ten times as long as nine of ten take."""

    runs: int
    oldest_seconds: float
    stuck: int


@dataclass(frozen=True)
class ValueJourney:
    """The figures of the runs that began from ``first`` on, before ``last``; shares are None where there is nothing."""

    first: dt.datetime
    last: dt.datetime
    runs: int
    left_out: int
    """Older runs that were not counted: a journey is of 200,000 runs at most."""
    delivered: int
    bad: int
    """Runs that halted, failed or were aborted."""
    reruns: int
    """Runs that began after one that had ended badly, before anything was delivered."""
    lead: Lead
    run: Spread
    """What a run takes from its start to its end."""
    in_progress: InProgress
    little: Little
    first_pass: float | None
    """Share of runs that pass every station at the first go: the stations' shares, multiplied."""
    stations: list[Station]
    halts: list[Halt]
    """The most frequent first."""
    per_week: float
    """Deliveries a week."""
    weeks: list[Week]
    trend: float | None
    """By how many deliveries a week whole weeks grow or shrink from one to the next."""
    bottleneck: Bottleneck | None
    service: Service | None = field(default=None)
    """The model in production; added by who can read it."""


def value(
    records: Iterable[RunRecord | str],
    *,
    now: dt.datetime,
    since: dt.datetime | None = None,
    until: dt.datetime | None = None,
    service: Service | None = None,
) -> ValueJourney | None:
    """Return the journey of a line's runs, given as records or as their JSON, the oldest first; None without a run.

    The range goes from ``since`` (else the first run's start) to ``until`` (else now); the records are those of runs
    that began in it. The stream is read once.
    """
    runs = gathered(records)
    if not len(runs):
        return None
    first = micros(since) if since else int(runs.started[0])
    last = max(first, micros(min(until, now) if until else now))
    line = on_the_line(runs, first, last)
    took = np.maximum(0, runs.finished - runs.started)[_ended(runs)] / 1e6
    stuck = _stuck(runs, micros(now), took)
    each_week = weeks(runs, line)
    found = stations(runs)
    seconds = (last - first) / 1e6
    delivered = runs.delivered != NEVER
    return ValueJourney(
        first=moment(first),
        last=moment(last),
        runs=len(runs),
        left_out=runs.left_out,
        delivered=int(delivered.sum()),
        bad=int((runs.end == BAD).sum()),
        reruns=_reruns(runs),
        lead=lead(runs, micros(now)),
        run=spread(took),
        in_progress=_in_progress(runs, micros(now), stuck),
        little=little(runs, line),
        first_pass=rolled(found),
        stations=found,
        halts=[Halt(station, cause, count) for (station, cause), count in _most_first(runs)],
        per_week=int(delivered.sum()) / seconds * 7 * 24 * 3600 if seconds > 0 else 0.0,
        weeks=each_week,
        trend=trend(each_week),
        bottleneck=bottleneck(runs, stuck=stuck, first=first, last=last),
        service=service,
    )


def _ended(runs: Runs) -> Column:
    found: Column = (runs.end != RUNNING) & (runs.finished != NEVER)
    return found


def _stuck(runs: Runs, now: int, took: Column) -> Column:
    """Whether each run is under way for so long that it may never end; unknown before a run has ended."""
    if not len(took):
        return np.zeros(len(runs), np.bool_)
    found: Column = (runs.end == RUNNING) & ((now - runs.started) / 1e6 > _STUCK * np.percentile(took, 90))
    return found


def _in_progress(runs: Runs, now: int, stuck: Column) -> InProgress:
    there = runs.end == RUNNING
    oldest = (now - runs.started[there]).max(initial=0) / 1e6
    return InProgress(int(there.sum()), float(oldest), int(stuck.sum()))


def _reruns(runs: Runs) -> int:
    """Count the runs before which the newest run that had ended, by its end, had ended badly."""
    done = np.flatnonzero(_ended(runs))
    order = done[np.lexsort((runs.end[done] == BAD, runs.finished[done]))]
    before = np.searchsorted(runs.finished[order], runs.started, side="right") - 1
    return int((runs.end[order[before[before >= 0]]] == BAD).sum()) if len(order) else 0


def _most_first(runs: Runs) -> list[tuple[tuple[str, str], int]]:
    return sorted(runs.halts.items(), key=lambda each: (-each[1], each[0]))
