"""The published tables of a line, for those who read them from outside of a run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime import publication
from runtime.paths import table_name

if TYPE_CHECKING:
    from pyiceberg.catalog.glue import GlueCatalog

    from runtime.engine import Connection

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


@dataclass(frozen=True)
class Library:
    """What was published last, and how it becomes relations of a database."""

    catalog: GlueCatalog
    database: str
    line: str
    snapshots: Mapping[str, int]

    @classmethod
    def of(cls, catalog: GlueCatalog, s3: Any, *, lake: str, database: str, line: str) -> Library:
        """Return the tables that curation and features published together, each station in its last good run."""
        known = {
            name: number
            for station in ("curation", "features")
            for name, number in publication.snapshots(s3, lake, line, station).items()
        }
        return cls(catalog=catalog, database=database, line=line, snapshots=known)

    def again(self, s3: Any, lake: str) -> Library:
        """Return the tables as they are published now."""
        return self.of(self.catalog, s3, lake=lake, database=self.database, line=self.line)

    def attach(self, connection: Connection, names: Iterable[str], folder: Path) -> None:
        """Make the tables relations by their plain names; the folder keeps local copies of their files meanwhile."""
        from runtime import tables

        for name in sorted(names):
            table = self._table(name)
            tables.attach(self.catalog, table, self.snapshots[name], connection=connection, name=name, folder=folder)

    def described(self, name: str, event_time: str) -> tuple[dict[str, str], dt.datetime | None]:
        """Return a table's columns with their types, and its latest event time if its files tell it.

        Nothing but the table's metadata is read.
        """
        from pyiceberg.conversions import from_bytes
        from pyiceberg.types import PrimitiveType

        scan = self.catalog.load_table(self._table(name)).scan(snapshot_id=self.snapshots[name])
        schema = scan.projection()
        at = schema.find_field(event_time)
        if not isinstance(at.field_type, PrimitiveType):
            raise TypeError(f"{name}: {event_time} is a {at.field_type}, expected a moment")
        bounds = [(task.file.upper_bounds or {}).get(at.field_id) for task in scan.plan_files()]
        latest = max((from_bytes(at.field_type, bound) for bound in bounds if bound), default=None)
        known = None if not isinstance(latest, int) else _EPOCH + dt.timedelta(microseconds=latest)
        return {field.name: str(field.field_type) for field in schema.fields}, known

    def _table(self, name: str) -> str:
        return f"{self.database}.{table_name(self.line, name)}"
