"""CSV files, read with their declared columns.

Readers of a source rely on its columns, so a file that lacks one, an empty file and a value of another type each stop
the run with a message for the people who deliver the file. Columns that are not declared are ignored.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import Any

import duckdb

from config.errors import LineError
from config.sources import S3Source
from runtime.engine import Connection, closest, literal, quoted, rows
from runtime.sources.loaded import SCHEMA, File, Loaded, fingerprint_of

_CSV = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"


def load(connection: Connection, name: str, source: S3Source, files: list[File]) -> Loaded:
    """Read the files into the table ``raw.<name>``; raises LineError naming file, line, column and value at fault."""
    connection.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
    groups: dict[tuple[str, ...], list[File]] = {}
    for file in files:
        groups.setdefault(_header(file, source, name), []).append(file)
    selected = ", ".join(quoted(column) for column in source.columns)
    reads = [
        f"SELECT {selected} FROM {_read_csv(header, source, group)}"  # noqa: S608 (declared names, quoted)
        for header, group in groups.items()
    ]
    table = f"{SCHEMA}.{quoted(name)}"
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS {' UNION ALL '.join(reads)}")
    except duckdb.Error as error:
        _tell(connection, source, groups, error)
    count = int(rows(connection, f"SELECT count(*) FROM {table}")[0][0])  # noqa: S608 (a quoted name)
    if count == 0:
        raise LineError(f"{files[0].uri}: has a header but no row, expected at least one: upload the complete file")
    return Loaded(files=files, rows=count, fingerprint=fingerprint_of(files))


def _header(file: File, source: S3Source, name: str) -> tuple[str, ...]:
    """Return the file's columns after checking that it has every declared one, once."""
    header = _first_row(file)
    for column in source.columns:
        if column not in header:
            others = [other for other in header if other not in source.columns]
            raise LineError(
                f"{file.uri}: column {column!r} is missing; the file has {', '.join(header)}{closest(column, others)}: "
                f"restore the column in the file or declare its new name under sources.{name}.columns in line.yaml"
            )
        if header.count(column) > 1:
            raise LineError(f"{file.uri}: column {column!r} stands {header.count(column)} times: keep one of them")
    return tuple(header)


def _first_row(file: File) -> list[str]:
    import gzip

    opener: Any = gzip.open if file.path.suffix == ".gz" else open
    try:
        with opener(file.path, "rt", encoding="utf-8-sig", newline="") as text:
            return next(csv.reader(text), [])
    except (UnicodeDecodeError, OSError, csv.Error) as error:
        raise LineError(f"{file.uri}: cannot be read as UTF-8 CSV: {error}: upload it in that form") from None


def _read_csv(header: tuple[str, ...], source: S3Source, files: list[File], extra: str = "") -> str:
    types = ", ".join(
        f"{literal(f'{column}' if header.count(column) == 1 else f'{column}_{i}')}: "
        f"{literal(source.columns.get(column, 'VARCHAR'))}"
        for i, column in enumerate(header)
    )
    nulls = ", ".join(literal(value) for value in source.null_values)
    paths = ", ".join(literal(str(file.path)) for file in files)
    return f"read_csv([{paths}], {_CSV}, nullstr = [{nulls}], columns = {{{types}}}{extra})"


def _tell(
    connection: Connection,
    source: S3Source,
    groups: Mapping[tuple[str, ...], list[File]],
    error: duckdb.Error,
) -> None:
    """Read again, this time collecting what cannot be read, and raise a LineError with the first of it."""
    for header, files in groups.items():
        for file in files:
            found = _first_reject(connection, _read_csv(header, source, [file], ", store_rejects = true"))
            if found is None:
                continue
            row, column, kind, line, message = found
            if kind == "CAST":
                value = _value(line, header.index(column))
                raise LineError(
                    f"{file.uri}: line {row}, column {column!r}: {value!r} is not {source.columns[column]}: "
                    "correct the value, or give the column another type or null_values in line.yaml"
                ) from None
            raise LineError(f"{file.uri}: line {row}: {message.rstrip('.')}: correct the line") from None
    first = str(error).splitlines()[0].rstrip(".")
    raise LineError(f"{next(iter(groups.values()))[0].uri}: {first}: correct the file or line.yaml") from None


def _first_reject(connection: Connection, read: str) -> tuple[Any, ...] | None:
    try:
        connection.execute(f"CREATE OR REPLACE TEMP TABLE all_rows AS SELECT * FROM {read}")  # noqa: S608
        found = rows(
            connection,
            "SELECT line, column_name, error_type, csv_line, error_message FROM reject_errors ORDER BY line LIMIT 1",
        )
    except duckdb.Error:
        return None
    return (*found[0],) if found else None


def _value(line: str, index: int) -> str:
    return next(csv.reader([line]))[index]
