"""DuckDB as the stations use it: bounded memory, UTC, SQL that sees nothing but the tables given to it.

Event times are TIMESTAMPTZ, in tables Iceberg's timestamptz: a moment, never a wall clock. A TIMESTAMP where an event
time is expected counts as UTC.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import duckdb
import pyarrow as pa

from config.errors import LineError

Connection = duckdb.DuckDBPyConnection

MEMORY = "1500MB"


def connect(*, memory: str = MEMORY, threads: int | None = None) -> Connection:
    """Return an empty database in memory that spills to a temporary folder beyond its limit."""
    settings: dict[str, Any] = {
        "memory_limit": memory,
        "temp_directory": tempfile.gettempdir(),
        "python_enable_replacements": "false",  # a table's name must never find a variable of ours
    }
    if threads is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def seal(connection: Connection) -> None:
    """Keep SQL from reading files or the network, and from changing that."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def statement(connection: Connection, sql: str, file: str) -> Any:
    """Return the one SELECT of a text; raises LineError naming the file when it holds anything else."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise LineError(mistake(error, file)) from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        kinds = ", ".join(statement.type.name for statement in statements) or "nothing"
        raise LineError(f"{file}: holds {kinds}, expected one SELECT: remove the rest")
    return statements[0]


def create(connection: Connection, *, name: str, sql: str, parameters: Mapping[str, object], file: str) -> None:
    """Create a table from a SELECT with its ``$parameters`` bound; raises LineError naming the file."""
    select = statement(connection, sql, file)
    bound: dict[str, object] = {}
    for parameter in sorted(select.named_parameters):
        if parameter not in parameters:
            raise LineError(
                f"{file}: ${parameter} is not a declared parameter, expected one of {listed(parameters)}: "
                "correct the name or declare it under parameters in line.yaml"
            )
        bound[parameter] = parameters[parameter]
    text = select.query.strip().rstrip(";")
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {text}", bound)
    except duckdb.Error as error:
        raise LineError(mistake(error, file)) from None


def arrow(connection: Connection, name: str) -> pa.Table:
    """Return a table's content."""
    return fetched(connection, f"FROM {quoted(name)}")


def fetched(connection: Connection, query: str, parameters: Mapping[str, object] | None = None) -> pa.Table:
    """Return what a query gives."""
    return connection.sql(query, params=dict(parameters or {})).to_arrow_table()


def rows(connection: Connection, query: str, parameters: Mapping[str, object] | None = None) -> list[tuple[Any, ...]]:
    """Return what a small query gives; every row is fetched, because an unfinished result blocks the connection."""
    return connection.execute(query, dict(parameters or {})).fetchall()


def columns(connection: Connection, relation: str) -> dict[str, str]:
    """Return the columns of a table or view and their SQL types, in order."""
    return {row[0]: row[1] for row in rows(connection, f"DESCRIBE {quoted(relation)}")}


def quoted(name: str) -> str:
    """Return an identifier as SQL writes it.

    >>> quoted('raw"name')
    '"raw""name"'
    """
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | int | float | bool) -> str:
    """Return a constant as SQL writes it.

    >>> literal("O'Hare")
    "'O''Hare'"
    """
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def listed(names: Sequence[str] | Mapping[str, object] | set[str]) -> str:
    return ", ".join(sorted(names)) or "none"


def closest(name: str, names: Sequence[str]) -> str:
    """Return a hint at the name that was probably meant, or nothing.

    >>> closest("tailnumber", ["tailnum", "origin"])
    " (closest: 'tailnum')"
    """
    found = get_close_matches(name, names, n=1, cutoff=0.5)
    return f" (closest: {found[0]!r})" if found else ""


def mistake(error: duckdb.Error, file: str) -> str:
    """Return what DuckDB found wrong as one line that names the file and, where DuckDB tells it, the line in it."""
    text = str(error)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    hint = next((line for line in lines[1:] if line.startswith(("Candidate", "Did you mean"))), "")
    at = re.search(r"^LINE (\d+):", text, re.MULTILINE)
    where = f"{file}:{at[1]}" if at else file
    return f"{where}: {lines[0].rstrip('.!')}{f' ({hint})' if hint else ''}: correct the SELECT"
