"""Both engines over the same rows, and what they say compared: names, types, nulls and values."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pytest

from runtime import dialect, engine, spark

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

needs_spark = pytest.mark.skipif(bool(spark.missing()), reason=f"Spark cannot run here: {spark.missing()}")
DIGITS = 10
"""Significant digits to which doubles must agree: sums come in another order."""


def in_duckdb(
    connection: duckdb.DuckDBPyConnection, sql: str, parameters: Mapping[str, object]
) -> tuple[pa.Table, dict[str, str]]:
    """Return a SELECT's rows and the types of its columns, as the table of that SELECT has them."""
    engine.create(connection, name="both", sql=sql, parameters=parameters, file="both.sql")
    return engine.arrow(connection, "both"), engine.columns(connection, "both")


def in_spark(
    session: SparkSession,
    sql: str,
    *,
    tables: Mapping[str, dialect.Columns],
    columns: dialect.Columns,
    parameters: Mapping[str, object],
) -> pa.Table:
    """Return the rows of the SELECT's translation."""
    text = dialect.to_spark(sql, file="both.sql", tables=tables, columns=columns, parameters=parameters)
    return session.sql(text, args=dialect.used(sql, parameters)).toArrow()


def plain(content: pa.Table) -> Counter[tuple[Any, ...]]:
    """Return the rows as a multiset of values that can be compared."""
    return Counter(tuple(_plain(value) for value in row.values()) for row in _named(content).to_pylist())


def types(content: pa.Table) -> dict[str, str]:
    """Return the columns' types as a table stores them."""
    from runtime.schemas import plain as stored

    return {field.name: str(field.type) for field in stored(content.schema)}


def difference(ours: pa.Table, theirs: pa.Table) -> str:
    """Return how DuckDB's rows and Spark's differ, or nothing."""
    if ours.column_names != theirs.column_names:
        return f"columns {ours.column_names} and {theirs.column_names}"
    if types(ours) != types(theirs):
        both = zip(types(ours).items(), types(theirs).items(), strict=True)
        return f"types {[(a, b) for a, b in both if a != b]}"
    left, right = plain(ours), plain(theirs)
    if left == right:
        return ""
    only = (sorted((left - right).elements(), key=repr), sorted((right - left).elements(), key=repr))
    names = [
        name
        for i, name in enumerate(ours.column_names)
        if Counter(row[i] for row in left.elements()) != Counter(row[i] for row in right.elements())
    ]
    return f"columns {names}: only DuckDB {only[0][:3]}, only Spark {only[1][:3]} ({len(only[0])}, {len(only[1])})"


def _named(content: pa.Table) -> pa.Table:
    return content.rename_columns([str(i) for i in range(content.num_columns)])


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if math.isnan(value) or math.isinf(value):
            return str(value)
        return float(f"{value:.{DIGITS - 1}e}") + 0.0
    return int(value) if hasattr(value, "as_tuple") and value == int(value) else value
