"""``line propose``: what line.yaml might say so that its ``info`` tests describe the data of every kept report."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli.inspections import STATIONS, lake_of
from config.bundle import Bundle
from config.loading import ROOT, load_bundle
from runtime import proposals, reports
from runtime.inspection import test_names
from runtime.paths import RunPaths


def show_proposals(line: str, *, as_json: bool, root: Path = ROOT) -> int:
    """Print the proposals as YAML that can be pasted under ``tests``; returns the exit status."""
    s3, lake = lake_of(line, root)
    found = proposed(s3, lake, load_bundle(line, root))
    if as_json:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return 0
    if not found:
        print("# every info test passes in every kept report: nothing to propose")
        return 0
    print("tests:")
    for table in dict.fromkeys(one["table"] for one in found):
        print(f"  {table}:")
        for one in found:
            if one["table"] == table:
                print(f"    # in place of tests.{table}[{one['index']}]; learned from {one['reports']} reports")
                print(f"    - {one['proposal']}")
    return 0


def proposed(s3: Any, lake: str, bundle: Bundle) -> list[dict[str, Any]]:
    """Return a proposal for each ``info`` test that a kept report of its station did not pass."""
    line = bundle.definition
    paths = RunPaths(lake=lake, line=line.line, run="")
    found = []
    for station in STATIONS:
        entries = reports.entries(s3, paths, station)
        for table, checks in line.tests.items():
            for i, (check, name) in enumerate(zip(checks, test_names(table, checks), strict=True)):
                kept = [entry for entry in entries if name in entry.tests]
                newest = _newest(s3, paths, station, entries, name) if kept else ""
                proposal = newest if check.check == "accepted_values" else proposals.learned(check, name, kept)
                if proposal:
                    found.append(
                        {
                            "table": table,
                            "index": i,
                            "test": name,
                            "reports": len(kept),
                            "proposal": proposal,
                        }
                    )
    return found


def _newest(s3: Any, paths: RunPaths, station: str, entries: list[Any], name: str) -> str:
    """The proposal of the newest report: of accepted values, a history keeps no list."""
    report = reports.read(s3, RunPaths(lake=paths.lake, line=paths.line, run=entries[-1].run), station)
    results = report.results if report is not None else []
    return next((result["proposal"] for result in results if result["test"] == name), "")
