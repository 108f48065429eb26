"""Write, audit, publish for the tables of a station: all of them are good, or readers see none."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

from config.checks import Check, References
from config.thresholds import QuarantineCheck
from jobs import aside
from jobs.main import Context
from runtime import inspection, publication, receipts, reports, tables
from runtime.engine import Connection, Query
from runtime.freshness import digest
from runtime.given import Given
from runtime.history import History
from runtime.inspection import Result
from runtime.publication import Publication
from runtime.quarantine import Quarantined
from runtime.receipts import Receipt

FINGERPRINT = "fingerprint"
_TIMELY = re.compile(r'"now"|row_count_change')


@dataclass
class Station:
    """What a station has written, reused and found so far; its tables are relations of the connection."""

    context: Context
    name: Literal["curation", "features"]
    connection: Connection
    elsewhere: Mapping[str, int] = field(default_factory=dict)
    """Snapshots of the tables of earlier stations, to which tests may refer."""
    snapshots: dict[str, int] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    reused: set[str] = field(default_factory=set)
    results: list[Result] = field(default_factory=list)
    quarantined: dict[str, Quarantined] = field(default_factory=dict)
    """What was kept aside of each table that has tests which do."""
    kept_aside: dict[str, int] = field(default_factory=dict)
    """Snapshots of the tables of what was kept aside."""
    _attached: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        context = self.context
        self.given = Given(parameters=context.parameters)
        self._published = publication.read(context.s3, context.paths.lake, context.paths.line, self.name)
        self._before = self._receipt_of(self._published)

    def reuse(self, table: str, fingerprint: str) -> bool:
        """Take a table as it is published if it has the fingerprint already, unless the station is forced."""
        if self.name in self.context.arguments.force:
            return False
        current = tables.current(self.context.catalog, self.context.table(table))
        if current is None or current.said.get(FINGERPRINT) != self._whole(table, fingerprint):
            return False
        self.snapshots[table], self.rows[table] = current.snapshot, current.rows
        self.reused.add(table)
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
        """Write a table's new content to its audit branch, less the rows that its tests keep aside.

        Returns False, and writes nothing, when its columns would break those who read the table: the station halts.
        """
        changes = tables.compared(
            self.context.catalog,
            self.context.table(table),
            query,
            connection=self.connection,
            name=table,
            accepted=self.context.bundle.definition.accepted_changes.get(table, {}),
        )
        self.results += [change.result() for change in changes]
        if any(change.severity == "error" for change in changes):
            return False
        query = aside.parted(self, table, query)
        context = self.context
        written = tables.write_audit(
            context.catalog,
            context.table(table),
            query,
            connection=self.connection,
            folder=context.folder,
            run=context.arguments.run,
            partition=partition,
            replaced=replaced,
            said={**said, FINGERPRINT: self._whole(table, fingerprint)},
        )
        self.snapshots[table], self.rows[table] = written.snapshot, written.rows
        return True

    def attach(self, table: str) -> None:
        """Make a table of this station, as it was written or is reused, or of an earlier one a relation."""
        if table not in self._attached:
            context = self.context
            snapshot = {**self.elsewhere, **self.snapshots}.get(table)
            tables.attach(
                context.catalog,
                context.table(table),
                snapshot if snapshot is not None else tables.published(context.catalog, context.table(table)) or 0,
                connection=self.connection,
                name=table,
                folder=context.folder,
            )
            self._attached.add(table)

    def publish(self) -> Literal["succeeded", "flagged", "halted"]:
        """Inspect every table, publish them unless that halts the run, keep the report; return the station's status."""
        context = self.context
        if inspection.outcome(self.results) != "halted":  # else some of the tables are not there to be inspected
            for table in self.snapshots:
                known = self._inspected_before(table)
                self.results += self._inspected(table) if known is None else known
        status = inspection.outcome(self.results)
        if status != "halted":
            for table, snapshot in {**self.snapshots, **self.kept_aside}.items():
                if table not in self.reused:
                    tables.publish(context.catalog, context.table(table), snapshot)
            published = Publication(run=context.paths.run, tables=self.snapshots)
            publication.write(context.s3, context.paths.lake, context.paths.line, self.name, published)
        self.results = reports.publish(
            context.s3,
            context.paths,
            self.name,
            self.results,
            status=status,
            rows=self.rows,
            at=self.given.now.isoformat(timespec="seconds"),
            quarantined=self._kept(),
        )
        return status

    def message(self) -> str:
        """Return why the station halted or was flagged."""
        return inspection.message(self.name, self.results)

    def outputs(self) -> dict[str, dict[str, Any]]:
        """Return what the receipt says of each table: snapshot, rows, whether it is fresh, what it was tested by."""
        kept = self._kept()
        return {
            table: {
                "snapshot": snapshot,
                "rows": self.rows[table],
                "fresh": table in self.reused,
                "tested": self._tested(table),
                **({"quarantined": kept[table]} if table in kept else {}),
            }
            for table, snapshot in self.snapshots.items()
        }

    def checks(self, table: str) -> list[Check]:
        """Return the tests of a table."""
        return self.context.bundle.definition.tests.get(table, [])

    def _keeping(self, table: str) -> list[Check]:
        return [check for check in self.checks(table) if isinstance(check, QuarantineCheck) and check.quarantine]

    def _whole(self, table: str, fingerprint: str) -> str:
        """Return the fingerprint of a table's content, which depends on what its tests keep aside."""
        keeping = [check.model_dump(mode="json") for check in self._keeping(table)]
        return digest([fingerprint, keeping, self._values(keeping)]) if keeping else fingerprint

    def _kept(self) -> dict[str, int]:
        """Return how many rows were kept aside of each table, in this run or in the one whose outcome still holds."""
        before = {table: self._told_before(table).get("quarantined", 0) for table in self.reused}
        return {table: count for table, count in before.items() if count} | {
            table: found.bad_rows for table, found in self.quarantined.items()
        }

    @cached_property
    def _history(self) -> History:
        return reports.history(self.context.s3, self.context.paths, self.name)

    def _refer(self, checks: Sequence[Check], table: str) -> None:
        """Make the tables to which tests refer relations."""
        for other in sorted({check.table for check in checks if isinstance(check, References)} - {table}):
            self.attach(other)

    def _inspected(self, table: str) -> list[Result]:
        self.attach(table)
        self._refer(self.checks(table), table)
        return inspection.inspect(
            self.connection,
            table,
            self.checks(table),
            subject=self.subject(table),
            given=self.given,
            personal=self.context.bundle.definition.personal,
            history=self._history,
            quarantined=self.quarantined.get(table),
        )

    def _inspected_before(self, table: str) -> list[Result] | None:
        """Return what the very same tests found in the very same content, or None when that is not known."""
        told = self._told_before(table)
        if self._before is None or told.get("snapshot") != self.snapshots[table]:
            return None
        if told.get("tested") != self._tested(table) or _TIMELY.search(json.dumps(self._dumped(table))):
            return None
        return [
            Result(**result)
            for result in self._before.inspections
            if result["table"] == table and result["check"] != "schema"
        ]

    def _told_before(self, table: str) -> dict[str, Any]:
        outputs = self._before.outputs if self._before is not None else {}
        told: dict[str, Any] = {**outputs.get("tables", {}), **outputs.get("views", {})}.get(table, {})
        return told

    def _tested(self, table: str) -> str:
        """Return a digest of what a table's findings depend on beside its rows."""
        checks = self._dumped(table)
        referred = {check["table"]: str(self._snapshot(check["table"])) for check in checks if "table" in check}
        return digest([checks, referred, self._values(checks), self.context.bundle.definition.personal])

    def _snapshot(self, table: str) -> int | None:
        return {**self.elsewhere, **self.snapshots}.get(table)

    def _dumped(self, table: str) -> list[dict[str, Any]]:
        return [check.model_dump(mode="json") for check in self.checks(table)]

    def _values(self, checks: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Return the values of the parameters that tests name."""
        named = re.findall(r"\$(\w+)", json.dumps(checks))
        return {name: str(value) for name, value in self.context.used(sorted(set(named))).items()}

    def subject(self, table: str) -> str:
        """Return where the tests of a table stand, for messages."""
        return f"lines/{self.context.paths.line}/line.yaml: tests.{table}"

    def _receipt_of(self, published: Publication | None) -> Receipt | None:
        """Return the receipt of the run that published last."""
        if published is None:
            return None
        return receipts.read(self.context.s3, replace(self.context.paths, run=published.run), self.name)
