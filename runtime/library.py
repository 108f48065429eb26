"""The published tables of a line, for those who read them from outside of a run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runtime import publication
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
    def of(cls, catalog: GlueCatalog, s3: Any, *, lake: str, database: str, line: str) -> Library:
        """Return the tables that curation and features published together, each station in its last good run."""
        known = {
            name: number
            for station in ("curation", "features")
            for name, number in publication.snapshots(s3, lake, line, station).items()
        }
        return cls(catalog=catalog, database=database, line=line, snapshots=known)

    def attach(self, connection: Connection, names: Iterable[str], folder: Path) -> None:
        """Make the tables relations by their plain names; the folder keeps local copies of their files meanwhile."""
        from runtime import tables

        for name in sorted(names):
            table = f"{self.database}.{table_name(self.line, name)}"
            tables.attach(self.catalog, table, self.snapshots[name], connection=connection, name=name, folder=folder)
