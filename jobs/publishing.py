"""Write, audit, publish for the tables of a station: all of them are good, or readers see none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from config.checks import Check, References
from jobs import aside
from jobs.main import Context
from runtime import inspection, publication, receipts, reports, tables
from runtime.engine import Connection, Query
from runtime.freshness import digest
from runtime.given import Given
from runtime.inspection import Result
from runtime.paths import RunPaths
from runtime.publication import Publication
from runtime.quarantine import Quarantined

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
    given: Given = field(init=False)
    """What the run gives to the tests."""
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    """What was kept aside of each table that has tests which do."""
    kept_aside: dict[str, int] = field(default_factory=dict)
    """Snapshots of the tables of what was kept aside."""
    _attached: set[str] = field(default_factory=set)
    _written: list[str] = field(default_factory=list)
    """Tables to inspect once all are written: a test may look into another table."""

    def __post_init__(self) -> None:
        self.given = Given(parameters=self.context.parameters)

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
            self._written.append(table)
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
        """Write a table's new content to its audit branch, where ``publish`` inspects it as it was stored.

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
        query = aside.parted(self, table, query)
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
        self._written.append(table)
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
        """Inspect what was written, publish every table unless that halts the run; return the station's status."""
        self._inspect()
        status = inspection.outcome(self.results)
        if status != "halted":
            context = self.context
            for table, snapshot in self.snapshots.items():
                if table not in self.reused:
                    tables.publish(context.catalog, context.table(table), snapshot)
            for table, snapshot in self.kept_aside.items():
                tables.publish(context.catalog, context.table(table), snapshot)
            published = Publication(run=context.arguments.run, tables=self.snapshots)
            publication.write(context.s3, context.paths.lake, context.paths.line, self.name, published)
        self.results = reports.publish(
            self.context.s3,
            self.context.paths,
            self.name,
            self.results,
            status=status,
            rows=self.rows,
            at=self.given.now.isoformat(timespec="seconds"),
            quarantined={table: found.bad_rows for table, found in self.quarantined.items()},
        )
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

    def _inspect(self) -> None:
        context = self.context
        history = reports.history(context.s3, context.paths, self.name)
        for table in self._written:
            self.attach(table)
            for check in self.checks(table):
                if isinstance(check, References):
                    self.attach_other(check.table)
            self.results += inspection.inspect(
                self.connection,
                table,
                self.checks(table),
                subject=f"lines/{context.paths.line}/line.yaml: tests.{table}",
                given=self.given,
                personal=context.bundle.definition.personal,
                history=history,
                quarantined=self.quarantined.get(table),
            )
        self._written = []

    def attach_other(self, table: str) -> None:
        """Make a table that a test looks into a relation: this run's, or the published one of another station."""
        if table in self.snapshots:
            self.attach(table)
            return
        context = self.context
        name = context.table(table)
        published = tables.published(context.catalog, name)
        if published is not None and table not in self._attached:
            tables.attach(
                context.catalog, name, published, connection=self.connection, name=table, folder=context.folder
            )
            self._attached.add(table)

    def checks(self, table: str) -> list[Check]:
        return self.context.bundle.definition.tests.get(table, [])

    def _checks_digest(self, table: str) -> str:
        return digest([check.model_dump(mode="json") for check in self.checks(table)])

    def _inspected_before(self, table: str, said: Mapping[str, str]) -> list[Result] | None:
        """Return what the same checks found when the snapshot was written, or None when that is not known."""
        if said.get("checks") != self._checks_digest(table) or any(map(inspection.moves, self.checks(table))):
            return None
        paths = RunPaths(lake=self.context.paths.lake, line=self.context.paths.line, run=said.get("run", ""))
        receipt = receipts.read(self.context.s3, paths, self.name)
        if receipt is None:
            return None
        return [Result(**result) for result in receipt.inspections if result["table"] == table]
