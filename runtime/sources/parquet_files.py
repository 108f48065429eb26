"""Parquet files: read as they are where their types are the declared ones."""

# ruff: noqa: S608 (names are quoted and texts are literals: see runtime/engine.py)

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import duckdb

from config.errors import LineError
from config.sources import S3Source
from runtime.engine import Connection, closest, literal, quoted, rows
from runtime.sources import values
from runtime.sources.files import PATH, Careful
from runtime.sources.loaded import File
from runtime.sources.types import canonical, fits


@dataclass
class ParquetReader:
    """Reads the Parquet files of one source."""

    connection: Connection
    name: str
    source: S3Source
    _is_as_declared: bool = field(default=True)

    def check(self, files: Sequence[File]) -> None:
        """Raise LineError for a file that is no Parquet, lacks a declared column or has one of another type."""
        for file in files:
            actual = self._schema(file)
            for column, declared in self.source.columns.items():
                if column not in actual:
                    others = [other for other in actual if other not in self.source.columns]
                    raise LineError(
                        f"{file.uri}: column {column!r} is missing; the file has {', '.join(actual)}"
                        f"{closest(column, others)}: restore the column in the file or declare its new name under "
                        f"sources.{self.name}.columns in line.yaml"
                    )
                if not fits(self.connection, actual[column], declared):
                    raise LineError(
                        f"{file.uri}: column {column!r} is {actual[column]}, not {declared}: declare "
                        f"{actual[column]} under sources.{self.name}.columns in line.yaml, or correct the file"
                    )
                self._is_as_declared &= actual[column] == canonical(self.connection, declared)

    def columns(self, kinds: dict[str, str]) -> list[values.Column]:
        """Return the declared columns, each of a type that is cast to its own."""
        found = []
        for name, declared in self.source.columns.items():
            column = quoted(name)
            bad = f"({column} IS NOT NULL AND TRY_CAST({column} AS {kinds[name]}) IS NULL)"
            text = f"CAST({column} AS VARCHAR)"
            found.append(
                values.Column(
                    name=name,
                    value=f"TRY_CAST({column} AS {declared})",
                    bad="false" if kinds[name] == "VARCHAR" else bad,
                    reason=values.reason(name, text, declared),
                )
            )
        return found

    def view(self, files: Sequence[File]) -> str | None:
        """Return the files themselves where their types are the declared ones."""
        if not self._is_as_declared:
            return None
        selected = ", ".join(quoted(name) for name in self.source.columns)
        return f"SELECT {selected} FROM read_parquet({_listed(files)}, union_by_name = true)"

    def quick(self, files: Sequence[File]) -> str:
        """Return the SELECT of all rows."""
        selected = ", ".join(quoted(name) for name in self.source.columns)
        return (
            f"SELECT {selected}, {quoted(PATH)} FROM read_parquet({_listed(files)}, union_by_name = true, "
            f"filename = {literal(PATH)})"
        )

    def careful(self, file: File, *, is_first_enough: bool) -> Careful:
        """Read one file with the numbers of its rows, from 1."""
        del is_first_enough
        selected = ", ".join(quoted(name) for name in self.source.columns)
        packed = ", ".join(f"{quoted(name)} := {quoted(name)}" for name in self.source.columns)
        read = f"read_parquet({_listed([file])}, file_row_number = true)"
        records = int(rows(self.connection, f"SELECT count(*) FROM {read}")[0][0])
        return Careful(
            select=f"SELECT file_row_number + 1 AS line, to_json(struct_pack({packed}))::VARCHAR AS raw, {selected} "
            f"FROM {read}",
            rejects=None,
            records=records,
        )

    def _schema(self, file: File) -> dict[str, str]:
        try:
            found = rows(self.connection, f"DESCRIBE FROM read_parquet({_listed([file])})")
        except duckdb.Error as error:
            first = str(error).splitlines()[0].replace(str(file.path), "it").rstrip(".")
            raise LineError(f"{file.uri}: is no complete Parquet file: {first}: upload the complete file") from None
        return {row[0]: str(row[1]) for row in found}


def _listed(files: Sequence[File]) -> str:
    return "[" + ", ".join(literal(str(file.path)) for file in files) + "]"
