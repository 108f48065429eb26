"""Write, audit, publish for the tables of a station: all of them are good, or readers see none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pyarrow as pa

from config.checks import References
from jobs.main import Context
from runtime import engine, inspection, reports, tables
from runtime.given import Given
from runtime.history import History
from runtime.inspection import Result


@dataclass
class Station:
    """What a station has written and found so far."""

    context: Context
    name: str
    snapshots: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    results: list[Result] = field(default_factory=list)
    given: Given = field(init=False)
    history: History = field(init=False)

    def __post_init__(self) -> None:
        self.given = Given(parameters=self.context.parameters)
        self.history = reports.history(self.context.s3, self.context.paths, self.name)

    def audit(self, table: str, content: pa.Table) -> pa.Table:
        """Write a table's new content to its audit branch, inspect it there and return it as it was stored."""
        context = self.context
        name = context.table(table)
        self.snapshots[table] = tables.write_audit(context.catalog, name, content, context.arguments.run)
        stored = tables.read(context.catalog, name, self.snapshots[table])
        self.rows[table] = stored.num_rows
        checks = context.bundle.definition.tests.get(table, [])
        with engine.connect() as connection:
            connection.register(table, stored)
            subject = f"lines/{context.arguments.line}/line.yaml: tests.{table}"
            for other in {check.table for check in checks if isinstance(check, References)} - {table}:
                name = context.table(other)
                connection.register(other, tables.read(context.catalog, name, self.snapshots.get(other)))
            self.results += inspection.inspect(
                connection,
                table,
                checks,
                subject=subject,
                given=self.given,
                personal=context.bundle.definition.personal,
                history=self.history,
            )
        return stored

    def publish(self) -> Literal["succeeded", "flagged", "halted"]:
        """Publish every table unless an inspection halts the run; return the station's status."""
        status = inspection.outcome(self.results)
        if status != "halted":
            for table, snapshot in self.snapshots.items():
                tables.publish(self.context.catalog, self.context.table(table), snapshot)
        self.results = reports.publish(
            self.context.s3,
            self.context.paths,
            self.name,
            self.results,
            status=status,
            rows=self.rows,
            at=self.given.now.isoformat(timespec="seconds"),
        )
        return status

    def message(self) -> str:
        """Return why the station halted or was flagged."""
        return inspection.message(self.name, self.results)


def tables_of(station: Station, names: Sequence[str]) -> dict[str, dict[str, int]]:
    """Return snapshot and rows of each table, for the receipt."""
    return {name: {"snapshot": station.snapshots[name], "rows": station.rows[name]} for name in names}
