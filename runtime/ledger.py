"""The ledger: what every run and station said of itself, kept once, in the DynamoDB table that throughput is read from.

An item's key is ``LINE#<line>`` and ``RUN#<run>#<station>#<started|finished>``. The start and the end of a station are
two items, so they may arrive in any order and more than once.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime import events

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
    detail = event["detail"]
    moment = _MOMENTS[event["detail-type"]]
    station = detail.get("station", events.WHOLE_RUN)
    item = {
        "pk": {"S": f"LINE#{detail['line']}"},
        "sk": {"S": f"RUN#{detail['run']}#{station}#{moment}"},
        "run": {"S": detail["run"]},
        "station": {"S": station},
        "moment": {"S": moment},
        "at": {"S": detail["at"]},
    }
    if moment == "finished":
        item |= {
            "status": {"S": detail["status"]},
            "seconds": {"N": repr(detail.get("seconds", 0.0))},
            "message": {"S": detail.get("message", "")},
            "inspections": {"S": json.dumps(detail.get("inspections", {}))},
        }
    try:
        dynamodb.put_item(TableName=table, Item=item, ConditionExpression="attribute_not_exists(pk)")
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


def stations(dynamodb: Any, table: str, line: str, run: str) -> list[Entry]:
    """Return a run's stations in the order in which they began."""
    return [entry for entry in _entries(dynamodb, table, line, f"RUN#{run}#") if entry.station != events.WHOLE_RUN]


def runs(dynamodb: Any, table: str, line: str) -> list[Entry]:
    """Return a line's runs, the newest first; a run of which only stations are known is running."""
    found: dict[str, list[Entry]] = {}
    for entry in _entries(dynamodb, table, line, "RUN#"):
        found.setdefault(entry.run, []).append(entry)
    whole = [_whole(run, entries) for run, entries in found.items()]
    return sorted(whole, key=lambda entry: _instant(entry.started or entry.finished), reverse=True)


def items(dynamodb: Any, table: str, line: str, prefix: str) -> Iterator[dict[str, Any]]:
    """Yield a line's items whose sort key begins with a prefix, as DynamoDB writes them."""
    pages = dynamodb.get_paginator("query").paginate(
        TableName=table,
        KeyConditionExpression="pk = :line AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":line": {"S": f"LINE#{line}"}, ":prefix": {"S": prefix}},
        ConsistentRead=True,
    )
    for page in pages:
        yield from page["Items"]


def _whole(run: str, entries: list[Entry]) -> Entry:
    """A run begins with the first thing that is known of it; its inspections are its stations' together."""
    own = next((entry for entry in entries if entry.station == events.WHOLE_RUN), None)
    started = min((entry.started for entry in entries if entry.started), key=_instant, default=None)
    counts = {severity: sum(entry.inspections.get(severity, 0) for entry in entries) for severity in events.SEVERITIES}
    finished = own.finished if own else None
    return Entry(
        run=run,
        station=events.WHOLE_RUN,
        status=own.status if own else "running",
        started=started,
        finished=finished,
        seconds=_between(started, finished) or 0.0,
        message=own.message if own else "",
        inspections=counts,
    )


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
