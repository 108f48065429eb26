"""The runs of a line as columns: what is kept of a stream of records, 8 bytes a figure.

Moments are microseconds since 1970 (UTC), ``NEVER`` where nothing is known. At most ``MOST`` runs are kept, those
that came last: within them every figure of the value journey is exact.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any

import msgspec
import numpy as np

from runtime.events import STATIONS, WHOLE_RUN
from runtime.records import RunRecord, StationRecord, sortable

MOST = 200_000
"""Runs of a line; a year of a run every three minutes."""
NEVER = np.iinfo(np.int64).min
RUNNING, GOOD, SKIPPED, WAITING, BAD = range(5)
"""How a run or a station's visit ended: under way, well, not needed, for a person to decide, otherwise."""
_ENDS = {"running": RUNNING, "succeeded": GOOD, "flagged": GOOD, "skipped": SKIPPED, "waiting": WAITING}
_CHUNK = 4096
_CAUSES = 10_000
"""Different causes that are counted by name; further ones are counted together."""

Column = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Runs:
    """Columns of N runs in the order in which they began, and of the M visits that they paid to stations.

    ``first`` holds N + 1 numbers: the visits of run i are ``first[i]:first[i + 1]``, in the order in which they began.
    """

    started: Column
    finished: Column
    landed: Column
    delivered: Column
    end: Column
    first: Column
    names: tuple[str, ...]
    """Stations, those of every line first; ``station`` counts in it."""
    station: Column
    visit_end: Column
    begun: Column
    ended: Column
    seconds: Column
    halts: Counter[tuple[str, str]]
    """Runs that ended badly, by station and cause; a run with two causes counts under both."""
    left_out: int
    """Older runs that were not kept."""

    def __len__(self) -> int:
        return len(self.started)

    @cached_property
    def run(self) -> Column:
        """The run of each visit."""
        return np.repeat(np.arange(len(self)), np.diff(self.first))

    @cached_property
    def worked(self) -> Column:
        """Visits in which the station did its work to an end, good or bad."""
        return np.isin(self.visit_end, (GOOD, WAITING, BAD))

    @cached_property
    def waits(self) -> Column:
        """Each visit's wait in seconds, NaN where it is not known; clocks that disagree make none below 0."""
        wait = np.full(len(self.station), np.nan)
        free, known = self.started.copy(), np.ones(len(self), np.bool_)
        lengths = np.diff(self.first)
        for position in range(int(lengths.max(initial=0))):
            row = np.flatnonzero(lengths > position)
            visit = self.first[row] + position
            tells = known[row] & (self.begun[visit] != NEVER)
            wait[visit[tells]] = np.maximum(0, self.begun[visit[tells]] - free[row[tells]]) / 1e6
            free[row] = np.maximum(free[row], self.ended[visit])
            known[row] &= self.ended[visit] != NEVER
        return wait


class _Visit(msgspec.Struct, array_like=True, gc=False):
    station: str
    status: str
    started: str | None
    finished: str | None
    seconds: float
    message: str = ""
    causes: tuple[str, ...] = ()


class _Run(msgspec.Struct, gc=False):
    run: str
    status: str
    started: str
    finished: str | None
    landed: str | None
    delivered: str | None
    stations: tuple[_Visit, ...]


@dataclass(frozen=True)
class _Part:
    """Some runs of the stream: a row of moments per run and per visit."""

    key: Column
    """A hash of each run's name."""
    moments: Column
    end: Column
    visits: Column
    station: Column
    visit_end: Column
    visit_moments: Column
    seconds: Column
    causes: list[tuple[int, tuple[str, ...]]]
    """Of each run that ended badly, by its row: ``station, cause, cause, ...``."""


def gathered(records: Iterable[RunRecord | str], *, most: int = MOST) -> Runs:
    """Return the columns of a line's runs, given as records or as their JSON, the oldest first.

    Of a run that comes more than once the last record counts. The stream is read once, a few thousand at a time.
    """
    numbers: dict[str, int] = {name: number for number, name in enumerate(STATIONS)}
    parts: deque[_Part] = deque()
    held = left_out = 0
    for chunk in _chunks(records):
        parts.append(_part(_decoded(chunk), numbers))
        held += len(parts[-1].key)
        while held - len(parts[0].key) >= most:
            held -= len(parts[0].key)
            left_out += len(parts.popleft().key)
    surplus = max(0, held - most)
    return _joined(parts, tuple(numbers), surplus=surplus, left_out=left_out + surplus)


