"""``line report``: how a line's predictions fared, as one HTML page that needs nothing from elsewhere."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from cli.asked import moment
from cli.deployed import deployed
from cli.ending import UsageError
from cli.running import check_line, site_of
from cli.site import ENVIRONMENT, Readable
from config.line import Line
from config.loading import ROOT, load_bundle
from runtime import incidents
from runtime.monitoring import history, verdicts
from runtime.monitoring.report import Report, rendered

_DAYS = 30
_FORMAT = "%Y-%m-%dT%H:%MZ"
_FIRST, _LAST = "0001", "9999"


def report_line(
    line: str,
    *,
    first: str | None,
    last: str | None,
    environment: str,
    output: Path | None,
    as_json: bool,
    root: Path = ROOT,
) -> int:
    """Write the report and print its path; with ``as_json``, print what it shows as one document instead."""
    check_line(line, root)
    definition = load_bundle(line, root).definition
    site: Readable = (
        site_of(line, "what it judged lives in it", root, mend="start `line up`, or name --environment")
        if environment == ENVIRONMENT
        else deployed(environment)
    )
    start, end = (moment(name, text) if text else None for name, text in (("--from", first), ("--to", last)))
    if start is not None and end is not None and start >= end:
        raise UsageError(f"--from: {first} is not before --to {last}: correct one of them")
    report = gathered(definition, site, environment=environment, first=start, last=end)
    if as_json:
        told: dict[str, Any] = {
            "line": line,
            "environment": environment,
            "from": report.start.isoformat(),
            "to": report.end.isoformat(),
            "windows": report.verdicts,
            "alarms": [asdict(incident) for incident in report.incidents],
            "events": [asdict(event) for event in report.events],
        }
        if output is None:
            print(json.dumps(told, indent=2, default=str))
            return 0
    path = output or Path(f"{line}-report.html")
    path.write_text(rendered(report), encoding="utf-8")
    print(json.dumps(told | {"report": str(path.resolve())}, indent=2, default=str) if as_json else path)
    return 0


def write_report(line: Line, site: Readable, *, first: dt.datetime, last: dt.datetime, path: Path) -> None:
    """Write the report of a stretch of time."""
    path.write_text(rendered(gathered(line, site, first=first, last=last)), encoding="utf-8")


def gathered(
    line: Line,
    site: Readable,
    *,
    environment: str = ENVIRONMENT,
    first: dt.datetime | None = None,
    last: dt.datetime | None = None,
) -> Report:
    """Return what is known of the windows between two moments; without them, of the newest thirty days of windows."""
    outputs, dynamodb = site.outputs(line.line), site.client("dynamodb")
    found = [
        asdict(verdict)
        for verdict in verdicts.read(
            dynamodb,
            outputs["WindowsTable"],
            line.line,
            first.strftime(_FORMAT) if first else _FIRST,
            last.strftime(_FORMAT) if last else _LAST,
        )
    ]
    now = dt.datetime.now(dt.UTC)
    end = last or (dt.datetime.fromisoformat(found[-1]["end"]) if found else now)
    start = first or end - dt.timedelta(days=_DAYS)
    kept = [verdict for verdict in found if dt.datetime.fromisoformat(verdict["start"]) >= start]
    table = outputs["LedgerTable"]
    bar = line.monitoring.performance
    return Report(
        line=line.line,
        environment=environment,
        question=line.question,
        start=start,
        end=end,
        verdicts=kept,
        incidents=[
            incident
            for incident in incidents.every(dynamodb, table, line.line)
            if start <= dt.datetime.fromisoformat(incident.window) < end
        ],
        events=[event for event in history.events(dynamodb, table, line.line) if start <= event.at <= end],
        performance_bars={line.observed_metric: (bar.minimum, bar.maximum)},
    )
