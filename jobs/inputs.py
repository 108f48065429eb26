"""What a job reads: the very snapshots that the earlier stations of its run published, whatever came since."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from jobs.main import Context
from runtime import datasets, engine, tables
from runtime.datasets import Examples
from runtime.features import sources_of
from runtime.spine import spine_file


class Curated:
    """The curated tables of a run, each a relation by its plain name once it is attached."""

    def __init__(self, context: Context, connection: engine.Connection) -> None:
        self._context, self._connection = context, connection
        self.snapshots = snapshots_of(context, "curation", "tables")
        self._attached: set[str] = set()

    def attach(self, names: Iterable[str]) -> None:
        """Make tables relations of the connection."""
        for name in sorted(set(names) - self._attached):
            attach(self._context, self._connection, name, self.snapshots[name])
            self._attached.add(name)


def snapshots_of(context: Context, station: str, kind: str) -> dict[str, int]:
    """Return the snapshot of each table that a station of this run published."""
    return {name: table["snapshot"] for name, table in context.receipt(station).outputs[kind].items()}


def attach(context: Context, connection: engine.Connection, name: str, snapshot: int) -> None:
    """Make a snapshot of one of the line's tables the relation ``name``."""
    tables.attach(
        context.catalog, context.table(name), snapshot, connection=connection, name=name, folder=context.folder
    )


def attach_all(
    context: Context, connection: engine.Connection, snapshots: Mapping[str, int], names: Iterable[str]
) -> None:
    """Make snapshots of some of the line's tables relations by their plain names."""
    for name in sorted(names):
        attach(context, connection, name, snapshots[name])


def scoring_rows(context: Context) -> Examples:
    """Return the rows that this run scores, joined with its own snapshots."""
    curated, views = snapshots_of(context, "curation", "tables"), snapshots_of(context, "features", "views")
    file = spine_file(context.arguments.line)
    with engine.connect(folder=context.folder) as connection:
        engine.seal(connection, context.folder)
        reads = sources_of(connection, sql=context.bundle.spine, file=file, curated=set(curated))
        needed = reads | set(context.bundle.definition.dataset.features)
        attach_all(context, connection, {**curated, **views}, needed)
        return datasets.scoring_rows(connection, bundle=context.bundle, parameters=context.parameters)
