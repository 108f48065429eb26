"""The verdict on a station: what its receipt says, announced on the event bus and returned to the state machine."""

from __future__ import annotations

from typing import Any

from config.errors import LineError
from runtime import events, receipts, skipping
from runtime.delivery import channel
from runtime.paths import RunPaths

LONGEST_MESSAGE = 1000
"""Characters of a message that travel in state, events and alarms; the receipt keeps it whole."""


def verdict(
    *, s3: Any, bus_client: Any, dynamodb: Any, bus: str, ledger_table: str, paths: RunPaths, station: str
) -> dict[str, Any]:
    """Announce how a station ended and return it in small; one that ended well is remembered as fresh.

    Raises LineError for a station that left no receipt or says that it failed: both end the run.
    """
    receipt = channel.merged(s3, paths) if station == "delivery" else receipts.read(s3, paths, station)
    if receipt is None:
        raise LineError(
            f"{station}: the station ended without a receipt (s3://{paths.lake}/{paths.receipt(station)} is missing): "
            "see the log of its last job and start the run again"
        )
    if receipt.status == "failed":
        raise LineError(receipt.message or f"{station}: failed without a message: see the log of its last job")
    if receipt.status in receipts.GOOD:
        skipping.settle(s3=s3, dynamodb=dynamodb, ledger_table=ledger_table, paths=paths, station=station)
    detail = events.finished(line=paths.line, run=paths.run, station=station, receipt=receipt, at=events.now())
    detail["message"] = detail["message"][:LONGEST_MESSAGE]
    events.put(bus_client, [events.entry(bus=bus, detail_type=events.STATION_FINISHED, detail=detail)])
    return {name: detail[name] for name in ("station", "status", "message", "inspections")}


def finish(*, bus_client: Any, bus: str, line: str, run: str) -> dict[str, str]:
    """Announce that a run reached its end."""
    detail = events.run_finished(line=line, run=run, status="succeeded", message="", at=events.now())
    events.put(bus_client, [events.entry(bus=bus, detail_type=events.RUN_FINISHED, detail=detail)])
    return {"line": line, "run": run, "status": "succeeded"}
