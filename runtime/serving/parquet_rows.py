"""Parquet in and out: columns by name, null for what is missing."""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from runtime.encoding import Column
from runtime.instances import Reader, RefusedError, check_count, not_finite

if TYPE_CHECKING:  # brought by the first request that needs it
    import pyarrow as pa

LARGEST_UNPACKED = 256 * 1024 * 1024
"""Bytes that a body may unpack to."""
_NO_PARQUET = "the body is not a Parquet file, expected one with a column for each field"


def matrix(reader: Reader, body: bytes) -> Any:
    """Return a body's rows as a reader's matrix; raises RefusedError."""
    rows = _table(reader, body)
    found = np.full((rows.num_rows, len(reader.columns)), math.nan)
    for j, column in enumerate(reader.columns):
        if column.name in rows.column_names:
            values = rows[column.name]
            found[:, j] = _numbers(column.name, values) if column.type == "number" else _positions(column, values)
    return found


def answer(scores: Sequence[float]) -> bytes:
    """Return a file with the column ``score``."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    body = io.BytesIO()
    pq.write_table(pa.table({"score": pa.array(scores, pa.float64())}), body)
    return body.getvalue()


def _table(reader: Reader, body: bytes) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    broken = (pa.ArrowException, OSError, ValueError, OverflowError, MemoryError)
    try:
        file = pq.ParquetFile(io.BytesIO(body))
        metadata, names = file.metadata, file.schema_arrow.names
        unpacked = sum(metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups))
    except broken:
        raise RefusedError(_NO_PARQUET) from None
    reader.check_names("columns", names, missing="nulls")
    check_count(metadata.num_rows)
    if unpacked > LARGEST_UNPACKED:
        raise RefusedError(f"the body unpacks to {unpacked} bytes, expected at most {LARGEST_UNPACKED}", 413)
    try:
        rows = file.read(columns=[column.name for column in reader.columns if column.name in names], use_threads=False)
    except broken:
        raise RefusedError(_NO_PARQUET) from None
    if rows.num_rows == 0:
        raise RefusedError("instances: expected at least one row of values")
    check_count(rows.num_rows)
    return rows


def _numbers(name: str, values: pa.ChunkedArray) -> Any:
    import pyarrow as pa

    kind = values.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind) or _empty(kind)):
        raise RefusedError(f"columns.{name}: {kind}, expected numbers")
    found = values.cast(pa.float64(), safe=False).to_numpy()
    strange = np.flatnonzero(~np.isfinite(found) & ~values.is_null().to_numpy())
    if len(strange):
        raise not_finite(int(strange[0]), name)
    return found


def _positions(column: Column, values: pa.ChunkedArray) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = values.type
    if pa.types.is_dictionary(kind):
        values, kind = values.cast(kind.value_type), kind.value_type
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_boolean(kind)
    if not (text or pa.types.is_integer(kind) or _empty(kind)):
        raise RefusedError(f"columns.{column.name}: {kind}, expected text")
    found = pc.index_in(values.cast(pa.string()), value_set=pa.array(column.categories, pa.string()))
    return found.cast(pa.float64()).to_numpy()


def _empty(kind: pa.DataType) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_null(kind))
