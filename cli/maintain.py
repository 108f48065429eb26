"""``line maintain``: the deployed maintenance of a line's tables, started now in a running ``line up``."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cli.running import find
from config.errors import LineError
from runtime import receipts
from runtime.maintenance import keepers
from runtime.paths import RunPaths

RUN = "maintenance"
_SECONDS_BETWEEN_LOOKS = 0.3


def maintain_line(line: str, *, dry_run: bool, as_json: bool) -> int:
    """Submit the job, wait for it and print what became of each table; a dry run changes nothing."""
    site = find()
    if site is None:
        raise LineError(
            f"no `line up` runs, and only there is there something to maintain: start it with `line up {line}`, "
            f"then `line run {line}`"
        )
    outputs = site.outputs(line)
    ended = submit(site.client("batch"), outputs, dry_run=dry_run)
    receipt = receipts.read(site.client("s3"), RunPaths(lake=outputs["LakeBucket"], line=line, run=RUN), RUN)
    if ended["status"] != "SUCCEEDED" or receipt is None:
        said = receipt.message if receipt and receipt.message else ended.get("statusReason", "it left no receipt")
        raise LineError(f"maintenance of line {line!r} failed: {said}")
    show(receipt.outputs, as_json=as_json)
    return 0


def submit(batch: Any, outputs: Mapping[str, str], *, dry_run: bool) -> dict[str, Any]:
    """Submit the maintenance job and return its description once it has ended."""
    job = batch.submit_job(
        jobName=RUN,
        jobQueue=outputs["JobQueue"],
        jobDefinition=outputs["MaintenanceJob"],
        parameters={"dry_run": "yes" if dry_run else "no"},
    )["jobId"]
    while True:
        described: dict[str, Any] = batch.describe_jobs(jobs=[job])["jobs"][0]
        if described["status"] in {"SUCCEEDED", "FAILED"}:
            return described
        time.sleep(_SECONDS_BETWEEN_LOOKS)


def show(outputs: Mapping[str, Any], *, as_json: bool, console: Console | None = None) -> None:
    """Print what became of each table, or would in a dry run."""
    out = console or Console(highlight=False)
    if as_json:
        out.print_json(json.dumps(outputs), indent=2, highlight=False)
        return
    if loaded := outputs.get("captured"):
        what = f"{loaded['rows']} captured predictions loaded" if not outputs["dry_run"] else "captured: waiting"
        out.print(f"{what}, {loaded['objects']} objects")
    title = "What would be done" if outputs["dry_run"] else "What was done"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for column in ("table", "snapshots", "expired", "rewritten", "removed", "waiting", "kept by"):
        table.add_column(column, justify="left" if column in ("table", "kept by") else "right", overflow="fold")
    for row in outputs["tables"]:
        table.add_row(
            row["table"],
            str(row["kept"]),
            str(row["expired"]),
            f"{row['compacted']} → {row['compacted_into']}" if row["compacted"] else "0",
            f"{row['removed']} ({row['removed_bytes'] / 1e6:.1f} MB)" if row["removed"] else "0",
            str(row["waiting"]),
            keepers(row["kept_by"]),
        )
    out.print(table)
