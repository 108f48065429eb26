"""What happened to a line's model while it was watched: trainings that something asked for, versions in production."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from runtime import ledger, promotion
from runtime.records import RunRecord


@dataclass(frozen=True)
class Event:
    """Something on the time axis: a version that went into production, or another training that began."""

    at: dt.datetime
    kind: str
    """``version`` or ``retraining``."""
    name: str
    why: str = ""
    result: str = ""


def events(dynamodb: Any, table: str, line: str) -> list[Event]:
    """Return them in order of time.

    A version that another training made is as old as what asked for that training, by whichever clock that was.
    """
    past = promotion.history(dynamodb, table, line)
    versions = {one.champion.run: one.champion.version for one in past}
    asked: dict[str, dt.datetime] = {}
    found: list[Event] = []
    for item in ledger.items(dynamodb, table, line, "RETRAINING#"):
        run, at = item["run"]["S"], dt.datetime.fromisoformat(item["at"]["S"])
        asked[run] = at
        is_version = run in versions
        record = None if is_version else ledger.record_of(dynamodb, table, line, run)
        result = f"version {versions[run]} in production" if is_version else _result(record)
        found.append(Event(at, "retraining", run, item["details"]["S"], result))
    for one in past:
        run = one.champion.run
        at = asked.pop(run) if run in asked else dt.datetime.fromisoformat(one.since)
        found.append(Event(at, "version", str(one.champion.version), f"{one.why} (run {one.champion.run})"))
    return sorted(found, key=lambda event: event.at)


def _result(run: RunRecord | None) -> str:
    if run is None:
        return "its run is not known"
    return f"{run.status}{f': {run.message}' if run.message else ''}"
