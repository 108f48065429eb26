"""Write, audit, publish for the tables of a station: all of them are good, or readers see none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from config.checks import Check
from jobs.main import Context
from runtime import inspection, publication, receipts, tables
from runtime.engine import Connection, Query
from runtime.freshness import digest
from runtime.inspection import Result
from runtime.paths import RunPaths
from runtime.publication import Publication

FINGERPRINT = "fingerprint"


@dataclass
class Station:
    """What a station has written, reused and found so far; its tables are relations of the connection."""

    context: Context
    name: Literal["curation", "features"]
    connection: Connection
    snapshots: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    results: list[Result] = field(default_factory=list)
    _attached: set[str] = field(default_factory=set)

    def reuse(self, table: str, fingerprint: str) -> bool:
        """Take a table as it is published if it has the fingerprint already; its inspection is taken over too."""
        if self.name in self.context.arguments.force:
            return False
        current = tables.current(self.context.catalog, self.context.table(table))
        if current is None or current.said.get(FINGERPRINT) != fingerprint:
            return False
        self.snapshots[table], self.rows[table] = current.snapshot, current.rows
        self.reused.add(table)
        known = self._inspected_before(table, current.said)
        if known is None:
            self._inspect(table)
        else:
            self.results += known
        return True

    def audit(
        self,
        table: str,
        query: Query,
        fingerprint: str,
        *,
        partition: str = "",
        replaced: Sequence[str] | None = None,
        said: Mapping[str, str] = MappingProxyType({}),
    ) -> bool:
        """Write a table's new content to its audit branch and inspect it there, as it was stored.

        Returns False, and writes nothing, when its columns would break those who read the table: the station halts.
        """
        context = self.context
        changes = tables.compared(
            context.catalog,
            context.table(table),
            query,
            connection=self.connection,
            name=table,
            accepted=context.bundle.definition.accepted_changes.get(table, {}),
        )
        self.results += [change.result() for change in changes]
        if any(change.severity == "error" for change in changes):
            return False
        written = tables.write_audit(
            context.catalog,
            context.table(table),
            query,
            connection=self.connection,
            folder=context.folder,
            run=context.arguments.run,
            partition=partition,
            replaced=replaced,
            said={**said, FINGERPRINT: fingerprint, "checks": self._checks_digest(table)},
        )
        self.snapshots[table], self.rows[table] = written.snapshot, written.rows
        self._inspect(table)
        return True

    def attach(self, table: str) -> None:
        """Make a table of this station, as it was written or is reused, a relation."""
        if table not in self._attached:
            context = self.context
            tables.attach(
                context.catalog,
                context.table(table),
                self.snapshots[table],
                connection=self.connection,
                name=table,
                folder=context.folder,
            )
            self._attached.add(table)

    def publish(self) -> Literal["succeeded", "flagged", "halted"]:
        """Publish every table unless an inspection halts the run; return the station's status."""
        status = inspection.outcome(self.results)
        if status != "halted":
            context = self.context
            for table, snapshot in self.snapshots.items():
                if table not in self.reused:
                    tables.publish(context.catalog, context.table(table), snapshot)
            published = Publication(run=context.arguments.run, tables=self.snapshots)
            publication.write(context.s3, context.paths.lake, context.paths.line, self.name, published)
        return status

    def message(self) -> str:
        """Return why the station halted or was flagged."""
        return inspection.message(self.name, self.results)

    def outputs(self) -> dict[str, dict[str, object]]:
        """Return snapshot, rows and freshness of each table, for the receipt."""
        return {
            table: {"snapshot": snapshot, "rows": self.rows[table], "fresh": table in self.reused}
            for table, snapshot in self.snapshots.items()
        }

    def _inspect(self, table: str) -> None:
        self.attach(table)
        subject = f"lines/{self.context.paths.line}/line.yaml: tests.{table}"
        self.results += inspection.inspect(self.connection, table, self._checks(table), subject=subject)

    def _checks(self, table: str) -> list[Check]:
        return self.context.bundle.definition.tests.get(table, [])

    def _checks_digest(self, table: str) -> str:
        return digest([check.model_dump(mode="json") for check in self._checks(table)])

    def _inspected_before(self, table: str, said: Mapping[str, str]) -> list[Result] | None:
        """Return what the same checks found when the snapshot was written, or None when that is not known."""
        if said.get("checks") != self._checks_digest(table):
            return None
        paths = RunPaths(lake=self.context.paths.lake, line=self.context.paths.line, run=said.get("run", ""))
        receipt = receipts.read(self.context.s3, paths, self.name)
        if receipt is None:
            return None
        return [Result(**result) for result in receipt.inspections if result["table"] == table]
