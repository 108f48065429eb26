"""Delivery as files: the predictions and, once they are whole, a manifest; nothing delivered is ever replaced."""

from __future__ import annotations

import json
from typing import Any

from config.formats import FILES, Format
from runtime.delivery import reading, records, upload
from runtime.paths import RunPaths

CONTENT_TYPES: dict[Format, str] = {
    "jsonl": "application/x-ndjson",
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
}


def deliver(*, s3: Any, paths: RunPaths, bucket: str, channel: str = FILES, form: Format = "jsonl") -> dict[str, Any]:
    """Put the run's predictions and manifest.json into the channel's folder; return the folder and the count.

    A consumer that waits for manifest.json never sees half a delivery. Raises LineError for a run without predictions
    and for a file that is there with other content.
    """
    first, count = None, 0
    for record in reading.records(s3, paths):
        first, count = first or record, count + 1
    assert first is not None  # noqa: S101 (a run without records was refused)
    _, _, score_date = records.parts(first["prediction_id"])
    folder, name = folder_of(paths, channel, score_date), f"predictions.{form}"
    source = reading.parts(s3, paths.lake, paths.predictions_as(form))
    sent = upload.once(s3, bucket, f"{folder}{name}", source, CONTENT_TYPES[form])
    manifest = {
        "schema": records.SCHEMA,
        "line": paths.line,
        "run": paths.run,
        "score_date": score_date,
        "model_version": first["model_version"],
        "format": form,
        "count": count,
        "files": {name: {"bytes": sent.size, "sha256": sent.sha256}},
    }
    body = json.dumps(manifest, indent=1).encode()
    upload.once(s3, bucket, f"{folder}manifest.json", iter([body]), "application/json")
    return {"s3": f"s3://{bucket}/{folder}", "count": count}


def folder_of(paths: RunPaths, channel: str, score_date: str) -> str:
    """Return the key prefix of one delivery: under the line, which is what may be granted to a consumer.

    >>> folder_of(RunPaths("lake", "flights", "run-1"), "desk", "2013-08-15")
    'flights/desk/2013-08-15/run-1/'
    >>> folder_of(RunPaths("lake", "flights", "run-1"), FILES, "2013-08-15")
    'flights/2013-08-15/run-1/'
    """
    own = "" if channel == FILES else f"{channel}/"
    return f"{paths.line}/{own}{score_date}/{paths.run}/"
