"""What became of a run, in one piece: a record is made of the events of a run, and of them alone.

So it can be made again at any time, and two that know the same events make the same record.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from runtime.events import WHOLE_RUN

_DELIVERED = ("succeeded", "flagged")
"""How a delivery ends that brought something: a skipped one took over what an earlier run delivered."""


@dataclass(frozen=True, slots=True)
class StationRecord:
    """How one station of a run went; ``seconds`` lie between both moments, or are what the station measured itself.

    ``status``: running, succeeded, flagged, waiting, halted, failed, skipped or aborted. ``inspections`` counts the
    tests that did not pass, by severity; ``causes`` names what halted or failed it.
    """

    station: str
    status: str
    started: dt.datetime | None
    finished: dt.datetime | None
    seconds: float
    message: str = ""
    causes: tuple[str, ...] = ()
    inspections: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RunRecord:
    """How a run went. ``started`` is the earliest moment known; ``landed`` is when the newest data came that it read.

    ``delivered`` is when its delivery ended well; the stations stand in the order in which they began.
    """

    line: str
    run: str
    status: str
    started: dt.datetime
    finished: dt.datetime | None
    landed: dt.datetime | None
    delivered: dt.datetime | None
    message: str
    stations: tuple[StationRecord, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that came with a deploy; ``merged`` is when it came onto the main branch, None where nothing tells."""

    commit: str
    authored: dt.datetime
    merged: dt.datetime | None


@dataclass(frozen=True, slots=True)
class Deploy:
    """A deploy of an environment: ``status`` is succeeded or failed, ``commits`` what came with it."""

    environment: str
    id: str
    at: dt.datetime
    status: str
    commit: str
    commits: tuple[Commit, ...]


def of_events(items: Iterable[Mapping[str, Any]]) -> RunRecord:
    """Return the record of a run from its event items as DynamoDB writes them, in any order, doubled or not.

    Raises ValueError when there is none.
    """
    said = _once(items)
    if not said:
        raise ValueError("a record needs an event of its run, got none")
    line, run = next((item["pk"].removeprefix("LINE#"), item["run"]) for item in said.values())
    names = {station for station, _ in said if station != WHOLE_RUN}
    stations = [_station(name, said.get((name, "started")), said.get((name, "finished"))) for name in names]
    stations.sort(key=lambda one: (one.started or one.finished or _NEVER, one.finished or _NEVER, one.station))
    end = said.get((WHOLE_RUN, "finished"))
    delivery = next((one for one in stations if one.station == "delivery" and one.status in _DELIVERED), None)
    return RunRecord(
        line=line,
        run=run,
        status=end["status"] if end else "running",
        started=min(moment(item["at"]) for item in said.values()),
        finished=moment(end["at"]) if end else None,
        landed=max((moment(item["landed"]) for item in said.values() if "landed" in item), default=None),
        delivered=delivery.finished if delivery else None,
        message=end.get("message", "") if end else "",
        stations=tuple(stations),
    )


def to_json(record: RunRecord) -> str:
    """Return a record as compact JSON: an object, in which each station is a list in the order of its fields."""
    return json.dumps(
        {
            "line": record.line,
            "run": record.run,
            "status": record.status,
            "started": sortable(record.started),
            "finished": _text(record.finished),
            "landed": _text(record.landed),
            "delivered": _text(record.delivered),
            "message": record.message,
            "stations": [_listed(one) for one in record.stations],
        },
        separators=(",", ":"),
        ensure_ascii=False,
    )


def from_json(text: str) -> RunRecord:
    """Return the record that ``to_json`` wrote."""
    told = json.loads(text)
    return RunRecord(
        line=told["line"],
        run=told["run"],
        status=told["status"],
        started=dt.datetime.fromisoformat(told["started"]),
        finished=_read(told["finished"]),
        landed=_read(told["landed"]),
        delivered=_read(told["delivered"]),
        message=told["message"],
        stations=tuple(
            StationRecord(
                station, status, _read(started), _read(finished), seconds, message, tuple(causes), inspections
            )
            for station, status, started, finished, seconds, message, causes, inspections in told["stations"]
        ),
    )


def moment(at: str) -> dt.datetime:
    """Return a moment of an event in UTC; one that names no zone is UTC."""
    found = dt.datetime.fromisoformat(at)
    return found.replace(tzinfo=dt.UTC) if found.tzinfo is None else found.astimezone(dt.UTC)


def sortable(at: dt.datetime) -> str:
    """Return a moment as keys hold it: texts sort as their moments do.

    >>> sortable(dt.datetime(2026, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=1))))
    '2025-12-31T23:00:00.000000+00:00'
    """
    return at.astimezone(dt.UTC).isoformat(timespec="microseconds")


_NEVER = dt.datetime.max.replace(tzinfo=dt.UTC)


def _once(items: Iterable[Mapping[str, Any]]) -> dict[tuple[str, str], dict[str, str]]:
    """Return the events by station and moment; of two items of one key the table has one, so they are the same."""
    plain = ({name: str(next(iter(value.values()))) for name, value in item.items()} for item in items)
    return {(item["station"], item["moment"]): item for item in plain}


def _station(name: str, begin: Mapping[str, str] | None, end: Mapping[str, str] | None) -> StationRecord:
    started = moment(begin["at"]) if begin else None
    if end is None:
        return StationRecord(name, "running", started, None, 0.0)
    finished = moment(end["at"])
    measured = float(end.get("seconds") or 0.0)
    return StationRecord(
        station=name,
        status=end["status"],
        started=started,
        finished=finished,
        seconds=max(0.0, (finished - started).total_seconds() if started else measured),
        message=end.get("message", ""),
        causes=tuple(json.loads(end.get("causes", "[]"))),
        inspections=json.loads(end.get("inspections", "{}")),
    )


def _listed(one: StationRecord) -> list[Any]:
    moments = [_text(one.started), _text(one.finished)]
    return [one.station, one.status, *moments, one.seconds, one.message, list(one.causes), dict(one.inspections)]


def _text(at: dt.datetime | None) -> str | None:
    return None if at is None else sortable(at)


def _read(at: str | None) -> dt.datetime | None:
    return None if at is None else dt.datetime.fromisoformat(at)
