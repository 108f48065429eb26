"""Lead time: from the moment that data landed until what was decided from them had been delivered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from runtime.throughput.columns import BAD, NEVER, RUNNING, WAITING, Runs
from runtime.throughput.spread import Spread, spread


@dataclass(frozen=True)
class Lead:
    """Lead times of the data that were delivered.

    The data of a run that ended badly are delivered by a later run of the line: their lead time lasts until the first
    delivery among the runs that began after it. Those are ``carried``. Where nobody knows when the data of a delivery
    landed, its lead time begins with its run (``from_start``). A delivery that seems older than its data, since clocks
    disagree, has a lead time of 0 (``skewed``). ``undelivered`` data still wait, the oldest for ``oldest_seconds``.
    """

    time: Spread
    landed_known: int
    from_start: int
    carried: int
    skewed: int
    undelivered: int
    oldest_seconds: float


def lead(runs: Runs, now: int) -> Lead:
    """Return the lead times; ``now`` in microseconds."""
    own = runs.delivered != NEVER
    landed = runs.landed != NEVER
    since = np.where(landed, runs.landed, runs.started)
    later = _next_delivery(runs)
    carried = landed & ~own & (runs.end == BAD) & (later != NEVER)
    waits = landed & ~own & ~carried & np.isin(runs.end, (BAD, RUNNING, WAITING))
    until = np.where(own, runs.delivered, later)
    counted = own | carried
    took = (until - since)[counted]
    return Lead(
        time=spread(np.maximum(0, took) / 1e6),
        landed_known=int((counted & landed).sum()),
        from_start=int((own & ~landed).sum()),
        carried=int(carried.sum()),
        skewed=int((took < 0).sum()),
        undelivered=int(waits.sum()),
        oldest_seconds=float((now - since[waits]).max(initial=0)) / 1e6,
    )


def _next_delivery(runs: Runs) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the first delivery among the runs that began after each run, NEVER where there is none."""
    far = np.iinfo(np.int64).max
    reversed_times = np.where(runs.delivered == NEVER, far, runs.delivered)[::-1]
    least = np.append(np.minimum.accumulate(reversed_times)[::-1], far)
    found = least[np.searchsorted(runs.started, runs.started, side="right")]
    return np.where(found == far, NEVER, found)
