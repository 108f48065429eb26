"""DuckDB as the stations use it: bounded memory, UTC, SQL that sees nothing but the tables given to it.

Event times are TIMESTAMPTZ, in tables Iceberg's timestamptz: a moment, never a wall clock. A TIMESTAMP where an event
time is expected counts as UTC.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from config.errors import LineError

Connection = duckdb.DuckDBPyConnection

MEMORY = "1500MB"


@dataclass(frozen=True)
class Query:
    """A SELECT with the values that are bound to it, and the file that a user would correct."""

    text: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    file: str = ""


def connect(*, memory: str = MEMORY, threads: int | None = None, folder: Path | None = None) -> Connection:
    """Return an empty database in memory that spills to a folder (a temporary one) beyond its limit."""
    settings: dict[str, Any] = {
        "memory_limit": memory,
        "temp_directory": str(folder or tempfile.gettempdir()),
        "python_enable_replacements": "false",  # a table's name must never find a variable of ours
    }
    if threads is not None:
        settings["threads"] = threads
    connection = duckdb.connect(config=settings)
    connection.execute("SET TimeZone = 'UTC'")
    # DuckDB 2.0 takes a month and thirty days for the same interval when it looks for what a SELECT computes twice
    connection.execute("SET disabled_optimizers = 'common_subexpressions'")
    return connection


def seal(connection: Connection, folder: Path | None = None) -> None:
    """Keep SQL from the network, from files but those in the folder, where tables lie, and from changing that."""
    if folder is not None:
        connection.execute(f"SET allowed_directories = [{literal(f'{folder}/')}]")
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


def query(connection: Connection, sql: str, *, parameters: Mapping[str, object], file: str) -> Query:
    """Return a file's one SELECT with the ``$parameters`` that it names bound; raises LineError naming the file."""
    select = statement(connection, sql, file)
    bound: dict[str, object] = {}
    for parameter in sorted(select.named_parameters):
        if parameter not in parameters:
            raise LineError(
                f"{file}: ${parameter} is not a declared parameter, expected one of {listed(parameters)}: "
                "correct the name or declare it under parameters in line.yaml"
            )
        bound[parameter] = parameters[parameter]
    return Query(text=select.query.strip().rstrip(";"), parameters=bound, file=file)


def create(connection: Connection, *, name: str, sql: str, parameters: Mapping[str, object], file: str) -> None:
    """Create a table from a SELECT with its ``$parameters`` bound; raises LineError naming the file."""
    select = query(connection, sql, parameters=parameters, file=file)
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {quoted(name)} AS {select.text}", dict(select.parameters))
    except duckdb.Error as error:
        raise LineError(mistake(error, file)) from None


def schema(connection: Connection, select: Query) -> pa.Schema:
    """Return the columns that a query gives, without computing a row; raises LineError naming its file."""
    try:
        none = f"SELECT * FROM ({select.text}\n) LIMIT 0"  # noqa: S608 (the line's own SELECT, whose parameters are bound)
        connection.execute(none, dict(select.parameters))  # of the two ways, this one tells the line of a mistake
        return connection.sql(none, params=dict(select.parameters)).to_arrow_table().schema
    except duckdb.Error as error:
        raise LineError(mistake(error, select.file)) from None


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
