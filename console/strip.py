"""A run as a strip of stations, and a line's last runs as marks: what the pages of lines and runs draw."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from runtime.events import STATIONS
from runtime.records import RunRecord, StationRecord

GOOD = ("succeeded", "flagged", "skipped", "waiting")
"""How a run, or a station, ends that does not have to be looked into first."""

_WELL = (*GOOD, "running")

SIGNS = {
    "succeeded": "✓",
    "flagged": "!",
    "waiting": "?",
    "halted": "✕",
    "failed": "✕",
    "aborted": "✕",
    "skipped": "↷",
    "running": "●",
    "pending": "○",
    "not reached": "–",
}
"""What stands for a status, so that it is not told by colour alone."""


@dataclass(frozen=True)
class Step:
    """A station in a run's strip; ``pending`` while the run may still get there, ``not reached`` once it cannot."""

    station: str
    status: str
    seconds: float | None = None
    """Between start and end; of a running one until now; None where nothing is known."""
    message: str = ""

    @property
    def sign(self) -> str:
        return SIGNS.get(self.status, "·")


def steps(record: RunRecord | None, now: dt.datetime | None = None) -> list[Step]:
    """Return the seven stations in the order of the line, as far as the run has come."""
    known = {one.station: one for one in record.stations} if record else {}
    open_ = "pending" if record and record.status == "running" else "not reached"
    at = now or dt.datetime.now(dt.UTC)
    return [_step(known[name], at) if name in known else Step(name, open_) for name in STATIONS]


def _step(one: StationRecord, now: dt.datetime) -> Step:
    return Step(one.station, one.status, lasted(one.started, one.finished, one.seconds, now), one.message)


def lasted(started: dt.datetime | None, finished: dt.datetime | None, seconds: float, now: dt.datetime) -> float | None:
    """Return the seconds that something took, or takes until now; never less than none, whatever clocks said."""
    if finished is None:
        return max((now - started).total_seconds(), 0.0) if started else None
    return max(seconds, 0.0)


def run_seconds(record: RunRecord, now: dt.datetime | None = None) -> float:
    """Return the seconds from a run's start to its end, or until now."""
    end = record.finished or now or dt.datetime.now(dt.UTC)
    return max((end - record.started).total_seconds(), 0.0)


@dataclass(frozen=True)
class Marks:
    """A line's last runs, the oldest first, or a run's stations: (name, status, sign)."""

    runs: Sequence[tuple[str, str, str]]
    of: str = "last runs"

    @property
    def tells(self) -> str:
        """What the marks show, in words.

        >>> Marks([("a", "succeeded", "✓"), ("b", "halted", "✕")]).tells
        '2 last runs: 1 succeeded, 1 halted'
        """
        counts = Counter(status for _, status, _ in self.runs)
        said = ", ".join(f"{count} {status}" for status, count in counts.most_common())
        return f"{len(self.runs)} {self.of}: {said}"


def marks(newest: Sequence[RunRecord]) -> Marks:
    """Return the marks of runs that are given the newest first."""
    return Marks([(one.run, one.status, SIGNS.get(one.status, "·")) for one in reversed(newest)])


def why(record: RunRecord) -> str:
    """Return what a run said, or the first of its stations that ended badly."""
    bad = (one.message or f"{one.station} {one.status}" for one in record.stations if one.status not in _WELL)
    return record.message or next(bad, "")


def station_marks(record: RunRecord) -> Marks:
    """Return the marks of a run's own stations, in the order of the line."""
    return Marks([(step.station, step.status, step.sign) for step in steps(record)], "stations")
