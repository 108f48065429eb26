"""The parts of a dataset as Parquet files, written while its examples come, and what is counted on the way."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from runtime.windows import Window

ROWS_PER_GROUP = 122_880


@dataclass
class Part:
    """One file, and what it holds so far."""

    path: Path
    rows: int = 0
    unlabelled: int = 0
    """Examples within the part that have no label and were left out."""
    total: float = 0
    """The sum of its labels, where they are numbers."""
    nulls: dict[str, int] = field(default_factory=dict)

    @property
    def null_rates(self) -> dict[str, float]:
        return {name: round(count / self.rows, 6) if self.rows else 0.0 for name, count in self.nulls.items()}

    @property
    def sha256(self) -> str:
        with self.path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()


def write(
    chunks: Iterable[pa.Table],
    folder: Path,
    *,
    windows: Mapping[str, Window],
    event_time: str,
    label: str | None,
    counted: Sequence[str],
) -> dict[str, Part]:
    """Write each window's rows of the chunks as ``<part>.parquet``; with ``label``, only those that have one.

    ``counted`` names the columns whose nulls are counted. Row groups do not depend on how the chunks are cut.
    """
    parts = {name: Part(path=folder / f"{name}.parquet", nulls=dict.fromkeys(counted, 0)) for name in windows}
    with ExitStack() as stack:
        files: dict[str, _File] = {}
        for chunk in chunks:
            for name, window in windows.items():
                if name not in files:
                    files[name] = stack.enter_context(_File(parts[name].path, chunk.schema))
                rows = within(chunk, event_time, window)
                files[name].add(_counted(parts[name], rows, label))
    return parts


def within(rows: pa.Table, event_time: str, window: Window) -> pa.Table:
    """Return the rows of a window."""
    at = rows[event_time]
    start, end = (pa.scalar(bound, at.type) for bound in (window.start, window.end))
    return rows.filter(pc.and_(pc.greater_equal(at, start), pc.less(at, end)))


def _counted(part: Part, rows: pa.Table, label: str | None) -> pa.Table:
    if label is not None:
        labelled = rows.filter(pc.is_valid(rows[label]))
        part.unlabelled += rows.num_rows - labelled.num_rows
        rows = labelled
        if not pa.types.is_string(rows[label].type):
            part.total += pc.sum(rows[label]).as_py() or 0
    part.rows += rows.num_rows
    for name in part.nulls:
        part.nulls[name] += rows[name].null_count
    return rows


class _File:
    """A Parquet file whose row groups are full, but for the last."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._writer = pq.ParquetWriter(path, schema, compression="zstd", compression_level=1)
        self._waiting = schema.empty_table()

    def __enter__(self) -> _File:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._waiting.num_rows:
            self._writer.write_table(self._waiting)
        self._writer.close()

    def add(self, rows: pa.Table) -> None:
        self._waiting = pa.concat_tables([self._waiting, rows])
        full = self._waiting.num_rows // ROWS_PER_GROUP * ROWS_PER_GROUP
        if full:
            self._writer.write_table(self._waiting.slice(0, full), row_group_size=ROWS_PER_GROUP)
            self._waiting = self._waiting.slice(full)
