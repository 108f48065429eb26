"""The monitoring station: a run's scoring profile beside its champion's reference, told, and counted in a window."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Mapping
from typing import Any

from config.errors import LineError
from runtime import promotion, receipts
from runtime.drift import Histogram
from runtime.monitoring import figures, sketch, windows
from runtime.monitoring.judging import Judge
from runtime.monitoring.store import instant, start_of
from runtime.monitoring.windows import Reference
from runtime.paths import RunPaths
from runtime.receipts import Receipt


def inspect(judge: Judge, *, s3: Any, paths: RunPaths, now: dt.datetime) -> Receipt:
    """Count what the run scored in its window; write and return the receipt.

    It has ``drift`` per column that is watched, and is flagged when one is above its bar. With fewer values than the
    minimum sample it says so and is skipped: no data is not drift.
    """
    began = time.monotonic()
    scoring = receipts.read(s3, paths, "scoring")
    if scoring is None:
        raise LineError(
            f"monitoring: s3://{paths.lake}/{paths.receipt('scoring')} is missing, expected the receipt of scoring: "
            "start the run again"
        )
    profile = _profile(s3, scoring.outputs["profile"])
    reference = _reference(judge, paths.line)
    start = start_of(instant(scoring.outputs["score_date"]), judge.store.hours)
    windows.add_run(judge.store, reference, profile, run=paths.run, start=start, now=now)
    found = figures.drift(judge.rules, reference.columns, sketch.of_profile(profile), None)
    watched = {name: one for name, one in found.items() if judge.rules.watched(name)}
    receipt = _receipt(judge, watched, rows=scoring.outputs["rows"], began=began)
    receipts.write(s3, paths, "monitoring", receipt)
    return receipt


def _receipt(judge: Judge, found: Mapping[str, Mapping[str, Any]], *, rows: int, began: float) -> Receipt:
    moved = sorted((name for name, one in found.items() if one["over"]), key=lambda name: -found[name]["index"])
    minimum, message = judge.rules.monitoring["drift"]["minimum_sample"], ""
    if not found:
        message = f"no drift measured: {rows} predictions, expected at least {minimum} values of a column"
    elif moved:
        worst = ", ".join(f"{name} {found[name]['index']:.2f} (bar {found[name]['bar']:.2f})" for name in moved[:5])
        message = f"drift above its bar in {len(moved)} of {len(found)} columns: {worst}"
    return Receipt(
        station="monitoring",
        status="skipped" if not found else "flagged" if moved else "succeeded",
        seconds=round(time.monotonic() - began, 3),
        message=message,
        inspections=[_result(name, one) for name, one in found.items()],
        outputs={"drift": {name: one["index"] for name, one in found.items()}},
    )


def _result(name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "severity": "warning",
        "check": "drift",
        "column": name,
        "passed": not one["over"],
        "observed": one["index"],
        "expected": f"at most {one['bar']:g} ({one['method']})",
    }


def _profile(s3: Any, given: dict[str, Histogram] | str) -> dict[str, Histogram]:
    """A profile that is too large for a receipt is given as its URI."""
    if isinstance(given, str):
        bucket, _, key = given.removeprefix("s3://").partition("/")
        found: dict[str, Histogram] = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        return found
    return given


def _reference(judge: Judge, line: str) -> Reference:
    """Return the champion's reference."""
    champion = promotion.champion(judge.ledger.dynamodb, judge.ledger.table, line)
    if champion is None:
        raise LineError(f"monitoring: line {line!r} has no champion, expected one in the ledger: release a model first")
    columns = judge.reference(champion.artefact)
    if columns is None:
        raise LineError(
            f"monitoring: {champion.artefact} has no reference.json, expected the artefact of the champion: train again"
        )
    return Reference(artefact=champion.artefact, columns=columns)
