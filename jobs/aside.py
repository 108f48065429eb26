"""Rows that are kept aside, stored beside the table that they are not in: by run, so that none is ever lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from config.checks import References
from config.thresholds import QuarantineCheck
from runtime import engine, inspection, quarantine, tables
from runtime.engine import Query, quoted

if TYPE_CHECKING:
    from jobs.publishing import Station

RUN = "quarantine_run"
"""The column with the run that kept a row aside."""


def parted(station: Station, table: str, query: Query) -> Query:
    """Return the query of what may be published; the rest is written to the audit branch of ``<table>_quarantine``.

    A table whose tests keep nothing aside is written as it is, without a copy.
    """
    checks = station.checks(table)
    keeping = [check for check in checks if isinstance(check, QuarantineCheck) and check.quarantine]
    if not keeping:
        return query
    candidate = f"{table}_candidate"
    engine.create(station.connection, name=candidate, sql=query.text, parameters=query.parameters, file=query.file)
    for check in keeping:
        if isinstance(check, References):
            station.attach(check.table)
    found = quarantine.split(
        station.connection,
        candidate,
        checks,
        names=inspection.test_names(table, checks),
        subject=station.subject(table),
        given=station.given,
    )
    station.quarantined[table] = found
    if found.bad_rows:
        keep(station, f"{table}_quarantine", quoted(found.bad))
    return Query(text=f"FROM {quoted(found.good)}", file=query.file)


def keep(station: Station, table: str, rows: str) -> None:
    """Write this run's rows of a table of rows kept aside; those of other runs stay."""
    context, run = station.context, station.context.arguments.run
    kept = Query(f"SELECT *, $run AS {RUN} FROM {rows}", {"run": run})  # noqa: S608 (a quoted name)
    written = tables.write_audit(
        context.catalog,
        context.table(table),
        kept,
        connection=station.connection,
        folder=context.folder,
        run=run,
        partition=RUN,
        replaced=[run],
    )
    station.kept_aside[table] = written.snapshot
