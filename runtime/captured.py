"""The Iceberg table ``<line>_captured``: each captured event once, loaded from the objects that its handler left.

Day by day: a day's rows and its new events, one of each event id, are published in place of the day's rows, and then
the objects are removed. Which of several lines of one event stays depends on the lines alone, so that whatever was
interrupted, and in whichever order objects came, the table is the same.
"""

from __future__ import annotations

import datetime as dt
import itertools
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
from pyiceberg.catalog.glue import GlueCatalog

from config.errors import LineError
from runtime import engine, tables
from runtime.engine import Connection, Query, literal, quoted
from runtime.monitoring.capture import folder as prefix_of

TABLE = "captured"
AT_ONCE = 2_000
"""Objects of a day that are loaded in one commit."""

_READ = {
    "event_id": "VARCHAR",
    "prediction_id": "VARCHAR",
    "line": "VARCHAR",
    "run": "VARCHAR",
    "model_version": "BIGINT",
    "id": "VARCHAR",
    "event_time": "TIMESTAMPTZ",
    "score": "DOUBLE",
    "at": "TIMESTAMPTZ",
    "milliseconds": "DOUBLE",
    "inputs": "JSON",
    "date": "DATE",
}
_COLUMNS = {name: "VARCHAR" if kind == "JSON" else kind for name, kind in _READ.items()}
"""Of the table; ``inputs`` is a JSON object, or null where they were not stored."""


@dataclass(frozen=True)
class Loaded:
    """What became of the objects that were there: how many there were, and the rows that the table got of them."""

    objects: int
    rows: int

    def __str__(self) -> str:
        return f"{TABLE}: {self.rows} events loaded from {self.objects} objects"


@dataclass(frozen=True)
class Loader:
    """``table`` is the table's name in the catalog, ``run`` is kept with what is written."""

    catalog: GlueCatalog
    s3: Any
    lake: str
    line: str
    table: str
    run: str

    def load(self) -> Loaded:
        """Load every object that is there, and remove it once its events are published.

        Raises LineError naming an object that cannot be read: it stays, and those of its day with it.
        """
        objects = rows = 0
        for date, keys in itertools.groupby(self.waiting(), key=self._date):
            for chunk in _chunks(list(keys)):
                rows += self._publish(date, chunk)
                objects += len(chunk)
                self._remove(chunk)
        return Loaded(objects, rows)

    def waiting(self) -> list[str]:
        """Return the keys of the objects that are not loaded yet, in order."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.lake, Prefix=prefix_of(self.line))
        return sorted(item["Key"] for page in pages for item in page.get("Contents", []))

    def _date(self, key: str) -> str:
        date, _, name = key.removeprefix(prefix_of(self.line)).partition("/")
        try:
            if name.endswith(".jsonl") and dt.date.fromisoformat(date).isoformat() == date:
                return date
        except ValueError:
            pass
        raise self._unreadable(key, f"expected {prefix_of(self.line)}<date>/<name>.jsonl")

    def _publish(self, date: str, keys: Sequence[str]) -> int:
        """Publish the day with the events of some objects; return how many rows it has more."""
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch)
            with engine.connect(folder=folder) as connection:
                self._read(connection, folder, keys)
                before = tables.published(self.catalog, self.table)
                self._attach(connection, folder, before, date)
                merged = self._merged()
                counts = f"SELECT (SELECT count(*) FROM ({merged.text})), (SELECT count(*) FROM old)"  # noqa: S608
                ((rows, had),) = engine.rows(connection, counts)
                written = tables.write_audit(
                    self.catalog,
                    self.table,
                    merged,
                    connection=connection,
                    folder=folder,
                    run=self.run,
                    partition="date",
                    replaced=[date],
                )
                tables.publish(self.catalog, self.table, written.snapshot)
        return int(rows) - int(had)

    def _read(self, connection: Connection, folder: Path, keys: Sequence[str]) -> None:
        """Make the objects' lines the table ``new``."""
        files = {key: folder / f"new-{i:05}.jsonl" for i, key in enumerate(keys)}
        for key, file in files.items():
            file.write_bytes(self.s3.get_object(Bucket=self.lake, Key=key)["Body"].read())
        try:
            connection.execute(f"CREATE TABLE new AS {_select(list(files.values()))}")
        except duckdb.Error:  # its message may hold what is in a line
            for key, file in files.items():
                try:
                    connection.execute(f"SELECT count(COLUMNS(*)) FROM ({_select([file])})").fetchall()  # noqa: S608
                except duckdb.Error:
                    raise self._unreadable(key, "expected a captured event as JSON in each line") from None
            raise
        odd = engine.rows(connection, "SELECT count(*) FROM new WHERE event_id IS NULL OR date IS NULL")[0][0]
        if odd:
            raise self._unreadable(keys[0], f"expected event_id and date in each line, but {odd} of its day lack one")

    def _attach(self, connection: Connection, folder: Path, snapshot: int | None, date: str) -> None:
        """Make the day's published rows the relation ``old``."""
        if snapshot is None:
            connection.execute("CREATE VIEW old AS FROM new WHERE false")
            return
        where = {"date": date}
        tables.attach(self.catalog, self.table, snapshot, connection=connection, name="old", folder=folder, where=where)

    @staticmethod
    def _merged() -> Query:
        """Of several lines of one event the earliest stays, and of equally early ones that with inputs."""
        order, columns = '"at", inputs IS NULL, inputs, milliseconds, run', ", ".join(map(quoted, _COLUMNS))
        text = (
            f"SELECT {columns} FROM (SELECT {columns} FROM old UNION ALL FROM new) "  # noqa: S608 (names of ours)
            f"QUALIFY row_number() OVER (PARTITION BY event_id ORDER BY {order}) = 1 ORDER BY event_id"
        )
        return Query(text=text, file=TABLE)

    def _remove(self, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), 1_000):
            chunk = [{"Key": key} for key in keys[first : first + 1_000]]
            told = self.s3.delete_objects(Bucket=self.lake, Delete={"Objects": chunk, "Quiet": True})
            for error in told.get("Errors", []):  # its events are in the table: the next pass removes it
                raise LineError(
                    f"captured events: s3://{self.lake}/{error['Key']} cannot be removed ({error['Code']}): "
                    "let the maintenance job delete it"
                )

    def _unreadable(self, key: str, expected: str) -> LineError:
        return LineError(
            f"captured events: s3://{self.lake}/{key} cannot be read, {expected}: correct it or move it elsewhere"
        )


def _select(files: Sequence[Path]) -> str:
    names = ", ".join(literal(str(file)) for file in files)
    kinds = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in _READ.items())
    columns = ", ".join(f"CAST({quoted(name)} AS {kind}) AS {quoted(name)}" for name, kind in _COLUMNS.items())
    return f"SELECT {columns} FROM read_json([{names}], format = 'newline_delimited', columns = {{{kinds}}})"  # noqa: S608


def _chunks(keys: Sequence[str]) -> list[Sequence[str]]:
    return [keys[first : first + AT_ONCE] for first in range(0, len(keys), AT_ONCE)]
