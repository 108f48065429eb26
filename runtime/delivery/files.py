"""Delivery as files: the predictions and, once they are whole, a manifest; nothing delivered is ever replaced."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from botocore.exceptions import ClientError

from config.errors import LineError
from runtime.delivery import records
from runtime.paths import RunPaths


def deliver(*, s3: Any, paths: RunPaths, bucket: str) -> dict[str, Any]:
    """Put predictions.jsonl and manifest.json under ``<line>/<score date>/<run>/``; return the folder and the count.

    A consumer that waits for manifest.json never sees half a delivery.
    """
    body, found = records.read(s3, paths)
    _, _, score_date = records.parts(found[0]["prediction_id"])
    folder = f"{paths.line}/{score_date}/{paths.run}/"
    manifest = {
        "schema": records.SCHEMA,
        "line": paths.line,
        "run": paths.run,
        "score_date": score_date,
        "model_version": found[0]["model_version"],
        "count": len(found),
        "files": {"predictions.jsonl": {"bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}},
    }
    _put(s3, bucket, f"{folder}predictions.jsonl", body, "application/x-ndjson")
    _put(s3, bucket, f"{folder}manifest.json", json.dumps(manifest, indent=1).encode(), "application/json")
    return {"s3": f"s3://{bucket}/{folder}", "count": len(found)}


def _put(s3: Any, bucket: str, key: str, body: bytes, content_type: str) -> None:
    """Create the object; one that is there already with the same content is a retry's success."""
    try:
        s3.put_object(Bucket=bucket, Key=key, Body=body, ContentType=content_type, IfNoneMatch="*")
    except ClientError as error:
        if error.response["Error"]["Code"] != "PreconditionFailed":
            raise
        if s3.get_object(Bucket=bucket, Key=key)["Body"].read() != body:
            raise LineError(
                f"delivery: s3://{bucket}/{key} exists with other content, expected none or the same: "
                "a delivered file is never replaced, so start a new run"
            ) from None
