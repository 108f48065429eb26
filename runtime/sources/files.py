"""A source's files made a relation: quickly where nothing is wrong, record by record where something is.

Every row of the files is loaded or rejected, and counted: a row that cannot be read fails the run, or lies in
``rejected.<source>`` with its file, its line, the reason and its raw text, as the source declares.
"""

# ruff: noqa: S608 (names are quoted and texts are literals: see runtime/engine.py)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb

from config.errors import LineError
from config.sources import S3Source
from runtime.engine import Connection, literal, quoted, rows
from runtime.sources.loaded import REJECTED, SCHEMA, File, Loaded, fingerprint_of
from runtime.sources.types import canonical
from runtime.sources.values import Column, bad

_CAREFUL = quoted("assembly-line.careful")
_BAD, _FILE = quoted("assembly-line.bad"), quoted("assembly-line.file")
PATH = "assembly-line.path"
"""The column in which a reader gives the path of a row's file."""


@dataclass(frozen=True)
class Careful:
    """A file read with its lines: the SELECT gives ``line`` and ``raw`` beside the reader's columns.

    ``rejects`` is the SELECT of what is no record (line, reason, raw); ``records`` counts both.
    """

    select: str
    rejects: str | None
    records: int


class Reader(Protocol):
    """How files of one format are read."""

    def check(self, files: Sequence[File]) -> None:
        """Raise LineError for a file that is not of the format or lacks a declared column."""

    def columns(self, kinds: dict[str, str]) -> list[Column]:
        """Return the declared columns, of canonical types, as SQL over the rows."""

    def view(self, files: Sequence[File]) -> str | None:
        """Return a SELECT of the declared columns that needs no checks, if the files allow one."""

    def quick(self, files: Sequence[File]) -> str:
        """Return a SELECT of all rows and, as ``PATH``, their files."""

    def careful(self, file: File, *, is_first_enough: bool) -> Careful:
        """Read one file with its lines."""


def load(connection: Connection, name: str, source: S3Source, files: Sequence[File], reader: Reader) -> Loaded:
    """Make the files the relation ``raw.<name>``; raises LineError naming file, line, column and value at fault."""
    reader.check(files)
    loading = _Loading(connection, name, source, files, reader)
    loading.prepare()
    if loading.as_view():
        count, rejected, read = loading.count(), 0, loading.count()
    else:
        read = loading.quickly() or loading.carefully()
        count, rejected = loading.finish()
    if read != count + rejected:
        raise LineError(
            f"sources.{name}: {read} rows were read, but {count} loaded and {rejected} rejected: load it again"
        )
    if count == 0:
        what = "has a header but no row" if source.format == "csv" and not rejected else "has no row"
        if rejected:
            what = f"has no row that can be read ({rejected} rejected)"
        raise LineError(f"{files[0].uri}: {what}, expected at least one: upload the complete file")
    return Loaded(
        rows=count,
        rejected=rejected,
        files=list(files),
        fingerprint=fingerprint_of(file.object for file in files),
    )


