"""Iceberg tables in the Glue catalog, replaced whole by write, audit, publish.

``write_audit`` puts the whole new content on the branch ``audit``, an inspection reads that snapshot, and ``publish``
moves ``main`` to it. Readers read ``main``: whatever happens before the one commit that moves it (an exception, a
kill, a halted run), they stay on the last good snapshot. A table's name is ``<database>.<line>_<table>``.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.io.pyarrow import _dataframe_to_data_files
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH

from config.errors import LineError
from runtime.schemas import agreed, is_wider, plain, stored

AUDIT = "audit"
ATTEMPTS = 5
PROPERTIES = {
    "format-version": "2",
    "write.parquet.compression-codec": "zstd",
    "write.parquet.compression-level": "1",
    "commit.retry.num-retries": str(ATTEMPTS),
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}

T = TypeVar("T")


def catalog(*, warehouse: str, region: str, endpoint: str | None = None, glue: Any = None) -> GlueCatalog:
    """Return the Glue catalog whose tables lie under the warehouse.

    ``endpoint`` is where AWS is embedded; a ``glue`` client that exists already spares the making of another.
    """
    properties: dict[str, str] = {"warehouse": warehouse, "glue.region": region, "s3.region": region}
    if endpoint is not None:
        properties |= {"glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.force-virtual-addressing": "false"}
    return GlueCatalog("glue", client=glue, **properties)


def write_audit(catalog: GlueCatalog, table: str, content: pa.Table, run: str) -> int:
    """Write the whole new content to the table's branch ``audit`` and return its snapshot id; ``main`` stays.

    Raises LineError when empty content would replace rows, and for a column that is gone or has another type.
    """
    content = stored(content, table)
    target = _loaded_or_created(catalog, table, content.schema)
    if content.num_rows == 0 and _rows(target) > 0:
        raise LineError(
            f"table {table!r}: its new content is empty, but the published one has {_rows(target)} rows: "
            "correct its SELECT or its sources; an empty table never replaces rows"
        )
    existing = plain(target.schema().as_arrow())
    content = agreed(content, existing, table)
    if is_wider(content.schema, existing):
        _retried(target, lambda: _evolve(target, content.schema))
    _retried(target, lambda: _branch_off(target))
    return _replace(target, content, run)


def publish(catalog: GlueCatalog, table: str, snapshot: int) -> None:
    """Fast-forward ``main`` to an audited snapshot and drop its branch; publishing it again changes nothing.

    Raises LineError when another run has published since the snapshot was written.
    """
    target = _loaded(catalog, table)
    _retried(target, lambda: _fast_forward(target, table, snapshot))


def read(
    catalog: GlueCatalog, table: str, snapshot: int | str | None = None, columns: Sequence[str] = ("*",)
) -> pa.Table:
    """Return the content of a snapshot (its id, or a ref's name; none means what is published)."""
    source = _loaded(catalog, table)
    if isinstance(snapshot, int):
        scan = source.scan(snapshot_id=snapshot, selected_fields=tuple(columns))
    else:
        scan = source.scan(selected_fields=tuple(columns)).use_ref(snapshot or MAIN_BRANCH)
    return scan.to_arrow()


def published(catalog: GlueCatalog, table: str) -> int | None:
    """Return the snapshot id that readers see, or None when nothing was ever published."""
    try:
        current = catalog.load_table(table).current_snapshot()
    except NoSuchTableError:
        return None
    return current.snapshot_id if current else None


def _loaded(catalog: GlueCatalog, table: str) -> Table:
    try:
        return catalog.load_table(table)
    except NoSuchTableError:
        raise LineError(f"table {table!r} does not exist: run the line's curation and features first") from None


def _loaded_or_created(catalog: GlueCatalog, table: str, schema: pa.Schema) -> Table:
    try:
        return catalog.load_table(table)
    except NoSuchTableError:
        pass
    location = f"{catalog.properties['warehouse']}/{table.replace('.', '/')}"
    try:
        return catalog.create_table(table, schema=schema, location=location, properties=PROPERTIES)
    except TableAlreadyExistsError:  # another run was quicker
        return catalog.load_table(table)


def _rows(table: Table) -> int:
    current = table.current_snapshot()
    return int(current.summary["total-records"] or 0) if current and current.summary else 0


def _evolve(table: Table, schema: pa.Schema) -> None:
    with table.update_schema() as update:
        update.union_by_name(schema)


def _branch_off(table: Table) -> None:
    """Let ``audit`` start at ``main``: what a killed or halted run left on it goes."""
    if table.current_snapshot() is None:  # a branch needs a snapshot to start at: readers see an empty table until then
        with table.transaction() as transaction:
            transaction.update_snapshot().fast_append().commit()
    main, left = table.refs()[MAIN_BRANCH], table.refs().get(AUDIT)
    if left is None or left.snapshot_id != main.snapshot_id:
        table.manage_snapshots().create_branch(main.snapshot_id, AUDIT).commit()


def _replace(table: Table, content: pa.Table, run: str) -> int:
    """Replace every file of the branch by new ones, in one snapshot (Table.overwrite would make two)."""
    with table.transaction() as transaction:
        update = transaction.update_snapshot(snapshot_properties={"assembly-line.run": run}, branch=AUDIT).overwrite()
        for task in table.scan().use_ref(AUDIT).plan_files():
            update.delete_data_file(task.file)
        if content.num_rows:
            for file in _dataframe_to_data_files(table.metadata, content, table.io, update.commit_uuid):
                update.append_data_file(file)
        update.commit()
    return update.snapshot_id


def _fast_forward(table: Table, name: str, snapshot: int) -> None:
    main, audited = table.refs()[MAIN_BRANCH], table.snapshot_by_id(snapshot)
    if main.snapshot_id == snapshot:
        return
    if audited is None or audited.parent_snapshot_id != main.snapshot_id:
        raise LineError(
            f"table {name!r}: another run published it while snapshot {snapshot} was inspected: start the run again"
        )
    manage = table.manage_snapshots().set_current_snapshot(snapshot)
    left = table.refs().get(AUDIT)
    (manage.remove_branch(AUDIT) if left is not None and left.snapshot_id == snapshot else manage).commit()


def _retried(table: Table, step: Callable[[], T]) -> T:
    """Take the step, again from the newest state when another writer's commit came first."""
    for attempt in range(ATTEMPTS):
        try:
            return step()
        except CommitFailedException:
            time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 (jitter, no secret)
            table.refresh()
    return step()
