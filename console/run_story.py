"""One run as its page tells it: its record, its execution, what its stations left in the lake."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from console.place import Place
from console.starting import arn_of
from console.strip import Step, lasted, steps
from runtime import ledger, receipts, reports, splits
from runtime.events import STATIONS
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.records import RunRecord, StationRecord
from runtime.reports import Report

INSPECTED = ("curation", "features", "scoring")
_RECEIPTS = (*STATIONS, splits.RECEIPT)
SHOWN_ROWS = 5
"""How many sample rows of a failed test the page shows; the whole report shows them all."""
_POOL = ThreadPoolExecutor(8, thread_name_prefix="run")
_UNKNOWN = ("ExecutionDoesNotExist", "InvalidArn", "StateMachineDoesNotExist")
_ENDED = {"SUCCEEDED": "succeeded", "FAILED": "failed", "TIMED_OUT": "failed", "ABORTED": "aborted"}


@dataclass(frozen=True)
class Row:
    """A station of a run: ``offset`` and ``width`` are shares of the run's time, for its bar."""

    station: str
    status: str
    started: dt.datetime | None
    seconds: float | None
    message: str
    causes: Sequence[str]
    found: str
    offset: float
    width: float


@dataclass(frozen=True)
class Story:
    """A run; ``aside`` is what the ledger does not know, e.g. that the execution has ended."""

    record: RunRecord
    steps: Sequence[Step]
    rows: Sequence[Row]
    parameters: Mapping[str, str] = field(default_factory=dict)
    forced: Sequence[str] = ()
    aside: str = ""
    trouble: str = ""

    @property
    def is_running(self) -> bool:
        return self.record.status == "running"


def story(place: Place, line: str, run: str) -> Story:
    """Return a run; raises LineError for one of which nothing is known."""
    now = dt.datetime.now(dt.UTC)
    table = place.foundation()["LedgerTable"]
    record = ledger.record_of(place.client("dynamodb"), table, line, run)
    execution, trouble = _execution(place, line, run)
    if record is None:
        if execution is None:
            raise LineError(f"line {line!r} has no run {run!r} in the ledger: choose one of its runs")
        record = _unheard(line, run, execution)
    aside = ""
    if record.status == "running" and execution is not None and execution["status"] in _ENDED:
        ended = _ENDED[execution["status"]]
        late = (now - execution["stopDate"]).total_seconds() > 10
        if late or ended == "aborted":
            aside = (
                f"Step Functions says that the run ended as {ended} on {execution['stopDate']:%Y-%m-%d %H:%M:%S}"
                f"{_cause(execution)}; the ledger has not heard of its end."
            )
            record = _closed(record, ended, execution["stopDate"])
    given = json.loads(execution["input"]) if execution and execution.get("input") else {}
    given = given if isinstance(given, dict) else {}
    return Story(
        record=record,
        steps=steps(record, now),
        rows=rows(record, now),
        parameters={str(name): str(value) for name, value in (given.get("parameters") or {}).items()},
        forced=[str(one) for one in given.get("force") or ()],
        aside=aside,
        trouble=trouble,
    )


def rows(record: RunRecord, now: dt.datetime) -> list[Row]:
    """Return a run's stations in the order in which they began, each with its place in the run's time."""
    starts = [one.started for one in record.stations if one.started] + [record.started]
    ends = [one.finished or now for one in record.stations] + ([record.finished] if record.finished else [])
    first, last = min(starts), max([*ends, *starts])
    whole = max((last - first).total_seconds(), 0.001)
    found = []
    for one in record.stations:
        seconds = lasted(one.started, one.finished, one.seconds, now)
        begin = one.started or ((one.finished - dt.timedelta(seconds=one.seconds)) if one.finished else first)
        offset = min(max((begin - first).total_seconds() / whole, 0.0), 1.0)
        width = min(max((seconds or 0.0) / whole, 0.004), max(1.0 - offset, 0.004))
        counts = [f"{count} {severity}" for severity, count in one.inspections.items() if count]
        found.append(
            Row(
                station=one.station,
                status=one.status,
                started=one.started,
                seconds=seconds,
                message=one.message,
                causes=[cause for cause in one.causes if cause not in one.message],
                found=f"tests found {', '.join(counts)}" if counts else "",
                offset=offset,
                width=width,
            )
        )
    return found


@dataclass(frozen=True)
class Left:
    """What a run's stations left so far: their receipts, and the reports of those that inspect."""

    receipts: Mapping[str, Receipt]
    reports: Sequence[Report]
    trouble: str = ""

    @property
    def channels(self) -> Mapping[str, Mapping[str, Any]]:
        delivery = self.receipts.get("delivery")
        return delivery.outputs.get("channels", {}) if delivery else {}

    def failures(self, report: Report) -> list[Mapping[str, Any]]:
        """Return the tests of a report that did not pass, the gravest first."""
        order = {"error": 0, "warning": 1, "info": 2}
        failed = [result for result in report.results if not result["passed"]]
        return sorted(failed, key=lambda result: order.get(result["severity"], 3))


def left(place: Place, line: str, run: str) -> Left:
    """Return what is in the lake of a run."""
    paths = RunPaths(lake=place.foundation()["LakeBucket"], line=line, run=run)
    s3 = place.client("s3")
    try:
        made = _POOL.map(lambda name: receipts.read(s3, paths, name), _RECEIPTS)
        found = {name: one for name, one in zip(_RECEIPTS, made, strict=True) if one is not None}
        told = _POOL.map(lambda name: reports.read(s3, paths, name), INSPECTED)
        return Left(found, [report for report in told if report is not None])
    except ClientError as error:
        return Left({}, [], trouble=f"what the run left in the lake is not shown: {error}")


def _execution(place: Place, line: str, run: str) -> tuple[Mapping[str, Any] | None, str]:
    """Return the execution as Step Functions describes it; None where it has none (any more), or why it is not told."""
    try:
        return place.client("stepfunctions").describe_execution(executionArn=arn_of(place, line, run)), ""
    except LineError:
        return None, ""  # the line's stack is gone, and its executions with it
    except ClientError as error:
        if error.response["Error"]["Code"] in _UNKNOWN:
            return None, ""
        return None, f"its execution is not shown: {error}"


def _cause(execution: Mapping[str, Any]) -> str:
    said = " ".join(str(execution.get("cause") or execution.get("error") or "").split())
    return f" ({said[:300]})" if said else ""


def _unheard(line: str, run: str, execution: Mapping[str, Any]) -> RunRecord:
    """The record of a run of which no event has come yet."""
    status = "running" if execution["status"] == "RUNNING" else _ENDED.get(execution["status"], "failed")
    return RunRecord(line, run, status, execution["startDate"], execution.get("stopDate"), None, None, "", ())


def _closed(record: RunRecord, status: str, at: dt.datetime) -> RunRecord:
    """The record of a run whose end the ledger did not hear of; what ran then ended with it."""

    def closed(one: StationRecord) -> StationRecord:
        if one.status != "running":
            return one
        took = (at - one.started).total_seconds() if one.started else 0.0
        return replace(one, status=status, finished=at, seconds=max(took, 0.0))

    stations = tuple(closed(one) for one in record.stations)
    return replace(record, status=status, finished=at, stations=stations)
