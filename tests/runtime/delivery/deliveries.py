"""A run with predictions to deliver, for the tests of the channels."""

from __future__ import annotations

import json
import uuid
from typing import Any

import jsonschema  # type: ignore[import-untyped]

from config.loading import ROOT
from runtime.paths import RunPaths
from tests.moto_server import Aws

SCHEMA = json.loads((ROOT / "docs" / "prediction.schema.json").read_text(encoding="utf-8"))


def record(
    number: int, *, run: str = "run-1", at: str = "2026-01-01T00:00:00+00:00", score: float = 0.5
) -> dict[str, Any]:
    return {
        "schema": 1,
        "prediction_id": f"flights:UA-{number}:2013-08-15",
        "line": "flights",
        "run": run,
        "model_version": 3,
        "id": f"UA-{number}",
        "event_time": "2013-08-15T10:30:00+00:00",
        "score": score,
        "at": at,
    }


def scored(aws: Aws, count: int, *, lake: str | None = None, run: str | None = None) -> RunPaths:
    """Put ``count`` prediction records where scoring leaves them; return the run's paths."""
    paths = RunPaths(lake=lake or aws.bucket(), line="flights", run=run or f"run-{uuid.uuid4().hex[:8]}")
    lines = [json.dumps(record(number, run=paths.run, score=(number + 0.5) / count)) for number in range(count)]
    aws.client("s3").put_object(Bucket=paths.lake, Key=paths.predictions, Body="\n".join(lines).encode())
    return paths


def conforms(record: Any) -> None:
    """Fail unless a record, as a channel delivered it, is what the published schema says, and holds nothing more."""
    jsonschema.validate(record, SCHEMA, format_checker=jsonschema.FormatChecker())
    assert set(record) - {"event_id"} == set(SCHEMA["required"])
