"""What a line says on the event bus: every name is written once here, for infrastructure, handlers and tests.

An event is known by (line, run, station, started or finished): a retry that says it again gives the same ledger key, so
the repetition changes nothing.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any

from runtime.receipts import Receipt

SOURCE = "assembly-line"
STATION_STARTED = "Station Started"
STATION_FINISHED = "Station Finished"
RUN_STARTED = "Run Started"
RUN_FINISHED = "Run Finished"
DETAIL_TYPES = (STATION_STARTED, STATION_FINISHED, RUN_STARTED, RUN_FINISHED)
ENVIRONMENT_DEPLOYED = "Environment Deployed"
RECORDED = (*DETAIL_TYPES, ENVIRONMENT_DEPLOYED)
"""What the ledger keeps of an environment's bus."""
ALARM_CHANGED = "CloudWatch Alarm State Change"
"""What CloudWatch says on the default bus."""

STATIONS = ("curation", "features", "training", "release", "scoring", "delivery", "monitoring")
WHOLE_RUN = "run"
"""In the place of a station's name in the events and ledger items of the run itself."""

SEVERITIES = ("error", "warning", "info")


def pattern(line: str | None = None) -> dict[str, Any]:
    """Return the EventBridge pattern of every event of every line, or of one line."""
    whole: dict[str, Any] = {"source": [SOURCE], "detail-type": list(DETAIL_TYPES)}
    return whole if line is None else {**whole, "detail": {"line": [line]}}


def started(*, line: str, run: str, station: str, at: str) -> dict[str, str]:
    """Return the detail of a started event; in a state machine the values are paths, e.g. ``$$.Execution.Name``."""
    return {"line": line, "run": run, "station": station, "at": at}


def finished(
    *, line: str, run: str, station: str, receipt: Receipt, at: str, error: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Return the detail of a station's finished event: how it ended, and by what when that was early.

    ``error`` is what Step Functions caught; ``landed`` is there where the station read data that nobody had read.
    """
    detail = {
        **started(line=line, run=run, station=station, at=at),
        "status": receipt.status,
        "seconds": receipt.seconds,
        "message": receipt.message,
        "inspections": severities(receipt),
    }
    if receipt.status in ("halted", "failed"):
        detail["causes"] = causes(receipt, error or {})
    if receipt.status != "skipped" and receipt.outputs.get("landed"):
        detail["landed"] = receipt.outputs["landed"]
    return detail


def causes(receipt: Receipt, error: Mapping[str, str]) -> list[str]:
    """Return the names of the tests or gates that halted a station, else the class of the error that failed it.

    >>> causes(Receipt("curation", "failed", outputs={"error": "KeyError"}), {"Error": "States.TaskFailed"})
    ['KeyError']
    """
    failed = [one for one in receipt.inspections if not one["passed"] and one["severity"] == "error"]
    names = [_name(one) for one in failed]
    known = str(receipt.outputs.get("error") or error.get("Error") or "")
    return list(dict.fromkeys(names or filter(None, [known])))[:MOST_CAUSES]


MOST_CAUSES = 20
"""Causes that an event tells; the receipt has all of them."""


def _name(result: Mapping[str, Any]) -> str:
    """Return the name of a test, as reports have it, or of a gate."""
    parts = (str(result.get(key) or "") for key in ("table", "check", "column"))
    return str(result.get("test") or " ".join(filter(None, parts)))


def run_finished(*, line: str, run: str, status: str, message: str, at: str) -> dict[str, str]:
    """Return the detail of a run's finished event; its seconds and inspections are in the ledger, from its stations."""
    return {**started(line=line, run=run, station=WHOLE_RUN, at=at), "status": status, "message": message}


def severities(receipt: Receipt) -> dict[str, int]:
    """Count the tests that did not pass, by severity.

    >>> severities(Receipt("curation", "flagged", inspections=[{"severity": "warning", "passed": False}]))
    {'error': 0, 'warning': 1, 'info': 0}
    """
    failed = [result["severity"] for result in receipt.inspections if not result["passed"]]
    return {severity: failed.count(severity) for severity in SEVERITIES}


def entry(*, bus: str, detail_type: str, detail: Mapping[str, Any]) -> dict[str, Any]:
    """Return the PutEvents entry of a detail."""
    return {"EventBusName": bus, "Source": SOURCE, "DetailType": detail_type, "Detail": json.dumps(detail)}


def put(events: Any, entries: list[dict[str, Any]]) -> None:
    """Put the entries on their bus; raises RuntimeError when it did not take each, so that the caller is retried."""
    answer = events.put_events(Entries=entries)
    if answer["FailedEntryCount"]:
        refused = sorted({entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry})
        raise RuntimeError(f"the event bus refused {answer['FailedEntryCount']} events: {', '.join(refused)}")


def now() -> str:
    """Return this moment as events write it: ISO 8601, UTC, milliseconds."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
