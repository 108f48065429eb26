"""Iceberg tables in the Glue catalog, changed by write, audit, publish.

``write_audit`` puts new content on the branch ``audit``, an inspection reads that snapshot, and ``publish`` moves
``main`` to it. Readers read ``main``: whatever happens before the one commit that moves it (an exception, a kill, a
halted run), they stay on the last good snapshot. A table's name is ``<database>.<line>_<table>``.
"""

from __future__ import annotations

import random
import shutil
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeVar

import pyarrow as pa
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchTableError, TableAlreadyExistsError
from pyiceberg.expressions import And, BooleanExpression, EqualTo
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile
from pyiceberg.table import ALWAYS_TRUE, Table, Transaction
from pyiceberg.table.refs import MAIN_BRANCH
from pyiceberg.table.update.snapshot import ManageSnapshots
from pyiceberg.transforms import IdentityTransform

from config.errors import LineError
from runtime import engine, parquet
from runtime.engine import Connection, Query
from runtime.evolution import evolve, show
from runtime.schemas import Change, agreed_schema, changes, plain, stored

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
OURS = "assembly-line."
"""Begins the names of what we add to a snapshot's summary."""
_THREADS = 4

T = TypeVar("T")


@dataclass(frozen=True)
class Written:
    """A snapshot on the audit branch: its id, and the rows of the whole table as it would be."""

    snapshot: int
    rows: int


@dataclass(frozen=True)
class Published:
    """The snapshot that readers see, and what its writer said of it (``run``, ``fingerprint`` …)."""

    snapshot: int
    rows: int
    said: Mapping[str, str]


def catalog(
    *,
    warehouse: str,
    region: str,
    endpoint: str | None = None,
    glue: Any = None,
    keys: tuple[str, str, str | None] | None = None,
) -> GlueCatalog:
    """Return the Glue catalog whose tables lie under the warehouse.

    ``endpoint`` is where AWS is embedded; a ``glue`` client that exists already spares the making of another. ``keys``
    (access key, secret, session token) are what files are read with; without them, what the machine has.
    """
    properties: dict[str, str] = {"warehouse": warehouse, "glue.region": region, "s3.region": region}
    if endpoint is not None:
        properties |= {"glue.endpoint": endpoint, "s3.endpoint": endpoint, "s3.force-virtual-addressing": "false"}
    if keys is not None:
        names = ("s3.access-key-id", "s3.secret-access-key", "s3.session-token")
        properties |= {name: key for name, key in zip(names, keys, strict=True) if key}
    return GlueCatalog("glue", client=glue, **properties)


def write_audit(
    catalog: GlueCatalog,
    table: str,
    query: Query,
    *,
    connection: Connection,
    folder: Path,
    run: str,
    partition: str = "",
    replaced: Sequence[object] | None = None,
    said: Mapping[str, str] = MappingProxyType({}),
) -> Written:
    """Write what a query gives to the table's branch ``audit``; ``main`` stays.

    The table's whole content is replaced, or, with ``partition`` (a column) and ``replaced`` (values of it), those
    partitions alone. ``said`` is kept with the snapshot. Local copies of the files stay in the folder for ``attach``.
    The table's columns become those of the query in the same commit (``compared`` tells before whether they may).
    Raises LineError when empty content would replace rows.
    """
    columns = stored(engine.schema(connection, query), table)
    target = _loaded_or_created(catalog, table, columns, partition)
    _retried(target, lambda: _branch_off(target))
    agreed = agreed_schema(columns, plain(target.schema().as_arrow()))
    before = target.metadata.current_schema_id
    with target.transaction() as transaction:
        evolve(transaction, agreed)
        metadata = transaction.table_metadata
        files = parquet.write(
            connection,
            query,
            columns=pa.schema([agreed.field(name) for name in columns.names]),
            schema=metadata.schema(),
            folder=folder,
            stem=str(uuid.uuid4()),
            partition=partition,
        )
        uris = {file: f"{target.location()}/data/{file.name}" for file in files}
        added = [parquet.described(file, uri, metadata) for file, uri in uris.items()]
        dropped, kept = _parted(target, replaced)
        _check_partitions(target, added, replaced, table, query.file)
        rows = sum(file.record_count for file in (*added, *kept))
        if rows == 0 and _rows(target) > 0:
            raise LineError(
                f"table {table!r}: its new content is empty, but the published one has {_rows(target)} rows: "
                "correct its SELECT or its sources; an empty table never replaces rows"
            )
        _upload(target.io, uris)
        snapshot = _replace(transaction, dropped, added, {f"{OURS}{name}": text for name, text in said.items()}, run)
        show(transaction, before)
    return Written(snapshot=snapshot, rows=rows)


