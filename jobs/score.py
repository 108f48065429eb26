"""Scores a day's rows with the champion: inspected, then published, then recorded for delivery."""

from __future__ import annotations

import datetime as dt
import json
import sys
from typing import Any

import pyarrow as pa

from jobs import known_labels
from jobs.inputs import scoring_rows
from jobs.main import Context, run_job
from runtime import engine, inspection, promotion, reports, scoring, tables
from runtime.delivery import formats
from runtime.engine import Query
from runtime.given import Given
from runtime.inspection import Result
from runtime.monitoring.windows import slices_of
from runtime.receipts import Receipt
from runtime.scoring import Scored

TABLE = "predictions"
_LARGEST_PROFILE = 64 * 1024
"""Bytes of a profile that a receipt carries; a larger one lies beside it."""


def main() -> int:
    return run_job("scoring", "scoring", work, required=["ledger_table", "signing_key"])


def work(context: Context) -> Receipt:
    found = promotion.champion(context.client("dynamodb"), context.arguments.ledger_table, context.paths.line)
    champion, model = scoring.champion_of(
        context.s3, context.client("kms"), context.arguments.signing_key, found, context.paths.line
    )
    dataset = context.bundle.definition.dataset
    score_date = _score_date(context)
    examples = scoring_rows(context).rows
    scored = scoring.score(
        examples,
        model=model,
        version=champion.version,
        line=context.paths.line,
        run=context.paths.run,
        id_column=dataset.id,
        event_time=dataset.event_time,
        score_date=score_date,
        at=dt.datetime.now(dt.UTC),
        personal=context.bundle.definition.personal,
    )
    given = Given(parameters=context.parameters)
    snapshot, results = _audited(context, scored, score_date, given)
    status = inspection.outcome(results)
    if status != "halted":
        tables.publish(context.catalog, context.table(TABLE), snapshot)
        _record(context, scored.rows)
        _slice(context, examples, scored)
        if context.bundle.definition.monitoring.ground_truth.table:
            known_labels.send(context, snapshot)
    results = reports.publish(
        context.s3,
        context.paths,
        "scoring",
        results,
        status=status,
        rows={TABLE: scored.rows.num_rows},
        at=given.now.isoformat(timespec="seconds"),
    )
    return Receipt(
        station="scoring",
        status=status,
        message=inspection.message("scoring", results),
        inspections=inspection.recorded(results),
        outputs={
            "rows": scored.rows.num_rows,
            "table": context.table(TABLE),
            "snapshot": snapshot,
            "records": f"s3://{context.paths.lake}/{context.paths.predictions}",
            "model_version": champion.version,
            "score_date": score_date.isoformat(),
            "profile": _profile(context, scored.profile),
        },
    )


def _score_date(context: Context) -> dt.date:
    value = context.parameters[context.bundle.definition.scoring.date]
    assert isinstance(value, dt.date)  # noqa: S101 (the line's model lets nothing else be named there)
    return value


def _audited(context: Context, scored: Scored, score_date: dt.date, given: Given) -> tuple[int, list[Result]]:
    """Write this date's rows to the audit branch, in place of those that it has, and inspect what was stored."""
    name, date = context.table(TABLE), score_date.isoformat()
    with engine.connect(folder=context.folder) as connection:
        connection.register("scored", scored.rows)
        written = tables.write_audit(
            context.catalog,
            name,
            Query(text="FROM scored", file=TABLE),
            connection=connection,
            folder=context.folder,
            run=context.paths.run,
            partition="score_date",
            replaced=[date],
        )
        tables.attach(
            context.catalog,
            name,
            written.snapshot,
            connection=connection,
            name=TABLE,
            folder=context.folder,
            where={"score_date": date},
        )
        results = inspection.inspect(
            connection,
            TABLE,
            context.bundle.definition.tests.get(TABLE, []),
            subject=f"lines/{context.paths.line}/line.yaml: tests.{TABLE}",
            given=given,
            personal=context.bundle.definition.personal,
            history=reports.history(context.s3, context.paths, "scoring"),
        )
    return written.snapshot, results


def _slice(context: Context, examples: pa.Table, scored: Scored) -> None:
    """Leave the slices of which performance is measured apart, where the line declares some."""
    columns = context.bundle.definition.monitoring.performance.slices
    if not columns:
        return
    values = zip(*(examples[name].to_pylist() for name in columns), strict=True)
    lines = [
        json.dumps({"prediction_id": key, "slices": slices_of(columns, dict(zip(columns, row, strict=True)))})
        for key, row in zip(scored.rows["prediction_id"].to_pylist(), values, strict=True)
    ]
    context.s3.put_object(Bucket=context.paths.lake, Key=context.paths.slices, Body="\n".join(lines).encode())


def _record(context: Context, rows: pa.Table) -> None:
    """Leave the predictions for delivery, in each format that a channel of the line needs."""
    for form in context.bundle.definition.delivery.formats:
        file = context.folder / f"predictions.{form}"
        formats.write(rows, form, file)
        with file.open("rb") as body:
            context.s3.put_object(Bucket=context.paths.lake, Key=context.paths.predictions_as(form), Body=body)
        file.unlink()


def _profile(context: Context, profile: dict[str, Any]) -> dict[str, Any] | str:
    body = json.dumps(profile).encode()
    if len(body) <= _LARGEST_PROFILE:
        return profile
    key = context.paths.receipt("profile")
    context.s3.put_object(Bucket=context.paths.lake, Key=key, Body=body, ContentType="application/json")
    return f"s3://{context.paths.lake}/{key}"


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
