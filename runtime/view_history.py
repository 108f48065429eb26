"""A feature view's rows out of the database, in batches: sorted as they are stored, or sorted first.

Sorting, where it is needed, spills to disk.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import closing
from dataclasses import dataclass

import pyarrow as pa

from runtime import engine
from runtime.asof import Ages, Rows, Sought, UnsortedError, newest
from runtime.engine import Connection, quoted
from runtime.entities import whole

_LARGEST_BATCH, _SMALLEST_BATCH = 122_880, 4_096
_BATCH_BYTES = 8 << 20
_FEW = 50_000
"""Examples up to which it pays to let the database leave out the rows that are too late or too old for all of them."""


@dataclass(frozen=True)
class History:
    """A relation of the database whose rows say what was known of an entity from a moment on."""

    relation: str
    entity: Sequence[str]
    event_time: str
    values: Sequence[str]
    ttl: int | None = None
    """Microseconds for which a row is usable; None means for ever."""

    def joined(self, connection: Connection, examples: Sought) -> tuple[list[pa.Array], Ages]:
        """Return the values as each example could know them, and how old they were."""
        schema = self.schema(connection)
        kinds = [schema.field(column).type for column in self.values]
        try:
            with closing(self._batches(connection, examples, is_sorted=True)) as batches:
                return newest(batches, examples, kinds=kinds, ttl=self.ttl)
        except UnsortedError:
            with closing(self._batches(connection, examples, is_sorted=False)) as batches:
                return newest(batches, examples, kinds=kinds, ttl=self.ttl, ties_in_order=True)

    def schema(self, connection: Connection) -> pa.Schema:
        """Return the Arrow types of the relation's columns."""
        return connection.sql(f"FROM {quoted(self.relation)} LIMIT 0").to_arrow_table().schema

    def _batches(self, connection: Connection, examples: Sought, *, is_sorted: bool) -> Generator[Rows]:
        if len(examples.rows) == 0:
            return
        entity = [quoted(column) for column in self.entity]
        values = [quoted(column) for column in self.values]
        at = quoted(self.event_time)
        moment = f"epoch_us(CAST({at} AS TIMESTAMPTZ))"
        chosen = ", ".join([*entity, moment, *values])
        query = f"SELECT {chosen} FROM {quoted(self.relation)}"  # noqa: S608 (quoted names)
        if len(examples.rows) <= _FEW:
            last, first = int(examples.moments.max()), int(examples.moments.min()) - (self.ttl or 0)
            query += f" WHERE {at} <= make_timestamptz({last})"
            query += "" if self.ttl is None else f" AND {at} >= make_timestamptz({first})"
        if not is_sorted:
            query += f" ORDER BY {', '.join([*entity, at, *(f'{column} NULLS LAST' for column in values)])}"
        reader = connection.sql(query).to_arrow_reader(_batch_rows(len(entity) + len(values) + 1))
        with reader:  # an unfinished result would block the connection
            for batch in reader:
                arrays = _findable(batch, len(entity)).columns
                moments, rest = whole(arrays[len(entity)]), arrays[len(entity) + 1 :]
                yield Rows(entities=arrays[: len(entity)], moments=moments, values=rest)


def _findable(batch: pa.RecordBatch, keys: int) -> pa.RecordBatch:
    """Leave out rows whose entity holds a null."""
    for column in range(keys):
        if batch.column(column).null_count:
            batch = batch.filter(batch.column(column).is_valid())
    return batch


def visible_to_cursors(connection: Connection, names: Sequence[str]) -> bool:
    """Whether other cursors see the relations too: those that Python registered are one cursor's own."""
    listed = "SELECT table_name FROM duckdb_tables() WHERE NOT temporary"
    listed += " UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT temporary"
    return set(names) <= {row[0] for row in engine.rows(connection, listed)}


def _batch_rows(columns: int) -> int:
    return max(min(_BATCH_BYTES // (8 * columns), _LARGEST_BATCH), _SMALLEST_BATCH)
