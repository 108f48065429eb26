"""Compaction: many small files of a partition become few, in one snapshot with the very same rows.

A new snapshot is only made where it at least halves a partition's files. It says of itself what the one before it said
(``assembly-line.*``), so that nothing looks stale, and it is never made under a run that is writing.
"""

from __future__ import annotations

import math
import shutil
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile
from pyiceberg.table import Table
from pyiceberg.table.refs import MAIN_BRANCH

from runtime import engine, parquet
from runtime.commits import commit
from runtime.engine import Connection, literal, quoted
from runtime.retention import AUDIT
from runtime.schemas import plain

TARGET = 128 * 1024 * 1024
"""Bytes that a file should have."""
OURS = "assembly-line."
_BATCH = 65_536


@dataclass(frozen=True)
class Compaction:
    """Files of the newest snapshot that are worth being rewritten, partition by partition."""

    groups: list[list[DataFile]] = field(default_factory=list)

    @property
    def files(self) -> int:
        return sum(map(len, self.groups))

    @property
    def files_after(self) -> int:
        return sum(map(_needed, self.groups))


def plan(table: Table) -> Compaction:
    """Return what is worth being rewritten in what readers see; nothing while an audit branch is there."""
    snapshot = table.current_snapshot()
    if snapshot is None or AUDIT in table.refs():
        return Compaction()
    tasks = list(table.scan(snapshot_id=snapshot.snapshot_id).plan_files())
    if any(task.delete_files for task in tasks):  # another engine deleted rows from them: leave it to that
        return Compaction()
    partitions: dict[str, list[DataFile]] = {}
    for task in tasks:
        if task.file.spec_id == table.spec().spec_id:  # files of an earlier layout stay where they are
            partitions.setdefault(repr(task.file.partition), []).append(task.file)
    alike = (group for files in partitions.values() if _helps(files) for group in _alike(table, files))
    return Compaction([group for group in alike if _helps(group)])


def compact(table: Table, planned: Compaction, *, order: Sequence[str], folder: Path) -> None:
    """Rewrite what was planned, in one commit; rows come in the ``order`` of columns, or as they were.

    Raises CommitFailedException when a run began to write, or published, meanwhile.
    """
    if not planned.groups:
        return
    added = [file for group in planned.groups for file in _rewritten(table, group, order=order, folder=folder)]
    with_said = {**_said(table), "compacted-from": str(table.metadata.current_snapshot_id)}
    update = table.transaction().update_snapshot(snapshot_properties=with_said, branch=MAIN_BRANCH).overwrite()
    for group in planned.groups:
        for file in group:
            update.delete_data_file(file)
    for file in added:
        update.append_data_file(file)
    updates, _ = update._commit()  # the transaction would drop our requirement when it tries again
    commit(table, updates)


def _helps(files: Sequence[DataFile]) -> bool:
    return len(files) >= 2 * _needed(files)


def _needed(files: Sequence[DataFile]) -> int:
    return max(1, math.ceil(sum(file.file_size_in_bytes for file in files) / TARGET))


def _said(table: Table) -> Mapping[str, str]:
    snapshot = table.current_snapshot()
    summary = snapshot.summary.additional_properties if snapshot and snapshot.summary else {}
    return {name: value for name, value in summary.items() if name.startswith(OURS)}


def _alike(table: Table, files: Sequence[DataFile]) -> Iterator[list[DataFile]]:
    """Yield the files whose columns are just those of the table: an older file's columns are read by Iceberg alone."""
    expected = _columns(plain(table.schema().as_arrow()))
    groups: list[tuple[pa.Schema, list[DataFile]]] = []
    for file in files:
        with table.io.new_input(file.file_path).open() as content:
            found = pq.read_schema(content).remove_metadata()
        if _columns(plain(found)) != expected:
            continue
        for schema, group in groups:
            if schema.equals(found, check_metadata=True):
                group.append(file)
                break
        else:
            groups.append((found, [file]))
    yield from (group for _, group in groups)


def _columns(schema: pa.Schema) -> dict[str, Any]:
    return {field.name: field.type for field in schema}


def _rewritten(table: Table, files: Sequence[DataFile], *, order: Sequence[str], folder: Path) -> Iterator[DataFile]:
    """Yield the new files that hold the rows of the old ones, uploaded; memory stays bounded."""
    stem = uuid.uuid4()
    old = [folder / f"{stem}-old-{i}.parquet" for i in range(len(files))]
    _download(table.io, {path: file.file_path for path, file in zip(old, files, strict=True)})
    with engine.connect() as connection:
        new = list(_written(connection, old, parts=_needed(files), order=order, stem=folder / f"{stem}"))
        if _digest(connection, old) != _digest(connection, new):
            raise AssertionError(f"compaction of {table.name()} would change its rows")  # never; it would be silent
    for path in new:
        uri = f"{table.location()}/data/{path.name}"
        _upload(table.io, path, uri)
        yield parquet.described(path, uri, table.metadata)
    for path in (*old, *new):
        path.unlink()


def _written(
    connection: Connection, old: Sequence[Path], *, parts: int, order: Sequence[str], stem: Path
) -> Iterator[Path]:
    """Write the rows of files into ``parts`` files of the same columns and field ids, and yield these."""
    schema = pq.read_schema(old[0])
    rows = sum(pq.read_metadata(path).num_rows for path in old)
    each = max(1, math.ceil(rows / parts))
    by = f" ORDER BY {', '.join(map(quoted, order))}" if order else ""
    found: Any = connection.sql(f"SELECT * FROM {_files(old)}{by}").to_arrow_reader(_BATCH)  # noqa: S608 (quoted)
    batches = iter(found)
    rest: list[pa.RecordBatch] = []
    for part in range(parts):
        path = Path(f"{stem}-{part:05}.parquet")
        with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as writer:
            left = each
            while left and (batch := rest.pop() if rest else next(batches, None)) is not None:
                writer.write_table(pa.Table.from_batches([batch.slice(0, left)]).cast(schema))
                rest += [batch.slice(left)] if batch.num_rows > left else []
                left -= min(left, batch.num_rows)
        yield path


def _digest(connection: Connection, files: Sequence[Path]) -> tuple[Any, ...]:
    """Return what two sets of files have in common that hold the same rows, in any order."""
    return engine.rows(connection, f"SELECT count(*), sum(hash(r)::HUGEINT) FROM {_files(files)} r")[0]  # noqa: S608


def _files(files: Sequence[Path]) -> str:
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}], hive_partitioning = false)"


def _download(io: FileIO, files: Mapping[Path, str]) -> None:
    for path, uri in files.items():
        with io.new_input(uri).open() as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1 << 20)


def _upload(io: FileIO, path: Path, uri: str) -> None:
    with path.open("rb") as content, io.new_output(uri).create() as target:
        shutil.copyfileobj(content, target, 1 << 20)
