"""Why a run ended early: the truest message there is, kept in the receipt, announced, and sent to the alarm topic."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from runtime import causes, events, receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt
from runtime.verdict import LONGEST_MESSAGE


def end(
    *,
    s3: Any,
    bus_client: Any,
    sns: Any,
    bus: str,
    topic: str,
    paths: RunPaths,
    station: str,
    status: str,
    error: Mapping[str, str] | None,
) -> dict[str, str]:
    """Record that a station ``failed`` or ``halted`` the run, tell everyone, and return the message.

    A retry finds the receipt of the first attempt and says the same again.
    """
    receipt = receipts.read(s3, paths, station)
    ended = receipt is not None and receipt.status in ("failed", "halted") and receipt.message
    if not (receipt and ended):
        blame = _job(s3, paths, station)
        message = blame.message if blame else causes.message(station=station, line=paths.line, error=error or {})
        known = receipt or Receipt(station, "failed", blame.seconds if blame else 0.0, outputs=_error(blame))
        receipt = replace(known, status="halted" if status == "halted" else "failed", message=message)
        receipts.write(s3, paths, station, receipt)
    said = shortened(receipt.message)
    at = events.now()
    finished = events.finished(line=paths.line, run=paths.run, station=station, receipt=receipt, at=at, error=error)
    over = events.run_finished(line=paths.line, run=paths.run, status=status, message=said, at=at)
    events.put(
        bus_client,
        [
            events.entry(bus=bus, detail_type=events.STATION_FINISHED, detail={**finished, "message": said}),
            events.entry(bus=bus, detail_type=events.RUN_FINISHED, detail=over),
        ],
    )
    sns.publish(
        TopicArn=topic,
        Subject=f"line {paths.line} {status} at {station}",
        Message=f"{said}\n\nline: {paths.line}\nrun: {paths.run}\nstation: {station}\nstatus: {status}\n",
        MessageAttributes={
            name: {"DataType": "String", "StringValue": value}
            for name, value in {"line": paths.line, "station": station, "status": status}.items()
        },
    )
    return {"station": station, "status": status, "message": said}


def shortened(message: str) -> str:
    """Return a message that fits state, events and alarms."""
    return message if len(message) <= LONGEST_MESSAGE else message[: LONGEST_MESSAGE - 1] + "…"


def _error(blame: Receipt | None) -> dict[str, str]:
    """Return the class of the error that ended a job, as its receipt tells it."""
    return {"error": blame.outputs["error"]} if blame is not None and "error" in blame.outputs else {}


def _job(s3: Any, paths: RunPaths, station: str) -> Receipt | None:
    """Return the receipt of the station's job that failed first: what came after it may only be its consequence."""
    prefix = paths.receipt(f"{station}-").removesuffix(".json")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=paths.lake, Prefix=prefix)
    found = sorted((item for page in pages for item in page.get("Contents", [])), key=lambda item: item["LastModified"])
    for item in found:
        name = item["Key"].rsplit("/", 1)[1].removesuffix(".json")
        receipt = receipts.read(s3, paths, name)
        if receipt is not None and receipt.status in ("failed", "halted") and receipt.message:
            return receipt
    return None
