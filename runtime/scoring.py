"""Scoring: a champion's predictions for a day, as rows of the predictions table."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from config.errors import LineError
from runtime import artefact, histograms, models, signing
from runtime.artefact import Artefact
from runtime.delivery.records import LARGEST, carried, prediction_id
from runtime.manifest import Location
from runtime.predictions import PREDICTIONS
from runtime.promotion import Champion


@dataclass(frozen=True)
class Scored:
    """The rows of one scored date, and how its inputs and scores were distributed."""

    rows: pa.Table
    profile: dict[str, Any]


def champion_of(s3: Any, kms: Any, signing_key: str, champion: Champion | None, line: str) -> tuple[Champion, Artefact]:
    """Return the champion and its artefact, both verified; raises LineError when the line has none."""
    if champion is None:
        raise LineError(
            f"scoring: line {line!r} has no champion, expected a released model: "
            f"let a run pass the gates under release.gates in lines/{line}/line.yaml"
        )
    signing.verify(
        kms,
        signing_key,
        champion.manifest_sha256,
        champion.signature,
        line=line,
        run=champion.run,
        variant=champion.variant,
    )
    return champion, artefact.load(s3, Location.of(champion.artefact), champion.manifest_sha256)


def score(
    examples: pa.Table,
    *,
    model: Artefact,
    version: int,
    line: str,
    run: str,
    id_column: str,
    event_time: str,
    score_date: dt.date,
    at: dt.datetime,
    personal: Collection[str] = (),
) -> Scored:
    """Return a prediction for each example; raises LineError when there are none, or one that nothing could carry.

    The error names the row by its id, unless that is ``personal``.
    """
    if examples.num_rows == 0:
        raise LineError(
            f"scoring: no row of the spine lies in the scoring window of {score_date}: "
            f"choose another date under scoring.date in lines/{line}/line.yaml or add its raw files"
        )
    frame = model.encoding.frame(examples)
    scores = models.scores(model.model, frame, model.manifest.task)
    ids = examples[id_column].cast(pa.string())
    if strange := [i for i, value in enumerate(scores.tolist()) if not carried(value)]:
        hidden = id_column.lower() in {name.lower() for name in personal}
        whom = f"row {strange[0] + 1}" if hidden else repr(ids[strange[0]].as_py())
        raise LineError(
            f"scoring: the model estimates {scores[strange[0]]:g} for {whom} "
            f"({len(strange)} of {len(scores)} rows are like this), expected a finite number up to {LARGEST:g}: "
            f"look at the row and at lines/{line}/train.py"
        )
    n = examples.num_rows
    columns = {
        "prediction_id": [
            prediction_id(line=line, id_=id_, score_date=score_date.isoformat()) for id_ in ids.to_pylist()
        ],
        "line": [line] * n,
        "run": [run] * n,
        "model_version": [version] * n,
        "id": ids,
        "event_time": examples[event_time].cast(pa.timestamp("us", "UTC")),
        "score": scores,
        "score_date": [score_date] * n,
        "at": [at] * n,
    }
    return Scored(
        rows=pa.table(columns, schema=PREDICTIONS), profile=histograms.profile(model.reference, frame, scores)
    )