def micros(at: dt.datetime) -> int:
    """Return a moment as the columns have it.

    >>> micros(dt.datetime(1970, 1, 1, 0, 0, 1, tzinfo=dt.UTC))
    1000000
    """
    return (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(microseconds=1)


def moment(at: int) -> dt.datetime:
    """Return a moment of the columns.

    >>> moment(1000000).isoformat()
    '1970-01-01T00:00:01+00:00'
    """
    return dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(microseconds=int(at))


def _chunks(records: Iterable[RunRecord | str]) -> Iterator[list[RunRecord | str]]:
    stream = iter(records)
    while chunk := list(islice(stream, _CHUNK)):
        yield chunk


_DECODER = msgspec.json.Decoder(list[_Run])


def _decoded(chunk: Sequence[RunRecord | str]) -> list[_Run]:
    texts = [one for one in chunk if isinstance(one, str)]
    if len(texts) == len(chunk):
        return _DECODER.decode(f"[{','.join(texts)}]")
    return [_DECODER.decode(f"[{one}]")[0] if isinstance(one, str) else _of_record(one) for one in chunk]


def _of_record(one: RunRecord) -> _Run:
    return _Run(
        run=one.run,
        status=one.status,
        started=sortable(one.started),
        finished=_text(one.finished),
        landed=_text(one.landed),
        delivered=_text(one.delivered),
        stations=tuple(map(_of_station, one.stations)),
    )


def _of_station(one: StationRecord) -> _Visit:
    return _Visit(
        one.station, one.status, _text(one.started), _text(one.finished), one.seconds, one.message, one.causes
    )


def _text(at: dt.datetime | None) -> str | None:
    return None if at is None else sortable(at)


def _part(runs: Sequence[_Run], numbers: dict[str, int]) -> _Part:
    visits = [visit for run in runs for visit in run.stations]
    stations = [visit.station for visit in visits]
    for name in dict.fromkeys(stations):
        numbers.setdefault(name, len(numbers))
    end = [_ENDS.get(run.status, BAD) for run in runs]
    return _Part(
        key=np.fromiter((hash(run.run) for run in runs), np.int64, len(runs)),
        moments=np.stack(
            [
                _moments([run.started for run in runs]),
                _moments([run.finished for run in runs]),
                _moments([run.landed for run in runs]),
                _moments([run.delivered for run in runs]),
            ],
            axis=1,
        ),
        end=np.array(end, np.int8),
        visits=np.array([len(run.stations) for run in runs], np.int64),
        station=np.array([numbers[name] for name in stations], np.int32),
        visit_end=np.array([_ENDS.get(visit.status, BAD) for visit in visits], np.int8),
        visit_moments=np.stack(
            [_moments([visit.started for visit in visits]), _moments([visit.finished for visit in visits])], axis=1
        ),
        seconds=np.array([visit.seconds for visit in visits], np.float64),
        causes=[(row, _causes(run)) for row, run in enumerate(runs) if end[row] == BAD],
    )


def _causes(run: _Run) -> tuple[str, ...]:
    """Return where a run that ended badly ended, and why: the first station that says so, else the last that began."""
    bad = next((visit for visit in run.stations if _ENDS.get(visit.status, BAD) == BAD), None)
    if bad is not None:
        return (bad.station, *(sorted(set(bad.causes)) or (bad.status,)))
    return (run.stations[-1].station if run.stations else WHOLE_RUN, run.status)


def _moments(texts: Sequence[str | None]) -> Column:
    """Read moments as ``records.sortable`` writes them: in UTC, 26 characters before the offset."""
    read: Column = np.array([text or "NaT" for text in texts], "S26").astype("datetime64[us]").astype(np.int64)
    return read


def _joined(parts: Sequence[_Part], names: tuple[str, ...], *, surplus: int, left_out: int) -> Runs:
    """Put the parts together, without the first ``surplus`` runs and all but the last record of each run."""
    parts = parts or [_part([], {})]
    key = np.concatenate([part.key for part in parts])
    last = len(key) - 1 - np.unique(key[::-1], return_index=True)[1]
    kept = np.zeros(len(key), np.bool_)
    kept[last[last >= surplus]] = True
    moments = np.concatenate([part.moments for part in parts])
    visits = np.concatenate([part.visits for part in parts])
    order = np.flatnonzero(kept)
    order = order[np.argsort(moments[order, 0], kind="stable")]
    first = np.concatenate([[0], np.cumsum(visits[order])])
    before = np.concatenate([[0], np.cumsum(visits)])[order]
    each = np.repeat(before - first[:-1], visits[order]) + np.arange(first[-1])
    both = np.concatenate([part.visit_moments for part in parts])[each]
    return Runs(
        started=moments[order, 0],
        finished=moments[order, 1],
        landed=moments[order, 2],
        delivered=moments[order, 3],
        end=np.concatenate([part.end for part in parts])[order],
        first=first,
        names=names,
        station=np.concatenate([part.station for part in parts])[each],
        visit_end=np.concatenate([part.visit_end for part in parts])[each],
        begun=both[:, 0],
        ended=both[:, 1],
        seconds=np.concatenate([part.seconds for part in parts])[each],
        halts=_counted(parts, kept),
        left_out=left_out,
    )


def _counted(parts: Sequence[_Part], kept: Column) -> Counter[tuple[str, str]]:
    halts: Counter[tuple[str, str]] = Counter()
    offset = 0
    for part in parts:
        for row, (station, *causes) in part.causes:
            for cause in causes if kept[offset + row] else ():
                known = (station, cause)
                halts[known if known in halts or len(halts) < _CAUSES else (station, "others")] += 1
        offset += len(part.key)
    return halts
