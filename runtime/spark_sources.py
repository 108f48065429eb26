"""A line's sources as views of a Spark session, ``raw__<source>``, with the columns and types that line.yaml declares.

The executors read the files where they lie. As on DuckDB, a text that means null is null, and a row that does not fit,
a value of another type and a text that is not UTF-8 each stop the run with a message that names the file. One thing
differs: a line break within quotes is an error, because Spark reads one file in several parts.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sqlglot import exp

from config.errors import LineError
from runtime.dialect import Columns, quoted, view_name
from runtime.translation.types import from_text, spark_type

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

_CSV = {"header": "true", "mode": "FAILFAST", "quote": '"', "escape": '"', "enforceSchema": "false"}
_NOTHING = "\x00"
"""Read as null: no file holds it."""


@dataclass(frozen=True)
class Raw:
    """Where a source's rows come from.

    ``files`` are paths or s3:// URIs; those of CSV stand by their header, since Spark takes columns by position.
    ``options`` are a database's, as Spark's reader of the ``format`` takes them.
    """

    format: str
    files: Mapping[tuple[str, ...], Sequence[str]] = field(default_factory=dict)
    options: Mapping[str, str] = field(default_factory=dict)


def register(
    session: SparkSession, name: str, *, raw: Raw, columns: Columns, null_values: Sequence[str] = ("", "NA")
) -> None:
    """Make the source a view; raises LineError when it has no row."""
    frame = read(session, raw=raw, columns=columns, null_values=null_values)
    frame.createOrReplaceTempView(view_name(name))
    if frame.isEmpty():
        raise LineError(f"source {name!r}: has no row, expected at least one: upload the complete files")


def read(session: SparkSession, *, raw: Raw, columns: Columns, null_values: Sequence[str]) -> DataFrame:
    """Return the rows with the declared columns, in order."""
    if raw.format == "csv":
        parts = [_csv(session, header, files, columns, null_values) for header, files in raw.files.items()]
        whole = parts[0]
        for part in parts[1:]:
            whole = whole.unionByName(part)
        return whole
    if raw.files:
        paths = [_plain(path) for files in raw.files.values() for path in files]
        frame = session.read.format(raw.format).option("mode", "FAILFAST").load(paths)
    else:
        frame = session.read.format(raw.format).options(**raw.options).load()
    return frame.selectExpr(
        *(f"CAST({quoted(name)} AS {_spark(kind)}) AS {quoted(name)}" for name, kind in columns.items())
    )


def _csv(
    session: SparkSession, header: tuple[str, ...], files: Sequence[str], columns: Columns, null_values: Sequence[str]
) -> DataFrame:
    names = [name if header.count(name) == 1 else f"{name}_{i}" for i, name in enumerate(header)]
    schema = ", ".join(f"{quoted(name)} STRING" for name in names)
    reader = session.read.options(**_CSV, nullValue=_NOTHING, emptyValue="")
    if names != list(header):
        reader = reader.option("enforceSchema", "true")  # a column that stands twice has another name here
    frame = reader.schema(schema).csv([_plain(file) for file in files])
    return frame.selectExpr(*(_converted(name, kind, null_values) for name, kind in columns.items()))


def _converted(name: str, kind: str, null_values: Sequence[str]) -> str:
    """Return a column's text as its type, or the error that names the file."""
    given, target = f"COALESCE({quoted(name)}, '')", _spark(kind)
    place = f"_metadata.file_path, {_literal(f': column {name!r}: ')}"
    if target == "STRING":
        problem = f"RAISE_ERROR(CONCAT({place}, 'holds a text that is not UTF-8'))"
        value = f"IF(CONTAINS({given}, '\ufffd'), {problem}, {given})"
    else:
        begin, end = _literal("'"), _literal(f"' is not {kind}")
        problem = f"RAISE_ERROR(CONCAT({place}, {begin}, {given}, {end}))"
        value = f"COALESCE({from_text(given, target, attempt=True)}, {problem})"
    nulls = ", ".join(_literal(text) for text in null_values)
    whole = f"CASE WHEN {given} IN ({nulls}) THEN NULL ELSE {value} END" if null_values else value
    return f"CAST({whole} AS {target}) AS {quoted(name)}"


def _spark(kind: str) -> str:
    return spark_type(exp.DataType.build(kind, dialect="duckdb"))


def _literal(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _plain(path: str) -> str:
    """A path that means itself: Spark takes some signs for wildcards.

    >>> _plain("orders[1].csv")
    'orders\\\\[1\\\\].csv'
    """
    return re.sub(r"([\\*?{}\[\]])", r"\\\1", path)
