"""What a job reads: the very snapshots that the earlier stations of its run published, whatever came since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

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


def attach(context: Context, connection: engine.Connection, snapshots: Mapping[str, int], names: Iterable[str]) -> None:
    """Give the database the line's tables by their plain names."""
    for name in sorted(names):
        connection.register(name, tables.read(context.catalog, context.table(name), snapshots[name]))


def scoring_rows(context: Context) -> Examples:
    """Return the rows that this run scores, joined with its own snapshots."""
    snapshots = {**curated_snapshots(context), **view_snapshots(context)}
    curated = set(snapshots) - set(context.bundle.definition.features)
    file = spine_file(context.arguments.line)
    with engine.connect() as connection:
        reads = sources_of(connection, sql=context.bundle.spine, file=file, curated=curated)
        attach(context, connection, snapshots, reads | set(context.bundle.definition.dataset.features))
        engine.seal(connection)
        return datasets.scoring_rows(connection, bundle=context.bundle, parameters=context.parameters)
