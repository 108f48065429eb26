"""The verdict on a station: what its receipt says, announced on the event bus and returned to the state machine."""

from __future__ import annotations

from typing import Any

from config.errors import LineError
from runtime import events, receipts, skipping
from runtime.paths import RunPaths
from runtime.receipts import Receipt

LONGEST_MESSAGE = 1000
"""Characters of a message that travel in state, events and alarms; the receipt keeps it whole."""


def verdict(
    *, s3: Any, bus_client: Any, dynamodb: Any, bus: str, ledger_table: str, paths: RunPaths, station: str
) -> dict[str, Any]:
    """Announce how a station ended and return it in small; one that ended well is remembered as fresh.

    Raises LineError for a station that left no receipt or says that it failed: both end the run.
    """
    receipt = _delivered(s3, paths) if station == "delivery" else receipts.read(s3, paths, station)
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


def _delivered(s3: Any, paths: RunPaths) -> Receipt | None:
    """Merge what the channels say into one receipt, which is written; each must have carried the whole table."""
    before = receipts.read(s3, paths, "delivery")
    if before is not None and before.status == "skipped":
        return before
    scoring = receipts.read(s3, paths, "scoring")
    channels = {
        channel: receipt
        for channel in ("files", "topic", "rest")
        if (receipt := receipts.read(s3, paths, f"delivery-{channel}")) is not None
    }
    if scoring is None:
        return None
    rows = scoring.outputs["rows"]
    for channel, receipt in channels.items():
        if receipt.outputs["count"] != rows:
            raise LineError(
                f"delivery: channel {channel!r} delivered {receipt.outputs['count']} predictions, expected {rows} "
                "as in the table: start the run again"
            )
    named = {"files": ("s3", "s3"), "topic": ("topic", "count"), "rest": ("rest", "count")}
    outputs = {named[channel][0]: receipt.outputs[named[channel][1]] for channel, receipt in channels.items()}
    merged = Receipt(
        station="delivery",
        status="succeeded",
        seconds=max((receipt.seconds for receipt in channels.values()), default=0.0),
        outputs={"table": rows, **outputs},
    )
    receipts.write(s3, paths, "delivery", merged)
    return merged


def finish(*, bus_client: Any, bus: str, line: str, run: str) -> dict[str, str]:
    """Announce that a run reached its end."""
    detail = events.run_finished(line=line, run=run, status="succeeded", message="", at=events.now())
    events.put(bus_client, [events.entry(bus=bus, detail_type=events.RUN_FINISHED, detail=detail)])
    return {"line": line, "run": run, "status": "succeeded"}
