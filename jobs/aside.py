"""Rows that tests keep aside, stored beside the table that they are not in: ``<table>_quarantine``, by run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.checks import References
from config.thresholds import QuarantineCheck
from runtime import engine, inspection, quarantine, tables
from runtime.engine import Query, quoted

if TYPE_CHECKING:
    from jobs.publishing import Station


def parted(station: Station, table: str, query: Query) -> Query:
    """Return the query of what may be published; the rest is written to the audit branch of the other table.

    A table whose tests keep nothing aside is written as it is, without a copy.
    """
    context, checks = station.context, station.checks(table)
    if not any(isinstance(check, QuarantineCheck) and check.quarantine for check in checks):
        return query
    candidate = f"{table}_candidate"
    engine.create(station.connection, name=candidate, sql=query.text, parameters=query.parameters, file=query.file)
    for check in checks:
        if isinstance(check, References) and check.quarantine:
            station.attach_other(check.table)
    found = quarantine.split(
        station.connection,
        candidate,
        checks,
        names=inspection.test_names(table, checks),
        subject=f"lines/{context.paths.line}/line.yaml: tests.{table}",
        given=station.given,
    )
    station.quarantined[table] = found
    if found.bad_rows:
        other, run = f"{table}_quarantine", context.arguments.run
        kept = f"SELECT *, $run AS quarantine_run FROM {quoted(found.bad)}"  # noqa: S608 (quoted names)
        written = tables.write_audit(
            context.catalog,
            context.table(other),
            Query(text=kept, parameters={"run": run}),
            connection=station.connection,
            folder=context.folder,
            run=run,
            partition="quarantine_run",
            replaced=[run],
        )
        station.kept_aside[other] = written.snapshot
    return Query(text=f"FROM {quoted(found.good)}", file=query.file)
