"""A run's predictions as files: JSON lines, CSV or Parquet, each with the fields of the record in the same order."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from config.formats import Format
from runtime.delivery.records import SCHEMA

BATCH = 50_000
"""Rows that are turned into objects at once."""

COLUMNS = pa.schema(
    [
        pa.field("schema", pa.int32(), nullable=False),
        pa.field("prediction_id", pa.string(), nullable=False),
        pa.field("line", pa.string(), nullable=False),
        pa.field("run", pa.string(), nullable=False),
        pa.field("model_version", pa.int64(), nullable=False),
        pa.field("id", pa.string(), nullable=False),
        pa.field("event_time", pa.timestamp("us", "UTC"), nullable=False),
        pa.field("score", pa.float64(), nullable=False),
        pa.field("at", pa.timestamp("ms", "UTC"), nullable=False),
    ]
)
"""The record as typed columns."""


def write(rows: pa.Table, form: Format, path: Path) -> None:
    """Write rows of the predictions table as a file of delivery."""
    _WRITERS[form](rows, path)


def _records(rows: pa.Table) -> Iterator[dict[str, Any]]:
    for batch in rows.to_batches(max_chunksize=BATCH):
        for row in batch.to_pylist():
            yield {
                "schema": SCHEMA,
                **{name: row[name] for name in ("prediction_id", "line", "run", "model_version", "id")},
                "event_time": row["event_time"].isoformat(),
                "score": row["score"],
                "at": row["at"].isoformat(timespec="milliseconds"),
            }


def _jsonl(rows: pa.Table, path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for record in _records(rows):
            file.write(json.dumps(record) + "\n")


def _csv(rows: pa.Table, path: Path) -> None:
    """RFC 4180: a header, CRLF, and quotes where a value holds a comma, a quote or a line break."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS.names, dialect="excel")
        writer.writeheader()
        writer.writerows(_records(rows))


def _parquet(rows: pa.Table, path: Path) -> None:
    with pq.ParquetWriter(path, COLUMNS, compression="zstd") as writer:
        for batch in rows.to_batches(max_chunksize=BATCH):
            made = pa.array([SCHEMA] * len(batch), pa.int32())
            columns = [made, *(batch[name].cast(kind, safe=False) for name, kind in _cast())]
            writer.write_batch(pa.RecordBatch.from_arrays(columns, schema=COLUMNS))


def _cast() -> Iterator[tuple[str, pa.DataType]]:
    yield from ((field.name, field.type) for field in list(COLUMNS)[1:])


_WRITERS: Mapping[Format, Callable[[pa.Table, Path], None]] = {"jsonl": _jsonl, "csv": _csv, "parquet": _parquet}
