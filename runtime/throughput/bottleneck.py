"""The bottleneck: the station whose speed-up raises a line's throughput most, with the evidence for it.

How it is found and what a run's concurrency means for it: docs/decisions/0025-the-bottleneck-is-what-a-replay-gains.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from runtime.throughput.columns import BAD, GOOD, NEVER, Column, Runs
from runtime.throughput.flow import Occupancy, on_the_line
from runtime.throughput.replay import Model, at_stations, model

FASTER = (0.1, 0.25, 0.5)
"""Parts of its work that a station would need less."""
USED_UP = 0.9
"""A station, or the runs at once, of which more is used has no room for more."""
_PROMPT = 0.1
"""What begins within this part of the usual time between two ends after an end has waited for it."""
_WEEK = 7 * 24 * 3600

Limit = Literal["demand", "runs", "station"]
"""What limits throughput: that no more is asked for, that no more runs are let in, or one station."""


@dataclass(frozen=True)
class Load:
    """What a delivery costs a station: ``seconds`` of its work, reruns after halts included, and ``share`` of all.

    ``used`` is the share of time times places (``at_once``) that it worked; ``waited`` what runs waited for it per
    delivery.
    """

    station: str
    seconds: float
    share: float
    at_once: int
    used: float
    waited: float


@dataclass(frozen=True)
class WhatIf:
    """A station that needs ``faster`` less time, or whose runs never end badly there (``faster`` is None).

    ``capacity`` is by which part more the line could deliver, ``throughput`` by which it would, as it is used.
    """

    station: str
    faster: float | None
    capacity: float
    throughput: float


@dataclass(frozen=True)
class Bottleneck:
    """``rate`` is deliveries a week, ``capacity`` what they would be if runs followed without a pause."""

    station: str
    limited_by: Limit
    at_once: int
    """Runs on the line at a time, but for rare moments."""
    used: float
    """Share of the time times runs at once that runs were on the line."""
    rate: float
    capacity: float
    loads: list[Load]
    what_if: list[WhatIf]
    """The largest gain first."""


def bottleneck(runs: Runs, *, stuck: Column, first: int, last: int) -> Bottleneck | None:
    """Return the bottleneck of a range; None where nothing has been delivered or no station has worked.

    Runs that are ``stuck`` take no place: nothing tells that they hold one.
    """
    line = on_the_line(runs, first, last, without=stuck)
    here = at_stations(runs, first, last, without=stuck)
    model_ = model(runs, line, here)
    deliveries = int((runs.delivered != NEVER).sum())
    worked = [number for number in range(len(runs.names)) if model_.work[number] > 0]
    if not deliveries or not model_.delivered or not worked:
        return None
    seconds = (line.last - line.first) / 1e6
    loads = _loads(runs, here, model_, deliveries)
    used = line.mean(line.first, line.last) / model_.at_once
    limited = _limit(runs, line, loads, model_)
    gains = _gains(model_, worked)
    what_if = [
        WhatIf(runs.names[number], faster, gain, 0.0 if limited == "demand" else gain)
        for (number, faster), gain in gains.items()
    ]
    what_if += _without_halts(runs, model_, limited)
    best = max(worked, key=lambda number: (round(gains[number, FASTER[1]], 3), model_.work[number]))
    return Bottleneck(
        station=runs.names[best],
        limited_by=limited,
        at_once=model_.at_once,
        used=used,
        rate=deliveries / seconds * _WEEK if seconds > 0 else 0.0,
        capacity=model_.rate() * _WEEK,
        loads=loads,
        what_if=sorted(what_if, key=lambda one: -one.capacity),
    )


def _loads(runs: Runs, here: list[Occupancy], model_: Model, deliveries: int) -> list[Load]:
    worked = runs.worked
    work = np.bincount(runs.station[worked], runs.seconds[worked], minlength=len(runs.names))
    waits = np.where(worked, np.nan_to_num(runs.waits), 0.0)
    queued = np.bincount(runs.station, waits, minlength=len(runs.names))
    return [
        Load(
            station=name,
            seconds=float(work[number]) / deliveries,
            share=float(work[number] / work.sum()) if work.sum() > 0 else 0.0,
            at_once=model_.servers[number],
            used=here[number].mean(here[number].first, here[number].last) / model_.servers[number],
            waited=float(queued[number]) / deliveries,
        )
        for number, name in enumerate(runs.names)
        if work[number] > 0
    ]


def _limit(runs: Runs, line: Occupancy, loads: list[Load], model_: Model) -> Limit:
    """Say what limits throughput.

    One run at a time: whether each waits for the one before. Runs that overlap: a station that has no room and a queue,
    else the number of runs that are let in.
    """
    if model_.at_once > 1:
        full = max(loads, key=lambda load: load.used)
        here = (runs.station == runs.names.index(full.station)) & runs.worked & (runs.begun != NEVER)
        ends = runs.begun[here] + (runs.seconds[here] * 1e6).astype(np.int64)
        if full.used >= USED_UP and _followed(runs.begun[here], ends, full.at_once):
            return "station"
    done = runs.finished != NEVER
    full_line = line.mean(line.first, line.last) / model_.at_once >= USED_UP
    return "runs" if full_line and _followed(runs.started[done], runs.finished[done], model_.at_once) else "demand"


def _followed(begins: Column, ends: Column, places: int) -> bool:
    """Whether most began promptly after an earlier one had ended: they had waited for its place."""
    if len(begins) < 2:
        return False
    prompt = max(1e6, _PROMPT * float(np.median(np.maximum(0, ends - begins))) / places)
    begins, ends = np.sort(begins)[1:], np.sort(ends)
    before = np.searchsorted(ends, begins, side="right") - 1
    gaps = begins - ends[np.maximum(before, 0)]
    return float(((before >= 0) & (gaps <= prompt)).mean()) >= 0.5


def _gains(model_: Model, worked: list[int]) -> dict[tuple[int, float], float]:
    base = model_.rate()
    return {
        (number, faster): max(0.0, model_.rate({number: faster}) / base - 1) for number in worked for faster in FASTER
    }


def _without_halts(runs: Runs, model_: Model, limited: Limit) -> list[WhatIf]:
    """Return what it would gain if no run ended badly at a station: what was done before it is not done again.

    By the law of forced flow: a delivery then costs the stations up to it their share of good ends less.
    """
    good, bad = (_counted(runs, end) for end in (GOOD, BAD))
    order = _order(runs)
    found = []
    for number in np.flatnonzero((bad > 0) & (good > 0)).tolist():
        share = good[number] / (good[number] + bad[number])
        pace = np.where(order <= order[number], share, 1.0)
        gain = _bound(model_, np.ones(len(pace))) / _bound(model_, pace) - 1
        found.append(WhatIf(runs.names[number], None, gain, 0.0 if limited == "demand" else gain))
    return found


def _bound(model_: Model, pace: Column) -> float:
    """Return the least seconds that the line needs for its work: by runs at once, or by its busiest station."""
    work = np.array(model_.work) * pace
    other = model_.other * float(work.sum()) / sum(model_.work)
    return max((float(work.sum()) + other) / model_.at_once, float((work / np.array(model_.servers)).max()))


def _counted(runs: Runs, end: int) -> Column:
    return np.bincount(runs.station[runs.visit_end == end], minlength=len(runs.names))


def _order(runs: Runs) -> Column:
    """Return each station's usual place in a run."""
    place = np.arange(len(runs.station)) - runs.first[runs.run]
    visits = np.bincount(runs.station, minlength=len(runs.names))
    found: Column = np.bincount(runs.station, place, minlength=len(runs.names)) / np.maximum(1, visits)
    return found
