"""Inspection reports in the lake: one document and one page per station and run, and the history of them all.

The history is one object, so that a station reads what earlier runs found with one request. It is written with
compare-and-swap: two runs at once lose nothing, and a rerun of a run replaces its own entry.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from botocore.exceptions import ClientError

from runtime import report_page
from runtime.history import Entry, History
from runtime.inspection import Result
from runtime.paths import RunPaths

KEPT = 100
"""Entries of a history; the reports themselves stay."""
_ATTEMPTS = 8
_LOST = {"PreconditionFailed", "ConditionalRequestConflict"}


@dataclass(frozen=True)
class Report:
    """What an inspection of a station's tables found."""

    line: str
    station: str
    run: str
    at: str
    """When the inspection was made: ISO, UTC."""
    status: str
    rows: Mapping[str, int]
    """Rows of each inspected table."""
    results: Sequence[Mapping[str, Any]]
    quarantined: Mapping[str, int]
    """Rows kept aside of each table that kept some."""


def entries(s3: Any, paths: RunPaths, station: str) -> list[Entry]:
    """Return the history of a station's inspections, every run's, the oldest first."""
    return _read(s3, paths, station)[0]


def history(s3: Any, paths: RunPaths, station: str) -> History:
    """Return what the reports before this run's say of a station; its own and later ones are left out."""
    every = entries(s3, paths, station)
    own = next((i for i, entry in enumerate(every) if entry.run == paths.run), len(every))
    return History(tuple(every[:own]))


def publish(
    s3: Any,
    paths: RunPaths,
    station: str,
    results: Sequence[Result],
    *,
    status: str,
    rows: Mapping[str, int],
    at: str,
    quarantined: Mapping[str, int] | None = None,
) -> list[Result]:
    """Write a station's report, its page and its entry in the history; return the results as the report has them.

    A test that fails for the first time fails since this run. Writing again writes the same.
    """
    before = history(s3, paths, station)
    dated = [_dated(result, before, paths.run, at) for result in results]
    report = Report(
        line=paths.line,
        station=station,
        run=paths.run,
        at=at,
        status=status,
        rows=dict(rows),
        results=[asdict(result) for result in dated],
        quarantined={table: count for table, count in (quarantined or {}).items() if count},
    )
    entry = _entry(report)
    page = report_page.rendered(asdict(report), [*before.entries, entry])
    body = json.dumps(asdict(report), ensure_ascii=False, default=str)
    _put(s3, paths.lake, paths.report(station), body, "application/json")
    _put(s3, paths.lake, paths.report(station, "html"), page, "text/html; charset=utf-8")
    _enter(s3, paths, station, entry)
    return dated


def _dated(result: Result, before: History, run: str, at: str) -> Result:
    """Name a result's test, where who made it did not, and say since when it fails."""
    name = result.test or " ".join(filter(None, [result.table, result.check, result.column]))
    first = before.since(name) if not result.passed else None
    if first is not None:
        run, at = first.run, first.at
    since, since_at = ("", "") if result.passed else (run, at)
    return replace(result, test=name, since=since, since_at=since_at)


def read(s3: Any, paths: RunPaths, station: str) -> Report | None:
    """Return the report of a station's run, or None."""
    try:
        return Report(**json.loads(s3.get_object(Bucket=paths.lake, Key=paths.report(station))["Body"].read()))
    except s3.exceptions.NoSuchKey:
        return None


def _entry(report: Report) -> Entry:
    tests = {
        result["test"]: {
            "passed": result["passed"],
            "severity": result["severity"],
            "failed": result["failed_rows"],
            "of": result["total_rows"],
            **{name: result[name] for name in ("low", "high", "value") if result[name] is not None},
        }
        for result in report.results
    }
    return Entry(run=report.run, at=report.at, status=report.status, rows=report.rows, tests=tests)


def _enter(s3: Any, paths: RunPaths, station: str, entry: Entry) -> None:
    """Put the entry into the history, in the place of an earlier one of its run."""
    for attempt in range(_ATTEMPTS):
        every, tag = _read(s3, paths, station)
        runs = [one.run for one in every]
        if entry.run in runs:
            every[runs.index(entry.run)] = entry
        else:
            every.append(entry)
        body = json.dumps([asdict(one) for one in every[-KEPT:]], ensure_ascii=False, default=str)
        condition = {"IfMatch": tag} if tag else {"IfNoneMatch": "*"}
        try:
            _put(s3, paths.lake, paths.reports(station), body, "application/json", **condition)
        except ClientError as error:
            if error.response["Error"]["Code"] not in _LOST or attempt == _ATTEMPTS - 1:
                raise
        else:
            return


def _read(s3: Any, paths: RunPaths, station: str) -> tuple[list[Entry], str]:
    """Return the entries of a history, the oldest first, and its ETag; empty when there is none."""
    try:
        found = s3.get_object(Bucket=paths.lake, Key=paths.reports(station))
    except s3.exceptions.NoSuchKey:
        return [], ""
    return [Entry(**entry) for entry in json.loads(found["Body"].read())], found["ETag"]


def _put(s3: Any, bucket: str, key: str, body: str, kind: str, **condition: str) -> None:
    s3.put_object(Bucket=bucket, Key=key, Body=body.encode(), ContentType=kind, **condition)
