"""How fresh the model in production is: since when it serves, and until when the data went that it learnt from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from runtime.promotion import Production
from runtime.records import RunRecord


@dataclass(frozen=True)
class Service:
    """The version in production. Ages are seconds at the moment of asking; None where nothing tells."""

    version: int
    run: str
    since: dt.datetime | None
    age_seconds: float | None
    data_until: dt.datetime | None
    """When the newest data landed that its run had read, or when that run began."""
    data_age_seconds: float | None
    versions: int
    """How many times a version went into production, this one included."""
    rolled_back: int


def service(times: Sequence[Production], run_of: Callable[[str], RunRecord | None], now: dt.datetime) -> Service | None:
    """Return how fresh what is in production is, None before a line's first release; ``run_of`` knows a run."""
    if not times:
        return None
    current = max(times, key=lambda time: time.number)
    trained = run_of(current.champion.run)
    since = dt.datetime.fromisoformat(current.since) if current.since else None
    until = (trained.landed or trained.started) if trained else None
    return Service(
        version=current.champion.version,
        run=current.champion.run,
        since=since,
        age_seconds=_age(since, now),
        data_until=until,
        data_age_seconds=_age(until, now),
        versions=len(times),
        rolled_back=sum(1 for time in times if time.rolled_back),
    )


def _age(at: dt.datetime | None, now: dt.datetime) -> float | None:
    return None if at is None else max(0.0, (now - at).total_seconds())
