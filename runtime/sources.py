"""A line's raw files: found in the raw bucket, downloaded by version and read with their declared columns.

Readers of a source rely on its columns, so a file that lacks one, an empty file and a value of another type each stop
the run with a message for the people who deliver the file. Columns that are not declared are ignored.
"""

from __future__ import annotations

import csv
import uuid
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from config.errors import LineError
from config.line import Source
from runtime import raw_objects
from runtime.engine import Connection, closest, literal, quoted, rows
from runtime.paths import raw_prefix
from runtime.raw_objects import Object

SCHEMA = "raw"
"""SQL says ``FROM raw.<source>``: a curated table may have its source's name."""
_CSV = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"


@dataclass(frozen=True)
class File:
    """One raw file as it was read: its version names its content."""

    uri: str
    version: str
    etag: str
    path: Path


@dataclass(frozen=True)
class Loaded:
    """A source in the database."""

    files: list[File]
    rows: int


def listed(s3: Any, *, bucket: str, line: str, source: str) -> list[Object]:
    """Return a source's objects in the order of their keys; raises LineError when there is none."""
    found = raw_objects.listed(s3, bucket=bucket, line=line, source=source)
    if not found:
        raise LineError(
            f"s3://{bucket}/{raw_prefix(line, source)} holds no file, expected the CSV files of source {source!r}: "
            "upload one"
        )
    return found


def download(s3: Any, *, bucket: str, objects: Sequence[Object], folder: Path) -> list[File]:
    """Download objects; raises LineError for an empty one."""
    with ThreadPoolExecutor(4) as threads:
        paths = [folder / f"{uuid.uuid4()}{_suffix(one.key)}" for one in objects]
        return list(threads.map(lambda one, path: _fetched(s3, bucket, one.key, path), objects, paths))


def load(connection: Connection, name: str, source: Source, files: list[File]) -> Loaded:
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
    return Loaded(files=files, rows=count)


def _suffix(key: str) -> str:
    return ".csv.gz" if key.endswith(".gz") else ".csv"


def _fetched(s3: Any, bucket: str, key: str, path: Path) -> File:
    answer = s3.get_object(Bucket=bucket, Key=key)
    with path.open("wb") as target:
        for chunk in answer["Body"].iter_chunks(1 << 20):
            target.write(chunk)
    uri = f"s3://{bucket}/{key}"
    if path.stat().st_size == 0:
        raise LineError(f"{uri}: is empty (0 bytes), expected a CSV file with a header: upload the complete file")
    return File(uri=uri, version=answer.get("VersionId", ""), etag=answer["ETag"].strip('"'), path=path)


def _header(file: File, source: Source, name: str) -> tuple[str, ...]:
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


def _read_csv(header: tuple[str, ...], source: Source, files: list[File], extra: str = "") -> str:
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
    source: Source,
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
