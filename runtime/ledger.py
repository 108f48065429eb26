"""The ledger: what every run and station said of itself, kept once, in the DynamoDB table that throughput is read from.

An event's key is ``LINE#<line>`` and ``RUN#<run>#<station>#<started|finished>``. The start and the end of a station are
two items, so they may arrive in any order and more than once. Of the events of a run its record is made, which the
index ``by-time`` lists (``projection``).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import events
from runtime.chronicle import act, actions, alarms, deploys
from runtime.items import beginning, put
from runtime.projection import newest, project, record_of, records
from runtime.records import RunRecord
from runtime.records import moment as read_moment

__all__ = [
    "Entry",
    "act",
    "actions",
    "alarms",
    "deploys",
    "items",
    "newest",
    "record",
    "record_of",
    "records",
    "stations",
]

_MOMENTS = {
    events.STATION_STARTED: "started",
    events.RUN_STARTED: "started",
    events.STATION_FINISHED: "finished",
    events.RUN_FINISHED: "finished",
}


@dataclass(frozen=True)
class Entry:
    """How one station of a run (or the run itself, as station ``run``) went; ``status`` is running until it ends.

    ``seconds`` is the time between start and end, or what the station itself measured when its start is unknown.
    """

    run: str
    station: str
    status: str
    started: str | None = None
    finished: str | None = None
    seconds: float = 0.0
    message: str = ""
    inspections: dict[str, int] = field(default_factory=dict)


def record(dynamodb: Any, table: str, event: Mapping[str, Any]) -> bool:
    """Keep an EventBridge event of a line; returns False when it was known already (a duplicate changes nothing)."""
    return keep(dynamodb, table, event)[0]


def keep(dynamodb: Any, table: str, event: Mapping[str, Any]) -> tuple[bool, RunRecord]:
    """Keep an event of a line; returns whether it is new, and what its run's record is now.

    The record is brought up to date either way: whoever kept the event before may have died then.
    """
    detail = event["detail"]
    fresh = put(dynamodb, table, item(event))
    return fresh, project(dynamodb, table, detail["line"], detail["run"])


def item(event: Mapping[str, Any]) -> dict[str, Any]:
    """Return the item of an event; raises ValueError for one whose moment cannot be read."""
    detail = event["detail"]
    read_moment(detail["at"])
    moment = _MOMENTS[event["detail-type"]]
    station = detail.get("station", events.WHOLE_RUN)
    kept = {
        "pk": {"S": f"LINE#{detail['line']}"},
        "sk": {"S": f"RUN#{detail['run']}#{station}#{moment}"},
        "run": {"S": detail["run"]},
        "station": {"S": station},
        "moment": {"S": moment},
        "at": {"S": detail["at"]},
    }
    if moment == "finished":
        kept |= {
            "status": {"S": detail["status"]},
            "seconds": {"N": repr(detail.get("seconds", 0.0))},
            "message": {"S": detail.get("message", "")},
            "inspections": {"S": json.dumps(detail.get("inspections", {}))},
        }
        if detail.get("causes"):
            kept["causes"] = {"S": json.dumps(detail["causes"])}
        if detail.get("landed"):
            read_moment(detail["landed"])
            kept["landed"] = {"S": detail["landed"]}
    return kept


def stations(dynamodb: Any, table: str, line: str, run: str) -> list[Entry]:
    """Return a run's stations in the order in which they began."""
    return [entry for entry in _entries(dynamodb, table, line, f"RUN#{run}#") if entry.station != events.WHOLE_RUN]


def items(dynamodb: Any, table: str, line: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield a line's items whose sort key begins with a prefix, as DynamoDB writes them."""
    return beginning(dynamodb, table, f"LINE#{line}", prefix)


def _entries(dynamodb: Any, table: str, line: str, prefix: str) -> list[Entry]:
    moments: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    for item in items(dynamodb, table, line, prefix):
        values = {name: next(iter(value.values())) for name, value in item.items()}
        moments.setdefault((values["run"], values["station"]), {})[values["moment"]] = values
    entries = [_entry(run, station, said) for (run, station), said in moments.items()]
    return sorted(entries, key=lambda entry: _instant(entry.started or entry.finished))


def _entry(run: str, station: str, said: Mapping[str, Mapping[str, str]]) -> Entry:
    started, end = said.get("started", {}).get("at"), said.get("finished")
    if end is None:
        return Entry(run=run, station=station, status="running", started=started)
    measured = _between(started, end["at"])
    return Entry(
        run=run,
        station=station,
        status=end["status"],
        started=started,
        finished=end["at"],
        seconds=float(end["seconds"]) if measured is None else measured,
        message=end["message"],
        inspections=json.loads(end["inspections"]),
    )


def _between(started: str | None, finished: str | None) -> float | None:
    if started is None or finished is None:
        return None
    return max(0.0, (_instant(finished) - _instant(started)).total_seconds())


def _instant(at: str | None) -> dt.datetime:
    return dt.datetime.fromisoformat(at) if at else dt.datetime.min.replace(tzinfo=dt.UTC)
