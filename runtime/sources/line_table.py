"""A source that another line publishes: a snapshot of its table, streamed from Iceberg into DuckDB."""

# ruff: noqa: S608 (names are quoted and texts are literals: see runtime/engine.py)

from __future__ import annotations

from typing import Any

import duckdb

from config.errors import LineError
from config.sources import LineSource
from runtime import tables
from runtime.engine import Connection, closest, quoted, rows
from runtime.paths import table_name
from runtime.sources.loaded import SCHEMA, Loaded
from runtime.sources.types import fits

_INCOMING = "incoming_rows"


def snapshot_of(catalog: Any, source: LineSource, *, database: str, subject: str) -> int:
    """Return the snapshot that is read: the pinned one, or what the other line has published; raises LineError."""
    if source.snapshot is not None:
        return source.snapshot
    found = tables.published(catalog, f"{database}.{table_name(source.line, source.table)}")
    if found is None:
        raise LineError(
            f"{subject}: line {source.line!r} has not published a table {source.table!r} in this environment, "
            f"expected it to have run: run line {source.line} first"
        )
    return found


def load(connection: Connection, name: str, source: LineSource, catalog: Any, *, database: str, subject: str) -> Loaded:
    """Read the declared columns of a snapshot into the table ``raw.<name>``; the snapshot is the fingerprint."""
    snapshot = snapshot_of(catalog, source, database=database, subject=subject)
    table = catalog.load_table(f"{database}.{table_name(source.line, source.table)}")
    if table.snapshot_by_id(snapshot) is None:
        raise LineError(
            f"{subject}.snapshot: table {source.table!r} of line {source.line!r} has no snapshot {snapshot}, "
            f"expected one that it still keeps: correct it or remove it to read what is published"
        )
    scan = table.scan(snapshot_id=snapshot)
    known = [field.name for field in scan.projection().fields]
    for column in source.columns:
        if column not in known:
            raise LineError(
                f"{subject}: table {source.table!r} of line {source.line!r} has no column {column!r}"
                f"{closest(column, known)}, expected one of {', '.join(known)}: correct {subject}.columns in line.yaml"
            )
    target = f"{SCHEMA}.{quoted(name)}"
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    connection.register(_INCOMING, scan.select(*source.columns).to_arrow_batch_reader())
    try:
        actual = {row[0]: str(row[1]) for row in rows(connection, f"DESCRIBE {_INCOMING}")}
        for column, declared in source.columns.items():
            if not fits(connection, actual[column], declared):
                raise LineError(
                    f"{subject}: column {column!r} of table {source.table!r} of line {source.line!r} is "
                    f"{actual[column]}, not {declared}: declare {actual[column]} under {subject}.columns in line.yaml"
                )
        values = ", ".join(f"CAST({quoted(c)} AS {kind}) AS {quoted(c)}" for c, kind in source.columns.items())
        connection.execute(f"CREATE OR REPLACE TABLE {target} AS SELECT {values} FROM {_INCOMING}")
    except duckdb.Error as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise LineError(f"{subject}: line {source.line!r}: {first}: correct {subject}.columns in line.yaml") from None
    finally:
        connection.unregister(_INCOMING)
    count = int(rows(connection, f"SELECT count(*) FROM {target}")[0][0])
    if count == 0:
        raise LineError(
            f"{subject}: snapshot {snapshot} of table {source.table!r} of line {source.line!r} has no row, "
            f"expected at least one: run line {source.line} on its data first"
        )
    return Loaded(
        rows=count, fingerprint=str(snapshot), origin=f"line {source.line}: {source.table} snapshot {snapshot}"
    )