def compared(
    catalog: GlueCatalog,
    table: str,
    query: Query,
    *,
    connection: Connection,
    name: str,
    accepted: Mapping[str, str] = MappingProxyType({}),
) -> list[Change]:
    """Return how a query's columns differ from the published table's, which ``name`` is the user's word for."""
    columns = stored(engine.schema(connection, query), name)
    try:
        existing = catalog.load_table(table)
    except NoSuchTableError:
        return []
    return changes(columns, plain(existing.schema().as_arrow()), name, accepted)


def publish(catalog: GlueCatalog, table: str, snapshot: int) -> None:
    """Fast-forward ``main`` to an audited snapshot and drop its branch; publishing it again changes nothing.

    Raises LineError when another run has published since the snapshot was written.
    """
    target = _loaded(catalog, table)
    _retried(target, lambda: _fast_forward(target, table, snapshot))


def attach(
    catalog: GlueCatalog,
    table: str,
    snapshot: int,
    *,
    connection: Connection,
    name: str,
    folder: Path,
    where: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Make a snapshot's rows the relation ``name``; the folder keeps local copies of its files while it is used.

    ``where`` keeps the rows in which a column has a value (as text): of a partition, only its files are fetched.
    """
    source = _loaded(catalog, table)
    scan = source.scan(snapshot_id=snapshot, row_filter=_equal(where))
    tasks = list(scan.plan_files())
    if any(task.delete_files for task in tasks):  # another engine deleted rows: only Iceberg's own reader knows which
        connection.register(name, scan.to_arrow())
        return
    files = {folder / task.file.file_path.rpartition("/")[2]: task.file.file_path for task in tasks}
    _download(source.io, files)
    parquet.view(connection, name, columns=plain(scan.projection().as_arrow()), files=sorted(files), where=where)


def uris(catalog: GlueCatalog, table: str, snapshot: int) -> list[str]:
    """Return where the Parquet files of a snapshot lie."""
    return sorted(task.file.file_path for task in _loaded(catalog, table).scan(snapshot_id=snapshot).plan_files())


def read(
    catalog: GlueCatalog, table: str, snapshot: int | str | None = None, columns: Sequence[str] = ("*",)
) -> pa.Table:
    """Return the content of a snapshot (its id, or a ref's name; none means what is published), whole in memory."""
    source = _loaded(catalog, table)
    if isinstance(snapshot, int):
        scan = source.scan(snapshot_id=snapshot, selected_fields=tuple(columns))
    else:
        scan = source.scan(selected_fields=tuple(columns)).use_ref(snapshot or MAIN_BRANCH)
    return scan.to_arrow()


def published(catalog: GlueCatalog, table: str) -> int | None:
    """Return the snapshot id that readers see, or None when nothing was ever published."""
    found = current(catalog, table)
    return found.snapshot if found else None


def current(catalog: GlueCatalog, table: str) -> Published | None:
    """Return the snapshot that readers see with what was said of it, or None when nothing was ever published."""
    try:
        source = catalog.load_table(table)
    except NoSuchTableError:
        return None
    snapshot = source.current_snapshot()
    if snapshot is None:
        return None
    summary = snapshot.summary.additional_properties if snapshot.summary else {}
    said = {name.removeprefix(OURS): value for name, value in summary.items() if name.startswith(OURS)}
    return Published(snapshot=snapshot.snapshot_id, rows=_rows(source), said=said)


def _loaded(catalog: GlueCatalog, table: str) -> Table:
    try:
        return catalog.load_table(table)
    except NoSuchTableError:
        raise LineError(f"table {table!r} does not exist: run the line's curation and features first") from None


def _loaded_or_created(catalog: GlueCatalog, table: str, schema: pa.Schema, partition: str) -> Table:
    try:
        found = catalog.load_table(table)
    except NoSuchTableError:
        found = _created(catalog, table, schema)
    fields = [found.schema().find_column_name(field.source_id) for field in found.spec().fields]
    if fields != ([partition] if partition else []):  # the files that are there keep the layout they have
        with found.transaction() as transaction, transaction.update_spec() as spec:
            for field in found.spec().fields:
                spec.remove_field(field.name)
            if partition:
                spec.add_field(partition, IdentityTransform(), f"{partition}_part")
    return found


def _created(catalog: GlueCatalog, table: str, schema: pa.Schema) -> Table:
    location = f"{catalog.properties['warehouse']}/{table.replace('.', '/')}"
    try:
        return catalog.create_table(table, schema=schema, location=location, properties=PROPERTIES)
    except TableAlreadyExistsError:  # another run was quicker
        return catalog.load_table(table)


def _rows(table: Table) -> int:
    current = table.current_snapshot()
    return int(current.summary["total-records"] or 0) if current and current.summary else 0


def _branch_off(table: Table) -> None:
    """Let ``audit`` start at ``main``: what a killed or halted run left on it goes."""
    if table.current_snapshot() is None:  # a branch needs a snapshot to start at: readers see an empty table until then
        with table.transaction() as transaction:
            transaction.update_snapshot().fast_append().commit()
    main, left = table.refs()[MAIN_BRANCH], table.refs().get(AUDIT)
    if left is None or left.snapshot_id != main.snapshot_id:
        table.manage_snapshots().create_branch(main.snapshot_id, AUDIT).commit()


def _parted(table: Table, replaced: Sequence[object] | None) -> tuple[list[DataFile], list[DataFile]]:
    """Return the files of the branch that the new content replaces, and those that stay."""
    files = [task.file for task in table.scan().use_ref(AUDIT).plan_files()]
    if replaced is None:
        return files, []
    gone = {str(value) for value in replaced}
    dropped = [file for file in files if str(_partition_value(table, file)) in gone]
    return dropped, [file for file in files if file not in dropped]


def _equal(where: Mapping[str, str]) -> BooleanExpression:
    expression: BooleanExpression = ALWAYS_TRUE
    for column, value in where.items():
        expression = And(expression, EqualTo(column, value))  # type: ignore[call-arg, arg-type]
    return expression


def _check_partitions(
    table: Table, added: Sequence[DataFile], replaced: Sequence[object] | None, name: str, file: str
) -> None:
    """Raise LineError for rows of a partition that is not to be replaced: they would stand beside those it has."""
    if replaced is None:
        return
    wanted = {str(value) for value in replaced}
    for one in added:
        value = str(_partition_value(table, one))
        if value not in wanted:
            raise LineError(
                f"{file}: gives rows of partition {value!r} of table {name!r}, expected only those of "
                f"{', '.join(sorted(wanted))}, which were read: it does not treat each partition by itself, "
                "so remove the table's `incremental` in line.yaml"
            )


def _partition_value(table: Table, file: DataFile) -> object:
    """Return the value of the partition column in a file's rows; a date as its ISO text."""
    ((field, value),) = zip(table.spec().fields, [file.partition[0]], strict=True)
    kind = table.schema().find_type(field.source_id)
    return field.transform.to_human_string(kind, value)


def _upload(io: FileIO, files: Mapping[Path, str]) -> None:
    def put(file: Path, uri: str) -> None:
        with file.open("rb") as content, io.new_output(uri).create() as target:
            shutil.copyfileobj(content, target, 1 << 20)

    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(put, files.keys(), files.values()))


def _download(io: FileIO, files: Mapping[Path, str]) -> None:
    def get(file: Path, uri: str) -> None:
        part = file.with_suffix(".part")
        with io.new_input(uri).open() as source, part.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)
        part.rename(file)

    wanted = {file: uri for file, uri in files.items() if not file.exists()}
    with ThreadPoolExecutor(_THREADS) as threads:
        list(threads.map(get, wanted.keys(), wanted.values()))


def _replace(
    transaction: Transaction, dropped: Sequence[DataFile], added: Sequence[DataFile], said: Mapping[str, str], run: str
) -> int:
    """Take files out of the branch and put others in, in one snapshot (Table.overwrite would make two)."""
    properties = {**said, f"{OURS}run": run}
    update = transaction.update_snapshot(snapshot_properties=properties, branch=AUDIT).overwrite()
    for file in dropped:
        update.delete_data_file(file)
    for file in added:
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
    left = table.refs().get(AUDIT)
    with table.transaction() as transaction:
        manage = ManageSnapshots(transaction=transaction).set_current_snapshot(snapshot)
        (manage.remove_branch(AUDIT) if left is not None and left.snapshot_id == snapshot else manage).commit()
        if audited.schema_id is not None:
            show(transaction, audited.schema_id)


def _retried(table: Table, step: Callable[[], T]) -> T:
    """Take the step, again from the newest state when another writer's commit came first."""
    for attempt in range(ATTEMPTS):
        try:
            return step()
        except CommitFailedException:
            time.sleep(random.uniform(0, 0.1 * 2**attempt))  # noqa: S311 (jitter, no secret)
            table.refresh()
    return step()
