"""A source in a database that speaks PostgreSQL's protocol: its rows stream through Arrow into DuckDB."""

# ruff: noqa: S608 (names are quoted and texts are literals: see runtime/engine.py)

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from typing import Any

import duckdb
import pyarrow as pa

from config.errors import LineError
from config.parameters import Value
from config.sources import DatabaseSource
from runtime.engine import Connection, quoted, rows
from runtime.sources import queries
from runtime.sources.endpoints import Endpoint
from runtime.sources.loaded import SCHEMA, Loaded
from runtime.sources.types import fits

ENGINES = ("postgresql", "redshift")
"""What libpq can talk to."""

_INCOMING = "incoming_rows"
_NUMERIC = re.compile(r"DECIMAL|DOUBLE|FLOAT|REAL|NUMERIC", re.IGNORECASE)


def load(
    connection: Connection,
    name: str,
    source: DatabaseSource,
    endpoint: Endpoint,
    parameters: Mapping[str, Value],
    *,
    subject: str,
) -> Loaded:
    """Read the declared columns into the table ``raw.<name>``; raises LineError naming the source and the connection.

    What the version query answers before the rows are read is the fingerprint: rows that come later are read again.
    """
    sql = queries.select(name, source, endpoint.engine, parameters, subject)
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    with _connected(endpoint, subject) as database, closing(database.cursor()) as cursor:
        seen = _version(cursor, source, endpoint, parameters, subject)
        _execute(cursor, sql, endpoint, subject)
        with cursor.fetch_record_batch() as incoming:
            stream = _Stream(incoming)
            connection.register(_INCOMING, stream.reader)
            try:
                selected = _casts(connection, source, stream.types, endpoint, subject)
                table = f"{SCHEMA}.{quoted(name)}"
                connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {selected} FROM {_INCOMING}")
            except duckdb.Error as error:
                first = str(error).splitlines()[0].rstrip(".")
                raise LineError(
                    f"{subject}: connection {endpoint.connection!r}: {first}: "
                    f"correct the value, or give the column another type under {subject}.columns in line.yaml"
                ) from None
            finally:
                connection.unregister(_INCOMING)
    count = int(rows(connection, f"SELECT count(*) FROM {table}")[0][0])
    if count != stream.rows:
        raise LineError(f"{subject}: {stream.rows} rows were read but {count} loaded: read it again")
    if count == 0:
        raise LineError(
            f"{subject}: connection {endpoint.connection!r}: {_origin(name, source)} has no row, "
            "expected at least one: fill it or correct the source"
        )
    return Loaded(rows=count, fingerprint=seen, origin=f"{endpoint.connection}: {_origin(name, source)}")


def fingerprint(
    source: DatabaseSource, endpoint: Endpoint, parameters: Mapping[str, Value], *, subject: str
) -> str | None:
    """Return what the version query answers, or None when the source has none: only reading would tell."""
    if source.version is None:
        return None
    with _connected(endpoint, subject) as database, closing(database.cursor()) as cursor:
        return _version(cursor, source, endpoint, parameters, subject)


class _Stream:
    """Record batches as they come, counted; what Arrow has no type for comes as text."""

    def __init__(self, incoming: pa.RecordBatchReader) -> None:
        self.rows = 0
        self.types = {field.name: _numeric(field) for field in incoming.schema}
        fields = [pa.field(field.name, _storage(field.type), field.nullable) for field in incoming.schema]
        self._schema = pa.schema(fields)
        self._incoming = incoming
        self.reader = pa.RecordBatchReader.from_batches(self._schema, self._batches())

    def _batches(self) -> Iterator[pa.RecordBatch]:
        for batch in self._incoming:
            self.rows += batch.num_rows
            columns = [column.storage if isinstance(column.type, pa.OpaqueType) else column for column in batch.columns]
            yield pa.record_batch(columns, schema=self._schema)


def _storage(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.OpaqueType) else kind


def _numeric(field: pa.Field) -> str | None:
    """Return the SQL type of a NUMERIC column, with its scale where the database declares one; None for any other."""
    metadata = field.metadata or {}
    if metadata.get(b"ADBC:postgresql:typname") != b"numeric":
        return None
    modifier = int(metadata.get(b"POSTGRESQL:typmod", b"-1")) - 4  # precision and scale, as pg_attribute packs them
    return f"DECIMAL({modifier >> 16},{modifier & 0x7FF})" if modifier >= 0 else "NUMERIC"


def _casts(
    connection: Connection, source: DatabaseSource, numeric: Mapping[str, str | None], endpoint: Endpoint, subject: str
) -> str:
    """Return the declared columns, each cast to its type; raises LineError for one of another type."""
    actual = {row[0]: str(row[1]) for row in rows(connection, f"DESCRIBE {_INCOMING}")}
    for column, declared in source.columns.items():
        kind = numeric[column] or actual[column]
        good = bool(_NUMERIC.match(declared)) if kind == "NUMERIC" else fits(connection, kind, declared)
        if not good:
            raise LineError(
                f"{subject}: connection {endpoint.connection!r}: column {column!r} is {kind}, not {declared}: "
                f"declare {kind} under {subject}.columns in line.yaml, or correct the database"
            )
    return ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in source.columns.items())


def _version(
    cursor: Any, source: DatabaseSource, endpoint: Endpoint, parameters: Mapping[str, Value], subject: str
) -> str | None:
    sql = queries.version(source, endpoint.engine, parameters, subject)
    if sql is None:
        return None
    _execute(cursor, sql, endpoint, f"{subject}.version")
    answer = cursor.fetchall()
    if len(answer) != 1 or len(answer[0]) != 1:
        raise LineError(f"{subject}.version: gives {len(answer)} rows, expected one row of one value: correct it")
    return str(answer[0][0])


@contextmanager
def _connected(endpoint: Endpoint, subject: str) -> Iterator[Any]:
    from adbc_driver_manager import Error
    from adbc_driver_postgresql import dbapi

    try:
        database = dbapi.connect(endpoint.uri)
    except Error as error:
        raise LineError(
            f"{subject}: connection {endpoint.connection!r}: {endpoint} does not let us in: {_said(error, endpoint)}: "
            "see that the database is up and that its secret is right"
        ) from None
    with closing(database):
        yield database


def _execute(cursor: Any, sql: str, endpoint: Endpoint, subject: str) -> None:
    from adbc_driver_manager import Error

    try:
        cursor.execute(sql)
    except Error as error:
        raise LineError(
            f"{subject}: connection {endpoint.connection!r}: {_said(error, endpoint)}: "
            "correct the source or the database"
        ) from None


def _said(error: Exception, endpoint: Endpoint) -> str:
    """Return what the server said, in one line and without the password."""
    text = str(error)
    text = next((text.rpartition(mark)[2] for mark in ("FATAL:", "ERROR:", "failed:") if mark in text), text)
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    hint = re.search(r"HINT:\s*(.+)", text)
    said = first.rstrip(".") + (f" ({hint[1].rstrip('.')})" if hint else "")
    return said.replace(endpoint.password, "***") if endpoint.password else said


def _origin(name: str, source: DatabaseSource) -> str:
    return "the query" if source.query is not None else f"table {source.table or name}"
