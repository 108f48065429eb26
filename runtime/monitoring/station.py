"""The monitoring station: a run's scoring profile beside the reference of the champion, judged and told."""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from typing import Any

from config.errors import LineError
from runtime import drift, promotion, receipts
from runtime.paths import RunPaths
from runtime.receipts import Receipt


def inspect(
    *,
    s3: Any,
    dynamodb: Any,
    paths: RunPaths,
    ledger_table: str,
    models: str,
    columns: Collection[str],
    threshold: float,
    minimum_sample: int,
) -> Receipt:
    """Write and return the receipt: ``drift`` per watched column, flagged when one is above the threshold.

    ``columns`` are those that are watched; none means all that the champion knows. With fewer values than the minimum
    sample it says so and is skipped: no data is not drift.
    """
    began = time.monotonic()
    scoring = receipts.read(s3, paths, "scoring")
    if scoring is None:
        raise LineError(
            f"monitoring: s3://{paths.lake}/{paths.receipt('scoring')} is missing, expected the receipt of scoring: "
            "start the run again"
        )
    profile = _profile(s3, scoring.outputs["profile"])
    if columns:
        profile = {name: histogram for name, histogram in profile.items() if name in columns}
    reference = _reference(s3, _champion(dynamodb, ledger_table, paths.line), models)
    index = drift.compare(reference, profile, minimum_sample=minimum_sample)
    rows = scoring.outputs["rows"]
    receipt = _judged(index, rows=rows, threshold=threshold, minimum_sample=minimum_sample, began=began)
    receipts.write(s3, paths, "monitoring", receipt)
    return receipt


def _judged(index: dict[str, float], *, rows: int, threshold: float, minimum_sample: int, began: float) -> Receipt:
    moved = sorted((name for name, value in index.items() if value > threshold), key=lambda name: -index[name])
    message = ""
    if not index:
        message = f"no drift measured: {rows} predictions, expected at least {minimum_sample} values of a column"
    elif moved:
        worst = ", ".join(f"{name} {index[name]:.2f}" for name in moved[:5])
        message = f"drift above {threshold:g} in {len(moved)} of {len(index)} columns: {worst}"
    return Receipt(
        station="monitoring",
        status="skipped" if not index else "flagged" if moved else "succeeded",
        seconds=round(time.monotonic() - began, 3),
        message=message,
        inspections=[_result(name, value, threshold) for name, value in index.items()],
        outputs={"drift": {name: round(value, 6) for name, value in index.items()}},
    )


def _result(name: str, value: float, threshold: float) -> dict[str, Any]:
    return {
        "severity": "warning",
        "check": "drift",
        "column": name,
        "passed": value <= threshold,
        "observed": round(value, 6),
        "expected": f"at most {threshold:g}",
    }


def _profile(s3: Any, given: dict[str, drift.Histogram] | str) -> dict[str, drift.Histogram]:
    """A profile that is too large for a receipt is given as its URI."""
    if isinstance(given, str):
        bucket, _, key = given.removeprefix("s3://").partition("/")
        found: dict[str, drift.Histogram] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return found
    return given


def _champion(dynamodb: Any, table: str, line: str) -> str:
    """Return the URI of the champion's artefact."""
    champion = promotion.champion(dynamodb, table, line)
    if champion is None:
        raise LineError(f"monitoring: line {line!r} has no champion, expected one in the ledger: release a model first")
    return champion.artefact


def _reference(s3: Any, artefact: str, models: str) -> dict[str, drift.Histogram]:
    key = f"{artefact.removeprefix(f's3://{models}/').rstrip('/')}/reference.json"
    found: dict[str, drift.Histogram] = json.loads(s3.get_object(Bucket=models, Key=key)["Body"].read())
    return found