class _Loading:
    """One source on its way into the database."""

    def __init__(
        self, connection: Connection, name: str, source: S3Source, files: Sequence[File], reader: Reader
    ) -> None:
        self._connection, self._source, self._files, self._reader = connection, source, files, reader
        self._name = name
        self._table, self._rejected = f"{SCHEMA}.{quoted(name)}", f"{REJECTED}.{quoted(name)}"
        kinds = {column: canonical(connection, declared) for column, declared in source.columns.items()}
        self._columns = reader.columns(kinds)
        self._paths = quoted(f"assembly-line.files.{name}")

    def prepare(self) -> None:
        """Make the empty relations, and the table of files with the values that their keys give."""
        execute = self._connection.execute
        for schema in (SCHEMA, REJECTED):
            execute(f"CREATE SCHEMA IF NOT EXISTS {schema}")
        self._drop()
        declared = ", ".join(f"{quoted(name)} {kind}" for name, kind in self._source.all_columns.items())
        execute(f"CREATE TABLE {self._table} ({declared}, {_FILE} INTEGER, {_BAD} BOOLEAN)")
        execute(f"CREATE OR REPLACE TABLE {self._rejected} (file VARCHAR, line BIGINT, reason VARCHAR, raw VARCHAR)")
        parts = "".join(f", {quoted(name)} {kind}" for name, kind in self._source.partitions.items())
        execute(f"CREATE OR REPLACE TABLE {REJECTED}.{self._paths} (path VARCHAR, number INTEGER{parts})")
        for number, file in enumerate(self._files):
            values = [file.object.partition[name] for name in self._source.partitions]
            for (name, declared), value in zip(self._source.partitions.items(), values, strict=True):
                self._check_partition(file, name, declared, value)
            marks = ", ".join("?" for _ in range(2 + len(values)))
            execute(f"INSERT INTO {REJECTED}.{self._paths} VALUES ({marks})", [str(file.path), number, *values])

    def as_view(self) -> bool:
        """Make the relation a view over the files, if these are as declared."""
        select = self._reader.view(self._files)
        if select is None or self._source.partitions:
            return False
        self._drop()
        self._connection.execute(f"DROP TABLE {REJECTED}.{self._paths}")
        self._connection.execute(f"CREATE VIEW {self._table} AS {select}")
        self._let_sealed_connections_read()
        return True

    def quickly(self) -> int:
        """Load all files in one go; returns the number of rows, or 0 when something in them is wrong."""
        try:
            self._insert(self._reader.quick(self._files))
        except duckdb.Error:
            return 0
        counted, wrong = rows(self._connection, f"SELECT count(*), count(*) FILTER ({_BAD}) FROM {self._table}")[0]
        if wrong:
            self._connection.execute(f"TRUNCATE {self._table}")
        return 0 if wrong else int(counted)

    def carefully(self) -> int:
        """Load file by file, each that has something wrong record by record; returns the number of its rows."""
        return sum(self._one(number, file) for number, file in enumerate(self._files))

    def finish(self) -> tuple[int, int]:
        """Leave the declared columns only; returns the numbers of rows loaded and rejected."""
        for column in (_FILE, _BAD):
            self._connection.execute(f"ALTER TABLE {self._table} DROP COLUMN {column}")
        self._connection.execute(f"DROP TABLE {REJECTED}.{self._paths}")
        return self.count(), int(rows(self._connection, f"SELECT count(*) FROM {self._rejected}")[0][0])

    def count(self) -> int:
        return int(rows(self._connection, f"SELECT count(*) FROM {self._table}")[0][0])

    def _one(self, number: int, file: File) -> int:
        try:
            self._insert(self._reader.quick([file]))
        except duckdb.Error:
            pass
        else:
            told = rows(
                self._connection,
                f"SELECT count(*), count(*) FILTER ({_BAD}) FROM {self._table} WHERE {_FILE} = {number}",
            )
            if not told[0][1]:
                return int(told[0][0])
            self._connection.execute(f"DELETE FROM {self._table} WHERE {_FILE} = {number}")
        found = self._reader.careful(file, is_first_enough=self._source.bad_rows == "fail")
        # a table, because the CSV reader would take casts over and fail where TRY_CAST gives null
        self._connection.execute(f"CREATE OR REPLACE TEMP TABLE {_CAREFUL} AS {found.select}")
        self._reject(file, found)
        if self._source.bad_rows == "fail":
            self._tell(file)
        wrong = " OR ".join(column.bad for column in self._columns)
        self._insert(f"SELECT *, {literal(str(file.path))} AS {quoted(PATH)} FROM {_CAREFUL} WHERE NOT ({wrong})")
        self._connection.execute(f"DROP TABLE {_CAREFUL}")
        return found.records

    def _insert(self, select: str) -> None:
        """Insert the rows of a reader's SELECT."""
        values = ", ".join(f"{column.value} AS {quoted(column.name)}" for column in self._columns)
        wrong = " OR ".join(column.bad for column in self._columns)
        parts = "".join(f", files.{quoted(name)}" for name in self._source.partitions)
        self._connection.execute(
            f"INSERT INTO {self._table} SELECT {values}{parts}, files.number, {wrong} FROM ({select}) AS given "
            f"JOIN {REJECTED}.{self._paths} AS files ON files.path = given.{quoted(PATH)}"
        )

    def _reject(self, file: File, found: Careful) -> None:
        """Keep what is no record, and records of which a value is none, aside."""
        uri = literal(file.uri)
        if found.rejects is not None:
            self._connection.execute(
                f"INSERT INTO {self._rejected} SELECT {uri}, line, reason, raw FROM ({found.rejects})"
            )
        reasons = " ".join(f"WHEN {column.bad} THEN {column.reason}" for column in self._columns)
        self._connection.execute(
            f"INSERT INTO {self._rejected} SELECT {uri}, line, reason, raw FROM "
            f"(SELECT line, CASE {reasons} END AS reason, raw FROM {_CAREFUL}) WHERE reason IS NOT NULL"
        )

    def _tell(self, file: File) -> None:
        first = rows(self._connection, f"SELECT line, reason FROM {self._rejected} ORDER BY line LIMIT 1")
        if first:
            line, reason = first[0]
            mend = (
                "correct the value, or give the column another type or null_values in line.yaml"
                if reason.startswith("column ")
                else "correct the line"
            )
            joint = ", " if reason.startswith("column ") else ": "
            raise LineError(f"{file.uri}: line {line}{joint}{reason}: {mend}")

    def _let_sealed_connections_read(self) -> None:
        """Let the view be read also when the connection will be sealed; one that is sealed reads its folder only."""
        (sealed,) = rows(self._connection, "SELECT current_setting('lock_configuration')")[0]
        if not sealed:
            (allowed,) = rows(self._connection, "SELECT current_setting('allowed_directories')")[0]
            folders = sorted({*allowed, *(f"{file.path.parent}/" for file in self._files)})
            self._connection.execute(f"SET allowed_directories = [{', '.join(map(literal, folders))}]")

    def _check_partition(self, file: File, name: str, declared: str, value: str) -> None:
        kind = canonical(self._connection, declared)
        if kind != "VARCHAR" and rows(self._connection, f"SELECT {bad('$value', kind)}", {"value": value})[0][0]:
            raise LineError(
                f"{file.uri}: the partition {name!r} in its key, {value!r}, is not {declared}: "
                f"rename the file or correct sources.{self._name}.partitions in line.yaml"
            )

    def _drop(self) -> None:
        kinds = rows(
            self._connection,
            "SELECT table_type FROM information_schema.tables WHERE table_schema = $schema AND table_name = $name",
            {"schema": SCHEMA, "name": self._name},
        )
        for (kind,) in kinds:
            self._connection.execute(f"DROP {'VIEW' if kind == 'VIEW' else 'TABLE'} {self._table}")
