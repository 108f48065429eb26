"""What a job reads: the very snapshots that the earlier stations of its run published, whatever came since."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from jobs.main import Context
from runtime import datasets, engine, tables
from runtime.datasets import Examples
from runtime.features import sources_of
from runtime.spine import spine_file


def curated_snapshots(context: Context) -> dict[str, int]:
    """Return the snapshot of each curated table that this run published."""
    return {name: table["snapshot"] for name, table in context.receipt("curation").outputs["tables"].items()}


def view_snapshots(context: Context) -> dict[str, int]:
    """Return the snapshot of each feature view that this run published."""
    return {name: view["snapshot"] for name, view in context.receipt("features").outputs["views"].items()}


def register_curated(
    context: Context, connection: engine.Connection, snapshots: dict[str, int], names: Iterable[str]
) -> None:
    """Give the database the curated tables by their plain names."""
    for name in sorted(names):
        connection.register(name, tables.read(context.catalog, context.table(name), snapshots[name]))


def database(context: Context, curated: dict[str, int]) -> engine.Connection:
    """Return a database that holds what the spine reads."""
    connection = engine.connect()
    file = spine_file(context.arguments.line)
    reads = sources_of(connection, sql=context.bundle.spine, file=file, curated=set(curated))
    register_curated(context, connection, curated, reads)
    engine.seal(connection)
    return connection


def views(context: Context, snapshots: dict[str, int]) -> dict[str, pa.Table]:
    """Return the history of each view that the dataset joins."""
    names = context.bundle.definition.dataset.features
    return {name: tables.read(context.catalog, context.table(name), snapshots[name]) for name in names}


def scoring_rows(context: Context) -> Examples:
    """Return the rows that this run scores, joined with its own snapshots."""
    return datasets.scoring_rows(
        database(context, curated_snapshots(context)),
        bundle=context.bundle,
        parameters=context.parameters,
        views=views(context, view_snapshots(context)),
    )
