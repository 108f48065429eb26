"""What a line could do: its own runs again, as many at once as were seen, with a station as fast as one likes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush, heapreplace

import numpy as np

from runtime.throughput.columns import NEVER, RUNNING, Column, Runs
from runtime.throughput.flow import Occupancy

SAMPLE = 600
"""Runs that are replayed where runs overlap: the newest."""
Journey = Sequence[tuple[int, float, float]]
"""The visits of a run: station, seconds before it that need no station, seconds of work."""


@dataclass(frozen=True)
class Model:
    """A line as its records show it.

    ``at_once`` is how many runs there are at most, ``servers`` how many each station takes at a time. Of the runs
    ``delivered`` deliver. Where they follow one another, what they took together is enough: ``work`` seconds at each
    station, ``other`` seconds in none. Where they overlap there are their journeys.
    """

    at_once: int
    servers: tuple[int, ...]
    delivered: int
    work: tuple[float, ...]
    other: float = 0.0
    journeys: Sequence[Journey] = ()

    def rate(self, faster: Mapping[int, float] | None = None) -> float:
        """Return deliveries a second when there is always another run to begin.

        ``faster`` is by which part of its work a station needs less.
        """
        pace = [1.0 - (faster or {}).get(station, 0.0) for station in range(len(self.servers))]
        if self.at_once == 1:
            seconds = self.other + sum(work * less for work, less in zip(self.work, pace, strict=True))
        else:
            seconds = self._replayed(pace)
        return self.delivered / seconds if seconds > 0 else 0.0

    def _replayed(self, pace: Sequence[float]) -> float:
        """Return when the last run ends: who is ready first is served first, a run begins when another has ended."""
        free = [[0.0] * servers for servers in self.servers]
        ready = [(run[0][1], number, 0) for number, run in enumerate(self.journeys[: self.at_once])]
        following = len(ready)
        heapify(ready)
        end = 0.0
        while ready:
            at, run, step = heappop(ready)
            station, _, work = self.journeys[run][step]
            done = max(at, free[station][0]) + work * pace[station]
            heapreplace(free[station], done)
            if step + 1 < len(self.journeys[run]):
                heappush(ready, (done + self.journeys[run][step + 1][1], run, step + 1))
                continue
            end = max(end, done)
            if following < len(self.journeys):
                heappush(ready, (done + self.journeys[following][0][1], following, 0))
                following += 1
        return end


def model(runs: Runs, line: Occupancy, stations: Sequence[Occupancy]) -> Model:
    """Return the model of a line; ``stations`` has an occupancy for each of its names."""
    at_once = max(1, line.usual_most())
    servers = tuple(max(1, each.usual_most()) for each in stations)
    whole = (runs.end != RUNNING) & (runs.finished != NEVER)
    if at_once == 1:
        visits = runs.worked & whole[runs.run]
        work = np.bincount(runs.station[visits], runs.seconds[visits], minlength=len(servers))
        took = np.maximum(0, runs.finished[whole] - runs.started[whole]).sum() / 1e6
        delivered = int((runs.delivered[whole] != NEVER).sum())
        return Model(1, servers, delivered, tuple(work.tolist()), other=max(0.0, float(took - work.sum())))
    busy = np.bincount(runs.run[runs.worked], minlength=len(runs)) > 0
    chosen = np.flatnonzero(whole & busy)[-SAMPLE:]
    visits = np.flatnonzero(runs.worked & np.isin(runs.run, chosen))
    starting = _starting_up(runs, stations, servers)
    journeys: dict[int, list[tuple[int, float, float]]] = {}
    for run, station, took in zip(
        runs.run[visits].tolist(), runs.station[visits].tolist(), runs.seconds[visits].tolist(), strict=True
    ):
        journeys.setdefault(run, []).append((station, starting[station], took))
    return Model(
        at_once,
        servers,
        delivered=int((runs.delivered[chosen] != NEVER).sum()),
        work=tuple(np.bincount(runs.station[visits], runs.seconds[visits], minlength=len(servers)).tolist()),
        journeys=list(journeys.values()),
    )


def _starting_up(runs: Runs, stations: Sequence[Occupancy], servers: Sequence[int]) -> list[float]:
    """Return the wait that is usual at each station while it has room: what it takes to start, without a queue."""
    waits = runs.waits
    found = [0.0] * len(servers)
    for number, occupancy in enumerate(stations):
        here = np.flatnonzero((runs.station == number) & ~np.isnan(waits))
        if not len(here) or not len(occupancy.at):
            continue
        ready = runs.begun[here] - (waits[here] * 1e6).astype(np.int64)
        where = np.searchsorted(occupancy.at, ready, side="right") - 1
        room = (where < 0) | (occupancy.count[np.maximum(where, 0)] < servers[number])
        found[number] = float(np.median(waits[here[room]])) if room.any() else 0.0
    return found


def at_stations(runs: Runs, first: int, last: int, *, without: Column) -> list[Occupancy]:
    """Return how many runs each station worked on at a time, runs ``without`` apart.

    One that has not ended is there until ``last``.
    """
    under_way = (runs.visit_end == RUNNING) & (runs.end == RUNNING)[runs.run]
    ends = np.where(runs.worked, runs.begun + (runs.seconds * 1e6).astype(np.int64), last)
    there = (runs.begun != NEVER) & (runs.worked | under_way) & ~without[runs.run]
    return [
        Occupancy(runs.begun[here], ends[here], first, last)
        for here in (there & (runs.station == number) for number in range(len(runs.names)))
    ]
