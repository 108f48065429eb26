"""Events of runs as the bus gives them, and ledgers that hold them; for tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

from hypothesis import strategies as st

from runtime import chronicle, events
from runtime.receipts import Receipt
from runtime.records import Commit

LINE = "flights"
ALARM = "AssemblyLine-dev-Flights-RunFailures1A2B3C4D-XYZ"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


def at(seconds: float) -> str:
    """Return a moment so many seconds after the start of 2026."""
    return (START + dt.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


def started(station: str, seconds: float, run: str = "run-1", line: str = LINE) -> dict[str, Any]:
    kind = events.RUN_STARTED if station == events.WHOLE_RUN else events.STATION_STARTED
    detail = events.started(line=line, run=run, station=station, at=at(seconds))
    return {"source": events.SOURCE, "detail-type": kind, "detail": detail}


def finished(
    station: str, seconds: float, run: str = "run-1", status: Any = "succeeded", line: str = LINE, **more: Any
) -> dict[str, Any]:
    """A station's end, or with station ``run`` the run's own; ``more`` goes into its receipt."""
    if station == events.WHOLE_RUN:
        detail = events.run_finished(line=line, run=run, status=status, message="", at=at(seconds))
        return {"source": events.SOURCE, "detail-type": events.RUN_FINISHED, "detail": detail}
    receipt = Receipt(station=station, status=status, **{"seconds": 4.0, **more})
    detail = events.finished(line=line, run=run, station=station, receipt=receipt, at=at(seconds))
    return {"source": events.SOURCE, "detail-type": events.STATION_FINISHED, "detail": detail}


def whole(run: str, begin: float, line: str = LINE, seconds: float = 10.0) -> list[dict[str, Any]]:
    """Every event of a run that succeeded, its stations each some seconds long."""
    said = [started(events.WHOLE_RUN, begin, run, line)]
    for number, station in enumerate(events.STATIONS):
        at_ = begin + number * seconds
        said += [started(station, at_, run, line), finished(station, at_ + seconds, run, line=line)]
    return [*said, finished(events.WHOLE_RUN, begin + len(events.STATIONS) * seconds, run, line=line)]


def changed(state: str, seconds: float, name: str = ALARM) -> dict[str, Any]:
    told = {"value": state, "reason": "Threshold Crossed", "timestamp": at(seconds).replace("+00:00", "+0000")}
    detail = {"alarmName": name, "state": told, "previousState": {"value": "OK"}}
    return {"detail-type": "CloudWatch Alarm State Change", "time": "2026-01-01T00:00:00Z", "detail": detail}


def deploy(id_: str, when: dt.datetime, status: str = "succeeded") -> dict[str, Any]:
    commits = [Commit("c1", when - dt.timedelta(days=1), when), Commit("c0", when - dt.timedelta(days=2), None)]
    detail = chronicle.deployed(environment="dev", id_=id_, at=when, status=status, commit="c1", commits=commits)
    return {"detail-type": "Environment Deployed", "detail": detail}


@st.composite
def distinct(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Some events of one run, each at most once, at moments in any order: clocks may differ."""
    names = [events.WHOLE_RUN, *events.STATIONS[:3], "delivery"]
    keys = [(name, end) for name in names for end in (False, True)]
    chosen = draw(st.lists(st.sampled_from(keys), min_size=1, max_size=6, unique=True))
    statuses = st.sampled_from(["succeeded", "flagged", "skipped", "halted", "failed"])
    seconds = st.integers(0, 100_000).map(lambda number: number / 100)
    return [
        finished(name, draw(seconds), status=draw(statuses)) if end else started(name, draw(seconds))
        for name, end in chosen
    ]
