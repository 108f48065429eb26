"""Tables of the embedded PostgreSQL, filled from files as a line's sample or a user gives them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import duckdb
from sqlglot import exp

from config.errors import LineError
from config.sources import DatabaseSource
from runtime import engine
from runtime.engine import literal
from runtime.paths import embedded_secret

_READERS = {
    ".csv": "read_csv({}, header = true, delim = ',', quote = '\"', escape = '\"', union_by_name = true, "
    "nullstr = ['', 'NA'], types = {{{}}})",
    ".parquet": "read_parquet({}, union_by_name = true)",
    ".json": "read_json({}, format = 'newline_delimited', union_by_name = true)",
    ".jsonl": "read_json({}, format = 'newline_delimited', union_by_name = true)",
}


def fill(secrets: Any, name: str, source: DatabaseSource, files: Sequence[Path]) -> None:
    """Make the source's table hold exactly the files' rows; without a file there is no table.

    A declared column gets its declared type, any other (that only a query reads) the one that its values suggest.
    """
    from adbc_driver_postgresql import dbapi

    schema, _, table = (source.table or name).rpartition(".")
    login = json.loads(secrets.get_secret_value(SecretId=embedded_secret(source.connection))["SecretString"])
    with closing(dbapi.connect(_uri(login))) as database, closing(database.cursor()) as cursor:
        place = f"{engine.quoted(schema)}." if schema else ""
        if schema:
            cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {engine.quoted(schema)}")
        cursor.execute(f"DROP TABLE IF EXISTS {place}{engine.quoted(table)}")
        if files:
            with closing(engine.connect()) as connection:
                rows = _read(connection, name, source, files)
                cursor.execute(f"CREATE TABLE {place}{engine.quoted(table)} ({_definition(rows)})")
                cursor.adbc_ingest(table, rows.to_arrow_reader(), mode="append", db_schema_name=schema or None)
        database.commit()


def _read(connection: engine.Connection, name: str, source: DatabaseSource, files: Sequence[Path]) -> Any:
    kinds = {path.suffix for path in files}
    if len(kinds) != 1 or not kinds <= set(_READERS):
        raise LineError(
            f"{files[0].parent}: holds files of kind {', '.join(sorted(kinds))}, expected all of one kind of "
            f"{', '.join(_READERS)}: convert them"
        )
    paths = "[" + ", ".join(literal(str(path)) for path in files) + "]"
    try:
        found = _relation(connection, kinds.pop(), paths, source)
        wanted = [
            f"CAST({engine.quoted(column)} AS {source.columns[column]}) AS {engine.quoted(column)}"
            if column in source.columns
            else engine.quoted(column)
            for column in found.columns
        ]
        found.select(*[duckdb.SQLExpression(text) for text in wanted]).create("content")
        return connection.table("content")
    except duckdb.Error as error:
        first = str(error).splitlines()[0].rstrip(".")
        raise LineError(f"{files[0].parent}: cannot be read as source {name!r}: {first}: correct the files") from None


def _relation(connection: engine.Connection, kind: str, paths: str, source: DatabaseSource) -> Any:
    reader = _READERS[kind]
    if kind != ".csv":
        return connection.sql(f"FROM {reader.format(paths)}")
    given = connection.sql(f"FROM {reader.format(paths, '')}").columns
    types = ", ".join(
        f"{literal(column)}: {literal(kind)}" for column, kind in source.columns.items() if column in given
    )
    return connection.sql(f"FROM {reader.format(paths, types)}")


def _definition(rows: Any) -> str:
    """Return the columns of a relation and their types as PostgreSQL writes them."""
    return ", ".join(
        f"{engine.quoted(name)} {exp.DataType.build(str(kind), dialect='duckdb').sql(dialect='postgres')}"
        for name, kind in zip(rows.columns, rows.types, strict=True)
    )


def _uri(login: dict[str, Any]) -> str:
    user, password, database = (quote(str(login[key]), safe="") for key in ("username", "password", "dbname"))
    return f"postgresql://{user}:{password}@{login['host']}:{login['port']}/{database}"
