"""The dataset job: the run's labelled examples as Parquet files, with a manifest that is written last."""

from __future__ import annotations

import hashlib
import io
import json
import sys
from dataclasses import asdict
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from jobs.inputs import database, snapshots_of, views
from jobs.main import Context, run_job
from runtime import datasets
from runtime.datasets import Dataset
from runtime.receipts import Receipt


def work(context: Context) -> Receipt:
    """Join the spine with the views as of each example's moment, split it by time and write it."""
    connection, curated = database(context)
    published = snapshots_of(context, "features", "views")
    made = datasets.dataset(
        connection,
        bundle=context.bundle,
        parameters=context.parameters,
        views=views(context, published),
    )
    snapshots = {**curated.snapshots, **{name: published[name] for name in context.bundle.definition.dataset.features}}
    whole = manifest(context, made, snapshots)
    for part, rows in made.parts.items():
        _put(context, f"{part}.parquet", _parquet(rows))
    _put(context, "manifest.json", json.dumps(whole).encode())
    return Receipt(
        station="training",
        status="succeeded",
        outputs={
            "dataset": f"s3://{context.paths.lake}/{context.paths.dataset}",
            "rows": whole["rows"],
            **_labels(context, made),
            "unlabelled": whole["unlabelled"],
            "columns": len(whole["columns"]),
            "fingerprint": whole["fingerprint"],
        },
    )


def manifest(context: Context, made: Dataset, snapshots: dict[str, int]) -> dict[str, Any]:
    """Return what the dataset is; its fingerprint is the same for the same snapshots, definition and parameters."""
    definition = context.bundle.definition.dataset
    parameters = {name: str(value) for name, value in sorted(context.parameters.items())}
    names = [column.name for column in made.columns]
    train = made.parts["train"]
    return {
        "line": context.paths.line,
        "run": context.paths.run,
        "snapshots": snapshots,
        "rows": {part: rows.num_rows for part, rows in made.parts.items()},
        "unlabelled": made.unlabelled,
        "columns": [asdict(column) for column in made.columns],
        "task": definition.task,
        "label": definition.label,
        "id": definition.id,
        "event_time": definition.event_time,
        **_labels(context, made),
        "null_rates": {name: round(train[name].null_count / train.num_rows, 6) for name in names},
        "parameters": parameters,
        "fingerprint": _fingerprint([snapshots, context.bundle.fingerprint, parameters]),
    }


def _labels(context: Context, made: Dataset) -> dict[str, dict[str, Any]]:
    """Return how the labels of each part lie: how many are 1, or the mean of what is to be estimated."""
    definition = context.bundle.definition.dataset
    name, figure = {"binary": ("positives", pc.sum), "regression": ("label_means", pc.mean)}[definition.task]
    return {name: {part: figure(rows[definition.label]).as_py() for part, rows in made.parts.items()}}


def _fingerprint(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _parquet(rows: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(rows, buffer, compression="zstd", compression_level=1)
    return buffer.getvalue()


def _put(context: Context, name: str, body: bytes) -> None:
    context.s3.put_object(Bucket=context.paths.lake, Key=context.paths.dataset + name, Body=body)


def main() -> int:
    return run_job("training", "training-dataset", work)


if __name__ == "__main__" and (code := main()):
    sys.exit(code)
