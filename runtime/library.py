"""The published tables of a line, for those who read them from outside of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runtime.paths import table_name

if TYPE_CHECKING:
    from pyiceberg.catalog.glue import GlueCatalog

    from runtime.engine import Connection


@dataclass(frozen=True)
class Library:
    """What was published last, and how it becomes relations of a database."""

    catalog: GlueCatalog
    database: str
    line: str
    snapshots: Mapping[str, int]

    @classmethod
    def of(cls, catalog: GlueCatalog, database: str, line: str, names: Iterable[str]) -> Library:
        """Return the library of those tables that were published."""
        from runtime import tables

        found = {name: tables.published(catalog, f"{database}.{table_name(line, name)}") for name in names}
        known = {name: snapshot for name, snapshot in found.items() if snapshot is not None}
        return cls(catalog=catalog, database=database, line=line, snapshots=known)

    def attach(self, connection: Connection, names: Iterable[str]) -> None:
        """Give the database the tables' rows by their plain names."""
        from runtime import tables

        for name in sorted(names):
            content = tables.read(self.catalog, f"{self.database}.{table_name(self.line, name)}", self.snapshots[name])
            connection.register(name, content)
