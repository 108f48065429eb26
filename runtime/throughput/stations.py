"""How a line's stations fare: how long they take, how long runs wait for them, how much passes at the first go."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runtime.throughput.columns import BAD, GOOD, RUNNING, SKIPPED, Runs
from runtime.throughput.spread import Spread, spread


@dataclass(frozen=True)
class Station:
    """A station's figures; those of time count the visits in which it worked to an end, good or bad.

    ``wait`` lies between the end of what a run did before and its start here; a visit whose start, or an end before it,
    was lost has none. ``first_pass`` is the share that ended well, of those that ended well or badly; ``skipped`` the
    share that needed no work, of all that ended. Both are None where there was none.
    """

    station: str
    visits: int
    now: int
    """Runs that are at it."""
    cycle: Spread
    wait: Spread
    good: int
    bad: int
    first_pass: float | None
    skipped: float | None


def stations(runs: Runs) -> list[Station]:
    """Return the figures of every station that a run was at, in the order of the line."""
    under_way = (runs.end == RUNNING)[runs.run]
    worked = runs.worked
    order = np.argsort(runs.station, kind="stable")
    bounds = np.searchsorted(runs.station[order], np.arange(len(runs.names) + 1))
    found = []
    for number, name in enumerate(runs.names):
        here = order[bounds[number] : bounds[number + 1]]
        if not len(here):
            continue
        ends = np.bincount(runs.visit_end[here], minlength=BAD + 1)
        good, bad, skipped = (int(ends[end]) for end in (GOOD, BAD, SKIPPED))
        done = here[worked[here]]
        wait = runs.waits[done]
        found.append(
            Station(
                station=name,
                visits=len(done),
                now=int(((runs.visit_end[here] == RUNNING) & under_way[here]).sum()),
                cycle=spread(runs.seconds[done]),
                wait=spread(wait[~np.isnan(wait)]),
                good=good,
                bad=bad,
                first_pass=good / (good + bad) if good + bad else None,
                skipped=skipped / (len(done) + skipped) if len(done) + skipped else None,
            )
        )
    return found


def rolled(found: list[Station]) -> float | None:
    """Return the share of runs that pass every station at the first go: the stations' shares, multiplied."""
    shares = [station.first_pass for station in found if station.first_pass is not None]
    return float(np.prod(shares)) if shares else None
