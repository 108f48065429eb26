"""``line inspections``: the reports that stations left in the lake, as a table, a document or a page."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from cli.ending import UsageError
from cli.running import site_of
from config.errors import LineError
from config.loading import ROOT
from runtime import reports
from runtime.paths import RunPaths
from runtime.reports import Report

STATIONS = ("curation", "features", "scoring")
"""The stations that inspect what they made."""
_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}
_WIDTH = 160


def show_reports(
    line: str, *, station: str | None, run: str | None, html: Path | None, as_json: bool, root: Path = ROOT
) -> int:
    """Print reports of a line; returns the exit status. With ``html`` the page of one of them is written to a file."""
    if station is not None and station not in STATIONS:
        raise UsageError(f"station {station!r} makes no inspection, expected one of {', '.join(STATIONS)}")
    s3, lake = lake_of(line, root)
    found = [
        report
        for name in ([station] if station is not None else STATIONS)
        if (report := newest(s3, lake, line, name, run)) is not None
    ]
    if not found:
        raise LineError(f"line {line!r} has no inspection report{f' of run {run!r}' if run else ''}: run it first")
    if html is not None:
        report = found[0]
        paths = RunPaths(lake=lake, line=line, run=report.run)
        html.write_bytes(s3.get_object(Bucket=lake, Key=paths.report(report.station, "html"))["Body"].read())
    if as_json:
        print(json.dumps([asdict(report) for report in found], indent=2, ensure_ascii=False))
    else:
        for report in found:
            _show(report, lake)
    return 0


def lake_of(line: str, root: Path = ROOT) -> tuple[Any, str]:
    """Return an S3 client and the lake bucket of the running ``line up``; raises LineError when none runs."""
    site = site_of(line, "reports live in its lake", root)
    return site.client("s3"), site.outputs(line)["LakeBucket"]


def newest(s3: Any, lake: str, line: str, station: str, run: str | None = None) -> Report | None:
    """Return a station's report of a run, or its newest; None when there is none."""
    if run is None:
        entries = reports.entries(s3, RunPaths(lake=lake, line=line, run=""), station)
        if not entries:
            return None
        run = entries[-1].run
    return reports.read(s3, RunPaths(lake=lake, line=line, run=run), station)


def _show(report: Report, lake: str) -> None:
    out = Console(highlight=False)
    if not out.is_terminal:
        out.width = max(out.width, _WIDTH)
    table = Table(title=f"{report.station}  run {report.run}  {report.at}  {report.status}", box=SIMPLE_HEAD)
    table.title_justify, table.title_style, table.pad_edge = "left", "bold", False
    for column in ("", "test", "expected", "observed", "failed", "of", "since"):
        table.add_column(column, justify="right" if column in ("failed", "of") else "left", overflow="fold")
    for result in sorted(report.results, key=lambda result: bool(result["passed"])):
        severity = "passed" if result["passed"] else result["severity"]
        table.add_row(
            Text(severity, style=_COLOURS.get(severity, "green")),
            Text(result["test"]),
            Text(result["expected"]),
            Text(result["observed"]),
            str(result["failed_rows"]),
            str(result["total_rows"]),
            Text(f"{result['since']} {result['since_at']}".strip()),
        )
    out.print(table)
    for name, count in report.quarantined.items():
        out.print(Text(f"{count} rows of {name} are kept aside in {report.line}_{name}_quarantine"))
    page = RunPaths(lake=lake, line=report.line, run=report.run).report(report.station, "html")
    out.print(Text(f"page: s3://{lake}/{page}", style="dim"))
